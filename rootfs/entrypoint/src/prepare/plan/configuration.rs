//! What becomes of `zoo.cfg`: whether it is made, and whether the server reads it or a copy of it.
//!
//! Before 3.5.8 and in 3.6.0 a server whose own address is `0.0.0.0` never rejoins its ensemble after a restart
//! (ZOOKEEPER-2164). Before 3.5.9 and 3.6.2 one that has followed and then leads compares that address with the one
//! that the former leader knew it by, takes itself for a stranger, and commits nothing for ever, while every
//! member says that it serves (ZOOKEEPER-3829). There it reads a copy with its own name, made anew at every start:
//! a name in the file itself would go stale on a volume that another container takes over.

use std::path::Path;

use super::PlanError;
use super::number::OwnNumber;
use super::servers;
use crate::auth::ports;
use crate::config;
use crate::prepare::facts::{Facts, Found, Kept, Reason};
use crate::properties::{self, Properties};
use crate::protection::{self, Origin};
use crate::release::Release;
use crate::servers::{Host, Server, ServerId, ServerList};
use crate::stamp;
use crate::tls::{passwords, rules, stores};
use crate::variables::Values;
use crate::variables::ids::{
    ADVERTISED_HOST, CONF_DIR, ENABLE_AUTH, ENABLE_QUORUM_AUTH, SERVERS, TLS_QUORUM_ENABLE,
};

/// Which file the server reads. In a quorum ZooKeeper writes beside it, also without reconfiguration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartFrom {
    /// `zoo.cfg` itself, which ZooKeeper may replace: reconfiguration is on.
    Itself,
    /// `zoo.cfg` where its directory can be written, else a copy of this content.
    ItselfOrCopy(Vec<u8>),
    /// A copy with this content.
    Copy(Vec<u8>),
}

/// What becomes of `zoo.cfg`.
pub(super) struct Decision {
    /// What to write; nothing where the file that is there stays.
    pub(super) write: Option<String>,
    /// What is in force.
    pub(super) properties: Properties,
    /// Which file the server reads.
    pub(super) start_from: StartFrom,
    /// What to warn of.
    pub(super) warnings: Vec<String>,
    /// What is worth knowing.
    pub(super) notes: Vec<String>,
}

/// Decides; what is wrong is added to `errors`.
pub(super) fn decide(
    values: &Values,
    facts: &Facts,
    number: &OwnNumber,
    errors: &mut Vec<PlanError>,
) -> Decision {
    let own = Own {
        id: number.in_force(),
        name: own_name(values, facts),
    };
    let path = values.path(CONF_DIR).join("zoo.cfg");
    let release = facts.installed.release;
    let unmet = |config: &Properties, origin: Origin| -> Vec<PlanError> {
        let unmet = protection::unmet(values, release, config, &origin);
        unmet.into_iter().map(PlanError::from).collect()
    };
    let (content, write, mut warnings) = match &facts.config {
        Found::Kept(kept) => {
            errors.extend(unmet(&kept.properties, Origin::kept(&path)));
            let warning = kept_warning(values, kept);
            (kept.content.clone(), None, Vec::from_iter(warning))
        }
        Found::Nothing | Found::Ours(_) => {
            servers::check(values, facts.installed, number, errors);
            let (listed, of_name) = servers_to_write(values, facts, &own);
            let (body, mut warnings) = config::body(values, &listed, facts.installed);
            warnings.extend(of_name);
            let stores = stores::problems(values, &facts.unusable_stores);
            let settings = unmet(&Properties::parse(body.as_bytes()), Origin::Settings);
            // Without stores there is nothing more to be said of TLS.
            let follows = |error: &PlanError| {
                !stores.is_empty()
                    && matches!(error, PlanError::Protection(demand) if demand.is_of_tls())
            };
            errors.extend(settings.into_iter().filter(|error| !follows(error)));
            errors.extend(stores.into_iter().map(PlanError::from));
            let content = stamp::stamped(&body);
            // A password must not stay where anybody can read it.
            let open = passwords::stand_in(&Properties::parse(body.as_bytes()))
                && facts.config_mode.is_some_and(|mode| mode & 0o077 != 0);
            let there =
                !open && matches!(&facts.config, Found::Ours(old) if *old == content.as_bytes());
            let bytes = content.clone().into_bytes();
            (bytes, (!there).then_some(content), warnings)
        }
    };
    let properties = Properties::parse(&content);
    warnings.extend(rules::warnings(values, &properties, &path));
    warnings.extend(password_warning(&properties, facts, &path));
    let reconfigurable = config::is_reconfigurable(&properties);
    if reconfigurable {
        if facts.config_is_mounted {
            errors.push(PlanError::ReconfigurationOfAFile { path });
        }
        warnings.extend(unspecified_warning(&properties, &own));
    }
    let mut notes = Vec::new();
    let start_from = if reconfigurable {
        StartFrom::Itself
    } else if let Some(named) = with_own_name(&content, &properties, release, &own) {
        notes.push(format!(
            "ZooKeeper {release} may serve nobody with the own address 0.0.0.0 (ZOOKEEPER-2164, ZOOKEEPER-3829): it starts as {}",
            own.name
        ));
        StartFrom::Copy(named)
    } else {
        StartFrom::ItselfOrCopy(content)
    };
    Decision {
        write,
        properties,
        start_from,
        warnings,
        notes,
    }
}

