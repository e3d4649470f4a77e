//! Maven coordinates of one jar: `group:artifact:version[:jar:classifier]`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Where a jar stands in a Maven repository. Every part is safe as a component of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Coordinates {
    /// `org.apache.zookeeper`
    pub group: String,
    /// `zookeeper`
    pub artifact: String,
    /// `3.6.1`
    pub version: String,
    /// `linux-x86_64` of a platform's native jar.
    pub classifier: Option<String>,
}

/// Text that is no coordinates of a jar.
#[derive(Debug, Error)]
#[error("`{0}` is not `group:artifact:version` or `group:artifact:version:jar:classifier`")]
pub struct InvalidCoordinates(String);

impl Coordinates {
    /// The jar's name in `lib/` and in a repository: `zookeeper-3.6.1.jar`.
    #[must_use]
    pub fn file_name(&self) -> String {
        match &self.classifier {
            Some(classifier) => format!("{}-{}-{classifier}.jar", self.artifact, self.version),
            None => format!("{}-{}.jar", self.artifact, self.version),
        }
    }

    /// Path below a repository's root: `org/apache/zookeeper/zookeeper/3.6.1/zookeeper-3.6.1.jar`.
    #[must_use]
    pub fn repository_path(&self) -> String {
        let group = self.group.replace('.', "/");
        format!(
            "{group}/{}/{}/{}",
            self.artifact,
            self.version,
            self.file_name()
        )
    }
}

impl fmt::Display for Coordinates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}:{}:{}",
            self.group, self.artifact, self.version
        )?;
        match &self.classifier {
            Some(classifier) => write!(formatter, ":jar:{classifier}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Coordinates {
    type Err = InvalidCoordinates;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split(':').collect();
        if !parts.iter().all(|part| is_component(part)) {
            return Err(InvalidCoordinates(text.to_owned()));
        }
        let (group, artifact, version, classifier) = match parts.as_slice() {
            [group, artifact, version] => (group, artifact, version, None),
            [group, artifact, version, "jar", classifier] => {
                (group, artifact, version, Some((*classifier).to_owned()))
            }
            _ => return Err(InvalidCoordinates(text.to_owned())),
        };
        Ok(Self {
            group: (*group).to_owned(),
            artifact: (*artifact).to_owned(),
            version: (*version).to_owned(),
            classifier,
        })
    }
}

/// Coordinates become paths and parts of an XML document: letters, digits, `.`, `_`, `-`, not `..`.
fn is_component(part: &str) -> bool {
    !part.is_empty()
        && !part.starts_with('.')
        && !part.contains("..")
        && part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

impl TryFrom<String> for Coordinates {
    type Error = InvalidCoordinates;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Coordinates> for String {
    fn from(coordinates: Coordinates) -> Self {
        coordinates.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_follow_the_repository_layout() {
        let plain: Coordinates = "io.netty:netty-common:4.1.48.Final".parse().unwrap();
        assert_eq!(plain.file_name(), "netty-common-4.1.48.Final.jar");
        assert_eq!(
            plain.repository_path(),
            "io/netty/netty-common/4.1.48.Final/netty-common-4.1.48.Final.jar"
        );
        let native: Coordinates = "io.netty:epoll:4.1.100:jar:linux-x86_64".parse().unwrap();
        assert_eq!(native.file_name(), "epoll-4.1.100-linux-x86_64.jar");
        assert_eq!(
            native.to_string(),
            "io.netty:epoll:4.1.100:jar:linux-x86_64"
        );
    }

    #[test]
    fn what_could_leave_a_directory_or_an_element_is_refused() {
        for text in [
            "",
            "a:b",
            "a:b:c:d",
            "a:b:c:pom:x",
            "../a:b:c",
            "a:b:..",
            "a:b/c:d",
            "a:b:c<",
            "a::c",
        ] {
            assert!(text.parse::<Coordinates>().is_err(), "`{text}` was taken");
        }
    }
}
