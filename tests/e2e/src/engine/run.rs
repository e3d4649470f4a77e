//! `docker run`: what a container is to be started with.

use std::path::Path;

use super::{Container, Network, Volume, docker, unique};
use crate::command::Finished;

/// A container that is to be started.
#[derive(Debug, Clone)]
pub struct Run {
    image: String,
    options: Vec<String>,
    command: Vec<String>,
}

/// A container of this image.
#[must_use]
pub fn container(image: &str) -> Run {
    Run {
        image: image.to_owned(),
        options: Vec::new(),
        command: Vec::new(),
    }
}

impl Run {
    /// Sets a variable.
    #[must_use]
    pub fn env(self, name: &str, value: &str) -> Self {
        self.options(["--env", &format!("{name}={value}")])
    }

    /// Lets anybody connect, which a server must be told.
    #[must_use]
    pub fn anonymous(self) -> Self {
        self.env("ZOO_ALLOW_ANONYMOUS_LOGIN", "yes")
    }

    /// Puts it into a network, under this name, which is its host name, too.
    #[must_use]
    pub fn network(self, network: &Network, name: &str) -> Self {
        self.options(["--network", network.name(), "--network-alias", name])
            .options(["--hostname", name])
    }

    /// Maps a directory or a file of the host.
    #[must_use]
    pub fn bind(self, source: &Path, target: &str) -> Self {
        let source = source.display();
        self.options(["--mount", &format!("type=bind,src={source},dst={target}")])
    }

    /// The same, for reading only.
    #[must_use]
    pub fn bind_read_only(self, source: &Path, target: &str) -> Self {
        let source = source.display();
        let mount = format!("type=bind,src={source},dst={target},readonly");
        self.options(["--mount", &mount])
    }

    /// Mounts a volume.
    #[must_use]
    pub fn volume(self, volume: &Volume, target: &str) -> Self {
        self.options(["--volume", &format!("{}:{target}", volume.name())])
    }

    /// Any other options of `docker run`.
    #[must_use]
    pub fn options<const N: usize>(mut self, options: [&str; N]) -> Self {
        self.options.extend(options.map(str::to_owned));
        self
    }

    /// The command instead of the image's.
    #[must_use]
    pub fn command<const N: usize>(mut self, words: [&str; N]) -> Self {
        self.command = words.map(str::to_owned).to_vec();
        self
    }

    /// The same, for words that are not known here.
    #[must_use]
    pub fn words<'a>(mut self, words: impl Iterator<Item = &'a str>) -> Self {
        self.command = words.map(str::to_owned).collect();
        self
    }

    /// Starts it in the background.
    pub fn start(self) -> anyhow::Result<Container> {
        // The value first: a container that could be created but not started has to go, too.
        let container = Container::to_start(unique("container"));
        docker(["run", "--detach", "--name", container.name()])
            .args(&self.options)
            .arg(&self.image)
            .args(&self.command)
            .succeed()?;
        Ok(container)
    }

    /// Runs it to its end.
    pub fn finish(self) -> anyhow::Result<Finished> {
        let removed = Container::to_start(unique("container"));
        docker(["run", "--name", removed.name()])
            .args(&self.options)
            .arg(&self.image)
            .args(&self.command)
            .finish()
    }
}
