//! What a trial needs of the machine, and what to do where it is missing.

use std::path::Path;
use std::sync::OnceLock;

use crate::command::call;

/// Something that must be there for a trial to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A container engine that `docker` talks to.
    Engine,
    /// User 0: to become another user, and to unpack trees with their owners.
    Root,
    /// The kernel runs arm64 programs: by itself, or by an emulator that containers see too.
    Arm64,
    /// The kernel has IPv6.
    Ipv6,
    /// Programs may serve file systems.
    Fuse,
    /// Compose, as a program of its own or as a plugin of the engine's client.
    Compose,
    /// A program on `PATH`, and the Debian package that has it.
    Program {
        /// Its name.
        name: &'static str,
        /// Where Debian has it.
        package: &'static str,
    },
    /// A file, and the Debian package that has it.
    File {
        /// Where it is.
        path: &'static str,
        /// Where Debian has it.
        package: &'static str,
    },
    /// A library to compile against: name for `pkg-config`, Debian package.
    Library {
        /// Its name.
        name: &'static str,
        /// Where Debian has it.
        package: &'static str,
    },
}

const fn program(name: &'static str, package: &'static str) -> Need {
    Need::Program { name, package }
}

/// `skopeo`.
pub const SKOPEO: Need = program("skopeo", "skopeo");
/// `umoci`.
pub const UMOCI: Need = program("umoci", "umoci");
/// `podman`.
pub const PODMAN: Need = program("podman", "podman");
/// `buildah`.
pub const BUILDAH: Need = program("buildah", "buildah");
/// The reference registry.
pub const REGISTRY: Need = program("docker-registry", "docker-registry");
/// GNU tar.
pub const TAR: Need = program("tar", "tar");
/// GNU gzip.
pub const GZIP: Need = program("gzip", "gzip");
/// `setpriv`.
pub const SETPRIV: Need = program("setpriv", "util-linux");
/// `unshare`.
pub const UNSHARE: Need = program("unshare", "util-linux");
/// `nsenter`.
pub const NSENTER: Need = program("nsenter", "util-linux");
/// Gives a program a terminal.
pub const SCRIPT: Need = program("script", "bsdutils");
/// Asks which libraries there are.
pub const PKG_CONFIG: Need = program("pkg-config", "pkg-config");
/// What `tests/ocidir` links.
pub const OPENSSL: Need = Need::Library {
    name: "openssl",
    package: "libssl-dev",
};

/// Makes certificates, and is a client of TLS.
pub const OPENSSL_TOOL: Need = program("openssl", "openssl");
/// Makes stores as Java reads them.
pub const KEYTOOL: Need = program("keytool", "default-jre-headless");
/// The Python client of ZooKeeper.
pub const KAZOO: Need = Need::File {
    path: "/usr/lib/python3/dist-packages/kazoo/client.py",
    package: "python3-kazoo",
};

/// Makes keys and signs with them.
pub const GPG: Need = program("gpg", "gnupg");
/// Judges signatures.
pub const GPGV: Need = program("gpgv", "gpgv");
/// Fetches by coordinates.
pub const MVN: Need = program("mvn", "maven");
/// The keys of Debian's archive, as Debian gives them out.
pub const ARCHIVE_KEYRING: Need = Need::File {
    path: "/usr/share/keyrings/debian-archive-keyring.gpg",
    package: "debian-archive-keyring",
};
/// Fetches as apt does, by the proxies that apt knows.
pub const APT_HELPER: Need = Need::File {
    path: "/usr/lib/apt/apt-helper",
    package: "apt",
};

/// Lists processes, for `docker top`, and sends signals.
pub const PS: Need = program("ps", "procps");

/// What the Python client logs in with.
pub const PURE_SASL: Need = Need::File {
    path: "/usr/lib/python3/dist-packages/puresasl/__init__.py",
    package: "python3-pure-sasl",
};

/// Debian's resolver.
pub const APT: Need = program("apt-get", "apt");
/// The judge of versions.
pub const DPKG: Need = program("dpkg", "dpkg");

