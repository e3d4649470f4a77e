//! From the bytes of a stream to records, as they come.
//!
//! A record is complete when the next one begins. As nobody knows when that will be, one that is followed by
//! nothing for a moment is let go as it is: log4j writes a record and its stack trace at once, so what would
//! belong to it is there within that moment.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use super::json::Object;
use super::record::{Record, begins_a_trace};

/// How long a record waits for its stack trace.
const MOMENT: Duration = Duration::from_millis(50);

/// A longer line is cut into several records.
const LONGEST_LINE: usize = 32 * 1024;

/// A longer stack trace goes on in records of its own.
const LONGEST_TRACE: usize = 64 * 1024;

/// One stream of the server.
#[derive(Debug, Default)]
pub struct Transcriber {
    /// The line whose end has not come yet.
    line: Vec<u8>,
    /// The record that may be followed by a stack trace.
    held: Option<Held>,
}

#[derive(Debug)]
struct Held {
    record: Object,
    trace: String,
    until: Instant,
}

impl Transcriber {
    /// Takes in what has come, and adds the records that are complete by it to `records`.
    pub fn feed(&mut self, mut bytes: &[u8], now: Instant, records: &mut Vec<u8>) {
        while !bytes.is_empty() {
            let room = LONGEST_LINE - self.line.len();
            let part = &bytes[..bytes.len().min(room)];
            if let Some(end) = part.iter().position(|byte| *byte == b'\n') {
                self.line.extend_from_slice(&part[..end]);
                bytes = &bytes[end + 1..];
                let line = std::mem::take(&mut self.line);
                self.whole(&line, now, records);
                // The same buffer for all lines.
                self.line = line;
                self.line.clear();
            } else {
                self.line.extend_from_slice(part);
                bytes = &bytes[part.len()..];
                if self.line.len() == LONGEST_LINE {
                    let rest = self.line.split_off(whole_characters(&self.line));
                    let line = std::mem::replace(&mut self.line, rest);
                    self.whole(&line, now, records);
                }
            }
        }
    }

    /// Lets go what has waited long enough.
    pub fn tick(&mut self, now: Instant, records: &mut Vec<u8>) {
        if self.held.as_ref().is_some_and(|held| held.until <= now) {
            self.let_go(records);
        }
    }

    /// When to call [`Transcriber::tick`].
    pub fn deadline(&self) -> Option<Instant> {
        self.held.as_ref().map(|held| held.until)
    }

    /// Lets go everything, at the end of the stream.
    pub fn finish(&mut self, now: Instant, records: &mut Vec<u8>) {
        if !self.line.is_empty() {
            let line = std::mem::take(&mut self.line);
            self.whole(&line, now, records);
        }
        self.let_go(records);
    }

    fn whole(&mut self, line: &[u8], now: Instant, records: &mut Vec<u8>) {
        let line: Cow<'_, str> = String::from_utf8_lossy(line);
        if let Some(record) = Record::parse(&line) {
            self.let_go(records);
            self.held = Some(Held {
                record: record.object(),
                trace: String::new(),
                until: now + MOMENT,
            });
            return;
        }
        match &mut self.held {
            Some(held) if held.takes(&line) => {
                if !held.trace.is_empty() {
                    held.trace.push('\n');
                }
                held.trace.push_str(&line);
                held.until = now + MOMENT;
            }
            _ => {
                self.let_go(records);
                let record = Object::new().text("message", &line);
                records.extend_from_slice(record.line().as_bytes());
            }
        }
    }

    fn let_go(&mut self, records: &mut Vec<u8>) {
        if let Some(Held { record, trace, .. }) = self.held.take() {
            let record = if trace.is_empty() {
                record
            } else {
                record.text("stack", &trace)
            };
            records.extend_from_slice(record.line().as_bytes());
        }
    }
}

impl Held {
    /// Once a trace has begun everything that is no record belongs to it: the message of an exception may
    /// have several lines.
    fn takes(&self, line: &str) -> bool {
        if self.trace.is_empty() {
            begins_a_trace(line)
        } else {
            self.trace.len() + line.len() < LONGEST_TRACE
        }
    }
}