/// What to say of passwords that stand in the file: the variables of TLS would keep them out of it.
fn password_warning(properties: &Properties, facts: &Facts, path: &Path) -> Option<String> {
    if !passwords::stand_in(properties) {
        return None;
    }
    let path = path.display();
    match (&facts.config, facts.config_mode) {
        (Found::Kept(_), Some(mode)) if mode & 0o004 != 0 => Some(format!(
            "{path} has passwords, and with its mode {mode:04o} everybody can read them: make it 0600"
        )),
        (Found::Nothing | Found::Ours(_), _) if config::is_reconfigurable(properties) => {
            Some(format!(
                "{path} has passwords, and with reconfiguration on ZooKeeper writes it anew so that everybody can read \
                 them: use ZOO_TLS_…_PASSWORD instead of ZOO_CFG_…"
            ))
        }
        _ => None,
    }
}

/// This server, as the others know it.
struct Own {
    id: Option<ServerId>,
    name: String,
}

impl Own {
    fn entry<'a>(&self, servers: &'a ServerList) -> Option<&'a Server> {
        servers.get(self.id?)
    }
}

fn own_name(values: &Values, facts: &Facts) -> String {
    values
        .optional_text(ADVERTISED_HOST)
        .unwrap_or(&facts.host_name)
        .to_owned()
}

/// Before 3.5.9, in 3.6.0 and in 3.6.1.
fn needs_own_name(release: Release) -> bool {
    let fixed_later = Release::new(3, 6, 0)..Release::new(3, 6, 2);
    release < Release::new(3, 5, 9) || fixed_later.contains(&release)
}

/// Once reconfiguration is on nothing but ZooKeeper itself may change the list, so the name goes into it, and
/// what to say of one that nobody has chosen.
fn servers_to_write(values: &Values, facts: &Facts, own: &Own) -> (ServerList, Option<String>) {
    let servers = values.servers(SERVERS).clone();
    if is_for_nobody_else(values) {
        return (on_loopback(&servers, own), None);
    }
    if !config::asks_for_reconfiguration(values) || !needs_own_name(facts.installed.release) {
        return (servers, None);
    }
    let Some(entry) = named(&servers, own) else {
        return (servers, None);
    };
    let warning = values.optional_text(ADVERTISED_HOST).is_none().then(|| {
        format!(
            "reconfiguration is on and the own address is 0.0.0.0: this server is written into zoo.cfg as {}, its host \
             name of now, and the others must find it by that for good; set ZOO_ADVERTISED_HOST, or give it its name in \
             ZOO_SERVERS",
            own.name
        )
    });
    (servers.with(entry), warning)
}

/// Whether the ports between servers are for this one alone, and nothing else keeps others out: with passwords for
/// clients, without a list that anybody has given, and without a way to get one.
fn is_for_nobody_else(values: &Values) -> bool {
    values.boolean(ENABLE_AUTH)
        && !values.boolean(ENABLE_QUORUM_AUTH)
        && !values.boolean(TLS_QUORUM_ENABLE)
        && values.given_as(SERVERS).is_none()
        && !config::asks_for_reconfiguration(values)
}

