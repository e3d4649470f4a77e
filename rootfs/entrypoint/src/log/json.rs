//! Writing one JSON object. There is nothing here to read or to nest, so there is no need for a library.

use std::fmt::Write;

/// An object in the making.
#[derive(Debug)]
pub struct Object(String);

impl Object {
    /// One without fields.
    pub fn new() -> Self {
        Self(String::from("{"))
    }

    /// Adds a text.
    pub fn text(mut self, name: &str, text: &str) -> Self {
        self.name(name);
        self.quoted(text);
        self
    }

    /// Adds a number.
    pub fn number(mut self, name: &str, number: u32) -> Self {
        self.name(name);
        let _ = write!(self.0, "{number}");
        self
    }

    /// The object as a line.
    pub fn line(mut self) -> String {
        self.0.push_str("}\n");
        self.0
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.quoted(name);
        self.0.push(':');
    }

    /// RFC 8259, section 7: quotes, backslashes and everything below the blank are escaped.
    fn quoted(&mut self, text: &str) {
        self.0.push('"');
        for character in text.chars() {
            match character {
                '"' | '\\' => self.0.extend(['\\', character]),
                '\n' => self.0.push_str("\\n"),
                '\r' => self.0.push_str("\\r"),
                '\t' => self.0.push_str("\\t"),
                '\0'..' ' => {
                    let _ = write!(self.0, "\\u{:04x}", u32::from(character));
                }
                _ => self.0.push(character),
            }
        }
        self.0.push('"');
    }
}

impl Default for Object {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_object() {
        let object = Object::new()
            .text("message", "a \"b\"\\\n\tc\u{1}ü")
            .number("line", 7);
        assert_eq!(
            object.line(),
            "{\"message\":\"a \\\"b\\\"\\\\\\n\\tc\\u0001ü\",\"line\":7}\n"
        );
        assert_eq!(Object::new().line(), "{}\n");
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in any::<String>()) {
            let line = Object::new().text("text", &text).line();
            let read: serde_json::Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(read["text"].as_str(), Some(text.as_str()));
            prop_assert_eq!(line.find('\n'), Some(line.len() - 1));
        }
    }
}
