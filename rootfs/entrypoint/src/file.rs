//! Reading small files that somebody else may have made, such as `zoo.cfg` and `myid`.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;

/// The largest file that is read: nobody writes one by hand, and a device has no end.
const LARGEST: u64 = 1 << 20;

/// The content of a file, if there is one. Whoever may write to a volume may have put a pipe or a device
/// there, which would hold us up for ever.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(path);
    let file = match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut content = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LARGEST {
        return Err(io::Error::other(format!(
            "it has more than {LARGEST} bytes"
        )));
    }
    Ok(Some(content))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::Mode;
    use std::fs;

    #[test]
    fn only_a_file_of_some_size_is_read() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("zoo.cfg");
        assert_eq!(read(&path).unwrap(), None);
        fs::write(&path, "x").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some(&b"x"[..]));
        fs::write(&path, vec![b'x'; (1 << 20) + 1]).unwrap();
        let refused = |path: &Path| read(path).unwrap_err().to_string();
        assert_eq!(refused(&path), "it has more than 1048576 bytes");
        assert_eq!(refused(root.path()), "it is no regular file");
        let pipe = root.path().join("pipe");
        nix::unistd::mkfifo(&pipe, Mode::S_IRWXU).unwrap();
        assert_eq!(refused(&pipe), "it is no regular file");
    }
}