fn on_loopback(servers: &ServerList, own: &Own) -> ServerList {
    let servers = servers.clone();
    let Some(mut entry) = own.entry(&servers).cloned() else {
        return servers;
    };
    for address in &mut entry.addresses {
        address.host = ports::loopback();
    }
    servers.with(entry)
}

/// The own entry with the own name in the place of `0.0.0.0`, where there is somebody to rejoin.
fn named(servers: &ServerList, own: &Own) -> Option<Server> {
    let mut entry = own.entry(servers)?.clone();
    let name = Host::parse(&own.name)?;
    let address = entry.addresses.first_mut()?;
    if servers.len() == 1 || !address.host.is_unspecified() {
        return None;
    }
    address.host = name;
    Some(entry)
}

/// `content` with later lines that win over its own.
fn with_own_name(
    content: &[u8],
    properties: &Properties,
    release: Release,
    own: &Own,
) -> Option<Vec<u8>> {
    let listed = config::servers_of(properties).filter(|_| needs_own_name(release))?;
    let entry = named(&listed, own)?;
    let mut copy = content.to_vec();
    copy.push(b'\n');
    for (key, value) in [
        (format!("server.{}", entry.id), entry.value()),
        // The name may lead to one address of several, or to that of a proxy.
        ("quorumListenOnAllIPs".to_owned(), "true".to_owned()),
    ] {
        copy.extend_from_slice(properties::line(&key, &value).as_bytes());
    }
    Some(copy)
}

fn unspecified_warning(properties: &Properties, own: &Own) -> Option<String> {
    let servers = config::servers_of(properties)?;
    let is_unspecified = |host: &Host| host.is_unspecified();
    let entry = own.entry(&servers)?;
    entry
        .addresses
        .iter()
        .any(|address| is_unspecified(&address.host))
        .then(|| {
            "reconfiguration is on and the own address is 0.0.0.0, which clients are handed: give this server its name \
             in ZOO_SERVERS"
                .to_owned()
        })
}

fn kept_warning(values: &Values, kept: &Kept) -> Option<String> {
    let ignored = config::ignored_variables(values, &kept.properties, kept.servers.as_ref());
    (!ignored.is_empty()).then(|| {
        let path = values.path(CONF_DIR).join("zoo.cfg");
        let why = match kept.reason {
            Reason::Brought => "was brought along or edited and wins",
            Reason::Reconfigurable => "has reconfiguration on and is ZooKeeper's own from now on",
        };
        format!("{} {why}; ignored: {}", path.display(), ignored.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(content: &str, release: Release, name: &str) -> Option<String> {
        let own = Own {
            id: ServerId::new(2),
            name: name.to_owned(),
        };
        let properties = Properties::parse(content.as_bytes());
        with_own_name(content.as_bytes(), &properties, release, &own)
            .map(|copy| String::from_utf8(copy).unwrap())
    }

    #[test]
    fn where_the_own_address_must_be_a_name() {
        let three = "# mine\nserver.1=a:1:2\nserver.2=0.0.0.0:1:2:observer;2181";
        let old = Release::new(3, 5, 7);
        let expected =
            format!("{three}\nserver.2=zoo2:1:2:observer;2181\nquorumListenOnAllIPs=true\n");
        assert_eq!(copied(three, old, "zoo2"), Some(expected.clone()));
        for release in [Release::new(3, 5, 8), Release::new(3, 6, 1)] {
            assert_eq!(copied(three, release, "zoo2"), Some(expected.clone()));
        }
        for release in [Release::new(3, 5, 9), Release::new(3, 6, 2)] {
            assert_eq!(copied(three, release, "zoo2"), None);
        }
        for content in [
            "server.2=0.0.0.0:1:2",
            "server.1=0.0.0.0:1:2\nserver.2=b:1:2",
            "server.1=a:1:2\nserver.3=0.0.0.0:1:2",
            "dynamicConfigFile=/srv/conf/zookeeper/zoo.cfg.dynamic",
        ] {
            assert_eq!(copied(content, old, "zoo2"), None, "{content}");
        }
        assert_eq!(copied(three, old, ""), None, "a host without a name");
        let address = copied(three, old, "::1").unwrap();
        assert!(address.contains("\nserver.2=[::1]:1:2:observer;2181\n"));
    }
}
