//! One record of the log, as the pattern `%d{ISO8601} [myid:%X{myid}] - %-5p [%t:%C{1}@%L] - %m%n` writes it.

use super::json::Object;

/// `%d{ISO8601}`, a digit for each 0.
const TIME: &[u8] = b"0000-00-00 00:00:00,000";

/// `%-5p` fills a level up to this.
const LEVEL_WIDTH: usize = 5;

/// The first line of a record, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) time: &'a str,
    /// Empty until the server knows its number.
    pub(super) myid: &'a str,
    pub(super) level: &'a str,
    pub(super) thread: &'a str,
    pub(super) class: &'a str,
    /// Nothing where the JVM does not know it.
    pub(super) line: Option<u32>,
    pub(super) message: &'a str,
}

impl<'a> Record<'a> {
    /// Nothing, if the line has not exactly this form: then it says something else.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (time, rest) = text.split_at_checked(TIME.len())?;
        let is_time = time.bytes().zip(TIME).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            _ => byte == *form,
        });
        if !is_time {
            return None;
        }
        let (myid, rest) = rest.strip_prefix(" [myid:")?.split_once("] - ")?;
        let (level, rest) = rest.split_once(" ")?;
        let is_level = !level.is_empty() && level.bytes().all(|byte| byte.is_ascii_uppercase());
        if !is_level {
            return None;
        }
        let filling = LEVEL_WIDTH.saturating_sub(level.len());
        let rest = rest.strip_prefix(&"     "[..filling])?.strip_prefix('[')?;
        // A thread may be called anything, with brackets, colons and all.
        let (place, message) = rest.match_indices("] - ").find_map(|(end, separator)| {
            let place = Place::parse(&rest[..end])?;
            Some((place, &rest[end + separator.len()..]))
        })?;
        Some(Self {
            time,
            myid,
            level,
            thread: place.thread,
            class: place.class,
            line: place.line,
            message,
        })
    }

    /// As an object, to which a stack trace may be added.
    pub(super) fn object(&self) -> Object {
        let mut object = Object::new()
            .text("time", self.time)
            .text("level", self.level);
        if !self.myid.is_empty() {
            object = object.text("myid", self.myid);
        }
        object = object.text("thread", self.thread).text("class", self.class);
        if let Some(line) = self.line {
            object = object.number("line", line);
        }
        object.text("message", self.message)
    }
}

/// `%t:%C{1}@%L`.
struct Place<'a> {
    thread: &'a str,
    class: &'a str,
    line: Option<u32>,
}

impl<'a> Place<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (rest, line) = text.rsplit_once('@')?;
        let (thread, class) = rest.rsplit_once(':')?;
        let line = match line {
            "?" => None,
            _ => Some(
                line.parse()
                    .ok()
                    .filter(|number: &u32| number.to_string() == line)?,
            ),
        };
        Some(Self {
            thread,
            class,
            line,
        })
    }
}

/// Whether a line can be the first one of a stack trace: `java.io.IOException: why`, or what follows one.
pub(super) fn begins_a_trace(line: &str) -> bool {
    if line.starts_with("\tat ") || line.starts_with("Caused by: ") {
        return true;
    }
    let name = line.split(':').next().unwrap_or_default();
    let is_class = name.contains('.')
        && name.split('.').all(|part| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|character| character.is_alphanumeric() || "_$".contains(character))
        });
    is_class
        && ["Exception", "Error", "Throwable"]
            .iter()
            .any(|kind| name.ends_with(kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(record: &Record<'_>) -> String {
        let line = record.line.map_or("?".to_owned(), |line| line.to_string());
        format!(
            "{} [myid:{}] - {:<5} [{}:{}@{line}] - {}",
            record.time, record.myid, record.level, record.thread, record.class, record.message
        )
    }

    #[test]
    fn records_of_zookeeper() {
        for (line, thread, class, number, message) in [
            (
                "2026-11-23 00:10:20,097 [myid:] - INFO  [main:QuorumPeerConfig@173] - Reading configuration",
                "main",
                "QuorumPeerConfig",
                Some(173),
                "Reading configuration",
            ),
            (
                "2026-11-23 00:10:21,031 [myid:1] - WARN  [ListenerHandler-/0.0.0.0:3888:QuorumCnxManager$Listener\
                 $ListenerHandler@1065] - a] - b",
                "ListenerHandler-/0.0.0.0:3888",
                "QuorumCnxManager$Listener$ListenerHandler",
                Some(1065),
                "a] - b",
            ),
            (
                "2026-11-23 00:10:21,031 [myid:1] - ERROR [QuorumPeer[myid=1](plain=0.0.0.0:2181):QuorumPeer@?] - ",
                "QuorumPeer[myid=1](plain=0.0.0.0:2181)",
                "QuorumPeer",
                None,
                "",
            ),
        ] {
            let record = Record::parse(line).unwrap();
            assert_eq!(
                (record.thread, record.class, record.line, record.message),
                (thread, class, number, message)
            );
            assert_eq!(written(&record), line);
        }
    }

    #[test]
    fn what_has_another_form_is_no_record() {
        for line in [
            "",
            "Terminating due to java.lang.OutOfMemoryError: Java heap space",
            "2026-11-23 00:10:20.097 [myid:1] - INFO  [main:A@1] - x",
            "2026-11-23 00:10:20,097 [myid:1] - INFO [main:A@1] - x",
            "2026-11-23 00:10:20,097 [myid:1] - info  [main:A@1] - x",
            "2026-11-23 00:10:20,097 [myid:1] - INFO  [main:A@01] - x",
            "2026-11-23 00:10:20,097 [myid:1] - INFO  [main] - x",
            "2026-11-23 00:10:20,097 [myid:1] - INFO  [main:A@1]",
            "2026-11-23 00:10:20,09ü [myid:1]",
        ] {
            assert_eq!(Record::parse(line), None, "{line}");
        }
    }

    #[test]
    fn traces_are_known_by_how_they_begin() {
        for line in [
            "java.io.IOException: Broken pipe",
            "org.apache.zookeeper.KeeperException$NoNodeException: KeeperErrorCode = NoNode",
            "java.lang.OutOfMemoryError",
            "\tat org.apache.zookeeper.server.NIOServerCnxn.doIO(NIOServerCnxn.java:364)",
            "Caused by: java.net.ConnectException: Connection refused",
        ] {
            assert!(begins_a_trace(line), "{line}");
        }
        for line in [
            "",
            "Full thread dump OpenJDK 64-Bit Server VM",
            "Error: Could not find or load main class",
            "Terminating due to java.lang.OutOfMemoryError: Java heap space",
            "   java.lang.Thread.State: RUNNABLE",
            "\"main\" #1 prio=5",
        ] {
            assert!(!begins_a_trace(line), "{line}");
        }
    }

    proptest! {
        #[test]
        fn anything_can_be_read_and_nothing_is_lost(line in "([0-9]{4}-00-00 00:00:00,000 \\[myid:.?\\] - [A-Z]{2,5} {1,4}\\[.*)?(:[A-Z@]+@[0-9?]\\] - )?.*") {
            if let Some(record) = Record::parse(&line) {
                prop_assert_eq!(&written(&record), &line);
            }
            begins_a_trace(&line);
        }
    }
}
