//! `zkServer.sh start-foreground`: from the environment to a server, and everything until its end.

use std::fmt::Display;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use super::failure;
use crate::auth::znodes::{Guard, Order};
use crate::auth::{Asked, Users, login, own};
use crate::control::Listener;
use crate::endpoint::{Endpoint, Transport};
use crate::exit::{self, Circumstances};
use crate::file::{self, Reader};
use crate::java::{JavaCommand, ServerConfig, admin, crash, heap, jmx, logback};
use crate::journal::{Format, Journal};
use crate::prepare::daemon::{self, Identity, IdentityError};
use crate::prepare::facts::{self, Facts, Surroundings};
use crate::prepare::history;
use crate::prepare::hooks::{self, HookError};
use crate::prepare::mounts::Mounts;
use crate::prepare::plan::Plan;
use crate::prepare::system::Host;
use crate::prepare::{self, Prepared, adopt, files, memory};
use crate::supervise::{Ended, Grace, Program, Signals, Supervisor, code_of};
use crate::variables::ids::{CONF_DIR, DEBUG, LOG_DIR, LOG_FORMAT, PID_FILE, STOP_TIMEOUT};
use crate::variables::{Environment, Reading, Values};

/// Prepares a server and runs it; the status of the container.
pub(super) fn run() -> ExitCode {
    // First of all, so that a `docker stop` during the preparation is not lost.
    let mut signals = match Signals::take_over() {
        Ok(signals) => signals,
        Err(error) => {
            Journal::default().error(error);
            return failure();
        }
    };
    let environment = Environment::of_process();
    let prepared = prepare(&environment, &mut signals, None);
    if let Some(signal) = signals.pending_end() {
        return ExitCode::from(code_of(signal));
    }
    prepared.map_or_else(|_| failure(), |server| supervise(&mut signals, server))
}

fn supervise(signals: &mut Signals, mut server: Server<'_>) -> ExitCode {
    let journal = server.journal;
    journal.debug(format_args!("starting {}", server.java.program.display()));
    let listener = listener(&server);
    let ended = Supervisor {
        signals,
        listener,
        journal,
    }
    .run(&mut server);
    let _ = fs::remove_file(&server.pid_file);
    server.keep_reports();
    let code = match ended {
        Ok(ended) => {
            if let Some(meaning) = exit::meaning(ended, &server) {
                journal.note(format_args!(
                    "the server has left with {}: {meaning}",
                    ended.code()
                ));
            }
            ExitCode::from(ended.code())
        }
        Err(error) => {
            journal.error(error);
            failure()
        }
    };
    drop(server);
    code
}

fn listener(server: &Server<'_>) -> Option<Listener> {
    let bound = Listener::bind(server.prepared.runtime.as_ref()?);
    bound
        .inspect_err(|error| {
            server.journal.warning(format_args!(
                "`zkServer.sh stop` and `restart` will not work: {error}"
            ));
        })
        .ok()
}

/// A server that is ready to be started, or runs.
struct Server<'a> {
    environment: &'a Environment,
    java: JavaCommand,
    pid_file: PathBuf,
    log_directory: PathBuf,
    prepared: Prepared,
    /// `dataDir` and `dataLogDir`.
    data: [PathBuf; 2],
    journal: Journal,
    /// What is to be done beside it, while it runs.
    order: Option<Order>,
    /// Does it.
    guard: Option<Guard>,
    /// The one that follows it, once somebody has asked for a restart.
    next: Option<Box<Self>>,
}

impl Server<'_> {
    /// What Java has left of a crash would go with the private directory.
    fn keep_reports(&self) {
        let Some(runtime) = &self.prepared.runtime else {
            return;
        };
        match crash::keep(runtime, &self.log_directory) {
            Ok(reports) => reports.iter().for_each(|report| {
                self.journal.note(format_args!(
                    "Java has crashed: its report, which may have passwords in it, is {} now",
                    report.display()
                ));
            }),
            Err(error) => self.journal.warning(format_args!(
                "the report of the crash of Java cannot be kept in {}: {error}",
                self.log_directory.display()
            )),
        }
    }
}

impl Circumstances for Server<'_> {
    fn unusable_data(&self) -> Option<PathBuf> {
        let unwritable = |directory: &&PathBuf| files::check_writable(directory).is_err();
        let mixed_up = || {
            let [data, data_log] = &self.data;
            history::is_mixed_up(data, data_log).then_some(data)
        };
        self.data.iter().find(unwritable).or_else(mixed_up).cloned()
    }

    fn is_memory_used_up(&self) -> bool {
        exit::KILLS
            .iter()
            .filter_map(|path| fs::read_to_string(path).ok())
            .any(|counts| exit::has_killed(&counts))
    }
}

