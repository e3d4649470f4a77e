//! ASCII armor (RFC 9580 §6): bytes as Base64 between two lines.
//!
//! A checksum is passed over, as §6.1 wants it: signatures guard what is inside. Everything else
//! is taken by the letter; above all, a block ends where its last line stands, or it is none.

use std::io::Write;

use data_encoding::{BASE64, Specification};
use pgp::armor::BlockType;

/// What a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Certificates.
    PublicKeys,
    /// Signatures.
    Signature,
}

/// Why a block is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArmorError {
    #[error("something stands before its first line")]
    TextBefore,
    #[error("something stands after its last line")]
    TextAfter,
    #[error("its last line is missing")]
    NoEnd,
    #[error("no empty line ends its headers")]
    Headers,
    #[error("it is not Base64")]
    Base64,
}

/// A block in a longer text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Of its first line, counted from 1.
    pub(crate) line: usize,
    /// What it holds.
    pub(crate) content: Result<Vec<u8>, ArmorError>,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::PublicKeys => "PGP PUBLIC KEY BLOCK",
            Self::Signature => "PGP SIGNATURE",
        }
    }

    /// The first line of such a block.
    pub(crate) fn first_line(self) -> String {
        format!("-----BEGIN {}-----", self.name())
    }

    /// Whether this is the first line of such a block.
    pub(crate) fn begins(self, line: &[u8]) -> bool {
        self.is(b"-----BEGIN ", line)
    }

    /// Whether this is its last line.
    pub(crate) fn ends(self, line: &[u8]) -> bool {
        self.is(b"-----END ", line)
    }

    fn is(self, prefix: &[u8], line: &[u8]) -> bool {
        (line.trim_ascii_end().strip_prefix(prefix))
            .and_then(|rest| rest.strip_suffix(b"-----"))
            .is_some_and(|name| name == self.name().as_bytes())
    }
}

/// All blocks of this kind, whatever stands between them.
pub(crate) fn blocks(kind: Kind, text: &[u8]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, Vec<&[u8]>)> = None;
    let without_end = |line| Block {
        line,
        content: Err(ArmorError::NoEnd),
    };
    for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        if kind.begins(line) {
            blocks.extend(open.take().map(|(line, _)| without_end(line)));
            open = Some((number, Vec::new()));
        } else if kind.ends(line) {
            blocks.extend(open.take().map(|(line, lines)| Block {
                line,
                content: decode(&lines),
            }));
        } else if let Some((_, lines)) = &mut open {
            lines.push(line);
        }
    }
    blocks.extend(open.map(|(line, _)| without_end(line)));
    blocks
}

/// The one block of this kind that the text is.
pub(crate) fn single(kind: Kind, text: &[u8]) -> Result<Vec<u8>, ArmorError> {
    let mut lines = (text.split(|byte| *byte == b'\n')).skip_while(|line| is_blank(line));
    if !lines.next().is_some_and(|line| kind.begins(line)) {
        return Err(ArmorError::TextBefore);
    }
    let mut inside = Vec::new();
    loop {
        match lines.next() {
            Some(line) if kind.ends(line) => break,
            Some(line) => inside.push(line),
            None => return Err(ArmorError::NoEnd),
        }
    }
    if !lines.all(is_blank) {
        return Err(ArmorError::TextAfter);
    }
    decode(&inside)
}

/// Armors the bytes. The checksum, which nobody here reads, is for GnuPG: without it, version 2.2 takes
/// the last line for Base64.
pub(crate) fn encode(kind: Kind, bytes: &[u8]) -> String {
    let block = match kind {
        Kind::PublicKeys => BlockType::PublicKey,
        Kind::Signature => BlockType::Signature,
    };
    let mut text = Vec::new();
    pgp::armor::write(&Raw(bytes), block, &mut text, None, true).expect("memory can be written");
    String::from_utf8(text).expect("armor is ASCII")
}

/// Bytes that are packets already.
struct Raw<'a>(&'a [u8]);

impl pgp::ser::Serialize for Raw<'_> {
    fn to_writer<W: Write>(&self, writer: &mut W) -> pgp::errors::Result<()> {
        Ok(writer.write_all(self.0)?)
    }

    fn write_len(&self) -> usize {
        self.0.len()
    }
}

