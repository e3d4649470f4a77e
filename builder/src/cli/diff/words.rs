//! Words for values and for fields of documents.

use std::time::{Duration, UNIX_EPOCH};

use layers::Digest;
use serde_json::Value;

use crate::compare::{DocumentName, EntryField, Pair};
use crate::size::Size;

/// Text from an image, as it may go to a terminal: nothing in it moves the cursor.
pub(super) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\'' | '\\' => printable.push(character),
            _ => printable.extend(character.escape_debug()),
        }
    }
    printable
}

/// `sha256:0123456789ab`
pub(super) fn short(digest: &Digest) -> String {
    format!("{}:{}", digest.algorithm(), &digest.hex()[..12])
}

/// `old → new`
pub(super) fn arrow(old: &str, new: &str) -> String {
    format!("{old} → {new}")
}

/// `+2.8 MB`, `-23 B`, `same size`.
pub(super) fn growth(old: u64, new: u64) -> String {
    match old.cmp(&new) {
        std::cmp::Ordering::Less => format!("+{}", Size(new - old)),
        std::cmp::Ordering::Equal => "same size".to_owned(),
        std::cmp::Ordering::Greater => format!("-{}", Size(old - new)),
    }
}

/// `7.4 MB → 10.2 MB (+2.8 MB)`, as exact as it must be to show a difference.
pub(super) fn sizes(old: u64, new: u64) -> String {
    if old == new {
        return format!("{}, same size", Size(old));
    }
    let (before, after) = (Size(old).to_string(), Size(new).to_string());
    if before == after {
        return format!("{before} ({})", growth(old, new));
    }
    format!("{} ({})", arrow(&before, &after), growth(old, new))
}

/// What has come, gone or become something else.
pub(super) fn change(old: Option<&str>, new: Option<&str>) -> String {
    let and = |word: &str, value: &str| match value {
        "" => word.to_owned(),
        value => format!("{word}, {value}"),
    };
    match (old, new) {
        (Some(old), Some(new)) => arrow(old, new),
        (None, Some(new)) => and("new", new),
        (Some(old), None) => and("gone", old),
        (None, None) => String::new(),
    }
}

/// A field of an entry: `mode 0644 → 0755`.
pub(super) fn entry_field(field: &EntryField) -> String {
    let optional = |pair: &Pair<Option<String>>| change(pair.old.as_deref(), pair.new.as_deref());
    match field {
        EntryField::Kind(pair) => format!("{} → {}", pair.old, pair.new),
        EntryField::Content(Pair { old, new }) => match (old, new) {
            (Some(old), Some(new)) => format!("content {}", sizes(old.bytes, new.bytes)),
            (Some(one), None) | (None, Some(one)) => format!("content {}", Size(one.bytes)),
            (None, None) => String::new(),
        },
        EntryField::Target(pair) => format!("target {}", optional(pair)),
        EntryField::Mode(pair) => format!("mode {} → {}", pair.old, pair.new),
        EntryField::Owner(pair) => format!("owner {}", arrow(&pair.old, &pair.new)),
        EntryField::OwnerName(pair) => {
            let name = |pair: &str| match pair {
                ":" => "none".to_owned(),
                names => names.to_owned(),
            };
            format!(
                "name of the owner {}",
                arrow(&name(&pair.old), &name(&pair.new))
            )
        }
        EntryField::Time(pair) => {
            format!("time {}", arrow(&time(pair.old), &time(pair.new)))
        }
        EntryField::Device(pair) => format!("device {}", arrow(&pair.old, &pair.new)),
        EntryField::Format(pair) => format!("format {}", arrow(pair.old, pair.new)),
        EntryField::Spelling(pair) => {
            format!("written as {}", arrow(&pair.old, &pair.new))
        }
        EntryField::Record { key, old, new } => {
            format!(
                "pax record {key} {}",
                change(old.as_deref(), new.as_deref())
            )
        }
    }
}

/// Seconds since 1970 as RFC 3339 where that has four digits for the year.
pub(super) fn time(seconds: u64) -> String {
    const LATEST: u64 = 253_402_300_799;
    match seconds {
        0..=LATEST => {
            humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
        }
        later => later.to_string(),
    }
}