/// How many of these bytes do not cut a character of UTF-8 in two.
fn whole_characters(bytes: &[u8]) -> usize {
    let continues = |byte: &u8| byte & 0b1100_0000 == 0b1000_0000;
    let last = bytes.iter().rev().take(4).position(|byte| !continues(byte));
    match last {
        // The first byte of a character says how long it is.
        Some(after) if bytes[bytes.len() - 1 - after].leading_ones() as usize > after + 1 => {
            bytes.len() - 1 - after
        }
        _ => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    const INFO: &str = "2026-11-23 00:10:20,097 [myid:1] - INFO  [main:A@7] - up";
    const TRACE: &str =
        "java.io.IOException: why\n\tat a.B.c(B.java:1)\nCaused by: x\n\t... 2 more";

    /// What is transcribed when all comes at once.
    fn transcribed(text: &str) -> Vec<Value> {
        let mut records = Vec::new();
        let mut transcriber = Transcriber::default();
        transcriber.feed(text.as_bytes(), Instant::now(), &mut records);
        transcriber.finish(Instant::now(), &mut records);
        parsed(&records)
    }

    fn parsed(records: &[u8]) -> Vec<Value> {
        let text = std::str::from_utf8(records).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_record_and_its_trace_are_one() {
        let records = transcribed(&format!("{INFO}\n{TRACE}\n{INFO}\n"));
        let expected = serde_json::json!([
            {"time": "2026-11-23 00:10:20,097", "level": "INFO", "myid": "1", "thread": "main", "class": "A",
             "line": 7, "message": "up", "stack": TRACE},
            {"time": "2026-11-23 00:10:20,097", "level": "INFO", "myid": "1", "thread": "main", "class": "A",
             "line": 7, "message": "up"},
        ]);
        assert_eq!(Value::from(records), expected);
    }

    #[test]
    fn other_lines_are_records_of_their_own() {
        let records = transcribed(&format!("{TRACE}\n{INFO}\nFull thread dump\n\n\u{7}"));
        let messages: Vec<&str> = records
            .iter()
            .map(|record| record["message"].as_str().unwrap())
            .collect();
        let mut expected: Vec<&str> = TRACE.lines().collect();
        expected.extend(["up", "Full thread dump", "", "\u{7}"]);
        assert_eq!(messages, expected);
    }

    #[test]
    fn a_record_waits_a_moment_and_no_longer() {
        let (begin, mut records) = (Instant::now(), Vec::new());
        let mut transcriber = Transcriber::default();
        transcriber.feed(format!("{INFO}\n").as_bytes(), begin, &mut records);
        transcriber.tick(begin + MOMENT / 2, &mut records);
        assert!(records.is_empty());
        transcriber.feed(b"\tat a.B.c(B.java:1)\n", begin + MOMENT / 2, &mut records);
        assert_eq!(transcriber.deadline(), Some(begin + MOMENT / 2 + MOMENT));
        transcriber.tick(begin + 2 * MOMENT, &mut records);
        assert_eq!(parsed(&records).len(), 1);
        assert_eq!(transcriber.deadline(), None);
        // What comes too late is still not lost.
        transcriber.feed(b"\tat late\n", begin + 3 * MOMENT, &mut records);
        assert_eq!(parsed(&records)[1]["message"], "\tat late");
    }

    #[test]
    fn memory_is_bounded_and_no_character_is_cut() {
        let long = "ü".repeat(LONGEST_LINE);
        let records = transcribed(&format!("x{long}"));
        let text: String = records
            .iter()
            .map(|record| record["message"].as_str().unwrap())
            .collect();
        assert_eq!(text, format!("x{long}"));
        assert_eq!(records.len(), 3);
        let trace = "\tat a.B.c(B.java:1)\n".repeat(2 * LONGEST_TRACE / 20);
        let records = transcribed(&format!("{INFO}\n{trace}"));
        assert!(records[0]["stack"].as_str().unwrap().len() <= LONGEST_TRACE);
        assert!(records.len() > 100);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let mut records = Vec::new();
        let mut transcriber = Transcriber::default();
        transcriber.feed(b"a\xffb\xc3\n", Instant::now(), &mut records);
        assert_eq!(parsed(&records)[0]["message"], "a\u{fffd}b\u{fffd}");
    }

    /// The text that a record was made of.
    fn written(record: &Value) -> String {
        let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
        let mut written = text("message");
        if record.get("time").is_some() {
            let line = record.get("line").map_or("?".to_owned(), Value::to_string);
            written = format!(
                "{} [myid:{}] - {:<5} [{}:{}@{line}] - {written}",
                text("time"),
                text("myid"),
                text("level"),
                text("thread"),
                text("class")
            );
        }
        if record.get("stack").is_some() {
            written = format!("{written}\n{}", text("stack"));
        }
        written
    }

    fn lines() -> impl Strategy<Value = String> {
        prop_oneof![
            "[^\n]{0,40}",
            Just(INFO.to_owned()),
            Just(TRACE.to_owned()),
            Just("\tat a.B.c(B.java:1)".to_owned()),
            "2026-11-23 00:10:20,097 \\[myid:[0-9]?\\] - (INFO |ERROR) \\[[^\n]{0,9}:A@(\\?|[1-9]{1,5})\\] - [^\n]{0,20}",
        ]
    }

    proptest! {
        #[test]
        fn no_text_is_lost_however_it_comes(
            lines in prop::collection::vec(lines(), 0..20),
            cuts in prop::collection::vec((1..200_usize, 0..80_u64), 1..20),
        ) {
            let text: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
            let (mut now, mut records) = (Instant::now(), Vec::new());
            let mut transcriber = Transcriber::default();
            let mut rest = text.as_bytes();
            for (length, pause) in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (part, after) = rest.split_at(rest.len().min(*length));
                now += Duration::from_millis(*pause);
                transcriber.tick(now, &mut records);
                transcriber.feed(part, now, &mut records);
                rest = after;
            }
            transcriber.finish(now, &mut records);
            let written: String = parsed(&records).iter().map(|record| written(record) + "\n").collect();
            prop_assert_eq!(written, text);
        }

        #[test]
        fn any_bytes_make_whole_objects(bytes in any::<Vec<u8>>()) {
            let mut records = Vec::new();
            let mut transcriber = Transcriber::default();
            transcriber.feed(&bytes, Instant::now(), &mut records);
            transcriber.finish(Instant::now(), &mut records);
            parsed(&records);
        }
    }
}
