//! A system for tests: it writes down what was asked of it, and refuses what it is told to.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::{Below, Holds, Owner, Seen, System};

#[derive(Debug, Default)]
pub(in crate::prepare) struct Recorder {
    /// Every call that changes something, in order.
    pub(in crate::prepare) calls: Vec<String>,
    /// What exists, and whose it is.
    pub(in crate::prepare) owned: BTreeMap<PathBuf, u32>,
    /// What there is to see of a directory, if it is not an empty one on a mount.
    pub(in crate::prepare) seen: BTreeMap<PathBuf, Seen>,
    /// The calls that fail, and how.
    pub(in crate::prepare) refused: BTreeMap<&'static str, io::ErrorKind>,
    /// The calls that fail once root is given up, likewise.
    pub(in crate::prepare) refused_later: BTreeMap<&'static str, io::ErrorKind>,
}

impl Recorder {
    fn record(&mut self, call: &'static str, arguments: String) -> io::Result<()> {
        self.calls.push(format!("{call} {arguments}"));
        self.refused
            .get(call)
            .map_or(Ok(()), |kind| Err((*kind).into()))
    }
}

impl System for Recorder {
    fn create_directory(&mut self, path: &Path) -> io::Result<bool> {
        if self.owned.contains_key(path) {
            return Ok(false);
        }
        self.record("mkdir", path.display().to_string())?;
        self.owned.insert(path.to_owned(), 0);
        Ok(true)
    }

    fn remove_directory(&mut self, path: &Path) -> io::Result<()> {
        self.record("rmdir", path.display().to_string())?;
        self.owned.remove(path);
        Ok(())
    }

    fn look(&mut self, path: &Path) -> io::Result<Seen> {
        let empty = || Seen {
            real: path.to_owned(),
            owner: self.owned.get(path).copied().unwrap_or_default(),
            by_foreign_link: false,
            mounted: true,
            holds: if self.owned.contains_key(path) {
                Holds::Nothing
            } else {
                Holds::Missing
            },
        };
        Ok(self.seen.get(path).cloned().unwrap_or_else(empty))
    }

    fn give(&mut self, path: &Path, below: Below, to: Owner) -> io::Result<()> {
        let within = |found: &&PathBuf| {
            *found == path || (below == Below::Everything && found.starts_with(path))
        };
        let foreign: Vec<PathBuf> = self
            .owned
            .iter()
            .filter(|(found, owner)| within(found) && **owner != to.uid)
            .map(|(found, _)| found.clone())
            .collect();
        let group = to.gid.map_or_else(String::new, |gid| gid.to_string());
        for path in foreign {
            self.record("chown", format!("{}:{group} {}", to.uid, path.display()))?;
            self.owned.insert(path, to.uid);
        }
        Ok(())
    }

    fn set_groups(&mut self, gids: &[u32]) -> io::Result<()> {
        self.record("setgroups", format!("{gids:?}"))
    }

    fn set_gid(&mut self, gid: u32) -> io::Result<()> {
        self.record("setgid", gid.to_string())
    }

    fn set_uid(&mut self, uid: u32) -> io::Result<()> {
        self.record("setuid", uid.to_string())?;
        self.refused = std::mem::take(&mut self.refused_later);
        Ok(())
    }
}
