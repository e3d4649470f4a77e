//! The platforms an image can be made for, and what each is called by the formats it meets.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An operating system and a processor architecture, written `linux/amd64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Platform {
    /// x86-64.
    LinuxAmd64,
    /// 64-bit ARM.
    LinuxArm64,
}

/// A platform that is none of ours.
#[derive(Debug, Error)]
#[error("unknown platform `{0}`, expected `linux/amd64` or `linux/arm64`")]
pub struct UnknownPlatform(pub String);

impl Platform {
    /// Every platform, in the order of the index.
    pub const ALL: [Self; 2] = [Self::LinuxAmd64, Self::LinuxArm64];

    /// The platform this program runs on; `None` where the JDK's own tools could not run.
    #[must_use]
    pub fn host() -> Option<Self> {
        match (std::env::consts::OS, std::env::consts::ARCH) {
            ("linux", "x86_64") => Some(Self::LinuxAmd64),
            ("linux", "aarch64") => Some(Self::LinuxArm64),
            _ => None,
        }
    }

    /// `linux/amd64`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LinuxAmd64 => "linux/amd64",
            Self::LinuxArm64 => "linux/arm64",
        }
    }

    /// The architecture's name, the same for OCI and Debian.
    #[must_use]
    pub fn architecture(self) -> &'static str {
        match self {
            Self::LinuxAmd64 => "amd64",
            Self::LinuxArm64 => "arm64",
        }
    }

    /// OCI's variant of the architecture; arm64 without `v8` is refused by some engines.
    #[must_use]
    pub fn variant(self) -> Option<&'static str> {
        match self {
            Self::LinuxAmd64 => None,
            Self::LinuxArm64 => Some("v8"),
        }
    }

    /// Debian's multi-arch directory below `/usr/lib`.
    #[must_use]
    pub fn triplet(self) -> &'static str {
        match self {
            Self::LinuxAmd64 => "x86_64-linux-gnu",
            Self::LinuxArm64 => "aarch64-linux-gnu",
        }
    }

    /// File name of glibc's program loader.
    #[must_use]
    pub fn loader(self) -> &'static str {
        match self {
            Self::LinuxAmd64 => "ld-linux-x86-64.so.2",
            Self::LinuxArm64 => "ld-linux-aarch64.so.1",
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Platform {
    type Err = UnknownPlatform;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|platform| platform.as_str() == text)
            .ok_or_else(|| UnknownPlatform(text.to_owned()))
    }
}

impl TryFrom<String> for Platform {
    type Error = UnknownPlatform;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Platform> for String {
    fn from(platform: Platform) -> Self {
        platform.as_str().to_owned()
    }
}
