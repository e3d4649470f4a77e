//! The constants of a compiled Java interface: how a release's `version.Info` says what it is, without a JVM.
//!
//! Source: The Java Virtual Machine Specification, chapter 4. Strings and integers are read; a constant that is
//! computed when the class is loaded, such as a `null`, is none here.

use std::collections::BTreeMap;

/// The value of a constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constant {
    /// An `int`.
    Integer(i32),
    /// A `String`.
    Text(String),
}

/// An entry of the pool of constants, as far as it is of interest.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Pooled {
    Text(String),
    Integer(i32),
    /// A string, whose text is this entry.
    String(u16),
    Other,
}

/// The constants of the class by name; nothing if this is no class.
pub fn of_class(bytes: &[u8]) -> Option<BTreeMap<String, Constant>> {
    let mut class = Reader(bytes);
    if class.number32()? != 0xcafe_babe {
        return None;
    }
    class.skip(4)?;
    let pool = pool(&mut class)?;
    // Access, the class itself and the one above it.
    class.skip(6)?;
    let interfaces = class.number16()?;
    class.skip(usize::from(interfaces) * 2)?;

    let mut constants = BTreeMap::new();
    for _ in 0..class.number16()? {
        class.skip(2)?;
        let name = text(&pool, class.number16()?)?;
        class.skip(2)?;
        for _ in 0..class.number16()? {
            let attribute = text(&pool, class.number16()?)?;
            let length = usize::try_from(class.number32()?).ok()?;
            let mut content = Reader(class.take(length)?);
            if attribute == "ConstantValue" {
                let constant = constant(&pool, content.number16()?);
                constants.extend(constant.map(|constant| (name.to_owned(), constant)));
            }
        }
    }
    Some(constants)
}

fn pool(class: &mut Reader) -> Option<Vec<Pooled>> {
    let count = class.number16()?;
    // Numbered from 1.
    let mut pool = vec![Pooled::Other];
    while pool.len() < usize::from(count) {
        let pooled = match class.number8()? {
            1 => {
                let length = usize::from(class.number16()?);
                Pooled::Text(String::from_utf8_lossy(class.take(length)?).into_owned())
            }
            3 => Pooled::Integer(class.number32()?.cast_signed()),
            8 => Pooled::String(class.number16()?),
            5 | 6 => {
                class.skip(8)?;
                // A long number has two places.
                pool.push(Pooled::Other);
                Pooled::Other
            }
            7 | 16 | 19 | 20 => {
                class.skip(2)?;
                Pooled::Other
            }
            15 => {
                class.skip(3)?;
                Pooled::Other
            }
            4 | 9..=12 | 17 | 18 => {
                class.skip(4)?;
                Pooled::Other
            }
            _ => return None,
        };
        pool.push(pooled);
    }
    Some(pool)
}

fn text(pool: &[Pooled], index: u16) -> Option<&str> {
    match pool.get(usize::from(index))? {
        Pooled::Text(text) => Some(text),
        _ => None,
    }
}

fn constant(pool: &[Pooled], index: u16) -> Option<Constant> {
    match pool.get(usize::from(index))? {
        Pooled::Integer(number) => Some(Constant::Integer(*number)),
        Pooled::String(index) => Some(Constant::Text(text(pool, *index)?.to_owned())),
        _ => None,
    }
}

/// What is left to be read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn skip(&mut self, length: usize) -> Option<()> {
        self.take(length).map(drop)
    }

    fn number8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn number16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn number32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A class with these constants, and one that is computed when it is loaded.
    pub(crate) fn class(constants: &[(&str, Constant)]) -> Vec<u8> {
        let mut pool: Vec<Vec<u8>> = Vec::new();
        let mut pooled = |entry: Vec<u8>| {
            pool.push(entry);
            u16::try_from(pool.len()).unwrap().to_be_bytes()
        };
        let text = |text: &str| {
            let length = u16::try_from(text.len()).unwrap().to_be_bytes();
            [&[1][..], &length, text.as_bytes()].concat()
        };
        let attribute = pooled(text("ConstantValue"));
        let mut fields = Vec::new();
        for (name, constant) in constants {
            let name = pooled(text(name));
            let value = match constant {
                Constant::Integer(number) => pooled([&[3][..], &number.to_be_bytes()].concat()),
                Constant::Text(content) => {
                    let content = pooled(text(content));
                    pooled([&[8][..], &content].concat())
                }
            };
            let parts = [
                &[0, 25][..],
                &name,
                &[0, 0, 0, 1],
                &attribute,
                &[0, 0, 0, 2],
                &value,
            ];
            fields.extend(parts.concat());
        }
        let computed = pooled(text("COMPUTED"));
        fields.extend([&[0, 25][..], &computed, &[0, 0, 0, 0]].concat());
        let places = u16::try_from(pool.len() + 1).unwrap().to_be_bytes();
        let count = u16::try_from(constants.len() + 1).unwrap().to_be_bytes();
        let header = [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52];
        let parts = [
            &header[..],
            &places,
            &pool.concat(),
            &[0; 6],
            &[0, 1, 0, 0],
            &count,
            &fields,
        ];
        parts.concat()
    }

    #[test]
    fn constants_of_a_class() {
        let constants = [
            ("MAJOR", Constant::Integer(3)),
            ("REVISION", Constant::Integer(-1)),
            ("QUALIFIER", Constant::Text(String::new())),
        ];
        let bytes = class(&constants);
        let read = of_class(&bytes).unwrap();
        let expected = constants.map(|(name, constant)| (name.to_owned(), constant));
        assert_eq!(read, expected.into());
        for broken in [&b""[..], b"\xca\xfe\xba\xbf", &bytes[..60]] {
            assert_eq!(of_class(broken), None);
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(noise: Vec<u8>, at: prop::sample::Index, byte: u8) {
            let mut bytes = class(&[("A", Constant::Text("b".to_owned()))]);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            of_class(&bytes);
            of_class(&noise);
        }
    }
}
