//! What Debian and Apache have signed, as it is out there now.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use e2e::command::call;
use e2e::images::World;
use signatures::{Fingerprint, Keyring};

use super::catalog;
use super::gnupg::Gnupg;
use super::judges::{Signed, gpgv, ours};
use crate::same;

/// As Debian gives it out.
const ARCHIVE_KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Suites, and the archive that has them.
const SUITES: [(&str, &str); 6] = [
    ("debian", "trixie"),
    ("debian", "trixie-updates"),
    ("debian-security", "trixie-security"),
    ("debian", "bookworm"),
    ("debian", "bookworm-updates"),
    ("debian-security", "bookworm-security"),
];

/// Where everybody gets them, if apt has no mirror here.
const PUBLIC: &str = "https://mirrors.kernel.org";

/// The same keys verify, the same text comes out, with Debian's keyring and with ours. The signers of the
/// catalog are Debian's, and enough for each of its suites.
pub(super) fn by_debian(world: &World) -> anyhow::Result<()> {
    let directory = world.directory("signatures-of-debian")?;
    let roots = mirrors()?;
    let theirs = Keyring::parse(&fs::read(ARCHIVE_KEYRING)?);
    same("what cannot be read", &[][..], theirs.unreadable())?;
    let all: BTreeSet<Fingerprint> = theirs.fingerprints().collect();
    let pinned = versions_keys()?;
    let pins = debians(&pinned, &all);
    for (archive, suite) in SUITES {
        let file = directory.join(suite);
        download(&roots, &format!("{archive}/dists/{suite}/InRelease"), &file)?;
        let signed = Signed::Clear(file);
        let gpgv = gpgv(&signed, &[Path::new(ARCHIVE_KEYRING)], &directory)?;
        ensure!(
            gpgv.verdicts.iter().any(|verdict| verdict == "GOODSIG"),
            "{suite}"
        );
        ensure!(
            !gpgv.verdicts.iter().any(|verdict| verdict == "BADSIG"),
            "{suite}"
        );
        let said = |verdict: super::judges::Ours| {
            verdict.map_err(anyhow::Error::msg).with_context(|| suite)
        };
        let (keys, text) = said(ours(&signed, &theirs, &all)?)?;
        same(suite, &gpgv.valid, &keys)?;
        same(suite, &gpgv.text, &text)?;
        let (keys, text) = said(ours(&signed, &pinned, &pins)?)?;
        ensure!(
            !keys.is_empty() && keys.is_subset(&gpgv.valid),
            "{suite}: {keys:?}"
        );
        same(suite, &gpgv.text, &text)?;
    }
    let release = catalog::debian(&checkout())?;
    let strange: Vec<_> = release.signers.difference(&all).collect();
    same("signers that are not Debian's", vec![], strange)?;
    for suite in &release.suites {
        let (archive, _) = (SUITES.iter().find(|(_, known)| known == suite))
            .with_context(|| format!("no archive is known to have {suite}"))?;
        let file = directory.join(format!("{suite}-by-the-catalog"));
        download(&roots, &format!("{archive}/dists/{suite}/InRelease"), &file)?;
        let verdict = ours(&Signed::Clear(file), &theirs, &release.signers)?;
        verdict
            .map_err(anyhow::Error::msg)
            .with_context(|| format!("{suite}, by the signers of the catalog alone"))?;
    }
    Ok(())
}

