//! From the catalog's text to validated types.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::UNIX_EPOCH;

use layers::{Digest, ImagePath};

use super::raw::{RawCatalog, RawRelease};
use super::{Catalog, CatalogError, DebianArchive, ImageSettings, PathPatterns, Release, Tarball};
use crate::entrypoint;
use crate::source::debian::name::PackageName;
use crate::source::http;

/// The catalog this program was built with, so that an installed one needs no checkout.
pub const EMBEDDED_CATALOG: &str = include_str!("../../../versions.toml");

impl Catalog {
    /// Reads and checks a catalog's text; `path` is for messages.
    pub fn parse(path: &Path, text: &str) -> Result<Self, CatalogError> {
        let raw: RawCatalog =
            toml::from_str(text).map_err(|error| CatalogError::from_toml(path, text, &error))?;
        let invalid = |message: String| CatalogError::Invalid {
            path: path.to_owned(),
            message,
        };

        let created = humantime::parse_rfc3339(&raw.created)
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .map(|duration| duration.as_secs())
            .filter(|seconds| *seconds > 0)
            .ok_or_else(|| {
                invalid(format!(
                    "`created`: `{}` is no time like `2026-01-01T00:00:00Z`",
                    raw.created
                ))
            })?;
        if raw.platforms.is_empty() {
            return Err(invalid("`platforms` is empty".to_owned()));
        }
        for variant in super::Variant::ALL {
            if !raw.variant.contains_key(&variant) {
                return Err(invalid(format!("`variant.{variant}` is missing")));
            }
        }
        validate_image(&raw.image).map_err(invalid)?;
        validate_addresses(&raw).map_err(invalid)?;
        for (codename, archive) in &raw.debian {
            validate_archive(codename, archive).map_err(invalid)?;
        }
        let debian_users = (raw
            .base
            .iter()
            .map(|(name, set)| (format!("base.{name}"), &set.debian)))
        .chain(
            raw.shell
                .iter()
                .map(|(name, set)| (format!("shell.{name}"), &set.debian)),
        )
        .chain(
            raw.java
                .iter()
                .map(|(name, runtime)| (format!("java.{name}"), &runtime.debian)),
        );
        for (table, codename) in debian_users {
            if !raw.debian.contains_key(codename) {
                return Err(invalid(format!(
                    "`{table}` names the unknown `debian.{codename}`"
                )));
            }
        }
        let mut versions = BTreeSet::new();
        let mut releases = Vec::with_capacity(raw.release.len());
        for release in &raw.release {
            if !versions.insert(release.version.as_str()) {
                return Err(invalid(format!("release {} stands twice", release.version)));
            }
            releases.push(validate_release(&raw, release).map_err(invalid)?);
        }
        validate_tags(&releases).map_err(invalid)?;
        Ok(Self {
            created,
            platforms: raw.platforms,
            image: raw.image,
            variants: raw.variant,
            apache_mirrors: raw.apache.mirrors,
            apache_keys: raw.apache.keys,
            maven_mirrors: raw.maven.mirrors,
            debian: raw.debian,
            bases: raw.base,
            shells: raw.shell,
            java: raw.java,
            releases,
        })
    }
}

