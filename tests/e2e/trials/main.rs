//! Every check is a trial with a name to filter by: `cargo xtask e2e s08`.
//!
//! A trial that shows a scenario of the image's contract begins with the scenario's number.

mod arm64;
mod auth;
mod backup;
mod chaos;
mod consumers;
mod container;
mod diff;
mod drop_in;
mod ensemble;
mod examples;
mod exposure;
mod full_disk;
mod heap;
mod interfaces;
mod kept;
mod killed;
mod kubernetes;
mod layers;
mod layout;
mod lines;
mod live_backup;
mod logging;
mod moving;
mod offline;
mod operations;
mod reconfiguration;
mod reproducible;
mod resolver;
mod scenarios;
mod secured;
mod seed;
mod server;
mod signatures;
mod stopping;
mod swarm;
mod tarball;
mod tls;
mod tools;
mod users;
mod verify;
mod versions;

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use e2e::images::{ImageId, World};
use e2e::need::Need;
use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// Set where nothing may be skipped: a trial that cannot run fails.
const REQUIRE_ALL: &str = "E2E_REQUIRE_ALL";

/// Trials that take longer say how long, so that a run that has become slow can be read.
const WORTH_A_LINE: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    // podman makes a name of the path, and names are lower case: no random letters.
    let scratch = tempfile::Builder::new()
        .prefix(&format!("zookiln-e2e-{}", std::process::id()))
        .rand_bytes(0)
        .tempdir()?;
    // One trial is another user.
    std::fs::set_permissions(scratch.path(), Permissions::from_mode(0o755))?;
    let suite = Suite {
        world: Arc::new(World::new(scratch.path())),
        machine: Arc::default(),
        required: std::env::var_os(REQUIRE_ALL).is_some_and(|value| value == "1"),
    };
    let trials = [
        layout::trials(&suite),
        reproducible::trials(&suite),
        resolver::trials(&suite),
        versions::trials(&suite),
        verify::trials(&suite),
        offline::trials(&suite),
        full_disk::trials(&suite),
        killed::trials(&suite),
        tarball::trials(&suite),
        layers::trials(&suite),
        diff::trials(&suite),
        consumers::trials(&suite),
        container::trials(&suite),
        users::trials(&suite),
        stopping::trials(&suite),
        interfaces::trials(&suite),
        logging::trials(&suite),
        heap::trials(&suite),
        kept::trials(&suite),
        auth::trials(&suite),
        backup::trials(&suite),
        live_backup::trials(&suite),
        tools::trials(&suite),
        ensemble::trials(&suite),
        lines::trials(&suite),
        reconfiguration::trials(&suite),
        tls::trials(&suite),
        examples::trials(&suite),
        secured::trials(&suite),
        kubernetes::trials(&suite),
        swarm::trials(&suite),
        drop_in::trials(&suite),
        moving::trials(&suite),
        chaos::trials(&suite),
        arm64::trials(&suite),
        seed::trials(&suite),
        operations::trials(&suite),
        signatures::trials(&suite),
    ];
    let mut trials: Vec<Trial> = trials.into_iter().flatten().collect();
    trials.push(scenarios::trial(&suite, &trials));
    let conclusion = libtest_mimic::run(arguments, trials);
    suite.world.close();
    Ok(conclusion.exit_code())
}

/// What every trial gets.
struct Suite {
    world: Arc<World>,
    machine: Arc<Machine>,
    required: bool,
}

impl Suite {
    /// A trial that runs where all its needs are met.
    fn trial(
        &self,
        name: impl Into<String>,
        needs: &'static [Need],
        body: impl FnOnce(&World) -> anyhow::Result<()> + Send + 'static,
    ) -> Trial {
        let name = name.into();
        let (world, machine, required) = (self.world.clone(), self.machine.clone(), self.required);
        Trial::ignorable_test(name.clone(), move || {
            if let Some(reason) = machine.lacks(needs) {
                if required {
                    return Err(Failed::from(format!("it must run, but: {reason}")));
                }
                return Ok(Completion::ignored_with(reason));
            }
            let start = Instant::now();
            let result = body(&world);
            if start.elapsed() >= WORTH_A_LINE {
                eprintln!("{:5.1} s  {name}", start.elapsed().as_secs_f64());
            }
            match result {
                Ok(()) => Ok(Completion::Completed),
                Err(error) => Err(Failed::from(format!("{error:#}"))),
            }
        })
    }

    /// A trial for each of the images.
    fn each(
        &self,
        name: &str,
        images: impl IntoIterator<Item = ImageId>,
        needs: &'static [Need],
        body: fn(&World, ImageId) -> anyhow::Result<()>,
    ) -> Vec<Trial> {
        (images.into_iter())
            .map(|image| {
                self.trial(format!("{name}/{image}"), needs, move |world| {
                    body(world, image)
                })
            })
            .collect()
    }
}

/// What the machine has; each need is looked up once.
#[derive(Default)]
struct Machine(Mutex<BTreeMap<String, Option<String>>>);

impl Machine {
    fn lacks(&self, needs: &[Need]) -> Option<String> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        needs.iter().find_map(|need| {
            known
                .entry(format!("{need:?}"))
                .or_insert_with(|| need.missing())
                .clone()
        })
    }
}

/// Fails with what was expected and what there was.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: T, found: T) -> anyhow::Result<()> {
    anyhow::ensure!(
        expected == found,
        "{what}: expected {expected:?}, found {found:?}"
    );
    Ok(())
}

/// Fails unless the text has the part.
fn contains(text: &str, part: &str) -> anyhow::Result<()> {
    text.contains(part)
        .then_some(())
        .with_context(|| format!("`{part}` is not in:\n{text}"))
}
