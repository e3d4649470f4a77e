//! Text that is about to go to a terminal.

use std::borrow::Cow;

/// The same text, in which nothing moves the cursor, colours or turns the direction of writing: what
/// stands in a file of somebody else can end up in a message. Ends of lines stay.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        match acts(character) {
            true => printable.extend(character.escape_default()),
            false => printable.push(character),
        }
    }
    Cow::Owned(printable)
}

fn acts(character: char) -> bool {
    let turns = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    turns || (character.is_control() && !matches!(character, '\n' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_shown_instead() {
        let table = [
            ("hint: 3.6.1 → `数据`\n\tx", "hint: 3.6.1 → `数据`\n\tx"),
            ("a\u{1b}[2Jb\u{7}", "a\\u{1b}[2Jb\\u{7}"),
            ("a\u{9b}b\u{202e}c\r", "a\\u{9b}b\\u{202e}c\\r"),
        ];
        for (text, shown) in table {
            assert_eq!(printable(text), shown);
        }
    }
}