/// What an engine would refuse, or the entrypoint could not follow, when it is too late.
fn validate_image(image: &ImageSettings) -> Result<(), String> {
    let program = format!("{}/bin/entrypoint", entrypoint::HOME);
    if image.entrypoint.first() != Some(&program) {
        return Err(format!("`image.entrypoint` must begin with `{program}`"));
    }
    for volume in &image.volumes {
        let absolute = volume.starts_with('/') && volume.parse::<ImagePath>().is_ok();
        if !absolute {
            return Err(format!("`image.volumes`: `{volume}` is no absolute path"));
        }
    }
    for port in &image.ports {
        let number = port
            .strip_suffix("/tcp")
            .or_else(|| port.strip_suffix("/udp"));
        if number
            .and_then(|number| number.parse::<u16>().ok())
            .is_none_or(|number| number == 0)
        {
            return Err(format!(
                "`image.ports`: `{port}` is no port like `2181/tcp`"
            ));
        }
    }
    let user = &image.user;
    let plain_user = user.name.bytes().all(|byte| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-')
    }) && user
        .name
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_lowercase());
    if !plain_user || user.name == "root" {
        return Err(format!(
            "`image.user.name`: `{}` is no name of a user",
            user.name.escape_debug()
        ));
    }
    // The last number means "unchanged" to the kernel, 0 is root.
    if [user.uid, user.gid]
        .iter()
        .any(|id| *id == 0 || *id == u32::MAX)
    {
        return Err(
            "`image.user`: `uid` and `gid` must be above 0 and below 4294967295".to_owned(),
        );
    }
    let check = &image.health_check;
    let longest = [
        check.interval_seconds,
        check.timeout_seconds,
        check.start_period_seconds,
    ]
    .into_iter()
    .max();
    if longest.is_some_and(|seconds| seconds > 86_400) {
        return Err("`image.health-check`: a day, 86400 seconds, is the most".to_owned());
    }
    let variable = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if let Some(name) = image.environment.keys().find(|name| !variable(name)) {
        return Err(format!(
            "`image.environment`: `{}` is no name of a variable",
            name.escape_debug()
        ));
    }
    if !image.working_directory.starts_with('/') {
        return Err(format!(
            "`image.working-directory`: `{}` is no absolute path",
            image.working_directory
        ));
    }
    let name = image.name.as_str();
    let plain = |byte: u8| {
        byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || matches!(byte, b'.' | b'_' | b'-' | b'/' | b':')
    };
    if name.is_empty()
        || !name.bytes().all(plain)
        || name
            .rsplit('/')
            .next()
            .is_some_and(|last| last.contains(':'))
    {
        return Err(format!(
            "`image.name`: `{name}` is no name of an image without a tag"
        ));
    }
    Ok(())
}

/// A mistyped mirror would otherwise be one that nobody misses.
fn validate_addresses(catalog: &RawCatalog) -> Result<(), String> {
    let mut addresses: Vec<(String, &String)> = Vec::new();
    for (key, listed) in [
        ("apache.mirrors", &catalog.apache.mirrors),
        ("apache.keys", &catalog.apache.keys),
        ("maven.mirrors", &catalog.maven.mirrors),
    ] {
        addresses.extend(listed.iter().map(|address| (key.to_owned(), address)));
    }
    for (name, archive) in &catalog.debian {
        addresses.extend(
            archive
                .mirrors
                .iter()
                .map(|mirror| (format!("debian.{name}.mirrors"), mirror)),
        );
        addresses.extend(
            archive
                .security_mirrors
                .iter()
                .map(|mirror| (format!("debian.{name}.security-mirrors"), mirror)),
        );
        addresses.push((format!("debian.{name}.snapshot"), &archive.snapshot));
    }
    for (key, address) in addresses {
        http::parse_address(address).map_err(|error| format!("`{key}`: {error}"))?;
    }
    Ok(())
}

fn validate_archive(codename: &str, archive: &DebianArchive) -> Result<(), String> {
    if archive.signers.is_empty() {
        return Err(format!(
            "`debian.{codename}.signers` is empty: nobody could vouch for a package"
        ));
    }
    let names = (archive.unwanted.iter())
        .chain(archive.choices.keys())
        .chain(archive.choices.values());
    for name in names {
        (name.parse::<PackageName>()).map_err(|error| format!("`debian.{codename}`: {error}"))?;
    }
    Ok(())
}

