//! Records of ZooKeeper's protocol, as far as ACLs take them: numbers in network order, texts and lists with
//! their length before them.
//!
//! Source: `zookeeper.jute` and `ZooDefs.OpCode` of ZooKeeper 3.5.7 to 3.9. Reading never fails otherwise than by
//! giving nothing, and makes nothing larger than what was sent.

/// A permission for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Bits: read 1, write 2, create 4, delete 8, admin 16.
    pub permissions: i32,
    /// How somebody is known, such as `world` or `sasl`.
    pub scheme: String,
    /// Who.
    pub id: String,
}

/// Everything.
pub const ALL: i32 = 31;

/// The ACL of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acl {
    /// Who may do what.
    pub entries: Vec<Entry>,
    /// How often it was changed: a change that names another number is refused.
    pub version: i32,
}

/// What a reply begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyHeader {
    /// The number of the request.
    pub xid: i32,
    /// Why not, or 0.
    pub error: i32,
}

/// Bytes in the making.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// The number of the request, and what is asked for.
    pub fn request(xid: i32, operation: i32) -> Self {
        Self::default().int(xid).int(operation)
    }

    /// A number of 4 bytes.
    pub fn int(mut self, number: i32) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// A number of 8 bytes.
    pub fn long(mut self, number: i64) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// Yes or no.
    pub fn boolean(mut self, value: bool) -> Self {
        self.0.push(value.into());
        self
    }

    /// Bytes, or a text.
    pub fn buffer(mut self, bytes: &[u8]) -> Self {
        let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
        self = self.int(length);
        self.0.extend_from_slice(bytes);
        self
    }

    /// A list of permissions.
    pub fn entries(mut self, entries: &[Entry]) -> Self {
        self = self.int(i32::try_from(entries.len()).unwrap_or(i32::MAX));
        for entry in entries {
            self = self
                .int(entry.permissions)
                .buffer(entry.scheme.as_bytes())
                .buffer(entry.id.as_bytes());
        }
        self
    }

    /// The bytes, with their length before them.
    pub fn frame(self) -> Vec<u8> {
        Self::default().buffer(&self.0).0
    }
}

/// What is left to be read.
#[derive(Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// A number of 4 bytes.
    pub fn int(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    /// Bytes; those that are not there are read as none.
    pub fn buffer(&mut self) -> Option<&'a [u8]> {
        match self.int()? {
            -1 => Some(&[]),
            length => self.take(usize::try_from(length).ok()?),
        }
    }

    /// What a reply begins with.
    pub fn header(&mut self) -> Option<ReplyHeader> {
        let xid = self.int()?;
        // The number of the latest change, of which nothing hangs here.
        self.take(8)?;
        let error = self.int()?;
        Some(ReplyHeader { xid, error })
    }

    /// The number of the session; 0 is one that is refused.
    pub fn session(&mut self) -> Option<i64> {
        // Version of the protocol, and the timeout.
        self.take(8)?;
        Some(i64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    /// The answer to a question for an ACL.
    pub fn acl(&mut self) -> Option<Acl> {
        let count = self.int()?.max(0);
        let mut entries = Vec::new();
        for _ in 0..count {
            entries.push(Entry {
                permissions: self.int()?,
                scheme: self.text()?,
                id: self.text()?,
            });
        }
        // Of the state of the node: four numbers of 8 bytes and two of 4 stand before the one of its ACL.
        self.take(40)?;
        let version = self.int()?;
        Some(Acl { entries, version })
    }

    /// Everything after that.
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    fn text(&mut self) -> Option<String> {
        Some(String::from_utf8_lossy(self.buffer()?).into_owned())
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry() -> impl Strategy<Value = Entry> {
        (any::<i32>(), any::<String>(), any::<String>()).prop_map(|(permissions, scheme, id)| {
            Entry {
                permissions,
                scheme,
                id,
            }
        })
    }

    /// As a server writes it.
    fn answer(acl: &Acl) -> Vec<u8> {
        let mut answer = Writer::default().entries(&acl.entries);
        for _ in 0..4 {
            answer = answer.long(7);
        }
        answer.int(7).int(7).int(acl.version).0
    }

    #[test]
    fn a_request() {
        let entries = [Entry {
            permissions: ALL,
            scheme: "sasl".to_owned(),
            id: "a".to_owned(),
        }];
        let frame = Writer::request(3, 7)
            .buffer(b"/")
            .entries(&entries)
            .int(1)
            .frame();
        assert_eq!(
            frame,
            b"\0\0\0\x26\0\0\0\x03\0\0\0\x07\0\0\0\x01/\0\0\0\x01\0\0\0\x1f\0\0\0\x04sasl\0\0\0\x01a\0\0\0\x01"
        );
        assert_eq!(frame.len(), 4 + 0x26);
    }

    #[test]
    fn what_a_server_says() {
        let header = Writer::request(5, 0).int(9).int(-102).0;
        let read = Reader::new(&header).header().unwrap();
        assert_eq!((read.xid, read.error), (5, -102));
        let connected = Writer::default().int(0).int(10_000).long(77).0;
        assert_eq!(Reader::new(&connected).session(), Some(77));
        assert_eq!(Reader::new(b"\xff\xff\xff\xff").buffer(), Some(&[][..]));
        for broken in [
            &b"\x7f\xff\xff\xff"[..],
            b"\xff\xff\xff\xfe",
            b"\0\0\0\x02a",
        ] {
            assert_eq!(Reader::new(broken).buffer(), None);
            assert_eq!(Reader::new(broken).acl(), None);
        }
    }

    proptest! {
        #[test]
        fn an_acl_is_read_as_it_was_written(
            entries in prop::collection::vec(entry(), 0..4),
            version: i32,
            cut: prop::sample::Index,
        ) {
            let acl = Acl { entries, version };
            let bytes = answer(&acl);
            prop_assert_eq!(Reader::new(&bytes).acl(), Some(acl));
            prop_assert_eq!(Reader::new(&bytes[..cut.index(bytes.len())]).acl(), None);
        }

        #[test]
        fn reading_never_panics(bytes: Vec<u8>) {
            Reader::new(&bytes).acl();
            Reader::new(&bytes).header();
            Reader::new(&bytes).session();
            Reader::new(&bytes).buffer();
        }
    }
}
