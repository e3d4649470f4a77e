//! All that a host's apt tells us: the addresses of its sources, the users and passwords that it
//! keeps apart from them, and the proxies on the way.
//!
//! Whoever set the host up knows which mirror is near, allowed and not blocked; asking apt's own
//! configuration saves a user from saying it twice. Which suite is asked for and whose signature is
//! believed does not come from here.

use url::Url;

use super::apt_auth::AptAuth;
use super::apt_configuration::AptConfiguration;
use super::apt_file::{AptLocation, AptProblem, AptWarning, Place, warn_once};
use super::apt_proxy::{AptProxy, parse, program, setting};
use super::apt_sources::{AptSources, SourceAddress, read_sources};

/// What apt is configured with.
#[derive(Debug)]
pub struct AptHost {
    /// One for each address, in apt's order; the same address can come more than once.
    pub entries: Vec<AptEntry>,
    /// Whether a Release file that is past its `Valid-Until` is refused
    /// (`Acquire::Check-Valid-Until`).
    pub check_valid_until: bool,
    /// What was passed over.
    pub warnings: Vec<AptWarning>,
}

/// An address that apt fetches packages from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AptEntry {
    /// `http:`, `https:` or `file:`, without a slash at its end. Carries the user and the password
    /// that apt would use.
    pub uri: String,
    /// The way to it.
    pub proxy: AptProxy,
    /// The suites that apt asks it for.
    pub suites: Vec<String>,
    /// The components, none where the suite is a directory.
    pub components: Vec<String>,
    /// Where it stands.
    pub from: Place,
}

impl AptHost {
    /// Reads everything. A host without apt gives no entries.
    #[must_use]
    pub fn read(location: &AptLocation) -> Self {
        let AptSources {
            entries,
            mut warnings,
        } = read_sources(location);
        let configuration = AptConfiguration::read(location, &mut warnings);
        let auth = AptAuth::read(location, &mut warnings);
        let entries = entries
            .into_iter()
            .map(|entry| equip(entry, &configuration, &auth, &mut warnings))
            .collect();
        Self {
            entries,
            check_valid_until: configuration.check_valid_until(),
            warnings,
        }
    }
}

fn equip(
    entry: SourceAddress,
    configuration: &AptConfiguration,
    auth: &AptAuth,
    warnings: &mut Vec<AptWarning>,
) -> AptEntry {
    let SourceAddress {
        mut uri,
        suites,
        components,
        from,
    } = entry;
    let mut proxy = AptProxy::Direct;
    // What is no address for us is told so when it is asked.
    if let Ok(mut url) = Url::parse(&uri)
        && url.scheme() != "file"
    {
        proxy = find_proxy(&url, configuration, auth, warnings);
        // Below this, each file is asked for.
        if let Some(found) = auth.credentials(&format!("{uri}/"), warnings) {
            found.apply(&mut url);
            uri = url.as_str().trim_end_matches('/').to_owned();
        }
    }
    AptEntry {
        uri,
        proxy,
        suites,
        components,
        from,
    }
}

fn find_proxy(
    url: &Url,
    configuration: &AptConfiguration,
    auth: &AptAuth,
    warnings: &mut Vec<AptWarning>,
) -> AptProxy {
    let host = url.host_str().unwrap_or_default();
    if let Some(program) = program(configuration, url.scheme(), host) {
        warn_once(warnings, program.place.clone(), AptProblem::ProxyProgram);
    }
    let Some(setting) = setting(configuration, url.scheme(), host) else {
        return AptProxy::Environment;
    };
    match parse(&setting.value) {
        Ok(AptProxy::Through(mut proxy)) => {
            if let Some(found) = auth.credentials(&setting.value, warnings) {
                found.apply(&mut proxy);
            }
            AptProxy::Through(proxy)
        }
        Ok(other) => other,
        Err(problem) => {
            warn_once(warnings, setting.place.clone(), problem);
            AptProxy::Environment
        }
    }
}