fn validate_release(catalog: &RawCatalog, release: &RawRelease) -> Result<Release, String> {
    let version = &release.version;
    let plain = !version.is_empty()
        && version
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    if !plain {
        return Err(format!(
            "release `{version}`: a version is numbers and dots"
        ));
    }
    let references = [
        (
            "base",
            &release.base,
            catalog.base.contains_key(&release.base),
        ),
        (
            "shell",
            &release.shell,
            catalog.shell.contains_key(&release.shell),
        ),
        (
            "java",
            &release.java,
            catalog.java.contains_key(&release.java),
        ),
    ];
    for (table, name, known) in references {
        if !known {
            return Err(format!(
                "release {version} names the unknown `{table}.{name}`"
            ));
        }
    }
    let base = &catalog.base[&release.base].debian;
    let others = [
        &catalog.shell[&release.shell].debian,
        &catalog.java[&release.java].debian,
    ];
    if others.into_iter().any(|codename| codename != base) {
        return Err(format!(
            "release {version}: base, shell and java must be of one Debian release"
        ));
    }
    if release.tags.first() != Some(version) {
        return Err(format!(
            "release {version}: the first of `tags` must be the version"
        ));
    }
    let is_tag = |tag: &String| {
        tag.len() <= 128
            && tag
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
            && tag
                .bytes()
                .next()
                .is_some_and(|byte| byte.is_ascii_alphanumeric())
    };
    if let Some(tag) = release.tags.iter().find(|tag| !is_tag(tag)) {
        return Err(format!("release {version}: `{tag}` is no tag"));
    }
    let digest: Digest = format!("sha512:{}", release.tarball.sha512)
        .parse()
        .map_err(|_| {
            format!("release {version}: `tarball.sha512` is not 128 hexadecimal digits")
        })?;
    if let Some(applet) = release
        .applets
        .iter()
        .find(|applet| applet.is_empty() || applet.contains('/'))
    {
        return Err(format!(
            "release {version}: applet `{applet}` is no file name"
        ));
    }
    if release.tarball.size == Some(0) {
        return Err(format!("release {version}: `tarball.size` must be above 0"));
    }
    let is_listed = |artifact: &&String| release.jars.iter().any(|jar| jar.artifact == **artifact);
    if let Some(artifact) = release.maven_lacks.iter().find(is_listed) {
        return Err(format!(
            "release {version}: `maven-lacks`: `jars` has `{artifact}`"
        ));
    }
    validate_exclude(release)?;
    Ok(Release {
        version: version.clone(),
        tags: release.tags.clone(),
        base: release.base.clone(),
        shell: release.shell.clone(),
        java: release.java.clone(),
        applets: release.applets.clone(),
        signer: release.signer,
        tarball: Tarball {
            size: release.tarball.size,
            digest,
        },
        jars: release.jars.clone(),
        exclude: release.exclude.clone(),
        maven_lacks: release.maven_lacks.clone(),
    })
}

/// A pattern that takes nothing is mistyped, or was for another release: what it was to keep out would
/// be in every image.
fn validate_exclude(release: &RawRelease) -> Result<(), String> {
    let version = &release.version;
    let takes_none = |pattern: &&String| {
        let pattern = PathPatterns(std::slice::from_ref(pattern));
        !(release.jars.iter()).any(|jar| pattern.matches(&jar.file_name()))
    };
    if let Some(pattern) = release.exclude.iter().find(takes_none) {
        return Err(format!(
            "release {version}: `exclude`: no jar is named `{pattern}`"
        ));
    }
    let patterns = PathPatterns(&release.exclude);
    if (release.jars.iter()).all(|jar| patterns.matches(&jar.file_name())) {
        return Err(format!("release {version}: no jar is left"));
    }
    Ok(())
}

