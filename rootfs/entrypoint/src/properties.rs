//! `java.util.Properties`, the format of `zoo.cfg`: escaping what we write, reading what others wrote.
//!
//! Source: the class documentation of `java.util.Properties.load(InputStream)`. Java reads the bytes as
//! ISO 8859-1, so everything beyond ASCII is written as `\uXXXX`. Reading never fails: what Java would
//! refuse (a malformed `\u`) is kept as it stands, since ZooKeeper itself will say so.

use std::collections::BTreeMap;
use std::fmt::Write;

/// The keys and values of a file; the last of equal keys counts, as in Java.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<String, String>);

impl Properties {
    /// Reads a file.
    pub fn parse(bytes: &[u8]) -> Self {
        // ISO 8859-1 is the first 256 code points of Unicode.
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        Self(
            logical_lines(&text)
                .iter()
                .map(|line| key_and_value(line))
                .collect(),
        )
    }

    /// The value of `key`, without blanks around it: ZooKeeper trims every value it reads.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(|value| value.trim())
    }

    /// Every key that starts with `prefix`, without the prefix, and its value.
    pub fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0
            .iter()
            .filter_map(move |(key, value)| Some((key.strip_prefix(prefix)?, value.trim())))
    }
}

/// A line `key=value` with its end, as Java reads it back.
pub fn line(key: &str, value: &str) -> String {
    let mut line = String::new();
    for (at, letter) in key.chars().enumerate() {
        let special = matches!(letter, ' ' | '=' | ':') || (at == 0 && matches!(letter, '#' | '!'));
        escape(&mut line, letter, special);
    }
    line.push('=');
    for (at, letter) in value.chars().enumerate() {
        escape(&mut line, letter, at == 0 && letter == ' ');
    }
    line.push('\n');
    line
}

fn escape(line: &mut String, letter: char, special: bool) {
    match letter {
        '\\' => line.push_str("\\\\"),
        '\n' => line.push_str("\\n"),
        '\r' => line.push_str("\\r"),
        '\t' => line.push_str("\\t"),
        '\u{c}' => line.push_str("\\f"),
        ' '..='~' => {
            if special {
                line.push('\\');
            }
            line.push(letter);
        }
        other => {
            for unit in other.encode_utf16(&mut [0; 2]) {
                let _ = write!(line, "\\u{unit:04X}");
            }
        }
    }
}

/// Joins what backslashes at line ends continue, and drops comments and empty lines.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut natural = text.replace("\r\n", "\n").replace('\r', "\n");
    natural.push('\n');
    let mut continued = false;
    for line in natural.lines() {
        let line = line.trim_start_matches(is_blank);
        if !continued && (line.is_empty() || line.starts_with(['#', '!'])) {
            continue;
        }
        let backslashes = line.len() - line.trim_end_matches('\\').len();
        let goes_on = backslashes % 2 == 1;
        let line = if goes_on {
            &line[..line.len() - 1]
        } else {
            line
        };
        match lines.last_mut() {
            Some(last) if continued => String::push_str(last, line),
            _ => lines.push(line.to_owned()),
        }
        continued = goes_on;
    }
    lines
}

fn key_and_value(line: &str) -> (String, String) {
    let mut escaped = false;
    let end = line
        .find(|letter: char| {
            let ends = !escaped && (is_blank(letter) || matches!(letter, '=' | ':'));
            escaped = letter == '\\' && !escaped;
            ends
        })
        .unwrap_or(line.len());
    let (key, rest) = line.split_at(end);
    let rest = rest.trim_start_matches(is_blank);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (unescape(key), unescape(rest.trim_start_matches(is_blank)))
}

fn unescape(text: &str) -> String {
    // Characters beyond the basic plane are two `\u` in a row, so the text is put together in UTF-16.
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        let letter = match (letter, rest.clone().next()) {
            ('\\', Some('u')) => {
                if let Some(unit) = rest.as_str().get(1..5).and_then(utf16_unit) {
                    units.push(unit);
                    rest = rest.as_str()[5..].chars();
                    continue;
                }
                '\\'
            }
            ('\\', Some(escaped)) => {
                rest.next();
                match escaped {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'f' => '\u{c}',
                    other => other,
                }
            }
            ('\\', None) => break,
            (plain, _) => plain,
        };
        units.extend_from_slice(letter.encode_utf16(&mut [0; 2]));
    }
    String::from_utf16_lossy(&units)
}

fn utf16_unit(digits: &str) -> Option<u16> {
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    all_digits
        .then(|| u16::from_str_radix(digits, 16).ok())
        .flatten()
}

/// What Java takes for white space in these files.
fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\u{c}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_java_reads_is_what_we_read() {
        let file = b"# comment\r\n! another \\\nclientPort = 2181\n\n  dataDir:/srv/data\\\n    /zookeeper\nempty\n\
            a\\ key\\=x   value \\\\ with\\tescapes\\u00e4\nserver.1=a:1:2\nserver.1=b:3:4;2181\n\xe4=latin";
        let read = Properties::parse(file);
        assert_eq!(read.get("clientPort"), Some("2181"));
        assert_eq!(read.get("dataDir"), Some("/srv/data/zookeeper"));
        assert_eq!(read.get("empty"), Some(""));
        assert_eq!(read.get("a key=x"), Some("value \\ with\tescapesä"));
        assert_eq!(read.get("ä"), Some("latin"));
        assert_eq!(read.get("absent"), None);
        assert_eq!(
            read.with_prefix("server.").collect::<Vec<_>>(),
            [("1", "b:3:4;2181")]
        );
    }

    #[test]
    fn written_lines() {
        for (key, value, expected) in [
            ("tickTime", "2000", "tickTime=2000\n"),
            ("dataDir", "C:\\data", "dataDir=C:\\\\data\n"),
            ("dataDir", " /数据", "dataDir=\\ /\\u6570\\u636E\n"),
            ("server.1", "a:1:2;3", "server.1=a:1:2;3\n"),
            ("#a =:", "b\nc", "\\#a\\ \\=\\:=b\\nc\n"),
            ("k", "😀", "k=\\uD83D\\uDE00\n"),
        ] {
            assert_eq!(line(key, value), expected);
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(bytes: Vec<u8>) {
            Properties::parse(&bytes);
        }

        #[test]
        fn what_is_written_is_read_again(key in "\\PC+|[ =:#!\\\\a]+", value: String) {
            let read = Properties::parse(line(&key, &value).as_bytes());
            prop_assert_eq!(read.0.into_iter().collect::<Vec<_>>(), [(key, value)]);
        }
    }
}
