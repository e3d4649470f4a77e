//! Whom the server runs as, and giving up root for it.

use std::fs;
use std::io;

use nix::unistd::{Group, User, geteuid};

use super::system::System;
use crate::file::Reader;
use crate::variables::Values;
use crate::variables::ids::{DAEMON_GROUP, DAEMON_USER};

/// The bits of `CapEff` that giving up root takes (capabilities(7)).
const CAP_SETGID: u32 = 6;
const CAP_SETUID: u32 = 7;

/// Whom the server runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Whoever started the container.
    AsItIs,
    /// The daemon user: root is given up.
    Daemon {
        /// Its number.
        uid: u32,
        /// Its group's.
        gid: u32,
    },
}

impl Identity {
    /// Who it is that reads files then.
    pub fn reader(self) -> Reader {
        match self {
            Self::AsItIs => Reader::own(),
            Self::Daemon { uid, gid } => Reader { uid, gid },
        }
    }
}

/// Why there is nobody to run as.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// No such user.
    #[error("ZOO_DAEMON_USER is `{0}`: there is no such user")]
    NoUser(String),
    /// No such group.
    #[error("ZOO_DAEMON_GROUP is `{0}`: there is no such group")]
    NoGroup(String),
    /// `/etc/passwd` or `/etc/group` cannot be read.
    #[error("cannot look up `{name}`: {source}")]
    LookUp {
        /// The user or group.
        name: String,
        /// Why not.
        source: io::Error,
    },
    /// Root in name only.
    #[error(
        "running as root without the capabilities SETUID and SETGID, so root cannot be given up"
    )]
    NoCapabilities,
}

impl IdentityError {
    /// What to do next, where we know.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoCapabilities => Some("start the container with `--user 1000`"),
            _ => None,
        }
    }
}

/// Whom to run as: as root the daemon user, else whoever we are.
pub fn identity(values: &Values) -> Result<Identity, IdentityError> {
    if !geteuid().is_root() {
        return Ok(Identity::AsItIs);
    }
    let uid = user(values.text(DAEMON_USER))?;
    let gid = group(values.text(DAEMON_GROUP))?;
    if uid == 0 {
        return Ok(Identity::AsItIs);
    }
    if may_give_up_root(&fs::read_to_string("/proc/self/status").unwrap_or_default()) {
        Ok(Identity::Daemon { uid, gid })
    } else {
        Err(IdentityError::NoCapabilities)
    }
}

/// Gives up root for good. The order is the only one that works: groups need root, and so does the gid.
pub fn become_daemon(system: &mut impl System, identity: Identity) -> io::Result<()> {
    if let Identity::Daemon { uid, gid } = identity {
        system.set_groups(&[gid])?;
        system.set_gid(gid)?;
        system.set_uid(uid)?;
    }
    Ok(())
}

fn user(name: &str) -> Result<u32, IdentityError> {
    if let Ok(uid) = name.parse() {
        return Ok(uid);
    }
    let found = User::from_name(name).map_err(|errno| IdentityError::LookUp {
        name: name.to_owned(),
        source: errno.into(),
    })?;
    found
        .map(|user| user.uid.as_raw())
        .ok_or_else(|| IdentityError::NoUser(name.to_owned()))
}

fn group(name: &str) -> Result<u32, IdentityError> {
    if let Ok(gid) = name.parse() {
        return Ok(gid);
    }
    let found = Group::from_name(name).map_err(|errno| IdentityError::LookUp {
        name: name.to_owned(),
        source: errno.into(),
    })?;
    found
        .map(|group| group.gid.as_raw())
        .ok_or_else(|| IdentityError::NoGroup(name.to_owned()))
}

/// Where the kernel does not say, the calls themselves will.
fn may_give_up_root(status: &str) -> bool {
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let Some(bits) = effective.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()) else {
        return true;
    };
    [CAP_SETGID, CAP_SETUID]
        .iter()
        .all(|capability| bits >> capability & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::system::Recorder;

    #[test]
    fn root_is_given_up_in_order() {
        let mut system = Recorder::default();
        become_daemon(
            &mut system,
            Identity::Daemon {
                uid: 1000,
                gid: 1001,
            },
        )
        .unwrap();
        assert_eq!(
            system.calls,
            ["setgroups [1001]", "setgid 1001", "setuid 1000"]
        );
    }

    #[test]
    fn nothing_goes_on_where_a_step_is_refused() {
        for (refused, last) in [
            ("setgroups", "setgroups [7]"),
            ("setgid", "setgid 7"),
            ("setuid", "setuid 7"),
        ] {
            let mut system = Recorder::default();
            system
                .refused
                .insert(refused, io::ErrorKind::PermissionDenied);
            assert!(become_daemon(&mut system, Identity::Daemon { uid: 7, gid: 7 }).is_err());
            assert_eq!(system.calls.last().unwrap(), last);
        }
    }

    #[test]
    fn another_user_stays_as_it_is() {
        let mut system = Recorder::default();
        become_daemon(&mut system, Identity::AsItIs).unwrap();
        assert_eq!(system.calls, [""; 0]);
    }

    #[test]
    fn capabilities_of_a_container() {
        for (status, able) in [
            ("CapPrm:\t0\nCapEff:\t00000000a80425fb\n", true),
            ("CapEff:\t0000000000000000\n", false),
            ("CapEff:\t0000000000000080\n", false),
            ("", true),
        ] {
            assert_eq!(may_give_up_root(status), able, "{status}");
        }
    }

    #[test]
    fn accounts_are_names_or_numbers() {
        assert_eq!(user("12345").unwrap(), 12345);
        assert_eq!(user("root").unwrap(), 0);
        let problem = group("no-such-group").unwrap_err().to_string();
        assert_eq!(
            problem,
            "ZOO_DAEMON_GROUP is `no-such-group`: there is no such group"
        );
    }
}
