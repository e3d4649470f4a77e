//! The world of a run: images of every version in both variants, each built by the real program from
//! real inputs, and loaded into the engine, when a trial first asks for it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

use anyhow::{Context, anyhow, bail};

use crate::cargo;
use crate::command::{Call, call};
use crate::engine::docker;
use crate::layout::Layout;
use crate::registry::Registry;
use crate::swarm::Swarm;
use crate::vendored::Vendored;

/// With a shell and small tools, or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variant {
    /// With.
    Full,
    /// Without.
    Distroless,
}

/// One of the images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImageId {
    /// Of ZooKeeper.
    pub version: &'static str,
    /// Of the image.
    pub variant: Variant,
}

/// The versions that everything is shown on. Their images are for both platforms.
pub const VERSIONS: [&str; 2] = ["3.5.7", "3.6.1"];

/// One version of each line of releases, and of the lines of [`VERSIONS`] the last: with them the whole
/// catalog. The images of the others are for the platform of this machine only.
pub const LINES: [&str; 7] = [
    VERSIONS[0],
    "3.5.10",
    VERSIONS[1],
    "3.6.4",
    "3.7.2",
    "3.8.6",
    "3.9.5",
];

/// The images of [`VERSIONS`].
pub const IMAGES: [ImageId; 4] = [
    full(VERSIONS[0]),
    distroless(VERSIONS[0]),
    full(VERSIONS[1]),
    distroless(VERSIONS[1]),
];

/// Variant `full` of a version.
#[must_use]
pub const fn full(version: &'static str) -> ImageId {
    ImageId {
        version,
        variant: Variant::Full,
    }
}

/// Variant `distroless` of a version.
#[must_use]
pub const fn distroless(version: &'static str) -> ImageId {
    ImageId {
        version,
        variant: Variant::Distroless,
    }
}

impl Variant {
    /// As `--variant` takes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Distroless => "distroless",
        }
    }
}

/// Its tag.
impl fmt::Display for ImageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.variant {
            Variant::Full => formatter.write_str(self.version),
            Variant::Distroless => write!(formatter, "{}-distroless", self.version),
        }
    }
}

/// Made at most once, by whoever comes first; a failure is everybody's.
#[derive(Debug)]
struct Once<T>(OnceLock<Result<T, String>>);

impl<T> Once<T> {
    const fn new() -> Self {
        Self(OnceLock::new())
    }

    fn get(&self, make: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<&T> {
        (self.0)
            .get_or_init(|| make().map_err(|error| format!("{error:#}")))
            .as_ref()
            .map_err(|error| anyhow!("{error}"))
    }
}

fn of_each<T>() -> BTreeMap<ImageId, Once<T>> {
    let images = LINES
        .into_iter()
        .flat_map(|version| [full(version), distroless(version)]);
    images.map(|image| (image, Once::new())).collect()
}

/// The platform of this machine, as `--platform` takes it.
fn machine() -> anyhow::Result<&'static str> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("linux/amd64"),
        "aarch64" => Ok("linux/arm64"),
        other => bail!("no image is for {other}"),
    }
}

/// What trials share. Everything in it is made when it is first asked for.
#[derive(Debug)]
pub struct World {
    scratch: PathBuf,
    program: Once<PathBuf>,
    built: BTreeMap<ImageId, Once<()>>,
    vendored: Once<Vendored>,
    loaded: BTreeMap<ImageId, Once<String>>,
    /// Names that were not there before, to be taken away at the end.
    names: Mutex<Vec<String>>,
    registry: Once<Mutex<Option<Registry>>>,
    swarm: Once<Swarm>,
}

impl World {
    /// A world below an empty directory, which any user may enter.
    #[must_use]
    pub fn new(scratch: &Path) -> Self {
        Self {
            scratch: scratch.to_owned(),
            program: Once::new(),
            built: of_each(),
            vendored: Once::new(),
            loaded: of_each(),
            names: Mutex::new(Vec::new()),
            registry: Once::new(),
            swarm: Once::new(),
        }
    }

    /// An empty directory for one trial.
    pub fn directory(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.scratch.join(name.replace(['/', ':'], "-"));
        fs::create_dir(&path).with_context(|| format!("cannot make `{}`", path.display()))?;
        Ok(path)
    }

    /// The program under test: a copy, so that a build beside this run changes nothing in it.
    pub fn program(&self) -> anyhow::Result<&Path> {
        let path = self.program.get(|| {
            let start = Instant::now();
            let path = self.scratch.join("zookiln");
            let messages = cargo::messages(cargo::build(&cargo::top()))?;
            let compiled = cargo::executable(&messages).context("cargo names no executable")?;
            fs::copy(compiled, &path)?;
            eprintln!("compiled in {:.1} s", start.elapsed().as_secs_f64());
            Ok(path)
        })?;
        Ok(path)
    }

