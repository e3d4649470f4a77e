//! The mark of a `zoo.cfg` that we wrote, by which we know later that nobody has edited it.
//!
//! The first line is a comment with a hash of all that follows. As long as it fits, the file is ours and is
//! made again from the environment at every start; once a single byte differs it belongs to whoever
//! edited it, for ever. The hash (64-bit FNV-1a) guards against overlooking an edit, not against a forger:
//! somebody who forges it only gets the file overwritten that they could have deleted.

const BEFORE: &str = "# zookeeper-entrypoint ";
const AFTER: &str =
    ": made from the ZOO_* variables at every start, until somebody edits this file.\n";

/// Whose a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// We wrote it, and nobody has changed it since.
    Entrypoint,
    /// It was brought along or edited: never to be touched.
    User,
}

/// `body` with the stamp before it.
pub fn stamped(body: &str) -> String {
    format!("{BEFORE}{:016x}{AFTER}{body}", fnv1a(body.as_bytes()))
}

/// Whose `content` is.
pub fn owner(content: &[u8]) -> Owner {
    let ours = || {
        let rest = content.strip_prefix(BEFORE.as_bytes())?;
        let (hash, rest) = rest.split_at_checked(16)?;
        let body = rest.strip_prefix(AFTER.as_bytes())?;
        (hash == format!("{:016x}", fnv1a(body)).as_bytes()).then_some(Owner::Entrypoint)
    };
    ours().unwrap_or(Owner::User)
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv1a() {
        // From the reference list of its authors.
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn any_edit_makes_it_the_users() {
        let ours = stamped("tickTime=2000\ndataDir=/srv/data/zookeeper\n").into_bytes();
        assert_eq!(owner(&ours), Owner::Entrypoint);
        for at in 0..ours.len() {
            let mut edited = ours.clone();
            edited[at] ^= 1;
            assert_eq!(owner(&edited), Owner::User, "byte {at} changed");
            assert_eq!(owner(&ours[..at]), Owner::User, "cut to {at} bytes");
        }
        assert_eq!(owner(&[ours.as_slice(), b"\n"].concat()), Owner::User);
    }

    #[test]
    fn a_foreign_file_is_the_users() {
        assert_eq!(owner(b""), Owner::User);
        assert_eq!(owner(b"tickTime=2000\n"), Owner::User);
    }
}
