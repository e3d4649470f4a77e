//! The records of an extended header, `LENGTH KEY=VALUE\n` one after the other.

/// Keys and values in the order of the archive; a later one overrides an earlier one.
pub(super) type Records = Vec<(Vec<u8>, Vec<u8>)>;

/// The records of a member's content; `None` if they cannot be told apart.
pub(super) fn parse(mut bytes: &[u8]) -> Option<Records> {
    let mut records = Records::new();
    while !bytes.is_empty() {
        let blank = bytes.iter().position(|byte| *byte == b' ')?;
        let length: usize = decimal(&bytes[..blank])?;
        if length > bytes.len() {
            return None;
        }
        let (record, rest) = bytes.split_at(length);
        // By its length, not by the newline: values may have newlines in them.
        let record = record.get(blank + 1..)?.strip_suffix(b"\n")?;
        let equals = record.iter().position(|byte| *byte == b'=')?;
        records.push((record[..equals].to_vec(), record[equals + 1..].to_vec()));
        bytes = rest;
    }
    Some(records)
}

/// Digits and nothing else.
pub(super) fn decimal<N: std::str::FromStr>(bytes: &[u8]) -> Option<N> {
    let digits = bytes.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(bytes).ok().filter(|_| digits)?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_told_apart_by_their_length() {
        let table = [
            ("", Some(vec![])),
            ("6 a=b\n", Some(vec![("a", "b")])),
            ("8 a=b\nc\n", Some(vec![("a", "b\nc")])),
            ("6 a=b\n7 c==d\n", Some(vec![("a", "b"), ("c", "=d")])),
            ("6 a=b", None),
            ("7 a=b\n", None),
            ("5 a=b\n", None),
            ("+6 a=b\n", None),
            ("5 ab\n", None),
        ];
        for (text, expected) in table {
            let bytes = |text: &str| text.as_bytes().to_vec();
            let expected = expected.map(|records| {
                let records = records.into_iter();
                records
                    .map(|(key, value)| (bytes(key), bytes(value)))
                    .collect::<Records>()
            });
            assert_eq!(parse(text.as_bytes()), expected, "{text:?}");
        }
    }
}
