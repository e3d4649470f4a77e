//! Output as a page shows it.
//!
//! `…` stands for any text within a line, a line of nothing but `…` for any number of lines, none included.
//! Blanks at the end of a line do not count. All else is to the letter.

/// Stands for what is another at every run, or of no interest.
const ANYTHING: &str = "…";

/// Whether a command that is shown to print this has printed it.
#[must_use]
pub fn is_shown(shown: &[&str], printed: &[&str]) -> bool {
    match shown {
        [] => printed.is_empty(),
        [first, rest @ ..] if first.trim() == ANYTHING => {
            (0..=printed.len()).any(|count| is_shown(rest, &printed[count..]))
        }
        [first, rest @ ..] => (printed.split_first())
            .is_some_and(|(line, others)| is_line(first, line) && is_shown(rest, others)),
    }
}

fn is_line(shown: &str, printed: &str) -> bool {
    let (shown, printed) = (shown.trim_end(), printed.trim_end());
    let Some((start, rest)) = shown.split_once(ANYTHING) else {
        return shown == printed;
    };
    let Some(mut left) = printed.strip_prefix(start) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split(ANYTHING).collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        match left.split_once(part) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    left.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        for (shown, printed, expected) in [
            ("Mode: leader", "Mode: leader", true),
            ("Mode: leader", "Mode: leader \t", true),
            ("Mode: leader", "Mode: follower", false),
            ("Mode: …", "Mode: follower", true),
            ("Mode: …", "Node: follower", false),
            ("…", "", true),
            ("Zxid: 0x…", "Zxid: 0x100000002", true),
            ("a…b…c", "a1b2c", true),
            ("a…b…c", "abc", true),
            ("a…b…c", "ac", false),
            // The start and the end must not be the same bytes.
            ("ab…ba", "aba", false),
            ("…end", "the end", true),
            ("…end", "the end.", false),
        ] {
            assert_eq!(is_line(shown, printed), expected, "{shown} | {printed}");
        }
    }

    #[test]
    fn outputs() {
        let cases: [(&[&str], &[&str], bool); 8] = [
            (&[], &[], true),
            (&[], &["a"], false),
            (&["a"], &[], false),
            (&["a", "b"], &["a", "b"], true),
            (&["…", "b"], &["x", "b", "y", "b"], true),
            (&["…", "b", "…"], &["b"], true),
            (&["…", "b", "…"], &["x", "y"], false),
            (&["a", "…"], &["a"], true),
        ];
        for (shown, printed, expected) in cases {
            assert_eq!(is_shown(shown, printed), expected, "{shown:?} {printed:?}");
        }
    }
}
