//! Logback, by which ZooKeeper logs from 3.8 on.
//!
//! It cannot read level and appenders out of one word as log4j does, so they are said one by one. And it is told
//! which file to read: it finds the one of the image behind that of the user, and would begin every log with a page
//! about having found two.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::logging;
use crate::prepare::DEFAULT_FILES;
use crate::release::Release;
use crate::variables::ids::CONF_DIR;
use crate::variables::{RootLogger, Values};

/// The first release that logs by it.
const LOGBACK: Release = Release::new(3, 8, 0);

const FILE: &str = "logback.xml";

/// By the names in our logback.xml.
const APPENDERS: [&str; 3] = [
    "zookeeper.appender.1",
    "zookeeper.appender.2",
    "zookeeper.appender.3",
];

/// System properties for a server: the file of the user, and all that is asked for.
pub fn of_server(values: &Values, release: Option<Release>) -> Vec<(&'static str, OsString)> {
    let own = values.path(CONF_DIR).join(FILE);
    let file = if own.exists() { own } else { of_image() };
    properties(file, &logging::asked_for(values), release)
}

/// System properties for everything else: the file of the image, and nothing but the console.
pub fn of_tool(values: &Values, release: Option<Release>) -> Vec<(&'static str, OsString)> {
    properties(of_image(), &logging::to_console(values), release)
}

fn of_image() -> PathBuf {
    Path::new(DEFAULT_FILES).join(FILE)
}

fn properties(
    file: PathBuf,
    logger: &RootLogger,
    release: Option<Release>,
) -> Vec<(&'static str, OsString)> {
    if release.is_none_or(|release| release < LOGBACK) {
        return Vec::new();
    }
    // It has no such level, and would take the word for DEBUG.
    let level = match logger.level.as_str() {
        "FATAL" => "ERROR",
        level => level,
    };
    let mut properties = vec![
        ("logback.configurationFile", file.into()),
        ("zookeeper.root.level", level.into()),
    ];
    let appenders = logger.appenders.iter().map(OsString::from);
    properties.extend(APPENDERS.into_iter().zip(appenders));
    properties
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::java::tests::given;

    fn shown(properties: &[(&str, OsString)]) -> String {
        let shown = |(name, value): &(&str, OsString)| format!("{name}={}", value.display());
        let words: Vec<String> = properties.iter().map(shown).collect();
        words.join(" ")
    }

    #[test]
    fn level_and_appenders_are_said_one_by_one() {
        let release = Some(Release::new(3, 8, 0));
        for (pairs, expected) in [
            (
                &[][..],
                "zookeeper.root.level=INFO zookeeper.appender.1=CONSOLE",
            ),
            (
                &[("ZOO_LOG_LEVEL", "fatal")],
                "zookeeper.root.level=ERROR zookeeper.appender.1=CONSOLE",
            ),
            (
                &[("ZOO_LOG4J_PROP", "WARN,ROLLINGFILE,TRACEFILE,CONSOLE")],
                "zookeeper.root.level=WARN zookeeper.appender.1=ROLLINGFILE zookeeper.appender.2=TRACEFILE \
                 zookeeper.appender.3=CONSOLE",
            ),
        ] {
            let (_, values) = given(pairs);
            let found = shown(&of_server(&values, release));
            let expected =
                format!("logback.configurationFile=/etc/zookeeper/logback.xml {expected}");
            assert_eq!(found, expected, "{pairs:?}");
        }
    }

    #[test]
    fn a_tool_logs_to_the_console_by_the_file_of_the_image() {
        let conf = tempfile::tempdir().unwrap();
        let own = conf.path().join(FILE);
        std::fs::write(&own, "").unwrap();
        let pairs = [
            ("ZOO_CONF_DIR", conf.path().to_str().unwrap()),
            ("ZOO_LOG4J_PROP", "DEBUG,ROLLINGFILE"),
        ];
        let (_, values) = given(&pairs);
        let release = Some(Release::new(3, 9, 5));
        assert_eq!(
            shown(&of_tool(&values, release)),
            "logback.configurationFile=/etc/zookeeper/logback.xml zookeeper.root.level=DEBUG \
             zookeeper.appender.1=CONSOLE"
        );
        let server = shown(&of_server(&values, release));
        assert!(server.starts_with(&format!("logback.configurationFile={} ", own.display())));
    }

    #[test]
    fn log4j_is_told_nothing_of_it() {
        let (_, values) = given(&[]);
        for release in [None, Some(Release::new(3, 7, 2))] {
            assert_eq!(of_server(&values, release), []);
            assert_eq!(of_tool(&values, release), []);
        }
    }
}