impl Program for Server<'_> {
    fn command(&mut self) -> Command {
        if let Some(next) = self.next.take() {
            *self = *next;
        }
        self.java.command()
    }

    fn started(&mut self, process: u32) {
        if let Err(error) = write_pid_file(&self.pid_file, process) {
            self.journal.debug(format_args!(
                "{} is not written: {error}",
                self.pid_file.display()
            ));
        }
        self.guard = self.order.clone().and_then(|order| {
            let guard = Guard::start(order).inspect_err(|error| {
                self.journal.warning(format_args!(
                    "the ACLs of the first nodes stay as they are: {error}"
                ));
            });
            guard.ok()
        });
    }

    fn prepare_again(&mut self, signals: &mut Signals) -> Result<(), Vec<String>> {
        let next = prepare(self.environment, signals, Some(&self.prepared))?;
        self.next = Some(Box::new(next));
        Ok(())
    }
}

/// Whole for every reader, but not flushed: it means nothing after a crash, and PID 1 must not wait for a disk.
fn write_pid_file(path: &Path, process: u32) -> io::Result<()> {
    let temporary = path.with_extension("new");
    fs::write(&temporary, process.to_string())?;
    fs::rename(&temporary, path)
}

/// What is in the way, said at once, and kept for whoever has asked for the start.
struct Complaints {
    journal: Journal,
    errors: Vec<String>,
}

impl Complaints {
    fn say(&mut self, error: impl Display) {
        let error = error.to_string();
        self.journal.error(&error);
        self.errors.push(error);
    }

    /// All of them, and after them what to do next, where `hint` knows.
    fn all<T, E: Display>(
        &mut self,
        result: Result<T, Vec<E>>,
        hint: impl FnOnce(&[E]) -> Option<String>,
    ) -> Option<T> {
        let said = result.map_err(|errors| {
            errors.iter().for_each(|error| self.say(error));
            self.hint(hint(&errors));
        });
        said.ok()
    }

    fn explain(&mut self, error: &IdentityError) {
        self.say(error);
        self.hint(error.hint());
    }

    fn hint(&self, hint: Option<impl Display>) {
        if let Some(hint) = hint {
            self.journal.hint(hint);
        }
    }
}

/// From the environment to a command line; everything that is wrong is said before it gives up.
/// Of a server that still runs, `held` is what the next one gets, too.
fn prepare<'a>(
    environment: &'a Environment,
    signals: &mut Signals,
    held: Option<&Prepared>,
) -> Result<Server<'a>, Vec<String>> {
    let reading = Reading::of(environment);
    signals.format = Format::of(reading.values().text(LOG_FORMAT));
    let journal = Journal {
        debug: reading.values().boolean(DEBUG),
        format: signals.format,
    };
    signals.grace = Grace::of_seconds(reading.values().integer(STOP_TIMEOUT));
    let mut complaints = Complaints {
        journal,
        errors: Vec::new(),
    };
    step_by_step(environment, reading, signals, held, &mut complaints).ok_or(complaints.errors)
}

/// Nothing where something is in the way, or where the container is to end.
fn step_by_step<'a>(
    environment: &'a Environment,
    reading: Reading,
    signals: &mut Signals,
    held: Option<&Prepared>,
    complaints: &mut Complaints,
) -> Option<Server<'a>> {
    let journal = complaints.journal;
    let settled = settle(environment, reading, held, complaints)?;
    if signals.pending_end().is_some() {
        return None;
    }
    announce(environment, &settled, journal);
    let Settled {
        values,
        identity,
        facts,
        plan,
    } = &settled;
    let pid_file = values.path(PID_FILE);
    let executed = prepare::execute(plan, *identity, pid_file, held, &mut Host, journal);
    let prepared = complaints.all(executed, prepare::hint)?;
    run_hooks(values, facts, signals, journal)
        .map_err(|error| complaints.say(error))
        .ok()?;
    let java = command(environment, &settled, &prepared, complaints)?;
    Some(Server {
        environment,
        java,
        order: order(&plan.logins, &prepared, journal),
        guard: None,
        pid_file: pid_file.to_owned(),
        log_directory: values.path(LOG_DIR).to_owned(),
        prepared,
        data: [&facts.data_directory, &facts.data_log_directory].map(PathBuf::clone),
        journal,
        next: None,
    })
}

/// What is known once nothing is in the way. Nothing has been written yet.
struct Settled {
    values: Values,
    identity: Identity,
    facts: Facts,
    plan: Plan,
}

/// Looks at everything, and says everything that is wrong.
fn settle(
    environment: &Environment,
    mut reading: Reading,
    held: Option<&Prepared>,
    complaints: &mut Complaints,
) -> Option<Settled> {
    let journal = complaints.journal;
    std::mem::take(&mut reading.warnings)
        .iter()
        .for_each(|warning| journal.warning(warning));
    let broken = reading.broken();
    let (mut values, problems) = reading.parts();
    problems.iter().for_each(|problem| complaints.say(problem));
    let mounts = adopt(&mut values, complaints);
    let identity = daemon::identity(&values).inspect_err(|error| complaints.explain(error));
    let surroundings = Surroundings {
        mounts,
        former: held.map(|held| held.config.as_path()),
        reader: identity
            .as_ref()
            .map_or_else(|_| Reader::own(), |it| it.reader()),
    };
    let facts = complaints.all(Facts::look(&values, surroundings), facts::hint)?;
    if facts.config_is_former {
        journal.warning(
            "zoo.cfg can only be read by root, as at the start of the container: what was edited since is not in force",
        );
    }
    let plan = Plan::make(environment, &values, &facts).map_err(|errors| {
        // Beside broken values only that is worth saying which does not follow from them.
        errors
            .iter()
            .filter(|error| !error.follows_from(&broken))
            .for_each(|error| complaints.say(error));
    });
    if let Err(error) = own::check(environment, &values, &facts.config) {
        complaints.say(error);
    }
    let settled = Settled {
        identity: identity.ok()?,
        plan: plan.ok()?,
        values,
        facts,
    };
    complaints.errors.is_empty().then_some(settled)
}

