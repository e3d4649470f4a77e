//! Inputs in a directory, and the image that a machine without anything else makes of them: what trials
//! of bad times are compared with and begin from.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::command::Call;
use crate::images::{ImageId, VERSIONS, World, distroless};
use crate::layout::Layout;

/// The smallest image: bad times are the same for all.
pub const IMAGE: ImageId = distroless(VERSIONS[1]);

/// The one platform of it that is built.
pub const PLATFORM: &str = "linux/amd64";

/// What came of a cold build.
#[derive(Debug)]
pub struct Vendored {
    /// All inputs, the jars one by one.
    pub directory: PathBuf,
    /// What the build has fetched and made.
    pub cache: PathBuf,
    /// Where it has put the image.
    pub output: PathBuf,
    /// Every path in its cache then.
    pub cached: Vec<PathBuf>,
    /// How long it took.
    pub length: Duration,
    /// A home without a Maven repository.
    home: PathBuf,
}

impl Vendored {
    /// Vendors from the cache of this run, then builds in a network namespace without a network.
    pub(crate) fn make(world: &World) -> anyhow::Result<Self> {
        // So that the inputs are there.
        world.layout(IMAGE)?;
        let scratch = world.directory("vendored")?;
        let elsewhere = scratch.join("elsewhere");
        world
            .zookiln(["vendor"])?
            .arg(&elsewhere)
            .args(["--version", IMAGE.version])
            .args(["--source", "maven", "--platform", PLATFORM])
            .succeed()?;
        let mut vendored = Self {
            directory: scratch.join("an other place"),
            cache: scratch.join("cache"),
            output: scratch.join("layout"),
            cached: Vec::new(),
            length: Duration::ZERO,
            home: scratch.join("home"),
        };
        // No path of the place where it was made is in it.
        fs::rename(&elsewhere, &vendored.directory)?;
        fs::create_dir(&vendored.home)?;
        let begun = Instant::now();
        vendored
            .build(world, &vendored.cache, &vendored.output)?
            .through(["unshare", "--net"])
            .succeed()?;
        vendored.length = begun.elapsed();
        vendored.cached = names(&vendored.cache)?;
        Ok(vendored)
    }

    /// A call that builds the image from the directory and this cache alone.
    pub fn build(&self, world: &World, cache: &Path, output: &Path) -> anyhow::Result<Call> {
        let mirror = format!("file:{}", self.directory.display());
        Ok(world
            .zookiln(["build", "--version", IMAGE.version, "--variant"])?
            .args([IMAGE.variant.as_str(), "--platform", PLATFORM])
            .args(["--source", "maven", "--offline", "--mirror", &mirror])
            .arg("--output")
            .arg(output)
            .env("ZOOKILN_CACHE", cache)
            .env("HOME", &self.home))
    }

    /// Fails unless a layout has the very image that the cold build has made, and nothing else.
    pub fn is_image(&self, output: &Path) -> anyhow::Result<()> {
        let (expected, found) = (Layout::read(&self.output)?, Layout::read(output)?);
        let (expected_digest, digest) = (expected.digest()?, found.digest()?);
        ensure!(
            digest == expected_digest,
            "expected {expected_digest}, found {digest}"
        );
        let (expected, found) = (names(&self.output)?, names(output)?);
        ensure!(found == expected, "expected {expected:?}, found {found:?}");
        Ok(())
    }
}

/// Every path below a directory, in order.
pub fn names(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            for entry in fs::read_dir(&path)? {
                pending.push(entry?.path());
            }
        }
        found.push(path.strip_prefix(directory)?.to_owned());
    }
    found.sort();
    Ok(found)
}
