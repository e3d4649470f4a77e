//! Words and truth values as apt reads them, in its one-line sources and in its configuration alike.

/// The first word of a text, and the text after it without leading blanks.
///
/// A word ends at a blank that is neither within quotes nor within brackets; quotes go and `%41`
/// becomes `A` (apt's `ParseQuoteWord`). `None` for a text without a word, or with a quote or
/// bracket that is not closed.
pub(super) fn quoted_word(text: &str) -> Option<(String, &str)> {
    let bytes = text.as_bytes();
    let start = bytes.iter().position(|byte| *byte != b' ')?;
    let closing =
        |from: usize, byte: u8| Some(from + bytes[from..].iter().position(|it| *it == byte)?);
    let mut end = start;
    while let Some(byte) = bytes.get(end).filter(|byte| !is_blank(byte)) {
        end = match byte {
            b'"' => closing(end + 1, b'"')?,
            b'[' => closing(end + 1, b']')?,
            _ => end,
        } + 1;
    }
    // The end is before a blank or at the end of the text, so on the border of a character.
    let (word, rest) = text.split_at(end);
    let rest = rest.trim_start_matches(|character: char| {
        u8::try_from(character).is_ok_and(|byte| is_blank(&byte))
    });
    Some((unescaped(&word[start..]), rest))
}

/// Without quotes, and with `%41` as `A`.
fn unescaped(word: &str) -> String {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if let (b'%', [high, low, after @ ..]) = (first, after)
            && let (Some(high), Some(low)) = (digit(*high), digit(*low))
        {
            bytes.extend(u8::try_from(high << 4 | low));
            rest = after;
        } else if *first != b'"' {
            bytes.push(*first);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What C's `isspace` calls a blank.
pub(super) fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Whether a value means yes or no; `None` for any other, for which apt takes the option's default
/// (apt's `StringToBool`).
pub(super) fn truth(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "yes" | "true" | "with" | "on" | "enable" | "1" => Some(true),
        "no" | "false" | "without" | "off" | "disable" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn takes_a_word_as_apt_does() {
        let table: [(&str, Option<(&str, &str)>); 12] = [
            ("", None),
            ("   ", None),
            ("deb http://a", Some(("deb", "http://a"))),
            (" a\t\u{b} b ", Some(("a", "b "))),
            ("\"a b\"c d", Some(("a bc", "d"))),
            ("cdrom:[a b]/ c", Some(("cdrom:[a b]/", "c"))),
            ("\"[\" b", Some(("[", "b"))),
            ("a%20b%4 %zz", Some(("a b%4", "%zz"))),
            ("us%40er:p%2540@h", Some(("us@er:p%40@h", ""))),
            ("\"open", None),
            ("[open", None),
            ("é%C3%A9 ü", Some(("éé", "ü"))),
        ];
        for (text, expected) in table {
            let expected = expected.map(|(word, rest)| (word.to_owned(), rest));
            assert_eq!(quoted_word(text), expected, "{text:?}");
        }
    }

    #[test]
    fn knows_the_words_for_yes_and_no() {
        assert_eq!(truth("Enable"), Some(true));
        assert_eq!(truth("FALSE"), Some(false));
        assert_eq!(truth("0"), Some(false));
        assert_eq!(truth("maybe"), None);
        assert_eq!(truth(""), None);
    }

    proptest! {
        #[test]
        fn takes_every_text_apart(text in "[a%4\" \t\\[\\]é]{0,20}|.*") {
            let mut rest = text.as_str();
            while let Some((_, after)) = quoted_word(rest) {
                prop_assert!(after.len() < rest.len());
                rest = after;
            }
        }
    }
}
