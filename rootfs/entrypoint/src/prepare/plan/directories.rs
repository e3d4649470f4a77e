//! The directories that a server works in.

use std::path::Path;

use crate::prepare::directories::{Content, Directory, NamedBy};
use crate::prepare::facts::{Facts, Found};
use crate::variables::Values;
use crate::variables::ids::{CONF_DIR, LOG_DIR, LOG4J_PROP, PID_FILE};

/// All of them, in the order in which they are made.
pub(super) fn list(values: &Values, facts: &Facts, writes_config: bool) -> Vec<Directory> {
    let logs_to_files = values
        .root_logger(LOG4J_PROP)
        .is_some_and(|logger| logger.appenders.iter().any(|name| name != "CONSOLE"));
    let is_kept = matches!(facts.config, Found::Kept(_));
    let directory = |path: &Path, content, needed| Directory {
        path: path.to_owned(),
        content,
        needed,
        named_by: match content {
            Content::Data if is_kept => NamedBy::in_file(path, values),
            Content::Data | Content::Logs | Content::Theirs => NamedBy::Start,
        },
    };
    let mut directories = vec![
        directory(values.path(CONF_DIR), Content::Theirs, writes_config),
        directory(&facts.data_directory, Content::Data, true),
        directory(&facts.data_log_directory, Content::Data, true),
        directory(values.path(LOG_DIR), Content::Logs, logs_to_files),
    ];
    // Nothing here needs the pid file, so a read-only root file system is no reason to fail.
    directories.extend(
        values
            .path(PID_FILE)
            .parent()
            .map(|path| directory(path, Content::Theirs, false)),
    );
    directories.dedup();
    directories
}
