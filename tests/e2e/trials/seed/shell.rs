//! A shell in which the words of our documents are typed. Names, the image and directories of the host are
//! put in the places of theirs, so that nothing meets what other trials or this machine have; all of it
//! is removed with the value, also what a failed trial leaves.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use e2e::command::{Call, Finished, call};
use e2e::engine::{Container, docker, unique};
use e2e::images::{ImageId, VERSIONS, World, full};
use e2e::need::{Need, SCRIPT, compose};
use e2e::wait::{Seen, until};

use super::promises::Promise;

/// What a trial that types commands needs.
pub(super) const NEEDS: &[Need] = &[Need::Engine, SCRIPT];

/// The same with Compose.
pub(super) const COMPOSE_NEEDS: &[Need] = &[Need::Engine, Need::Compose, SCRIPT];

/// Ports of the host in compose files, any free one for each.
const PORTS: [&str; 6] = [
    "ZOO1_PORT",
    "ZOO2_PORT",
    "ZOO3_PORT",
    "ZOO1_ADMIN_PORT",
    "ZOO2_ADMIN_PORT",
    "ZOO3_ADMIN_PORT",
];

/// Removing is no reason to wait.
const REMOVAL: &str = "2";

/// A shell in a directory of its own.
#[derive(Debug)]
pub(super) struct Shell {
    directory: PathBuf,
    /// Words of the documents, and what is put in their places, in this order.
    places: Vec<(String, String)>,
    network: String,
    containers: Vec<String>,
    project: Option<Project>,
    /// Of containers that were replaced.
    volumes: Vec<String>,
}

/// What Compose is told.
#[derive(Debug)]
struct Project {
    name: String,
    file: String,
    image: ImageId,
}

impl Shell {
    /// One for commands of the engine's client; `zoo1` to `zoo3` and
    /// `other-app` are names of containers in them.
    pub(super) fn of_engine(world: &World, image: ImageId, purpose: &str) -> anyhow::Result<Self> {
        let mut shell = Self::open(world, image, purpose)?;
        let app = format!("{} zkCli.sh -server zookeeper:2181 get /", shell.image()?);
        shell.place("other-app-image:tag", &app);
        for name in ["other-app", "zoo1", "zoo2", "zoo3"] {
            let own = unique(name);
            shell.place(name, &own);
            shell.containers.push(own);
        }
        Ok(shell)
    }

    /// One for Compose, in the directory of this compose file; `zoo1` is the name of a service there.
    pub(super) fn of_compose(
        world: &World,
        image: ImageId,
        purpose: &str,
        file: &Path,
    ) -> anyhow::Result<Self> {
        let mut shell = Self::open(world, image, purpose)?;
        // A link resolves at once, a server takes a moment.
        let app = format!(
            "{}\n    command: zkCli.sh -server zookeeper:2181 get /\n    restart: on-failure",
            shell.image()?
        );
        shell.place("other-app-image:tag", &app);
        let name = file.file_name().context("a file has a name")?;
        shell.project = Some(Project {
            name: unique("compose"),
            file: name.to_string_lossy().into_owned(),
            image,
        });
        let text = fs::read_to_string(file)?;
        shell.write(&name.to_string_lossy(), &text)?;
        Ok(shell)
    }

    fn open(world: &World, image: ImageId, purpose: &str) -> anyhow::Result<Self> {
        let directory = world.directory(&format!("seed-{purpose}-{image}"))?;
        let mut shell = Self {
            network: unique("app-tier"),
            directory,
            places: Vec::new(),
            containers: Vec::new(),
            project: None,
            volumes: Vec::new(),
        };
        // The documents show the newer version. The older one in them is itself.
        shell.place(&documented(VERSIONS[1]), world.loaded(image)?);
        shell.place(&documented(VERSIONS[0]), world.loaded(full(VERSIONS[0]))?);
        for (path, own) in [("/host/dir/to", "host"), ("/path/to/back-up", "back-up")] {
            let own = shell.directory.join(own);
            shell.place(path, &own.to_string_lossy());
        }
        shell.place("app-tier", &shell.network.clone());
        Ok(shell)
    }

    /// Puts a text in the place of one of the documents.
    pub(super) fn place(&mut self, words: &str, own: &str) {
        self.places.push((words.to_owned(), own.to_owned()));
    }

    fn image(&self) -> anyhow::Result<String> {
        let (_, image) = self.places.first().context("the image comes first")?;
        Ok(image.clone())
    }

    /// A text of the documents with our own names in it.
    pub(super) fn own(&self, text: &str) -> String {
        (self.places.iter()).fold(text.to_owned(), |text, (words, own)| {
            text.replace(words, own)
        })
    }

