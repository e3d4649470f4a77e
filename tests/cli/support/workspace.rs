//! A directory of its own for a test: catalog and lock, cache, home, apt's configuration, and a
//! loopback server that has everything. The program runs in `project/` with nothing of the outer
//! environment.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use tempfile::TempDir;

use super::command::Zookiln;
use super::digest::{sha256, sha512};
use super::fixture::fixture;
use super::maven::mvn_script;
use super::server::Server;
use super::signers::ARCHIVE;

/// The lock that `update` writes for the fixture; the same for every test, since no address is in it.
static LOCK: LazyLock<String> = LazyLock::new(|| {
    let workspace = Workspace::without_lock();
    workspace.install_mvn();
    workspace.zookiln(["--quiet", "update"]).succeed();
    fs::read_to_string(workspace.project().join("versions.lock")).unwrap()
});

pub(crate) struct Workspace {
    directory: TempDir,
    pub(crate) server: Server,
}

impl Workspace {
    /// Catalog and lock; `mvn` is not installed.
    pub(crate) fn new() -> Self {
        let workspace = Self::without_lock();
        fs::write(workspace.project().join("versions.lock"), &*LOCK).unwrap();
        workspace
    }

    pub(crate) fn without_lock() -> Self {
        let workspace = Self {
            directory: tempfile::Builder::new()
                .prefix("zookiln-cli")
                .tempdir()
                .unwrap(),
            server: Server::start(),
        };
        for directory in ["project", "cache", "home", "apt", "bin"] {
            fs::create_dir(workspace.path(directory)).unwrap();
        }
        let catalog = fixture().catalog(&workspace.server.url());
        fs::write(workspace.project().join("versions.toml"), catalog).unwrap();
        fs::write(workspace.project().join("versions.keys"), ARCHIVE.keys()).unwrap();
        workspace
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The working directory of the program.
    pub(crate) fn project(&self) -> PathBuf {
        self.path("project")
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.path("cache")
    }

    /// As if the machine were new.
    pub(crate) fn empty_cache(&self) {
        fs::remove_dir_all(self.cache()).unwrap();
    }

    /// A run of the program, to be changed and started.
    pub(crate) fn zookiln<const N: usize>(&self, arguments: [&str; N]) -> Zookiln<'_> {
        Zookiln::new(self, &arguments)
    }

    /// Replaces a text that the catalog has once.
    pub(crate) fn edit_catalog(&self, from: &str, to: &str) {
        edit(&self.project().join("versions.toml"), from, to);
    }

    /// Replaces the address of the server everywhere in the catalog.
    pub(crate) fn move_catalog(&self, address: &str) {
        let path = self.project().join("versions.toml");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, text.replace(&self.server.url(), address)).unwrap();
    }

    pub(crate) fn edit_lock(&self, from: &str, to: &str) {
        edit(&self.project().join("versions.lock"), from, to);
    }

    /// Configures apt with the archive on another server, before the catalog's own mirrors.
    pub(crate) fn add_apt_mirror(&self, server: &str) {
        let text = format!(
            "deb {server}/debian bookworm main\n\
             deb {server}/debian-security bookworm-security main\n"
        );
        fs::write(self.path("apt").join("sources.list"), text).unwrap();
    }

    /// Puts an imitation of `mvn` on the program's `PATH`.
    pub(crate) fn install_mvn(&self) {
        let repository = self.path("repository");
        for jar in &fixture().jars {
            let path = repository.join(&jar.path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &jar.bytes).unwrap();
        }
        let script = self.path("bin").join("mvn");
        fs::write(&script, mvn_script(&repository, &self.path("mvn-calls"))).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// How often `mvn` was called.
    pub(crate) fn mvn_calls(&self) -> usize {
        fs::read_to_string(self.path("mvn-calls")).map_or(0, |text| text.lines().count())
    }

    /// When the packages were locked, as the snapshot archive writes it.
    pub(crate) fn lock_time(&self) -> Option<String> {
        let lock = fs::read_to_string(self.project().join("versions.lock")).ok()?;
        let (_, rest) = lock.split_once("snapshot = \"")?;
        Some(rest.split_once('"')?.0.to_owned())
    }

    /// The cached file of a digest such as `sha256:…`.
    pub(crate) fn cached(&self, digest: &str) -> PathBuf {
        let path = self.cache().join("v1/blobs").join(digest.replace(':', "/"));
        assert!(path.is_file(), "`{digest}` is not in the cache");
        path
    }

    /// Panics where the cache has something that is not what its name says, or is half made.
    pub(crate) fn check_cache(&self) {
        if !self.cache().join("v1").exists() {
            return;
        }
        assert_eq!(self.scratch(), Vec::<String>::new());
        let blobs = self.cache().join("v1/blobs");
        for (algorithm, sum) in [
            ("sha256", sha256 as fn(&[u8]) -> String),
            ("sha512", sha512),
        ] {
            for name in names(&blobs.join(algorithm)) {
                let bytes = fs::read(blobs.join(algorithm).join(&name)).unwrap();
                assert_eq!(sum(&bytes), name, "an unverified blob is in the cache");
            }
        }
    }

    /// Names in the scratch directory of the cache.
    pub(crate) fn scratch(&self) -> Vec<String> {
        names(&self.cache().join("v1/work"))
    }
}

/// What is in a directory, in order.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "`{}` has no `{from}`", path.display());
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}