/// Puts the directories of other images in the place of defaults; what is mounted. Without a table nothing is known
/// to be, and nothing is adopted.
fn adopt(values: &mut Values, complaints: &mut Complaints) -> Mounts {
    let journal = complaints.journal;
    let mounts = Mounts::of_process().unwrap_or_default();
    let adoption = adopt::adopted(values, &mounts);
    adoption.notes.iter().for_each(|note| journal.note(note));
    adoption
        .warnings
        .iter()
        .for_each(|warning| journal.warning(warning));
    adoption
        .refusals
        .iter()
        .for_each(|refusal| complaints.say(refusal));
    mounts
}

/// Says what is worth knowing of a start that will happen.
fn announce(environment: &Environment, settled: &Settled, journal: Journal) {
    let Settled {
        values,
        identity,
        facts,
        plan,
    } = settled;
    plan.warnings
        .iter()
        .chain(&heap_warning(environment, values))
        .chain(&jmx::warnings(values))
        .for_each(|warning| journal.warning(warning));
    journal.debug(format_args!(
        "ZooKeeper {}, run by {identity:?}",
        facts.installed.release
    ));
    plan.notes.iter().for_each(|note| journal.note(note));
}

/// The command line, after its secrets were laid where only the server finds them.
fn command(
    environment: &Environment,
    settled: &Settled,
    prepared: &Prepared,
    complaints: &mut Complaints,
) -> Option<JavaCommand> {
    let Settled { values, plan, .. } = settled;
    let release = settled.facts.installed.release;
    let runtime = prepared.runtime.as_ref();
    let config = ServerConfig {
        path: &prepared.config,
        properties: &plan.properties,
        release,
    };
    let shown = admin::warning(environment, values, &config);
    shown
        .iter()
        .for_each(|warning| complaints.journal.warning(warning));
    let mut java = JavaCommand::server(environment, values, &config);
    java.put_first(logback::of_server(values, Some(release)));
    let passwords = login::of_server(&plan.logins, release, runtime);
    java.put_first(passwords.map_err(|error| complaints.say(error)).ok()?);
    if let Some(runtime) = runtime {
        java.report_crashes_to(runtime);
    }
    java.hide_secrets(runtime)
        .map_err(|error| complaints.say(error))
        .ok()?;
    Some(java)
}

/// The first nodes change hands where we know users, at the port that the server itself will find in its file.
fn order(logins: &Asked, prepared: &Prepared, journal: Journal) -> Option<Order> {
    let users = logins.clients.as_ref()?.users.clone()?;
    let content = file::read(&prepared.config).ok().flatten();
    let endpoint = content.and_then(|content| Endpoint::of_file(&prepared.config, &content));
    match endpoint {
        Some(endpoint) if endpoint.transport == Transport::Plain => Some(Order {
            endpoint,
            users,
            journal,
        }),
        encrypted => {
            journal.warning(by_hand(encrypted.as_ref(), &users));
            None
        }
    }
}

/// What we cannot do ourselves: we speak no TLS.
fn by_hand(encrypted: Option<&Endpoint>, users: &Users) -> String {
    let acl: Vec<String> = users
        .iter()
        .map(|user| format!("sasl:{}:cdrwa", user.name))
        .collect();
    let acl = acl.join(",");
    let first = users
        .first()
        .map_or_else(String::new, |user| format!(" as {}", user.name));
    let port = encrypted.map_or_else(|| "PORT".to_owned(), |endpoint| endpoint.port.to_string());
    format!(
        "the nodes /, /zookeeper and /zookeeper/quota keep their ACLs, at first open to anybody who gets in: zoo.cfg has \
         no client port that is not encrypted. Type{first} `zkCli.sh -server HOST:{port} setAcl / {acl}` once, with a \
         HOST that the certificate names, then the same for /zookeeper and /zookeeper/quota"
    )
}

fn heap_warning(environment: &Environment, values: &Values) -> Option<String> {
    memory::warning(heap::largest(environment, values)?, memory::limit()?)
}

fn run_hooks(
    values: &Values,
    facts: &Facts,
    signals: &mut Signals,
    journal: Journal,
) -> Result<(), HookError> {
    let (conf, data) = (values.path(CONF_DIR), &facts.data_directory);
    hooks::run(conf, data, journal, |command| {
        let ended = signals.run_to_end(command)?;
        // One that has gone on to its end all the same must not be followed by another.
        Ok(signals.pending_end().map_or(ended, Ended::Killed))
    })
}
