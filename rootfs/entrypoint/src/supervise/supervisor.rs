//! The server as the child of PID 1: started, told what others want of it, and started again if they want that.

use std::process::Command;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::course::{Course, Next};
use super::output::Output;
use super::signals::left;
use super::{Ended, Signals, SuperviseError};
use crate::control::{Listener, Reply, Request, Verb};
use crate::journal::Journal;

/// How long PID 1 stays for those who have been told of the end: they die with it.
const FAREWELL: Duration = Duration::from_secs(2);

/// How often it looks whether they have gone.
const GLANCE: Duration = Duration::from_millis(5);

/// What is supervised.
pub trait Program {
    /// What to start: the result of the latest preparation.
    fn command(&mut self) -> Command;
    /// It runs, as this process.
    fn started(&mut self, process: u32);
    /// Prepares it again while it still runs, or says what is in the way.
    fn prepare_again(&mut self, signals: &mut Signals) -> Result<(), Vec<String>>;
}

/// Keeps one program.
#[derive(Debug)]
pub struct Supervisor<'a> {
    /// The signals of this process.
    pub signals: &'a mut Signals,
    /// Where others ask for something, if they can.
    pub listener: Option<Listener>,
    /// Where to say what happens.
    pub journal: Journal,
}

/// A program that runs.
struct Run {
    child: Pid,
    course: Course,
    /// What it writes, where that goes through this process.
    output: Option<Output>,
}

impl Supervisor<'_> {
    /// Starts the program and stays until it has ended for good; how it has.
    pub fn run(&mut self, program: &mut impl Program) -> Result<Ended, SuperviseError> {
        // There are no threads to show yet, and a JVM that has only begun to start is ended by it.
        self.signals.forget(Signal::SIGQUIT);
        let mut run = self.start(program)?;
        loop {
            let now = Instant::now();
            for signal in self.signals.take() {
                if signal != Signal::SIGCHLD {
                    run.course.signal(signal, now);
                    self.signals.send(run.child, signal)?;
                }
            }
            let requests = self.listener.as_mut().map(|listener| listener.serve(now));
            for request in requests.unwrap_or_default() {
                self.obey(request, &mut run, program, now)?;
            }
            if let Some(output) = &mut run.output {
                output.pump(now);
            }
            if let Some(ended) = self.signals.ended(run.child)? {
                if let Some(output) = &mut run.output {
                    output.finish()?;
                }
                let next = run.course.next();
                self.tell_of_the_end(next)?;
                if next != Next::Restart {
                    return Ok(ended);
                }
                run = self.start_again(program)?;
                continue;
            }
            if run.course.overdue(now) {
                self.journal.warning(format_args!(
                    "the server has not ended within {} s, so it is killed",
                    self.signals.grace.seconds()
                ));
                self.signals.send(run.child, Signal::SIGKILL)?;
            }
            self.wait(&run, now)?;
        }
    }

    fn start(&mut self, program: &mut impl Program) -> Result<Run, SuperviseError> {
        let (child, output) = self.signals.spawn(&mut program.command())?;
        program.started(child.as_raw().cast_unsigned());
        Ok(Run {
            child,
            course: Course::new(self.signals.grace),
            output,
        })
    }

    fn start_again(&mut self, program: &mut impl Program) -> Result<Run, SuperviseError> {
        let started = self.start(program);
        let reply = match &started {
            Ok(run) => Reply::Running(run.child.as_raw().cast_unsigned()),
            Err(error) => Reply::Refused(error.to_string()),
        };
        let told = self.tell(Verb::Restart, &reply);
        if started.is_err() {
            self.see_off(told)?;
        }
        started
    }

    fn obey(
        &mut self,
        request: Request,
        run: &mut Run,
        program: &mut impl Program,
        now: Instant,
    ) -> Result<(), SuperviseError> {
        let Request {
            client,
            process,
            verb,
        } = request;
        let Some(listener) = &mut self.listener else {
            return Ok(());
        };
        let signal = match verb {
            Verb::Status => {
                let child = run.child.as_raw().cast_unsigned();
                listener.answer(client, &Reply::Running(child));
                listener.dismiss(client);
                return Ok(());
            }
            Verb::Restart if run.course.next() == Next::End => {
                listener.answer(client, &already_ending());
                listener.dismiss(client);
                return Ok(());
            }
            Verb::Restart => {
                if run.course.next() != Next::Restart {
                    self.journal.note(format_args!(
                        "process {process} asks for a restart of the server"
                    ));
                    if let Err(reasons) = program.prepare_again(self.signals) {
                        let stays = "the server that runs stays as it is".to_owned();
                        for reason in reasons.into_iter().chain([stays]) {
                            listener.answer(client, &Reply::Refused(reason));
                        }
                        listener.dismiss(client);
                        return Ok(());
                    }
                }
                run.course.restart(now)
            }
            Verb::Stop => {
                self.journal.note(format_args!(
                    "process {process} asks for the end of the server"
                ));
                run.course.stop(now)
            }
        };
        let grace = self.signals.grace.seconds();
        listener.answer(client, &Reply::Stopping(grace));
        signal.map_or(Ok(()), |signal| self.signals.send(run.child, signal))
    }

    fn tell_of_the_end(&mut self, next: Next) -> Result<(), SuperviseError> {
        if next == Next::Restart {
            if let Some(listener) = &mut self.listener {
                listener.answer_all(Verb::Restart, &Reply::Stopped);
            }
            return Ok(());
        }
        let mut told = self.tell(Verb::Stop, &Reply::Stopped);
        told.extend(self.tell(Verb::Restart, &already_ending()));
        self.see_off(told)
    }

    /// Says the last thing there is to say to everybody who has asked for `verb`; who that is.
    fn tell(&mut self, verb: Verb, reply: &Reply) -> Vec<Pid> {
        let Some(listener) = &mut self.listener else {
            return Vec::new();
        };
        listener.answer_all(verb, reply);
        listener.dismiss_all(verb)
    }

    /// Waits until those who were told have gone. Whoever is still there when PID 1 ends is killed by the
    /// kernel, and would report 137 of a stop that went well.
    fn see_off(&mut self, mut there: Vec<Pid>) -> Result<(), SuperviseError> {
        let deadline = Instant::now() + FAREWELL;
        loop {
            // They may be children of ours, when what had started them has ended.
            self.signals.take();
            self.signals.reap()?;
            there.retain(|process| kill(*process, None) != Err(Errno::ESRCH));
            if there.is_empty() || Instant::now() >= deadline {
                return Ok(());
            }
            self.signals.wait_for_any([], [Some(GLANCE)])?;
        }
    }

    fn wait(&self, run: &Run, now: Instant) -> Result<(), SuperviseError> {
        let limits = [
            run.course.left(now),
            left(self.listener.as_ref().and_then(Listener::deadline), now),
            left(run.output.as_ref().and_then(Output::deadline), now),
        ];
        let listener = self.listener.iter().flat_map(Listener::sources);
        let output = run.output.iter().flat_map(Output::sources);
        self.signals.wait_for_any(listener.chain(output), limits)
    }
}

fn already_ending() -> Reply {
    Reply::Refused("the server is being stopped".to_owned())
}