/// A field of a document as people call it.
pub(super) fn field(document: DocumentName, path: &[String]) -> String {
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    let known = match document {
        DocumentName::Config => config_field(&keys),
        DocumentName::Layout => layout_field(&keys),
        DocumentName::Index | DocumentName::Manifest => None,
    };
    let name = known.unwrap_or_else(|| match (document, keys.as_slice()) {
        (DocumentName::Index, ["annotations", key]) => format!("annotation {key} of the index"),
        (DocumentName::Manifest, ["annotations", key]) => {
            format!("annotation {key} of the manifest")
        }
        (DocumentName::Index, ["manifests", platform, rest @ ..]) => {
            format!("index, {platform} {}", rest.join("."))
        }
        (DocumentName::Manifest, ["layers", layer, rest @ ..]) => {
            format!("manifest, layer {layer} {}", rest.join("."))
        }
        (DocumentName::Index, keys) => format!("index {}", keys.join(".")),
        (DocumentName::Manifest, keys) => format!("manifest {}", keys.join(".")),
        (DocumentName::Config, keys) => keys.join("."),
        (DocumentName::Layout, keys) => keys.join("."),
    });
    printable(&name)
}

fn config_field(keys: &[&str]) -> Option<String> {
    let name = match keys {
        ["created" | "architecture" | "os" | "variant" | "author"] => keys[0].to_owned(),
        ["history", layer, "created_by"] => format!("history of {layer}, created by"),
        ["history", layer, rest @ ..] => format!("history of {layer}, {}", rest.join(".")),
        ["rootfs", "diff_ids", layer] => format!("diff_id of {layer}"),
        ["config", "Env", name] => format!("environment {name}"),
        ["config", "Env"] => "environment".to_owned(),
        ["config", "Labels", name] => format!("label {name}"),
        ["config", "Cmd"] => "command".to_owned(),
        ["config", "Entrypoint"] => "entrypoint".to_owned(),
        ["config", "User"] => "user".to_owned(),
        ["config", "WorkingDir"] => "working directory".to_owned(),
        ["config", "StopSignal"] => "stop signal".to_owned(),
        ["config", "ExposedPorts", port] => format!("port {port}"),
        ["config", "Volumes", volume] => format!("volume {volume}"),
        ["config", "Healthcheck", "Test"] => "health check".to_owned(),
        ["config", "Healthcheck", "Interval"] => "health check interval".to_owned(),
        ["config", "Healthcheck", "Timeout"] => "health check timeout".to_owned(),
        ["config", "Healthcheck", "StartPeriod"] => "health check start period".to_owned(),
        ["config", "Healthcheck", "Retries"] => "health check retries".to_owned(),
        _ => return None,
    };
    Some(name)
}

fn layout_field(keys: &[&str]) -> Option<String> {
    let name = match keys {
        ["annotations", "zookiln.identity"] => "identity of the build",
        ["annotations", "zookiln.catalog"] => "catalog it is from",
        ["annotations", "zookiln.lock"] => "lock it is from",
        ["annotations", "zookiln.program"] => "program that built it",
        ["annotations", "zookiln.seal"] => "seal of this file",
        ["annotations", "zookiln.source"] => "source of ZooKeeper",
        ["annotations", "zookiln.created"] => "SOURCE_DATE_EPOCH",
        [
            "manifests",
            "annotations",
            "org.opencontainers.image.ref.name",
        ] => "tag",
        ["manifests", "annotations", "io.containerd.image.name"] => "name",
        ["annotations", key] | ["manifests", "annotations", key] => {
            return Some(format!("annotation {key}"));
        }
        _ => return None,
    };
    Some(name.to_owned())
}

