//! Directories of other images, so that moving over is a change of the image's name.
//!
//! The official image keeps data in `/data` itself, logs of transactions in `/datalog`, its configuration
//! in `/conf`; Bitnami's keeps data and transaction logs together, and runs as a user of another number, who
//! keeps them here, so that there is a way back. Nothing but a user mounts anything there
//! in our image, so what is mounted there is meant. Of our own directories that is not so: the image declares
//! them as volumes, and an engine mounts an empty one that nobody asked for.
//!
//! What was set explicitly always wins, by a variable or by a `zoo.cfg` that is kept. A decision stays the
//! same once a server has run on it, so that every tool finds the same directories later.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

use super::facts::Found;
use super::history::{History, VERSION};
use super::mounts::{Mount, Mounts, Volume};
use crate::variables::ids::{
    CONF_DIR, DAEMON_GROUP, DAEMON_USER, DATA_DIR, DATA_LOG_DIR, Id, LOG_DIR,
};
use crate::variables::{TABLE, Values};

const OFFICIAL: &str = "the official image";
const BITNAMI: &str = "Bitnami's image";

const DATA: Place = Place {
    path: "/data",
    image: OFFICIAL,
};
/// Data and transaction logs.
const BITNAMI_DATA: Place = Place {
    path: "/bitnami/zookeeper/data",
    image: BITNAMI,
};
const DATA_LOG: Place = Place {
    path: "/datalog",
    image: OFFICIAL,
};
const CONF: Place = Place {
    path: "/conf",
    image: OFFICIAL,
};
const BITNAMI_CONF: Place = Place {
    path: "/opt/bitnami/zookeeper/conf",
    image: BITNAMI,
};
const LOG: Place = Place {
    path: "/logs",
    image: OFFICIAL,
};

/// A directory of another image.
#[derive(Clone, Copy, Debug)]
struct Place {
    path: &'static str,
    image: &'static str,
}

/// What becomes of the directories.
#[derive(Debug, Default)]
pub struct Adoption {
    changes: Vec<(Id<Path>, PathBuf)>,
    /// Whom the server runs as.
    owner: Option<Account>,
    /// What to say of what was adopted.
    pub notes: Vec<String>,
    /// What to say of what may not be meant.
    pub warnings: Vec<String>,
    /// Why a server must not start.
    pub refusals: Vec<Refusal>,
}

/// Two directories were chosen for one purpose, and only the one that loses has data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} and {} are both mounted, and only the second holds data: choose with {variable}", ours.display(), theirs.display()
)]
pub struct Refusal {
    /// Ours, which is empty.
    pub ours: PathBuf,
    /// The other image's.
    pub theirs: PathBuf,
    /// What decides.
    pub variable: &'static str,
}

/// A user and its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user's number.
    pub uid: u32,
    /// The group's.
    pub gid: u32,
}

/// What is on disk, so that a test can say it.
pub trait Disk {
    /// What a data directory or a directory of transaction logs holds.
    fn history(&self, directory: &Path) -> History;
    /// The `zoo.cfg` of a configuration directory.
    fn config(&self, directory: &Path) -> Found;
    /// Whose a directory is; nothing where we are somebody else than root and cannot choose whom to run as.
    fn owner(&self, directory: &Path) -> Option<Account>;
}

/// The file system.
#[derive(Debug)]
pub struct Host<'a> {
    /// What is mounted.
    pub mounts: &'a Mounts,
}

impl Disk for Host<'_> {
    fn history(&self, directory: &Path) -> History {
        History::of(directory)
    }

    fn config(&self, directory: &Path) -> Found {
        // That a file cannot be read is said with the other facts, of the directory that is used.
        Found::look(&directory.join("zoo.cfg"), self.mounts).unwrap_or(Found::Nothing)
    }

    fn owner(&self, directory: &Path) -> Option<Account> {
        // Of a link, which anybody may have put there, nothing follows.
        let found = fs::symlink_metadata(directory)
            .ok()
            .filter(|found| found.is_dir())?;
        let account = Account {
            uid: found.uid(),
            gid: found.gid(),
        };
        geteuid().is_root().then_some(account)
    }
}

