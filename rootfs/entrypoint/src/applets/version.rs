//! `zkServer.sh version`: which ZooKeeper this is, as its `srvr` says it. No JVM: beside a server at the memory
//! limit of its container there may be no room for a second one.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use super::{failure, print, values};
use crate::constants::{self, Constant};
use crate::jar::Jar;
use crate::journal::Journal;
use crate::release::{Release, ReleaseError};
use crate::variables::Environment;
use crate::variables::ids::BASE_DIR;

const INFO: &str = "org.apache.zookeeper.version.Info";

/// Prints the version.
pub(super) fn run() -> ExitCode {
    let values = match values(&Environment::of_process(), &[BASE_DIR.row()]) {
        Ok(values) => values,
        Err(code) => return code,
    };
    match version(&values.path(BASE_DIR).join("lib")) {
        Ok(version) => print(&format!("Apache ZooKeeper, version {version}\n")),
        Err(error) => {
            Journal::default().error(error);
            failure()
        }
    }
}

/// By the jar's own words, or at least by its name.
fn version(jars: &Path) -> Result<String, ReleaseError> {
    let (release, path) = Release::jar(jars)?;
    let said = Jar::open(&path)
        .and_then(|jar| jar.class(INFO))
        .ok()
        .and_then(|class| full_version(&constants::of_class(&class)?));
    Ok(said.unwrap_or_else(|| release.to_string()))
}

/// As `Version.getFullVersion` puts it together; the qualifier of 3.6.1 is empty, hence its two dashes.
fn full_version(info: &BTreeMap<String, Constant>) -> Option<String> {
    let number = |name| match info.get(name)? {
        Constant::Integer(number) => Some(*number),
        Constant::Text(_) => None,
    };
    let text = |name| match info.get(name)? {
        Constant::Text(text) => Some(text.as_str()),
        Constant::Integer(_) => None,
    };
    let qualifier = text("QUALIFIER").map_or_else(String::new, |qualifier| format!("-{qualifier}"));
    Some(format!(
        "{}.{}.{}{qualifier}-{}, built on {}",
        number("MAJOR")?,
        number("MINOR")?,
        number("MICRO")?,
        text("REVISION_HASH")?,
        text("BUILD_DATE")?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::tests::class;
    use crate::jar::tests::jar;

    fn text(text: &str) -> Constant {
        Constant::Text(text.to_owned())
    }

    #[test]
    fn the_jar_says_its_version() {
        let lib = tempfile::tempdir().unwrap();
        let path = lib.path().join("zookeeper-3.6.1.jar");
        let mut constants = vec![
            ("MAJOR", Constant::Integer(3)),
            ("MINOR", Constant::Integer(6)),
            ("MICRO", Constant::Integer(1)),
            ("REVISION_HASH", text("104dcb3e")),
            ("BUILD_DATE", text("04/21/2020 15:01 GMT")),
        ];
        for (qualifier, expected) in [
            (None, "3.6.1-104dcb3e, built on 04/21/2020 15:01 GMT"),
            (Some(""), "3.6.1--104dcb3e, built on 04/21/2020 15:01 GMT"),
        ] {
            constants.extend(qualifier.map(|qualifier| ("QUALIFIER", text(qualifier))));
            let content = jar(&[("A", b""), (INFO, &class(&constants))]);
            std::fs::write(&path, content).unwrap();
            assert_eq!(version(lib.path()).unwrap(), expected);
        }
        for content in [&b""[..], &jar(&[("A", b"")])] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(version(lib.path()).unwrap(), "3.6.1");
        }
    }
}