/// A value of a document: text as it is, lists of words like a command line, durations in words.
pub(super) fn value(path: &[String], value: &Value) -> String {
    let is_duration = matches!(
        path.iter().map(String::as_str).collect::<Vec<_>>()[..],
        [
            "config",
            "Healthcheck",
            "Interval" | "Timeout" | "StartPeriod"
        ]
    );
    let text = match value {
        Value::String(text) => match text.parse::<Digest>() {
            Ok(digest) => short(&digest),
            Err(_) if text.is_empty() => "empty".to_owned(),
            Err(_) => text.clone(),
        },
        Value::Array(list) => command_line(list).unwrap_or_else(|| value.to_string()),
        Value::Object(map) if map.is_empty() => String::new(),
        Value::Number(number) if is_duration => match number.as_u64() {
            Some(nanoseconds) => {
                humantime::format_duration(Duration::from_nanos(nanoseconds)).to_string()
            }
            None => number.to_string(),
        },
        other => other.to_string(),
    };
    printable(&text)
}

fn command_line(list: &[Value]) -> Option<String> {
    let plain = |word: &&str| !word.is_empty() && !word.contains(char::is_whitespace);
    let words: Option<Vec<&str>> = (list.iter())
        .map(|word| word.as_str().filter(plain))
        .collect();
    words
        .filter(|words| !words.is_empty())
        .map(|words| words.join(" "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_said_as_people_write_them() {
        let interval = ["config", "Healthcheck", "Interval"].map(str::to_owned);
        let table = [
            (json!("x"), "x"),
            (json!(""), "empty"),
            (json!("a\u{1b}[31m\n"), "a\\u{1b}[31m\\n"),
            (
                json!(Digest::sha256_of(b"").to_string()),
                "sha256:e3b0c44298fc",
            ),
            (json!(["zkServer.sh", "start"]), "zkServer.sh start"),
            (json!(["sh", "-c", "a b"]), r#"["sh","-c","a b"]"#),
            (json!([]), "[]"),
            (json!({}), ""),
            (json!(3), "3"),
            (json!(null), "null"),
        ];
        for (given, expected) in table {
            assert_eq!(value(&[], &given), expected, "{given}");
        }
        assert_eq!(value(&interval, &json!(90_000_000_000_u64)), "1m 30s");
        assert_eq!(value(&interval, &json!(-1)), "-1");
    }

    #[test]
    fn fields_have_the_names_that_people_use() {
        let table: [(DocumentName, &[&str], &str); 9] = [
            (
                DocumentName::Config,
                &["config", "Env", "LANG"],
                "environment LANG",
            ),
            (
                DocumentName::Config,
                &["config", "ExposedPorts", "1/tcp"],
                "port 1/tcp",
            ),
            (DocumentName::Config, &["config", "Shell"], "config.Shell"),
            (
                DocumentName::Config,
                &["history", "base", "created_by"],
                "history of base, created by",
            ),
            (
                DocumentName::Manifest,
                &["layers", "base", "mediaType"],
                "manifest, layer base mediaType",
            ),
            (
                DocumentName::Manifest,
                &["annotations", "a"],
                "annotation a of the manifest",
            ),
            (
                DocumentName::Index,
                &["manifests", "linux/arm64", "platform", "variant"],
                "index, linux/arm64 platform.variant",
            ),
            (
                DocumentName::Layout,
                &["annotations", "zookiln.source"],
                "source of ZooKeeper",
            ),
            (
                DocumentName::Layout,
                &["manifests", "platform"],
                "manifests.platform",
            ),
        ];
        for (document, path, expected) in table {
            let path: Vec<String> = path.iter().map(|key| (*key).to_owned()).collect();
            assert_eq!(field(document, &path), expected);
        }
    }

    #[test]
    fn sizes_show_their_difference_however_small() {
        let table = [
            (7_400_000, 10_200_000, "7.4 MB → 10.2 MB (+2.8 MB)"),
            (361_142, 361_165, "361.1 kB → 361.2 kB (+23 B)"),
            (1_000_001, 1_000_000, "1.0 MB (-1 B)"),
            (5, 5, "5 B, same size"),
        ];
        for (old, new, expected) in table {
            assert_eq!(sizes(old, new), expected);
        }
    }

    #[test]
    fn times_beyond_the_calendar_are_numbers() {
        assert_eq!(time(1_767_225_600), "2026-01-01T00:00:00Z");
        assert_eq!(time(253_402_300_800), "253402300800");
        assert_eq!(time(u64::MAX), u64::MAX.to_string());
    }
}