/// Puts the directories that are to be used into `values`: for a server as for every tool.
pub fn adopted(values: &mut Values, mounts: &Mounts) -> Adoption {
    let adoption = decide(values, mounts, &Host { mounts });
    for (id, path) in &adoption.changes {
        values.adopt(*id, path);
    }
    if let Some(Account { uid, gid }) = adoption.owner {
        values.adopt_account(DAEMON_USER, uid);
        values.adopt_account(DAEMON_GROUP, gid);
    }
    adoption
}

/// Decides, and changes nothing.
pub fn decide(values: &Values, mounts: &Mounts, disk: &impl Disk) -> Adoption {
    let mut decision = Deciding {
        values,
        mounts,
        disk,
        adoption: Adoption::default(),
    };
    let conf = decision.conf();
    match disk.config(&conf) {
        Found::Kept(kept) => {
            if let Some(data) = kept.properties.get("dataDir").map(Path::new) {
                decision.beside(data);
                decision.owner(data);
            }
        }
        Found::Nothing | Found::Ours(_) => {
            let data = decision.data();
            decision.data_log(&data);
            decision.owner(&data);
        }
    }
    decision.log();
    decision.adoption
}

/// One of two directories for the same purpose.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    /// Whether something is mounted there that a user has asked for.
    chosen: bool,
    /// Whether there is something in it that must not be left behind.
    holds: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Ours,
    /// Ours, though somebody has mounted the other.
    OursBesideTheirs,
    Theirs,
    Contradiction,
}

fn verdict(ours: Candidate, theirs: Candidate) -> Verdict {
    match (theirs.chosen, ours.holds, ours.chosen, theirs.holds) {
        (false, ..) => Verdict::Ours,
        (true, true, ..) | (true, false, true, false) => Verdict::OursBesideTheirs,
        (true, false, false, _) => Verdict::Theirs,
        (true, false, true, true) => Verdict::Contradiction,
    }
}

struct Deciding<'a, D> {
    values: &'a Values,
    mounts: &'a Mounts,
    disk: &'a D,
    adoption: Adoption,
}