/// A registry has one image for a tag.
fn validate_tags(releases: &[Release]) -> Result<(), String> {
    let mut owners: BTreeMap<&String, &String> = BTreeMap::new();
    for release in releases {
        for tag in &release.tags {
            if let Some(other) = owners.insert(tag, &release.version) {
                return Err(format!(
                    "release {}: release {other} has the tag `{tag}` too",
                    release.version
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Catalog, CatalogError> {
        Catalog::parse(Path::new("versions.toml"), text)
    }

    #[test]
    fn the_embedded_catalog_is_valid() {
        let catalog = parse(EMBEDDED_CATALOG).unwrap();
        assert!(catalog.release("3.5.7").is_some());
        for (version, listed, in_image) in [("3.6.1", 35, 35), ("3.9.5", 43, 40)] {
            let release = catalog.release(version).unwrap();
            assert_eq!(release.jars.len(), listed, "{version}");
            assert_eq!(release.image_jars().count(), in_image, "{version}");
        }
    }

    /// Each row: what is replaced in the embedded catalog, by what, and the message.
    #[test]
    fn bad_catalogs_name_the_thing() {
        let table = [
            (
                "platforms = [\"linux/amd64\"",
                "platforms = [\"linux/mips\"",
                "unknown platform `linux/mips`",
            ),
            (
                "[maven]\nmirrors",
                "[maven]\nmirors",
                "unknown field `mirors`, expected `mirrors`",
            ),
            (
                "java = \"21\"",
                "java = \"8\"",
                "names the unknown `java.8`",
            ),
            (
                "version = \"3.5.7\"",
                "version = \"3.6.1\"",
                "the first of `tags` must be the version",
            ),
            (
                "\"2181/tcp\"",
                "\"2181\"",
                "`image.ports`: `2181` is no port like `2181/tcp`",
            ),
            (
                "\"/srv/conf\"",
                "\"srv/conf\"",
                "`image.volumes`: `srv/conf` is no absolute path",
            ),
            (
                "zookiln/zookeeper\"",
                "zookiln/zookeeper:1\"",
                "is no name of an image without a tag",
            ),
            (
                "snapshot = \"https:",
                "snapshot = \"ht tps:",
                "`debian.trixie.snapshot`: `ht tps:",
            ),
            (
                "name = \"zookeeper\"",
                "name = \"a:b\"",
                "`image.user.name`: `a:b` is no name of a user",
            ),
            ("uid = 1000", "uid = 0", "`uid` and `gid` must be above 0"),
            (
                "interval-seconds = 10",
                "interval-seconds = 99999999999999",
                "86400 seconds, is the most",
            ),
            ("\"3.5\"]", "\"3/5\"]", "release 3.5.7: `3/5` is no tag"),
            (
                "\"3.7.2\", \"3.7\"]",
                "\"3.7.2\", \"latest\"]",
                "release 3.7.2: release 3.6.1 has the tag `latest` too",
            ),
            (
                "tarball.size = 22757799",
                "tarball.size = 0",
                "release 3.9.5: `tarball.size` must be above 0",
            ),
            (
                "maven-lacks = [\"zookeeper-prometheus-metrics\"]",
                "maven-lacks = [\"zookeeper-jute\"]",
                "release 3.7.2: `maven-lacks`: `jars` has `zookeeper-jute`",
            ),
            (
                "-static-*-osx-*.jar",
                "-static-*-macos-*.jar",
                "release 3.9.5: `exclude`: no jar is named `netty-tcnative-boringssl-static-*-macos-*.jar`",
            ),
            (
                "\"netty-tcnative-boringssl-static-*-osx-*.jar\"",
                "\"*\"",
                "release 3.9.5: no jar is left",
            ),
            (
                "created = \"2026-01-01T00:00:00Z\"",
                "created = \"today\"",
                "`created`: `today` is no time",
            ),
            (
                "signer = \"3D29",
                "signer = \"3d29",
                "`3d296268A36FACA1B7EAF110792D43153B5B5147` is no fingerprint",
            ),
            (
                "\"libnss3\"",
                "\"libNSS3\"",
                "`debian.trixie`: `libNSS3` is not a package name",
            ),
            (
                "tarball.sha512 = \"b9",
                "tarball.sha512 = \"x9",
                "`tarball.sha512` is not 128 hexadecimal digits",
            ),
        ];
        for (from, to, expected) in table {
            let text = EMBEDDED_CATALOG.replacen(from, to, 1);
            assert_ne!(text, EMBEDDED_CATALOG, "`{from}` is not in the catalog");
            let message = parse(&text).unwrap_err().to_string();
            assert!(
                message.contains(expected),
                "`{message}` does not say `{expected}`"
            );
        }
    }

    #[test]
    fn an_unknown_key_comes_with_line_and_suggestion() {
        let text = EMBEDDED_CATALOG.replacen("stop-signal =", "stop-signall =", 1);
        let line = text
            .lines()
            .position(|line| line.starts_with("stop-signall"))
            .unwrap()
            + 1;
        let error = parse(&text).unwrap_err();
        assert!(error.to_string().starts_with(&format!(
            "versions.toml:{line}:1: unknown field `stop-signall`"
        )));
        assert_eq!(error.hint().unwrap(), "did you mean `stop-signal`?");
    }
}
