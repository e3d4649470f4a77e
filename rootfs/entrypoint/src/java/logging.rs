//! What is logged, and where to: `ZOO_LOG_LEVEL`, and `ZOO_LOG4J_PROP` which wins over it.

use crate::variables::ids::{LOG_LEVEL, LOG4J_PROP};
use crate::variables::{RootLogger, Values};

/// As the user asks for.
pub(super) fn asked_for(values: &Values) -> RootLogger {
    values
        .root_logger(LOG4J_PROP)
        .cloned()
        .unwrap_or_else(|| to_console(values))
}

/// The same level, and nothing but the console: under ROLLINGFILE a tool would roll the server's log.
pub(super) fn to_console(values: &Values) -> RootLogger {
    let level = match values.root_logger(LOG4J_PROP) {
        Some(logger) => &logger.level,
        None => values.text(LOG_LEVEL),
    };
    RootLogger {
        level: level.to_owned(),
        appenders: vec!["CONSOLE".to_owned()],
    }
}