/// Jars by their release managers: keys with self-signatures by SHA-1 (3.6.1), renewed after they had
/// expired (3.5.7), as usual (3.9.4).
pub(super) fn by_apache(world: &World) -> anyhow::Result<()> {
    const SIGNERS: [(&str, &str); 3] = [
        ("3.5.7", "3D296268A36FACA1B7EAF110792D43153B5B5147"),
        ("3.6.1", "BBE7232D7991050B54C8EA0ADC08637CA615D22C"),
        ("3.9.4", "3F7A1D16FA4217B1DC75E1C9FFE35B7F15DFA1BA"),
    ];
    let directory = world.directory("signatures-of-apache")?;
    fetch(&SIGNERS.map(|(version, _)| version), &directory)?;
    let gnupg = Gnupg::new(&directory)?;
    gnupg.import(&checkout().join("versions.keys"))?;
    let keys = gnupg.export_all()?;
    let keyring = versions_keys()?;
    let jar = |version: &str| directory.join(format!("zookeeper-{version}.jar"));
    let signature = |version: &str| directory.join(format!("zookeeper-{version}.jar.asc"));
    for (version, signer) in SIGNERS {
        let signer: Fingerprint = signer.parse()?;
        let signed = Signed::Detached(signature(version), jar(version));
        let gpgv_says = gpgv(&signed, &[&keys], &directory)?;
        ensure!(gpgv_says.is_content, "{version}: {:?}", gpgv_says.verdicts);
        let ours_of = |signed| ours(signed, &keyring, &BTreeSet::from([signer]));
        let (found, _) = (ours_of(&signed)?.map_err(anyhow::Error::msg)).context(version)?;
        same(version, &gpgv_says.valid, &found)?;
        // Another release's jar is not what this one's manager signed.
        let other = if version == "3.6.1" { "3.9.4" } else { "3.6.1" };
        let swapped = Signed::Detached(signature(version), jar(other));
        let gpgv_says = gpgv(&swapped, &[&keys], &directory)?;
        same(version, vec!["BADSIG".to_owned()], gpgv_says.verdicts)?;
        let bad = Err(format!("bad signature by {signer}: the content differs"));
        same(version, bad, ours_of(&swapped)?.map(|_| ()))?;
    }
    Ok(())
}

/// Roots of mirrors by what apt is configured with here, then everybody's.
fn mirrors() -> anyhow::Result<Vec<String>> {
    let targets = call("apt-get")
        .args(["indextargets", "--format", "$(REPO_URI)"])
        .stdout()?;
    let mut roots: Vec<String> = (targets.lines())
        .filter_map(|address| {
            let address = address.trim_end_matches('/');
            let root = address.strip_suffix("-security").unwrap_or(address);
            root.strip_suffix("/debian").map(str::to_owned)
        })
        .collect();
    roots.sort();
    roots.dedup();
    roots.push(PUBLIC.to_owned());
    Ok(roots)
}

/// By apt's own transport, which knows the proxies.
fn download(roots: &[String], path: &str, file: &Path) -> anyhow::Result<()> {
    let mut said = String::new();
    for root in roots {
        let finished = call("/usr/lib/apt/apt-helper")
            .args(["download-file", &format!("{root}/{path}")])
            .arg(file)
            .finish()?;
        if finished.code == 0 && file.exists() {
            return Ok(());
        }
        said.push_str(&finished.said());
    }
    anyhow::bail!("no mirror has {path}:\n{said}")
}

/// The jars of the releases and their signatures, by the installed Maven in one call.
fn fetch(versions: &[&str], directory: &Path) -> anyhow::Result<()> {
    let items: String = (versions.iter())
        .flat_map(|version| ["jar", "jar.asc"].map(|kind| item(version, kind)))
        .collect();
    let project = directory.join("pom.xml");
    let text = format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>trial</groupId>\
         <artifactId>trial</artifactId><version>1</version><packaging>pom</packaging><build><plugins>\
         <plugin><artifactId>maven-dependency-plugin</artifactId><configuration><artifactItems>{items}\
         </artifactItems></configuration></plugin></plugins></build></project>\n"
    );
    fs::write(&project, text)?;
    call("mvn")
        .args(["--batch-mode", "--quiet", "--file"])
        .arg(&project)
        .args(["dependency:copy", "-DoutputDirectory=."])
        .directory(directory)
        .succeed()?;
    Ok(())
}

fn item(version: &str, kind: &str) -> String {
    format!(
        "<artifactItem><groupId>org.apache.zookeeper</groupId><artifactId>zookeeper</artifactId>\
         <version>{version}</version><type>{kind}</type></artifactItem>"
    )
}

/// Those of the keys that are Debian's.
fn debians(keyring: &Keyring, all: &BTreeSet<Fingerprint>) -> BTreeSet<Fingerprint> {
    keyring
        .fingerprints()
        .filter(|key| all.contains(key))
        .collect()
}

fn versions_keys() -> anyhow::Result<Keyring> {
    let keyring = Keyring::parse(&fs::read(checkout().join("versions.keys"))?);
    same("what cannot be read", &[][..], keyring.unreadable())?;
    Ok(keyring)
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
