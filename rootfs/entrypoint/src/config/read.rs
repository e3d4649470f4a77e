//! What a `zoo.cfg` says, whoever has written it.

use std::path::{Path, PathBuf};

use crate::file;
use crate::properties::Properties;
use crate::servers::ServerList;

/// Whether a file has reconfiguration on, as ZooKeeper reads it.
pub fn is_reconfigurable(config: &Properties) -> bool {
    config
        .get("reconfigEnabled")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The servers that a `zoo.cfg` names.
pub fn servers_of(config: &Properties) -> Option<ServerList> {
    let lines: Vec<String> = config
        .with_prefix("server.")
        .map(|(id, value)| format!("server.{id}={value}"))
        .collect();
    ServerList::parse(&lines.join(" ")).ok()
}

/// The file that `dynamicConfigFile` of the `zoo.cfg` at `path` names.
///
/// A relative name is the server's to resolve, whose working directory only the server itself knows; a file
/// beside `zoo.cfg` is what everybody means by it.
pub fn dynamic(config: &Properties, path: &Path) -> Option<Properties> {
    let name = config
        .get("dynamicConfigFile")
        .filter(|name| !name.is_empty())?;
    let here = PathBuf::from(name);
    let file = if here.exists() {
        here
    } else {
        path.with_file_name(name)
    };
    Some(Properties::parse(&file::read(&file).ok()??))
}