    /// Where a path of the documents is; one that is not absolute is below the directory of the shell.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.directory.join(self.own(path))
    }

    /// Writes a file, with the directories above it and our own names in it.
    pub(super) fn write(&self, path: &str, text: &str) -> anyhow::Result<PathBuf> {
        let path = self.path(path);
        let directory = path.parent().context("a file is in a directory")?;
        fs::create_dir_all(directory)?;
        fs::write(&path, self.own(text))?;
        Ok(path)
    }

    /// From now on the compose file asks for another image.
    pub(super) fn change_image(&mut self, world: &World, image: ImageId) -> anyhow::Result<()> {
        self.remember_volumes();
        let project = self.project.as_mut().context("no compose file")?;
        let (old, new) = (world.loaded(project.image)?, world.loaded(image)?);
        project.image = image;
        let path = self.directory.join(&project.file);
        let text = fs::read_to_string(&path)?;
        fs::write(path, text.replace(old, new))?;
        Ok(())
    }

    /// Containers are about to be replaced. Their anonymous volumes would stay, as `docker rm` leaves them,
    /// and Compose 1 does.
    pub(super) fn remember_volumes(&mut self) {
        let filter = match &self.project {
            Some(project) => format!("label=com.docker.compose.project={}", project.name),
            None => format!("name={}", self.own("zoo1")),
        };
        let containers = docker(["ps", "--all", "--quiet", "--filter", &filter]).stdout();
        let template = "{{range .Mounts}}{{.Name}} {{end}}";
        let volumes = docker(["inspect", "--format", template])
            .args(containers.unwrap_or_default().lines())
            .stdout();
        let volumes = volumes.unwrap_or_default();
        (self.volumes).extend(volumes.split_whitespace().map(str::to_owned));
    }

    /// Types a command; it succeeds.
    pub(super) fn run(&self, promise: Promise) -> anyhow::Result<Finished> {
        explain(promise, self.bash(promise.ours).succeed())
    }

    /// Types a command at a terminal; it exits so. What it said there, in one.
    pub(super) fn at_terminal(&self, promise: Promise, code: i32) -> anyhow::Result<String> {
        let finished = self.terminal(promise.ours).finish()?;
        // `script` types the end of its own input, and a terminal shows what is typed, wherever it is.
        let said = finished.said().replace("^@", "");
        ensure!(
            finished.code == code,
            "it exits {}, not {code}:\n{said}{}",
            finished.code,
            words(promise)
        );
        Ok(said)
    }

    /// The same, with these lines typed into it.
    pub(super) fn typing(&self, promise: Promise, lines: &str) -> anyhow::Result<Finished> {
        let typed = File::open(self.write("typed", lines)?)?;
        explain(promise, self.terminal(promise.ours).input(typed).succeed())
    }

    /// A command of the documents, about to be called.
    pub(super) fn bash(&self, command: &str) -> Call {
        let words = ["-euo", "pipefail", "-c", &self.script(command)];
        self.prepared(call("bash").args(words))
    }

    /// The same at a terminal. The status is the command's.
    fn terminal(&self, command: &str) -> Call {
        let call = call("script")
            .args(["--quiet", "--echo", "never", "--return", "--command"])
            .args([r#"exec bash -euo pipefail -c "$TYPED""#, "/dev/null"])
            .env("TYPED", self.script(command));
        self.prepared(call)
    }

    /// With our own names in it, and Compose called as it is called here.
    fn script(&self, command: &str) -> String {
        let command = self.own(command);
        match compose() {
            Some("docker-compose") | None => command,
            Some(words) => format!("docker-compose() {{ {words} \"$@\"; }}\n{command}"),
        }
    }

    fn prepared(&self, mut call: Call) -> Call {
        call = call.directory(&self.directory);
        if let Some(project) = &self.project {
            call = call.env("COMPOSE_PROJECT_NAME", &project.name);
        }
        (PORTS.iter()).fold(call, |call, port| call.env(port, "0"))
    }

    /// The container that is called so in the documents.
    pub(super) fn container(&self, name: &str) -> anyhow::Result<Container> {
        let Some(project) = &self.project else {
            return Ok(Container::named(&self.own(name)));
        };
        let list = format!("docker-compose -f {} ps --all --quiet {name}", project.file);
        let id = self.bash(&list).stdout()?;
        if id.is_empty() || id.contains('\n') {
            bail!("`{list}` does not name one container: {id:?}");
        }
        Ok(Container::named(&id))
    }

    /// Where a port of a service is on the host.
    pub(super) fn published(&self, service: &str, port: u16) -> anyhow::Result<SocketAddr> {
        let file = &self.project.as_ref().context("no compose file")?.file;
        let command = format!("docker-compose -f {file} port {service} {port}");
        let address: SocketAddr = self.bash(&command).stdout()?.parse()?;
        Ok((Ipv4Addr::LOCALHOST, address.port()).into())
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        if let Some(Project { file, .. }) = &self.project {
            let down = format!(
                "docker-compose -f {file} down --volumes --remove-orphans --timeout {REMOVAL}"
            );
            let _ = self.bash(&down).finish();
        }
        for name in &self.containers {
            let _ = docker(["rm", "--force", "--volumes", name]).finish();
            for volume in ["data", "datalog"] {
                let _ = docker(["volume", "rm", "--force", &format!("{name}-{volume}")]).finish();
            }
        }
        for volume in &self.volumes {
            let _ = docker(["volume", "rm", "--force", volume]).finish();
        }
        // It is there only where a trial made it.
        let _ = docker(["network", "rm", &self.network]).finish();
    }
}

/// Waits until a container has left by itself, with 0.
pub(super) fn succeeds(container: &Container, limit: Duration) -> anyhow::Result<()> {
    until("the container has left with 0", limit, || {
        let state = container.inspect("{{.State.Status}} {{.State.ExitCode}}")?;
        Ok(match state.as_str() {
            "exited 0" => Seen::Yes(()),
            _ => Seen::NotYet(format!("{state}\n{}", container.logs()?)),
        })
    })
}

/// What the documents call the image.
pub(super) fn documented(version: &str) -> String {
    format!("zookiln/zookeeper:{version}")
}

fn explain(promise: Promise, result: anyhow::Result<Finished>) -> anyhow::Result<Finished> {
    result.with_context(|| words(promise))
}

fn words(promise: Promise) -> String {
    format!(
        "the seed says:\n{}\nwe say:\n{}\n",
        promise.seed, promise.ours
    )
}
