//! Bytes of an archive as text that can be printed and is still those bytes.

use std::fmt::Write;

/// Printable text, different for different bytes: a backslash always begins an escape.
pub fn printable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                // Escaped by Rust for its own literals only.
                '"' | '\'' => text.push(character),
                _ => text.extend(character.escape_debug()),
            }
        }
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02x}").expect("a string takes any text");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_printable_and_differ() {
        let table: [(&[u8], &str); 7] = [
            (b"usr/lib/x.so", "usr/lib/x.so"),
            ("d\u{e4}'\"".as_bytes(), "d\u{e4}'\""),
            (b"a\nb\x1b[31m", "a\\nb\\u{1b}[31m"),
            (b"\xff", "\\xff"),
            (b"\\xff", "\\\\xff"),
            ("\u{202e}".as_bytes(), "\\u{202e}"),
            (b"", ""),
        ];
        for (bytes, expected) in table {
            assert_eq!(printable(bytes), expected);
        }
    }
}
