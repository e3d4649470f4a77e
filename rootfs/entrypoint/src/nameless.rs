//! A file without a name: memory that only its own process has open, and whatever that starts or becomes. It is on no
//! disk, and is gone with the last of those processes, however that ends.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::path::PathBuf;

use nix::sys::memfd::{MFdFlags, memfd_create};

/// Such a file, for as long as this is there.
#[derive(Debug)]
pub struct NamelessFile(File);

impl NamelessFile {
    /// Makes one, to be called as the user who is to read it; `label` is what lists of open files show.
    pub fn create(label: &str, content: &[u8]) -> io::Result<Self> {
        // It stays open in what is started next and in what this process becomes.
        let mut file = File::from(memfd_create(label, MFdFlags::empty())?);
        file.write_all(content)?;
        Ok(Self(file))
    }

    /// Where this process finds it, and one that it starts or becomes.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.0.as_raw_fd()))
    }

    /// Leaves it to the program that this process becomes; where that finds it.
    pub fn leave(self) -> PathBuf {
        let path = self.path();
        let _stays_open = self.0.into_raw_fd();
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_can_be_read_again_and_again_and_has_no_name() {
        let path = NamelessFile::create("label", b"geheim").unwrap().leave();
        // Java looks before it reads.
        for _ in 0..2 {
            assert_eq!(std::fs::read_to_string(&path).unwrap(), "geheim");
        }
        let target = std::fs::read_link(&path).unwrap();
        assert!(target.display().to_string().starts_with("/memfd:label"));
    }

    #[test]
    fn a_program_that_is_started_reads_it_by_the_same_path() {
        let file = NamelessFile::create("label", b"geheim").unwrap();
        let read = std::process::Command::new("cat").arg(file.path()).output();
        assert_eq!(read.unwrap().stdout, b"geheim");
    }
}