/// Lists directories in an order of one's choice.
pub const DISORDERFS: Need = program("disorderfs", "disorderfs");
/// Says which files make up a checkout.
pub const GIT: Need = program("git", "git");

/// Reads YAML.
pub const YAML: Need = Need::File {
    path: "/usr/lib/python3/dist-packages/yaml/__init__.py",
    package: "python3-yaml",
};
/// Judges manifests by the schemas of Kubernetes.
pub const KUBERNETES_VALIDATE: Need = program("kubernetes-validate", "kubernetes-validate of PyPI");

/// Everything that any trial needs.
pub const ALL: &[Need] = &[
    Need::Engine,
    Need::Root,
    Need::Arm64,
    Need::Ipv6,
    PS,
    Need::Compose,
    SKOPEO,
    UMOCI,
    PODMAN,
    BUILDAH,
    REGISTRY,
    TAR,
    GZIP,
    SETPRIV,
    UNSHARE,
    NSENTER,
    SCRIPT,
    PKG_CONFIG,
    OPENSSL,
    OPENSSL_TOOL,
    KEYTOOL,
    KAZOO,
    GPG,
    GPGV,
    MVN,
    ARCHIVE_KEYRING,
    APT_HELPER,
    APT,
    DPKG,
    DISORDERFS,
    GIT,
    PURE_SASL,
    YAML,
    KUBERNETES_VALIDATE,
    Need::Fuse,
];

impl Need {
    /// Why it is not there and what to do; `None` where it is.
    #[must_use]
    pub fn missing(self) -> Option<String> {
        match self {
            Self::Engine => match call("docker").args(["version", "--format", "ok"]).finish() {
                Ok(finished) if finished.code == 0 => None,
                _ => Some(
                    "no container engine answers `docker version`: install docker.io and start dockerd"
                        .to_owned(),
                ),
            },
            Self::Root => match call("id").arg("-u").stdout() {
                Ok(uid) if uid == "0" => None,
                _ => Some("not root".to_owned()),
            },
            Self::Arm64 => (!runs_arm64()).then(|| {
                "no arm64 programs here: install qemu-user-static and binfmt-support, then `update-binfmts --enable qemu-aarch64`".to_owned()
            }),
            Self::Ipv6 => (!Path::new("/proc/net/if_inet6").exists())
                .then(|| "the kernel has no IPv6: load the module ipv6".to_owned()),
            Self::Fuse => (!Path::new("/dev/fuse").exists())
                .then(|| "the kernel has no FUSE: load the module fuse".to_owned()),
            Self::Compose => compose().is_none().then(|| {
                "no Compose: install docker-compose, or the plugin docker-compose-v2".to_owned()
            }),
            Self::Program { name, package } => (!on_path(name)).then(|| {
                format!("no `{name}` on PATH: install the package {package}")
            }),
            Self::File { path, package } => (!Path::new(path).is_file())
                .then(|| format!("no `{path}`: install the package {package}")),
            Self::Library { name, package } => {
                let found = call("pkg-config").args(["--exists", name]).finish();
                (!matches!(found, Ok(finished) if finished.code == 0))
                    .then(|| format!("no library `{name}`: install the package {package}"))
            }
        }
    }
}

/// How Compose is called here: the program where there is one, else the plugin.
#[must_use]
pub fn compose() -> Option<&'static str> {
    static FOUND: OnceLock<Option<&str>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        ["docker-compose", "docker compose"]
            .into_iter()
            .find(|words| {
                let version = format!("{words} version");
                let finished = call("sh").args(["-c", &version]).finish();
                matches!(finished, Ok(finished) if finished.code == 0)
            })
    })
}

/// `F` in the flags: the kernel has opened the emulator already, so that it works in any container.
fn runs_arm64() -> bool {
    if cfg!(target_arch = "aarch64") {
        return true;
    }
    std::fs::read_to_string("/proc/sys/fs/binfmt_misc/qemu-aarch64").is_ok_and(|entry| {
        entry.lines().any(|line| line == "enabled")
            && (entry.lines())
                .any(|line| line.starts_with("flags:") && line["flags:".len()..].contains('F'))
    })
}

fn on_path(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|directory| Path::new(&directory).join(name).is_file())
    })
}