impl<D: Disk> Deciding<'_, D> {
    fn is_given(&self, id: Id<Path>) -> bool {
        self.values.given_as(id).is_some()
    }

    fn is_mounted(&self, path: &Path) -> bool {
        self.mounts.mount_of(path).is_some()
    }

    /// Memory is no choice against a volume: Podman can mount it where an image declares one.
    fn is_chosen(&self, path: &Path) -> bool {
        let volume = self.mounts.mount_of(path).map(Mount::volume);
        matches!(volume, Some(Volume::Named(_) | Volume::Mapped))
    }

    fn adopt(&mut self, id: Id<Path>, place: Place, what: &str) {
        let Place { path, image } = place;
        self.adoption.changes.push((id, path.into()));
        self.adoption.notes.push(format!(
            "using {path} for {what}, as {image} does: it is mounted"
        ));
    }

    /// Log files are nobody's loss, so nothing is said where ours is mounted as well.
    fn log(&mut self) {
        let ours = self.values.path(LOG_DIR);
        let free = !self.is_given(LOG_DIR) && !self.is_chosen(ours);
        if free && self.is_mounted(Path::new(LOG.path)) {
            self.adopt(LOG_DIR, LOG, "log files");
        }
    }

    /// A single file may be mounted in a configuration directory, too. The directory to look into.
    fn conf(&mut self) -> PathBuf {
        let ours = self.values.path(CONF_DIR);
        if self.is_given(CONF_DIR) {
            return ours.to_owned();
        }
        let Some(place) = self.conf_of_others() else {
            return ours.to_owned();
        };
        let theirs = Path::new(place.path);
        let verdict = verdict(
            Candidate {
                chosen: self.is_chosen(ours) || self.mounts.has_within(ours),
                holds: matches!(self.disk.config(ours), Found::Kept(_)),
            },
            self.conf_candidate(theirs),
        );
        match verdict {
            Verdict::Theirs => {
                self.adopt(CONF_DIR, place, "the configuration");
                theirs.to_owned()
            }
            Verdict::Ours => ours.to_owned(),
            Verdict::OursBesideTheirs | Verdict::Contradiction => {
                self.not_used(theirs, ours, CONF_DIR);
                ours.to_owned()
            }
        }
    }

    /// What another image would use: the one with a `zoo.cfg` in it, if several are mounted.
    fn conf_of_others(&self) -> Option<Place> {
        let candidate = |place: &Place| self.conf_candidate(Path::new(place.path));
        [CONF, BITNAMI_CONF]
            .into_iter()
            .filter(|place| candidate(place).chosen)
            .min_by_key(|place| !candidate(place).holds)
    }

    fn conf_candidate(&self, theirs: &Path) -> Candidate {
        Candidate {
            chosen: self.is_mounted(theirs) || self.mounts.has_within(theirs),
            holds: self.disk.config(theirs) != Found::Nothing,
        }
    }

    /// Bitnami's image never is root: what we would give to our own user it could not write any more.
    fn owner(&mut self, data: &Path) {
        let is_given = |id| self.values.given_as(id).is_some();
        if data != Path::new(BITNAMI_DATA.path) || is_given(DAEMON_USER) || is_given(DAEMON_GROUP) {
            return;
        }
        let Some(account) = self.disk.owner(data).filter(|account| account.uid != 0) else {
            return;
        };
        self.adoption.notes.push(format!(
            "running as {}:{}, the owner of {}",
            account.uid,
            account.gid,
            data.display()
        ));
        self.adoption.owner = Some(account);
    }

    /// The data directory.
    fn data(&mut self) -> PathBuf {
        let default = self.values.path(DATA_DIR);
        if self.is_given(DATA_DIR) {
            self.beside(default);
            return default.to_owned();
        }
        let ours = self.own(default, |history| history.is_anything());
        let (verdict, theirs) = match self.data_of_others() {
            None => (Verdict::Ours, None),
            Some(place) => {
                let verdict = verdict(self.candidate(&ours), self.candidate(Path::new(place.path)));
                (verdict, Some(place))
            }
        };
        match (verdict, theirs) {
            (Verdict::Theirs, Some(place)) => {
                self.adopt(DATA_DIR, place, "data");
                return place.path.into();
            }
            (Verdict::Contradiction, Some(place)) => {
                self.refuse(&ours, Path::new(place.path), DATA_DIR);
            }
            (Verdict::OursBesideTheirs, Some(place)) => {
                self.not_used(Path::new(place.path), &ours, DATA_DIR);
            }
            _ => {}
        }
        self.take_own(DATA_DIR, ours)
    }

    /// The directory of transaction logs, once that of the data is known.
    fn data_log(&mut self, data: &Path) {
        if self.is_given(DATA_LOG_DIR) {
            return;
        }
        let ours = self.own(self.values.path(DATA_LOG_DIR), |history| history.logs);
        let holds = |path: &Path| self.disk.history(path).logs;
        let theirs = Path::new(DATA_LOG.path);
        let mut logs = ours.clone();
        match verdict(self.log_candidate(&ours), self.log_candidate(theirs)) {
            Verdict::Theirs => logs = theirs.to_owned(),
            Verdict::Contradiction => self.refuse(&ours, theirs, DATA_LOG_DIR),
            Verdict::OursBesideTheirs => self.not_used(theirs, &ours, DATA_LOG_DIR),
            Verdict::Ours => {}
        }
        if logs == data {
            return;
        }
        let with_data = holds(data) && !holds(&logs);
        let of_bitnami = data == Path::new(BITNAMI_DATA.path);
        if with_data && !of_bitnami {
            self.adoption.warnings.push(format!(
                "the transaction logs stay where they are, in {}: dataLogDir is the data directory, not {}",
                data.join(VERSION).display(),
                logs.display()
            ));
        }
        // Bitnami's image has no volume of its own for them, so nobody expects them elsewhere.
        if with_data || (of_bitnami && !holds(&logs) && !self.is_chosen_or_theirs(&logs)) {
            self.adoption.changes.push((DATA_LOG_DIR, data.to_owned()));
        } else if logs == theirs {
            self.adopt(DATA_LOG_DIR, DATA_LOG, "transaction logs");
        } else {
            self.take_own(DATA_LOG_DIR, logs);
        }
    }

    fn candidate(&self, path: &Path) -> Candidate {
        Candidate {
            chosen: self.is_chosen_or_theirs(path),
            holds: self.disk.history(path).is_anything(),
        }
    }

    fn log_candidate(&self, path: &Path) -> Candidate {
        Candidate {
            chosen: self.is_chosen_or_theirs(path),
            holds: self.disk.history(path).logs,
        }
    }

    /// Where the image declares no volume, also one without a name is a user's.
    fn is_chosen_or_theirs(&self, path: &Path) -> bool {
        let others = [DATA, BITNAMI_DATA, DATA_LOG];
        if others.iter().any(|place| path == Path::new(place.path)) {
            self.is_mounted(path)
        } else {
            self.is_chosen(path)
        }
    }

    /// Our directory; the volume itself where somebody has put the content of another image's into it.
    fn own(&self, ours: &Path, holds: impl Fn(History) -> bool) -> PathBuf {
        let volume = ours.parent().filter(|volume| {
            !self.disk.history(ours).is_anything() && holds(self.disk.history(volume))
        });
        volume.unwrap_or(ours).to_owned()
    }

    fn take_own(&mut self, id: Id<Path>, path: PathBuf) -> PathBuf {
        let default = self.values.path(id);
        if path != default {
            self.adoption.notes.push(format!(
                "using {} itself: it holds {VERSION}, and {} does not",
                path.display(),
                default.display()
            ));
            self.adoption.changes.push((id, path.clone()));
        }
        path
    }

    /// What another image would use: the one with data in it, if several are mounted.
    fn data_of_others(&self) -> Option<Place> {
        [DATA, BITNAMI_DATA]
            .into_iter()
            .filter(|place| self.is_mounted(Path::new(place.path)))
            .min_by_key(|place| !self.candidate(Path::new(place.path)).holds)
    }

    /// Says it where a server is about to start empty beside data, on a directory that somebody has set.
    fn beside(&mut self, used: &Path) {
        let Some(place) = self.data_of_others() else {
            return;
        };
        let theirs = Path::new(place.path);
        let left_behind = self.candidate(theirs).holds && !self.disk.history(used).is_anything();
        if left_behind && !used.starts_with(theirs) {
            self.adoption.warnings.push(format!(
                "{} holds data and is not used: the data directory was set to {}, which is empty",
                theirs.display(),
                used.display()
            ));
        }
    }

    fn not_used(&mut self, theirs: &Path, ours: &Path, id: Id<Path>) {
        self.adoption.warnings.push(format!(
            "{} is mounted and not used: {} wins unless {} says otherwise",
            theirs.display(),
            ours.display(),
            TABLE[id.row()].name
        ));
    }

    fn refuse(&mut self, ours: &Path, theirs: &Path, id: Id<Path>) {
        self.adoption.refusals.push(Refusal {
            ours: ours.to_owned(),
            theirs: theirs.to_owned(),
            variable: TABLE[id.row()].name,
        });
    }
}

#[cfg(test)]
mod tests;
