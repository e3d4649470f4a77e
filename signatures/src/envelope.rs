//! Clear-signed text (RFC 9580 §7): a text, its signatures, and the lines around them.
//!
//! What a signature covers is less than what stands there: blanks at the ends of lines, the way lines
//! end and the last line end are not signed. So the text that is handed on is made from the very bytes
//! that were hashed, and nothing that nobody vouches for is ever looked at.
//!
//! Refused is whatever another reader could take differently: anything before or after the envelope
//! but blank lines, headers other than `Hash`, a line that begins with a hyphen and is not escaped, a
//! carriage return within a line. So a second message has no place to hide.
//!
//! Nothing here verifies anything, and nothing here leaves the crate without that.

use crate::armor::Kind;
use crate::error::EnvelopeError;

const FIRST: &str = "-----BEGIN PGP SIGNED MESSAGE-----";

/// An envelope taken apart; nobody has verified it yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// What the signatures cover: lines without trailing blanks, joined by CR LF.
    pub(crate) covered: Vec<u8>,
    /// The same for reading.
    text: String,
    /// The armored signatures, from their first line to their last.
    pub(crate) signatures: String,
}

impl Envelope {
    /// Takes an envelope apart; there is none where no line begins one.
    ///
    /// # Errors
    /// It is cut, or has something in or around it that is not signed.
    pub(crate) fn open(bytes: &[u8]) -> Result<Option<Self>, EnvelopeError> {
        let text = std::str::from_utf8(bytes).map_err(|_| EnvelopeError::Encoding)?;
        let mut lines = text
            .split('\n')
            .map(|line| line.strip_suffix('\r').unwrap_or(line));
        if !lines.next().is_some_and(is_first) {
            return match lines.any(is_first) {
                true => Err(EnvelopeError::TextBefore),
                false => Ok(None),
            };
        }
        skip_headers(&mut lines)?;
        let covered = take_covered(&mut lines)?;
        let signatures = take_signatures(&mut lines)?;
        if lines.any(|line| !line.trim_ascii().is_empty()) {
            return Err(EnvelopeError::TextAfter);
        }
        Ok(Some(Self {
            text: readable(&covered),
            covered: covered.join("\r\n").into_bytes(),
            signatures,
        }))
    }

    /// The text, for whoever has verified the signatures over [`covered`](Self::covered). Its lines end
    /// in LF, the last one too.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// Up to the empty line, which is really empty: of one with blanks, programs have thought differently.
fn skip_headers<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Result<(), EnvelopeError> {
    loop {
        match lines.next() {
            None => return Err(EnvelopeError::EndsInHeaders),
            Some("") => return Ok(()),
            Some(header) if names_hashes(header) => {}
            Some(_) => return Err(EnvelopeError::Header),
        }
    }
}

/// Nothing may be written there but names of hashes. Which ones the signatures say themselves.
fn names_hashes(header: &str) -> bool {
    let of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b',' | b' ');
    (header.strip_prefix("Hash: ")).is_some_and(|names| names.bytes().all(of_a_name))
}

/// The text as it was signed, in lines; the first line of the signatures is taken too.
fn take_covered<'a>(
    lines: &mut impl Iterator<Item = &'a str>,
) -> Result<Vec<&'a str>, EnvelopeError> {
    let mut covered = Vec::new();
    for line in lines {
        if Kind::Signature.begins(line.as_bytes()) {
            return Ok(covered);
        }
        let line = match line.strip_prefix("- ") {
            Some(escaped) => escaped,
            None if line.starts_with('-') => return Err(EnvelopeError::Hyphen),
            None => line,
        };
        if line.contains('\r') {
            return Err(EnvelopeError::CarriageReturn);
        }
        covered.push(line.trim_end_matches([' ', '\t']));
    }
    Err(EnvelopeError::NoSignature)
}

fn take_signatures<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Result<String, EnvelopeError> {
    let mut signatures = format!("{}\n", Kind::Signature.first_line());
    for line in lines {
        signatures.push_str(line);
        signatures.push('\n');
        if Kind::Signature.ends(line.as_bytes()) {
            return Ok(signatures);
        }
    }
    Err(EnvelopeError::NoEnd)
}

/// A function of what is hashed, so that two envelopes that differ in it differ in their hash. One
/// empty line and no line at all are hashed alike.
fn readable(covered: &[&str]) -> String {
    match covered {
        [] | [""] => String::new(),
        lines => lines.join("\n") + "\n",
    }
}