/// What stands between the first and the last line.
fn decode(lines: &[&[u8]]) -> Result<Vec<u8>, ArmorError> {
    let blank = (lines.iter().position(|line| is_blank(line))).ok_or(ArmorError::Headers)?;
    let (headers, body) = lines.split_at(blank);
    if !headers.iter().all(|line| line.contains(&b':')) {
        return Err(ArmorError::Headers);
    }
    let mut body = body.iter().map(|line| line.trim_ascii());
    let mut text = Vec::new();
    for line in body.by_ref() {
        if line.len() == 5 && line[0] == b'=' {
            break;
        }
        text.extend_from_slice(line);
    }
    if !body.all(<[u8]>::is_empty) {
        return Err(ArmorError::Base64);
    }
    tolerant().decode(&text).map_err(|_| ArmorError::Base64)
}

/// Base64 whose last group may have stray bits: old writers left some.
fn tolerant() -> data_encoding::Encoding {
    let mut specification: Specification = BASE64.specification();
    specification.check_trailing_bits = false;
    specification
        .encoding()
        .expect("Base64 without a check is still an encoding")
}

fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BLOCK: &str = "-----BEGIN PGP SIGNATURE-----\nVersion: GnuPG v2\n\naGVs\nbG8=\n=njUN\n-----END PGP SIGNATURE-----\n";

    #[test]
    fn reads_what_others_write() {
        let table = [
            BLOCK.to_owned(),
            BLOCK.replace('\n', "\r\n"),
            BLOCK.replace("Version: GnuPG v2\n", ""),
            BLOCK.replace("Version: GnuPG v2", "Comment:"),
            BLOCK.replace("=njUN\n", ""),
            BLOCK.replace("aGVs\nbG8=", "aGVsbG8=  "),
            BLOCK.replace("\n\n", "\n \t\n"),
            format!("\n\n{BLOCK}\n \n"),
        ];
        for text in table {
            let content = single(Kind::Signature, text.as_bytes());
            assert_eq!(content, Ok(b"hello".to_vec()), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_block() {
        use ArmorError::*;
        let table = [
            (String::new(), TextBefore),
            (format!("x\n{BLOCK}"), TextBefore),
            (format!("{BLOCK}x"), TextAfter),
            (format!("{BLOCK}{BLOCK}"), TextAfter),
            (BLOCK.replace("PGP SIGNATURE", "PGP MESSAGE"), TextBefore),
            (BLOCK.replace("END PGP SIGNATURE", "END PGP MESSAGE"), NoEnd),
            (
                BLOCK.replace("SIGNATURE-----\n", "SIGNATURE----\n"),
                TextBefore,
            ),
            (BLOCK.replace("\n\n", "\n"), Headers),
            (BLOCK.replace("Version: GnuPG v2", "aGVs"), Headers),
            (BLOCK.replace("bG8=", "bG8"), Base64),
            (BLOCK.replace("bG8=", "b*8="), Base64),
            (BLOCK.replace("=njUN\n", "=njUN\naGVs\n"), Base64),
        ];
        for (text, error) in table {
            assert_eq!(
                single(Kind::Signature, text.as_bytes()),
                Err(error),
                "{text}"
            );
        }
    }

    #[test]
    fn finds_the_blocks_between_words() {
        let first = encode(Kind::PublicKeys, b"one");
        let cut = first.replace("-----END", "");
        let text = format!("pub rsa4096\n{first}\nname\n{BLOCK}{cut}{first}{cut}");
        let found: Vec<_> = (blocks(Kind::PublicKeys, text.as_bytes()).into_iter())
            .map(|block| (block.line, block.content))
            .collect();
        let one = Ok(b"one".to_vec());
        assert_eq!(
            found,
            [
                (2, one.clone()),
                (16, Err(ArmorError::NoEnd)),
                (21, one),
                (26, Err(ArmorError::NoEnd)),
            ]
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(bytes in any::<Vec<u8>>()) {
            let text = encode(Kind::Signature, &bytes);
            prop_assert_eq!(single(Kind::Signature, text.as_bytes()), Ok(bytes.clone()));
            let blocks = blocks(Kind::Signature, text.as_bytes());
            prop_assert_eq!(&blocks[..], &[Block { line: 1, content: Ok(bytes) }]);
        }

        #[test]
        fn never_panics(text in any::<Vec<u8>>(), cut in 0_usize..200, with in any::<u8>()) {
            let _ = single(Kind::Signature, &text);
            let _ = blocks(Kind::PublicKeys, &text);
            let mut changed = BLOCK.as_bytes().to_vec();
            changed[cut.min(BLOCK.len() - 1)] = with;
            let _ = single(Kind::Signature, &changed);
            let _ = single(Kind::Signature, &changed[..cut.min(BLOCK.len())]);
        }
    }
}
