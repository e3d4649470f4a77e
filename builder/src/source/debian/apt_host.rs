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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fs;
    use std::path::{Path, PathBuf};

    /// In lines: each entry as `place uri [suites] [components] proxy`, then what is to be said of
    /// it; paths relative to the root.
    fn written(root: &Path) -> String {
        let host = AptHost::read(&AptLocation {
            directory: root.join("etc/apt"),
            root: root.to_owned(),
        });
        let mut lines = Vec::new();
        for entry in &host.entries {
            let AptEntry {
                uri, proxy, from, ..
            } = entry;
            let (suites, components) = (entry.suites.join(" "), entry.components.join(" "));
            let proxy = match proxy {
                AptProxy::Environment => "environment".to_owned(),
                AptProxy::Direct => "direct".to_owned(),
                AptProxy::Through(url) => format!("through {url}"),
            };
            lines.push(format!("{from} {uri} [{suites}] [{components}] {proxy}"));
        }
        if !host.check_valid_until {
            lines.push("Valid-Until is not checked".to_owned());
        }
        for warning in &host.warnings {
            let kind = if warning.is_note() { "note" } else { "warning" };
            lines.push(format!("{kind}: {}", warning.message()));
        }
        let prefix = format!("{}/", root.display());
        (lines.join("\n") + "\n").replace(&prefix, "")
    }

    // The shape of what real hosts have, with other names in it. `SNAPSHOTS=overwrite` writes the
    // expectations anew.
    #[test]
    fn reads_what_real_hosts_have() {
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/source/debian/samples");
        let mut roots: Vec<PathBuf> = samples
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        roots.sort();
        assert!(!roots.is_empty());
        for root in roots {
            let expected = snapbox::Data::read_from(&root.join("expected.txt"), None).raw();
            snapbox::Assert::new()
                .action_env(snapbox::assert::DEFAULT_ACTION_ENV)
                .eq(written(&root), expected);
        }
    }

    #[test]
    fn a_host_without_apt_tells_nothing() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(written(root.path()), "\n");
    }

    #[test]
    fn a_proxy_of_no_use_is_told_once_and_leaves_it_to_the_environment() {
        let root = tempfile::tempdir().unwrap();
        let apt = root.path().join("etc/apt");
        fs::create_dir_all(&apt).unwrap();
        let sources = "deb http://a.example/debian trixie main\ndeb https://b.example/debian trixie main\ndeb http://user:secret@:x/ trixie main\n";
        fs::write(apt.join("sources.list"), sources).unwrap();
        let configuration = "Acquire::http::Proxy \"secret:secret@proxy.example:3128\";\n";
        fs::write(apt.join("apt.conf"), configuration).unwrap();
        assert_eq!(
            written(root.path()),
            "etc/apt/sources.list:1 http://a.example/debian [trixie] [main] environment
etc/apt/sources.list:2 https://b.example/debian [trixie] [main] environment
etc/apt/sources.list:3 http://user:secret@:x [trixie] [main] direct
warning: etc/apt/apt.conf:1: passed over: a proxy is spoken to by `http:`, `https:` or `socks5h:`, not by `secret:`
"
        );
    }

    proptest! {
        #[test]
        fn never_panics(
            sources in "(deb (https?|file|mirror\\+file):[a-z@:/.]{0,12} a b\n|.){0,4}",
            configuration in "(Acquire::https?::Proxy \"[a-z0-9:/@.]{0,12}\";\n|.){0,3}",
            auth in "((machine|login|password) [a-z:/.]{0,12}\n|.){0,6}",
        ) {
            let root = tempfile::tempdir().unwrap();
            let apt = root.path().join("etc/apt");
            fs::create_dir_all(&apt).unwrap();
            fs::write(apt.join("sources.list"), sources).unwrap();
            fs::write(apt.join("apt.conf"), configuration).unwrap();
            fs::write(apt.join("auth.conf"), auth).unwrap();
            let _ = written(root.path());
        }
    }
}
