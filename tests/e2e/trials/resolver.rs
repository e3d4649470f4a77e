//! Our resolver against apt's: the same lists, an empty root, the same packages in the same versions.
//!
//! Where the two may differ, a rule says how, for all packages alike:
//! - What the catalog says is not wanted, apt is told to have: whatever asks for it is content.
//! - Where several packages provide a name and we refuse to guess, we are told apt's choice, as the
//!   catalog would tell it.
//! - What no list has, neither brings.
//!
//! Not compared, since here the two may rightly differ: sets in which an earlier choice among
//! alternatives decides a later one. apt goes depth first, and back; we go breadth first, and never back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use e2e::apt::{Addresses, AptRoot, Offered, OfferedPackage, Target};
use e2e::images::World;
use e2e::need::{APT, ARCHIVE_KEYRING};
use libtest_mimic::Trial;
use zookiln::catalog::{Catalog, EMBEDDED_CATALOG};
use zookiln::source::debian::name::PackageName;
use zookiln::source::debian::packages::PackageIndex;
use zookiln::source::debian::resolver::{Closure, Request, ResolveError, resolve};

use crate::{Suite, same};

const CODENAMES: [&str; 2] = ["bookworm", "trixie"];
const ARCHITECTURES: [&str; 2] = ["amd64", "arm64"];

/// What people put into images, from the smallest to what needs hundreds; some are in one release only.
const ROOTS: &[&str] = &[
    "apache2",
    "bash",
    "bash busybox-static libc6",
    "bind9-dnsutils",
    "busybox",
    "ca-certificates",
    "curl",
    "default-jre-headless",
    "gawk bash",
    "gcc",
    "git",
    "iproute2 iputils-ping",
    "libstdc++6 zlib1g",
    "locales",
    "maven",
    "mawk perl-base",
    "netcat-openbsd",
    "nginx-light",
    "nodejs",
    "openjdk-17-jre-headless",
    "openjdk-21-jdk-headless",
    "openjdk-21-jre-headless",
    "openjdk-25-jre-headless",
    "openssh-client",
    "openssl",
    "original-awk",
    "perl",
    "perl-base",
    "postgresql-client",
    "procps psmisc",
    "python3",
    "python3-minimal",
    "rsync",
    "ruby",
    "sqlite3",
    "tini dumb-init gosu",
    "tzdata",
    "util-linux",
    "zookeeper",
];

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let mut trials = Vec::new();
    for codename in CODENAMES {
        for architecture in ARCHITECTURES {
            let name = format!("resolver_like_apt/{codename}-{architecture}");
            let target = Target {
                codename,
                architecture,
            };
            let needs = &[APT, ARCHIVE_KEYRING];
            trials.push(suite.trial(name, needs, move |world| like_apt(world, &target)));
        }
    }
    trials
}

fn like_apt(world: &World, target: &Target<'_>) -> anyhow::Result<()> {
    let Target {
        codename,
        architecture,
    } = *target;
    let catalog = Catalog::parse(Path::new("versions.toml"), EMBEDDED_CATALOG)?;
    let directory = world.directory(&format!("apt-{codename}-{architecture}"))?;
    let addresses = match Addresses::of_host()? {
        Some(addresses) => addresses,
        None => public(&catalog)?,
    };
    let apt = AptRoot::make(&directory, target, &addresses)?;
    let mut index = PackageIndex::new(architecture);
    for (suite, path) in apt.lists()? {
        index.add(&suite, BufReader::new(File::open(path)?))?;
    }
    ensure!(
        index.len() > 10_000,
        "the lists have {} packages",
        index.len()
    );

    let mut differences = Vec::new();
    for roots in ROOTS {
        let result = compare(&apt, &index, roots, &BTreeSet::new());
        differences.extend(result.err().map(|error| format!("{roots}: {error:#}")));
    }
    if let Some(archive) = catalog.debian.get(codename) {
        let unwanted: BTreeSet<String> = archive.unwanted.iter().cloned().collect();
        apt.pretend_installed(&unwanted, architecture)?;
        for set in catalog.package_sets(codename) {
            let roots = [set.below.as_slice(), &set.roots].concat().join(" ");
            let result = compare(&apt, &index, &roots, &unwanted)
                .and_then(|()| compare_simulated(&apt, &roots));
            differences.extend(result.err().map(|error| format!("{}: {error:#}", set.name)));
        }
    }
    ensure!(differences.is_empty(), "{}", differences.join("\n"));
    Ok(())
}