    /// A call of the program under test. It runs outside the checkout, on the catalog and lock that
    /// are built into it.
    pub fn zookiln<const N: usize>(&self, arguments: [&str; N]) -> anyhow::Result<Call> {
        Ok(call(self.program()?)
            .args(arguments)
            .directory(&self.scratch))
    }

    /// The layout of an image, where `zookiln build` puts it by itself.
    pub fn layout(&self, image: ImageId) -> anyhow::Result<Layout> {
        let built = self.built.get(&image).context("not one of the images")?;
        built.get(|| {
            // Not part of what an image takes.
            self.program()?;
            let start = Instant::now();
            let build = self.zookiln(["build", "--version", image.version])?;
            let build = build.args(["--variant", image.variant.as_str()]);
            let build = match VERSIONS.contains(&image.version) {
                true => build,
                false => build.args(["--platform", machine()?]),
            };
            build.succeed()?;
            let seconds = start.elapsed().as_secs_f64();
            eprintln!("built {image} in {seconds:.1} s");
            Ok(())
        })?;
        Layout::read(&self.scratch.join(format!("images/zookeeper-{image}")))
    }

    /// The inputs of one image, and what a machine without a network has made of them.
    pub fn vendored(&self) -> anyhow::Result<&Vendored> {
        self.vendored.get(|| {
            let vendored = Vendored::make(self)?;
            eprintln!("built anew in {:.1} s", vendored.length.as_secs_f64());
            Ok(vendored)
        })
    }

    /// The engine's own id of an image: tags can be moved under a run's feet, ids cannot.
    pub fn loaded(&self, image: ImageId) -> anyhow::Result<&str> {
        let loaded = self.loaded.get(&image).context("not one of the images")?;
        Ok(loaded.get(|| self.load(image))?)
    }

    /// `zookiln export … -o - | docker load`.
    fn load(&self, image: ImageId) -> anyhow::Result<String> {
        let layout = self.layout(image)?;
        let name = &layout.descriptor["annotations"]["io.containerd.image.name"];
        let name = name.as_str().context("the layout has no image name")?;
        let kept = docker(["image", "inspect", name]).finish()?.code == 0;
        let pipe = r#"set -o pipefail; "$0" export "$1" --as docker-archive -o - | docker load"#;
        let said = call("bash")
            .args(["-c", pipe])
            .arg(self.program()?)
            .arg(&layout.path)
            .stdout()?;
        // The classic store names it without `docker.io/`.
        let short = name.strip_prefix("docker.io/").unwrap_or(name);
        if !said.contains(&format!("Loaded image: {short}")) && !said.contains(name) {
            bail!("`docker load` does not say {name}: {said}");
        }
        if !kept {
            self.forget_later(name);
        }
        docker(["image", "inspect", "--format", "{{.Id}}", name]).stdout()
    }

    /// Pushes an image with all its platforms into a repository of the registry.
    pub fn pushed(&self, image: ImageId, repository: &str) -> anyhow::Result<String> {
        let registry = (self.registry).get(|| {
            let directory = self.directory("registry")?;
            Ok(Mutex::new(Some(Registry::start(&directory)?)))
        })?;
        let tag = image.to_string();
        let reference = registry
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .context("the registry has ended")?
            .reference(repository, &tag);
        let layout = self.layout(image)?;
        call("skopeo")
            .args(["copy", "--all", "--dest-tls-verify=false"])
            .arg(format!("oci:{}:{tag}", layout.path.display()))
            .arg(format!("docker://{reference}"))
            .succeed()?;
        self.forget_later(&reference);
        Ok(reference)
    }

    fn forget_later(&self, name: &str) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.push(name.to_owned());
    }

    /// The engine as a swarm, until the end.
    pub fn swarm(&self) -> anyhow::Result<&Swarm> {
        self.swarm.get(Swarm::join)
    }

    /// Ends what runs and takes the images out of the engine again.
    pub fn close(&self) {
        if let Some(Ok(swarm)) = self.swarm.0.get() {
            swarm.leave();
        }
        if let Some(Ok(registry)) = self.registry.0.get() {
            drop(
                registry
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take(),
            );
        }
        for name in self
            .names
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain(..)
        {
            let _ = docker(["image", "rm", &name]).finish();
        }
    }
}
