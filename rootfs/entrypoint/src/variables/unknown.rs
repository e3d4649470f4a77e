//! Names that look like ours and are not: a typo otherwise costs an evening.

use std::ffi::OsStr;

use super::environment::Environment;
use super::settings;
use super::table::TABLE;

/// Letters that may differ before a name is no longer taken for a misspelling of another.
const FARTHEST: usize = 4;

/// A warning for every `ZOO_*` variable that is none of ours, with the nearest name that is.
pub fn warnings(environment: &Environment) -> Vec<String> {
    environment
        .iter()
        .filter(|(name, value)| {
            name.starts_with("ZOO_") && !is_known(name) && !is_from_orchestrator(name, value)
        })
        .map(|(name, _)| match nearest(name) {
            Some(known) => {
                format!("{name} is no variable of this image and is ignored; did you mean {known}?")
            }
            None => format!("{name} is no variable of this image and is ignored"),
        })
        .collect()
}

fn known_names() -> impl Iterator<Item = &'static str> {
    TABLE
        .iter()
        .flat_map(|variable| std::iter::once(variable.name).chain(variable.aliases.iter().copied()))
}

/// Whether a name is a variable's, an alias of one, or either with `_FILE`.
pub fn is_known(name: &str) -> bool {
    let plain = name.strip_suffix("_FILE");
    settings::is_setting(name) || known_names().any(|known| known == name || Some(known) == plain)
}

/// What Kubernetes sets for every service called `zoo` or `zoo-…`, and `--link` for a container of that name.
pub(super) fn is_from_orchestrator(name: &str, value: &OsStr) -> bool {
    let (_, rest) = name.split_once('_').unwrap_or_default();
    let from_service = |part: &str| {
        ["SERVICE_HOST", "SERVICE_PORT", "PORT"].contains(&part)
            || part.starts_with("SERVICE_PORT_")
    };
    let linked_port = rest.split_once("PORT_").is_some_and(|(_, port)| {
        let protocol = port.trim_start_matches(|digit: char| digit.is_ascii_digit());
        protocol.len() < port.len()
            && ["_TCP", "_UDP", "_SCTP"]
                .iter()
                .any(|known| protocol.starts_with(known))
    });
    value.to_string_lossy().contains("://")
        || linked_port
        || rest.starts_with("ENV_")
        || (rest == "NAME" && value.to_string_lossy().starts_with('/'))
        || rest
            .match_indices('_')
            .map(|(at, _)| &rest[at + 1..])
            .chain([rest])
            .any(from_service)
}

/// The known name that is meant by a misspelled one, as far as that can be guessed.
pub fn nearest(name: &str) -> Option<&'static str> {
    let distance = |known: &&str| strsim::osa_distance(name, known);
    known_names()
        .min_by_key(distance)
        .filter(|known| distance(known) <= FARTHEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_are_named_with_what_was_meant() {
        let environment: Environment = [
            ("ZOO_TICKTIME", "2000"),
            ("ZOO_DATA_DRI", "/x"),
            ("ZOO_SOMETHING_ENTIRELY_ELSE", "x"),
            ("ZOO_TICK_TIME_FILE", "/x"),
            ("PATH", "/bin"),
        ]
        .into_iter()
        .collect();
        assert_eq!(
            warnings(&environment),
            [
                "ZOO_DATA_DRI is no variable of this image and is ignored; did you mean ZOO_DATA_DIR?",
                "ZOO_SOMETHING_ENTIRELY_ELSE is no variable of this image and is ignored",
                "ZOO_TICKTIME is no variable of this image and is ignored; did you mean ZOO_TICK_TIME?",
            ]
        );
    }

    #[test]
    fn what_kubernetes_and_links_set_is_ignored() {
        let environment: Environment = [
            ("ZOO_SERVICE_HOST", "10.0.0.1"),
            ("ZOO_SERVICE_PORT", "2181"),
            ("ZOO_SERVICE_PORT_CLIENT", "2181"),
            ("ZOO_HEADLESS_SERVICE_HOST", "10.0.0.1"),
            ("ZOO_HEADLESS_PORT_2888_TCP_PROTO", "tcp"),
            ("ZOO_PORT", "tcp://10.0.0.1:2181"),
            ("ZOO_PORT_2181_TCP", "tcp://10.0.0.1:2181"),
            ("ZOO_PORT_2181_TCP_ADDR", "10.0.0.1"),
            ("ZOO_PORT_2181_TCP_PORT", "2181"),
            ("ZOO_NAME", "/app/zoo"),
            ("ZOO_ENV_JAVA_HOME", "/usr"),
        ]
        .into_iter()
        .collect();
        assert_eq!(warnings(&environment), [""; 0]);
    }
}