/// Public mirrors, for a host that is none of Debian's.
fn public(catalog: &Catalog) -> anyhow::Result<Addresses> {
    let archive = catalog
        .debian
        .values()
        .next()
        .context("no Debian release")?;
    let first = |mirrors: &[String]| mirrors.first().cloned().context("no mirror");
    Ok(Addresses {
        archive: first(&archive.mirrors)?,
        security: first(&archive.security_mirrors)?,
    })
}

/// Fails where apt and we bring different packages for the same roots.
fn compare(
    apt: &AptRoot,
    index: &PackageIndex,
    roots: &str,
    unwanted: &BTreeSet<String>,
) -> anyhow::Result<()> {
    let roots: Vec<&str> = roots.split(' ').collect();
    let request = Request {
        roots: names(&roots)?,
        unwanted: names(unwanted)?,
        choices: BTreeMap::new(),
    };
    match apt.install(&roots)? {
        Ok(expected) => {
            let closure = resolve_choosing(index, request, &expected)?;
            same_packages(&expected, &closure)
        }
        Err(said) => match resolve(index, &request) {
            Err(ResolveError::NotFound { .. }) => Ok(()),
            Err(error) => bail!("we say: {error}\napt says: {said}"),
            Ok(_) => bail!("we resolve it, and apt says: {said}"),
        },
    }
}

/// Fails where apt's addresses, which are quicker to be had, are not of what it would install.
fn compare_simulated(apt: &AptRoot, roots: &str) -> anyhow::Result<()> {
    let roots: Vec<&str> = roots.split(' ').collect();
    let listed = apt.install(&roots)?.map_err(anyhow::Error::msg)?;
    let listed: BTreeMap<String, String> = (listed.into_iter())
        .map(|(name, package)| (name, package.version))
        .collect();
    same("simulated", apt.simulate(&roots)?, listed)
}

/// Our closure, with apt's choice for every name that several provide.
fn resolve_choosing<'index>(
    index: &'index PackageIndex,
    mut request: Request,
    expected: &Offered,
) -> anyhow::Result<Closure<'index>> {
    loop {
        let (wanted, candidates) = match resolve(index, &request) {
            Err(ResolveError::Ambiguous {
                wanted, candidates, ..
            }) => (wanted, candidates),
            other => return Ok(other?),
        };
        let chosen = (candidates.iter())
            .find(|candidate| expected.contains_key(candidate.as_str()))
            .with_context(|| format!("apt brings none of {candidates:?} for `{wanted}`"))?;
        let name = wanted.split([' ', ':']).next().unwrap_or_default();
        let known = request.choices.insert(name.parse()?, chosen.clone());
        ensure!(known.is_none(), "`{wanted}` is asked for twice");
    }
}

fn same_packages(expected: &Offered, closure: &Closure<'_>) -> anyhow::Result<()> {
    let found: Offered = (closure.packages.iter())
        .map(|package| {
            let of_file = OfferedPackage {
                version: package.version.to_string(),
                size: package.size,
                sha256: package.sha256.hex().to_owned(),
            };
            (package.name.to_string(), of_file)
        })
        .collect();
    let lines = |from: &Offered, without: &Offered, sign: char| -> Vec<String> {
        (from.iter())
            .filter(|(name, package)| without.get(*name) != Some(*package))
            .map(|(name, package)| format!("{sign}{name} {}", package.version))
            .collect()
    };
    let missing = lines(expected, &found, '-');
    let surplus = lines(&found, expected, '+');
    ensure!(
        missing.is_empty() && surplus.is_empty(),
        "{}",
        [missing, surplus].concat().join(", ")
    );
    Ok(())
}

fn names(
    names: impl IntoIterator<Item = impl AsRef<str>>,
) -> anyhow::Result<BTreeSet<PackageName>> {
    let names = names.into_iter().map(|name| Ok(name.as_ref().parse()?));
    names.collect()
}
