//! Reading the entries of a list of servers.

use std::fmt;

use super::{Address, ClientAddress, EntryProblem, Host, Role, Server, ServerId};

/// The text of one entry, its client port apart.
pub(super) struct Entry<'a> {
    server: &'a str,
    client: Option<&'a str>,
}

impl fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.server)?;
        self.client.map_or(Ok(()), |client| write!(f, ";{client}"))
    }
}

pub(super) fn entries(text: &str) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for word in text.split(|letter: char| letter.is_whitespace() || letter == ',') {
        // Only what follows a semicolon directly can be a client port.
        for (index, part) in word
            .split(';')
            .enumerate()
            .filter(|(_, part)| !part.is_empty())
        {
            match entries.last_mut() {
                Some(last) if index > 0 && last.client.is_none() && looks_like_client(part) => {
                    last.client = Some(part);
                }
                _ => entries.push(Entry {
                    server: part,
                    client: None,
                }),
            }
        }
    }
    entries
}

/// A client port has at most one colon outside of brackets, an entry at least two.
fn looks_like_client(part: &str) -> bool {
    !part.contains('=') && split_outside_brackets(part, ':').len() <= 2
}

impl Entry<'_> {
    pub(super) fn parse(&self, position: usize) -> Result<Server, EntryProblem> {
        let (number, rest) = match self.server.strip_prefix("server.") {
            Some(named) => match named.split_once('=') {
                Some((number, rest)) => (Some(number), rest),
                // A host may well be called `server.example.com`.
                None => (None, self.server),
            },
            None => (None, self.server),
        };
        let (rest, suffix) = match split_outside_brackets(rest, ':').as_slice() {
            [_, .., "", number] => (&rest[..rest.len() - number.len() - 2], Some(*number)),
            _ => (rest, None),
        };
        let id = match (number, suffix) {
            (Some(_), Some(_)) => return Err(EntryProblem::NumberTwice),
            (Some(number), None) | (None, Some(number)) => {
                ServerId::parse(number).ok_or_else(|| EntryProblem::Number(number.to_owned()))?
            }
            (None, None) => u8::try_from(position)
                .ok()
                .and_then(ServerId::new)
                .ok_or(EntryProblem::TooMany)?,
        };
        let mut addresses = Vec::new();
        let mut role = Role::Participant;
        for text in rest.split('|') {
            let (address, own_role) = address(text)?;
            addresses.push(address);
            role = own_role.unwrap_or(role);
        }
        let client = self.client.map(client).transpose()?;
        Ok(Server {
            id,
            addresses,
            role,
            client,
        })
    }
}

fn address(text: &str) -> Result<(Address, Option<Role>), EntryProblem> {
    let parts = split_outside_brackets(text, ':');
    let (name, quorum, election, role) = match parts.as_slice() {
        [name, quorum, election] => (name, quorum, election, None),
        [name, quorum, election, role] => (name, quorum, election, Some(*role)),
        _ => return Err(EntryProblem::Form),
    };
    let address = Address {
        host: host(name)?,
        quorum: port(quorum)?,
        election: port(election)?,
    };
    if address.quorum == address.election {
        return Err(EntryProblem::SamePort(address.quorum));
    }
    let role = match role {
        None => None,
        Some(role) if role.eq_ignore_ascii_case("participant") => Some(Role::Participant),
        Some(role) if role.eq_ignore_ascii_case("observer") => Some(Role::Observer),
        Some(other) => return Err(EntryProblem::Role(other.to_owned())),
    };
    Ok((address, role))
}

fn client(text: &str) -> Result<ClientAddress, EntryProblem> {
    match split_outside_brackets(text, ':').as_slice() {
        [only] => Ok(ClientAddress {
            host: None,
            port: port(only)?,
        }),
        [name, number] => Ok(ClientAddress {
            host: Some(host(name)?),
            port: port(number)?,
        }),
        _ => Err(EntryProblem::Form),
    }
}

pub(super) fn host(text: &str) -> Result<Host, EntryProblem> {
    let refused = || EntryProblem::Host(text.to_owned());
    if let Some(inner) = text.strip_prefix('[') {
        let inner = inner.strip_suffix(']').ok_or_else(refused)?;
        return inner.parse().map(Host::V6).map_err(|_| refused());
    }
    // Compose service names may have underscores, which DNS itself forbids.
    let allowed =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_');
    let valid = !text.is_empty() && text.chars().all(allowed);
    valid
        .then(|| Host::Name(text.to_owned()))
        .ok_or_else(refused)
}

fn port(text: &str) -> Result<u16, EntryProblem> {
    decimal(text)
        .and_then(|number| u16::try_from(number).ok())
        .filter(|port| *port > 0)
        .ok_or_else(|| EntryProblem::Port(text.to_owned()))
}

/// Digits only: `parse` alone would take `+1` as well.
pub(super) fn decimal(text: &str) -> Option<u32> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

fn split_outside_brackets(text: &str, separator: char) -> Vec<&str> {
    let mut inside = false;
    text.split(|letter: char| {
        match letter {
            '[' => inside = true,
            ']' => inside = false,
            _ => {}
        }
        !inside && letter == separator
    })
    .collect()
}