fn is_first(line: &str) -> bool {
    line.trim_end_matches([' ', '\t']) == FIRST
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIGNATURE: &str =
        "-----BEGIN PGP SIGNATURE-----\n\niQIz\n=abcd\n-----END PGP SIGNATURE-----\n";

    fn envelope(body: &str) -> String {
        format!("{FIRST}\nHash: SHA256\n\n{body}{SIGNATURE}")
    }

    fn open(text: &str) -> Result<(String, String), EnvelopeError> {
        let envelope = Envelope::open(text.as_bytes())?.expect("there is an envelope");
        let covered = String::from_utf8(envelope.covered.clone()).unwrap();
        Ok((covered, envelope.into_text()))
    }

    #[test]
    fn covers_what_was_hashed_and_nothing_else() {
        let table = [
            // As it stands, as it is hashed, as it is handed on.
            ("A: 1\n", "A: 1", "A: 1\n"),
            ("A: 1\nB\n", "A: 1\r\nB", "A: 1\nB\n"),
            ("A: 1\n- -B\n- C\n", "A: 1\r\n-B\r\nC", "A: 1\n-B\nC\n"),
            ("A: 1 \t\n", "A: 1", "A: 1\n"),
            (" A\n", " A", " A\n"),
            // Not a blank for OpenPGP, so it is covered.
            ("A\u{a0}\n", "A\u{a0}", "A\u{a0}\n"),
            ("A\u{2028}B\u{b}\n", "A\u{2028}B\u{b}", "A\u{2028}B\u{b}\n"),
            ("A\n\n", "A\r\n", "A\n\n"),
            ("- \n", "", ""),
            ("\n", "", ""),
            ("", "", ""),
            (
                "- - -----BEGIN PGP SIGNED MESSAGE-----\n",
                "- -----BEGIN PGP SIGNED MESSAGE-----",
                "- -----BEGIN PGP SIGNED MESSAGE-----\n",
            ),
        ];
        for (body, covered, text) in table {
            let expected = Ok((covered.to_owned(), text.to_owned()));
            let whole = envelope(body);
            assert_eq!(open(&whole), expected, "{body:?}");
            assert_eq!(open(&whole.replace('\n', "\r\n")), expected, "{body:?}");
            assert_eq!(open(&whole.replace("Hash: SHA256\n", "")), expected);
            assert_eq!(open(&format!("{whole}\n \r\n")), expected, "{body:?}");
        }
    }

    #[test]
    fn a_text_without_an_envelope_is_told_apart() {
        assert_eq!(Envelope::open(b"A: 1\n"), Ok(None));
        assert_eq!(Envelope::open(b""), Ok(None));
        assert_eq!(Envelope::open(SIGNATURE.as_bytes()), Ok(None));
        let marked = format!("\u{feff}{}", envelope("A: 1\n"));
        assert_eq!(Envelope::open(marked.as_bytes()), Ok(None));
    }

    #[test]
    fn refuses_what_could_be_read_differently() {
        use EnvelopeError::*;
        let whole = envelope("A: 1\n- -B\n");
        let table = [
            (format!("Origin: Evil\n{whole}"), TextBefore),
            (format!("\n{whole}"), TextBefore),
            (format!("{whole}Origin: Evil\n"), TextAfter),
            (format!("{whole}{whole}"), TextAfter),
            (format!("{whole}{SIGNATURE}"), TextAfter),
            (whole.replace("Hash: SHA256", "Origin: Evil"), Header),
            (whole.replace("Hash: SHA256", "Hash: SHA256:"), Header),
            (whole.replace("Hash: SHA256", " "), Header),
            (whole.replace("Hash: SHA256", "Hash: SHA256\t"), Header),
            (whole.replace("- -B", "-B"), Hyphen),
            (whole.replace("- -B", FIRST), Hyphen),
            (
                whole.replace("BEGIN PGP SIGNATURE", "BEGIN PGP MESSAGE"),
                Hyphen,
            ),
            (whole.replace("A: 1\n", "A: 1\rB: 2\n"), CarriageReturn),
            (whole.replace("A: 1\n", "A: 1\r\r\n"), CarriageReturn),
            (whole.replace("A: 1\n", "A: 1\r \n"), CarriageReturn),
            (whole.replace("-----END PGP SIGNATURE-----", ""), NoEnd),
            (whole.replace("END PGP SIGNATURE", "END PGP MESSAGE"), NoEnd),
            (format!("{FIRST}\nHash: SHA256"), EndsInHeaders),
            (FIRST.to_owned(), EndsInHeaders),
            (format!("{FIRST}\n\nA: 1\n"), NoSignature),
        ];
        for (text, error) in table {
            assert_eq!(open(&text), Err(error), "{text}");
        }
        let latin = [FIRST.as_bytes(), b"\n\n\xe9\n", SIGNATURE.as_bytes()].concat();
        assert_eq!(Envelope::open(&latin), Err(Encoding));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in any::<Vec<u8>>(), body in "((- )?-?[A-C]: [a-c\r \t]\n){0,4}", cut in 0_usize..300) {
            let _ = Envelope::open(&bytes);
            let whole = envelope(&body);
            let _ = Envelope::open(&whole.as_bytes()[..cut.min(whole.len())]);
        }

        #[test]
        fn what_is_hashed_decides_what_is_handed_on(
            one in "((- )?[A-B]?[ \t]?\r?\n){0,3}",
            other in "((- )?[A-B]?[ \t]?\r?\n){0,3}",
        ) {
            let (one, other) = (open(&envelope(&one)), open(&envelope(&other)));
            if let (Ok(one), Ok(other)) = (one, other) {
                prop_assert_eq!(one.0 == other.0, one.1 == other.1);
            }
        }

        #[test]
        fn a_cut_envelope_is_none(body in "([A-C]: [a-c]\n){0,4}", cut in 0_usize..400) {
            let whole = envelope(&body);
            // The line end after the last line is not missed.
            prop_assume!(cut + 1 < whole.len());
            let opened = Envelope::open(&whole.as_bytes()[..cut]);
            prop_assert!(!matches!(opened, Ok(Some(_))), "{:?}", opened);
        }
    }
}
