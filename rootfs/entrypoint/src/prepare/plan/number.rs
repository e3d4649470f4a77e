//! The number of this server: what `myid` says, else what `ZOO_SERVER_ID` asks for.

use super::PlanError;
use crate::myid::Myid;
use crate::prepare::facts::{Facts, Found};
use crate::servers::ServerId;
use crate::variables::ids::{SERVER_ID, SERVER_ID_OFFSET};
use crate::variables::{ServerNumber, Values};

/// The number of this server, from both sides.
pub(super) struct OwnNumber {
    /// What `myid` says.
    existing: Option<ServerId>,
    /// Whether it says what we know nothing of, and is left alone.
    left_alone: bool,
    /// What is asked for; nothing where the host name has no number to offer.
    asked_for: Option<ServerId>,
    /// Whether somebody asked for it, or it is the default.
    was_asked_for: bool,
    /// What asks for it, for messages.
    by: String,
}

impl OwnNumber {
    /// Looks at both.
    pub(super) fn find(values: &Values, facts: &Facts, errors: &mut Vec<PlanError>) -> Self {
        let myid = facts.myid.as_deref().map_or(Myid::Empty, Myid::parse);
        let is_kept = matches!(facts.config, Found::Kept(_));
        let (existing, left_alone) = match myid {
            Myid::Server(id) => (Some(id), false),
            // Whoever brought both along knows of it.
            Myid::OutOfRange if is_kept => (None, true),
            Myid::Empty => (None, false),
            Myid::OutOfRange | Myid::Invalid => {
                let path = facts.data_directory.join("myid");
                errors.push(PlanError::Myid { path });
                (None, false)
            }
        };
        let given_as = values.given_as(SERVER_ID);
        let by = given_as.unwrap_or("ZOO_SERVER_ID").to_owned();
        let asked_for = match values.server_number(SERVER_ID) {
            ServerNumber::Fixed(id) => Some(id),
            ServerNumber::OfHostName => {
                let offset = values.integer(SERVER_ID_OFFSET);
                let id = of_host_name(&facts.host_name, offset);
                if id.is_none() && existing.is_none() && !left_alone {
                    errors.push(PlanError::HostName {
                        by: by.clone(),
                        host_name: facts.host_name.clone(),
                        offset,
                    });
                }
                id
            }
        };
        Self {
            existing,
            left_alone,
            asked_for,
            was_asked_for: given_as.is_some(),
            by,
        }
    }

    /// The one in force; nothing where that is an error already, or beyond us.
    pub(super) fn in_force(&self) -> Option<ServerId> {
        self.existing.or_else(|| self.to_write())
    }

    /// What it is in force by.
    pub(super) fn by(&self) -> &str {
        if self.existing.is_some() {
            "its myid"
        } else {
            &self.by
        }
    }

    /// What to write into `myid`; nothing where there is one.
    pub(super) fn to_write(&self) -> Option<ServerId> {
        self.asked_for
            .filter(|_| self.existing.is_none() && !self.left_alone)
    }

    /// What to say where `myid` says something else than was asked for.
    pub(super) fn warning(&self, facts: &Facts) -> Option<String> {
        let path = facts.data_directory.join("myid");
        if self.left_alone {
            return Some(format!(
                "{} holds a number that is not from 1 to 255, and stays as it is because zoo.cfg does",
                path.display()
            ));
        }
        let id = self
            .existing
            .filter(|id| self.was_asked_for && Some(*id) != self.asked_for)?;
        Some(format!(
            "{} says {id} and wins, {} is ignored",
            path.display(),
            self.by
        ))
    }
}

/// `zk-0` and offset 1 is server 1. Of a full name only the host's own part counts.
fn of_host_name(host_name: &str, offset: u32) -> Option<ServerId> {
    let host = host_name.split('.').next().unwrap_or_default();
    let digits = host.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let number = digits
        .rsplit(|letter: char| !letter.is_ascii_digit())
        .next()?;
    let number: u32 = number.parse().ok()?;
    ServerId::parse(&number.checked_add(offset)?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_at_the_end_of_a_host_name() {
        for (host_name, offset, expected) in [
            ("zk-0", 1, ServerId::new(1)),
            ("zk-2.zk-headless.default.svc", 1, ServerId::new(3)),
            ("zoo1", 0, ServerId::new(1)),
            ("zk3-10", 100, ServerId::new(110)),
            ("007", 0, ServerId::new(7)),
            ("zk-0", 0, None),
            ("zk-255", 1, None),
            ("zk-99999999999", 1, None),
            ("zoo", 1, None),
            ("zk-1a", 1, None),
            ("", 1, None),
        ] {
            assert_eq!(of_host_name(host_name, offset), expected, "{host_name}");
        }
    }
}
