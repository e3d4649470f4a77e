//! Debian's own apt over an empty root of one release and one architecture: what it would install, and
//! the lists by which it decides. Nothing of the host's system is read but where its mirrors are and how
//! they are reached, and nothing of it is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

use crate::command::{Call, call};

/// The archive keys; on Ubuntu too.
pub const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Of how the host reaches mirrors; in a file of its own, for apt reads the host's files only in the
/// host's root.
const TRANSPORT: [&str; 4] = [
    "Acquire::http",
    "Acquire::https",
    "Acquire::Check-Date",
    "Acquire::Check-Valid-Until",
];

/// A release for an architecture.
#[derive(Debug, Clone)]
pub struct Target<'a> {
    /// `trixie`; its security suite goes with it.
    pub codename: &'a str,
    /// `arm64`
    pub architecture: &'a str,
}

/// Where an archive and its security updates are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// `http://mirror.example/debian`
    pub archive: String,
    /// `http://mirror.example/debian-security`
    pub security: String,
}

/// What apt would install, by name.
pub type Offered = BTreeMap<String, OfferedPackage>;

/// A package as the lists have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedPackage {
    /// With its epoch.
    pub version: String,
    /// Bytes of the file.
    pub size: u64,
    /// Of the file, in hexadecimal digits.
    pub sha256: String,
}

/// A root in which nothing is installed.
#[derive(Debug)]
pub struct AptRoot {
    directory: PathBuf,
    configuration: PathBuf,
}

impl Addresses {
    /// Those of the host's apt, where it is Debian's.
    pub fn of_host() -> anyhow::Result<Option<Self>> {
        let listed = call("apt-get")
            .args(["indextargets", "--format"])
            .arg("$(ORIGIN) $(RELEASE) $(REPO_URI)")
            .arg("Created-By: Packages")
            .succeed()?;
        let found = |is_security: bool| {
            let mut lines = listed.stdout.lines();
            lines.find_map(|line| {
                let (release, address) = line.strip_prefix("Debian ")?.split_once(' ')?;
                (release.ends_with("-security") == is_security)
                    .then(|| address.trim_end_matches('/').to_owned())
            })
        };
        Ok((found(false).zip(found(true))).map(|(archive, security)| Self { archive, security }))
    }
}

impl AptRoot {
    /// Makes the root and fetches the lists.
    pub fn make(
        directory: &Path,
        target: &Target<'_>,
        addresses: &Addresses,
    ) -> anyhow::Result<Self> {
        for name in ["state/lists/partial", "cache/archives/partial", "etc"] {
            fs::create_dir_all(directory.join(name))?;
        }
        let root = Self {
            directory: directory.to_owned(),
            configuration: directory.join("etc/apt.conf"),
        };
        root.pretend_installed(&BTreeSet::new(), target.architecture)?;
        let Target {
            codename,
            architecture,
        } = target;
        // Packages alone, of all that the host may have apt fetch as well.
        let options = format!("[target=Packages arch={architecture} signed-by={KEYRING}]");
        let Addresses { archive, security } = addresses;
        let sources = format!(
            "deb {options} {archive} {codename} main\n\
             deb {options} {security} {codename}-security main\n"
        );
        fs::write(directory.join("etc/sources.list"), sources)?;
        fs::write(&root.configuration, root.settings(architecture)?)?;
        let said = root.apt(["update"]).succeed()?;
        // A list that cannot be had is a warning to apt.
        ensure!(!said.stderr.contains("W: "), "{}", said.stderr);
        Ok(root)
    }

    /// Lets apt believe that these are there: whatever needs one of them has it.
    pub fn pretend_installed(
        &self,
        names: &BTreeSet<String>,
        architecture: &str,
    ) -> anyhow::Result<()> {
        let status: String = (names.iter())
            .map(|name| {
                format!(
                    "Package: {name}\nStatus: install ok installed\nVersion: 9999:0\n\
                     Architecture: {architecture}\nMulti-Arch: foreign\nMaintainer: nobody\n\
                     Description: stands for what is not wanted\n\n"
                )
            })
            .collect();
        Ok(fs::write(self.directory.join("state/status"), status)?)
    }

    /// The lists of packages by suite, in the order of the sources.
    pub fn lists(&self) -> anyhow::Result<Vec<(String, PathBuf)>> {
        let listed = self
            .apt(["indextargets", "--format", "$(RELEASE) $(FILENAME)"])
            .arg("Created-By: Packages")
            .succeed()?;
        (listed.stdout.lines())
            .map(|line| {
                let (suite, path) = line.split_once(' ').context("a list without a name")?;
                Ok((suite.to_owned(), PathBuf::from(path)))
            })
            .collect()
    }

    /// What `apt-get install` of these would bring; or what it says against it.
    pub fn install(&self, roots: &[&str]) -> anyhow::Result<Result<Offered, String>> {
        let finished = self.apt(["install", "--print-uris"]).args(roots).finish()?;
        if finished.code != 0 {
            return Ok(Err(finished.said()));
        }
        (finished.stdout.lines())
            .filter(|line| line.starts_with('\''))
            .map(|line| parse(line).with_context(|| format!("not understood: {line}")))
            .collect::<anyhow::Result<_>>()
            .map(Ok)
    }

    /// Names and versions of what `apt-get --simulate install` would do.
    pub fn simulate(&self, roots: &[&str]) -> anyhow::Result<BTreeMap<String, String>> {
        let said = self
            .apt(["--simulate", "install"])
            .args(roots)
            .succeed()?
            .stdout;
        (said.lines())
            .filter_map(|line| line.strip_prefix("Inst "))
            .map(|line| {
                let (name, rest) = line.split_once(" (").context(line.to_owned())?;
                let (version, _) = rest.split_once(' ').context(line.to_owned())?;
                Ok((name.to_owned(), version.to_owned()))
            })
            .collect()
    }

    fn apt<const N: usize>(&self, arguments: [&str; N]) -> Call {
        call("apt-get")
            .args(arguments)
            .env("APT_CONFIG", &self.configuration)
            .env("LC_ALL", "C")
            .directory(&self.directory)
    }

    /// Read before everything else, and nothing else is found: `Dir` is another one.
    fn settings(&self, architecture: &str) -> anyhow::Result<String> {
        let mut text = String::new();
        for name in TRANSPORT {
            text += &call("apt-config").args(["dump", name]).succeed()?.stdout;
        }
        let root = self.directory.display();
        text += &format!(
            "Dir \"{root}\";\n\
             Dir::State \"{root}/state\";\n\
             Dir::State::status \"{root}/state/status\";\n\
             Dir::Cache \"{root}/cache\";\n\
             Dir::Etc::main \"\";\n\
             Dir::Etc::parts \"\";\n\
             Dir::Etc::sourcelist \"{root}/etc/sources.list\";\n\
             Dir::Etc::sourceparts \"\";\n\
             Dir::Etc::preferences \"\";\n\
             Dir::Etc::preferencesparts \"\";\n\
             Dir::Etc::netrc \"/etc/apt/auth.conf\";\n\
             Dir::Etc::netrcparts \"/etc/apt/auth.conf.d\";\n\
             Dir::Log \"{root}/state\";\n\
             Dir::Log::Planner \"\";\n\
             Dir::Log::Solver \"\";\n\
             APT::Architecture \"{architecture}\";\n\
             APT::Architectures \"{architecture}\";\n\
             APT::Install-Recommends \"false\";\n\
             APT::Install-Suggests \"false\";\n\
             APT::Sandbox::User \"root\";\n\
             Acquire::GzipIndexes \"false\";\n\
             Acquire::Languages \"none\";\n\
             Acquire::ForceHash \"SHA256\";\n"
        );
        Ok(text)
    }
}

/// `'http://…' name_1%3a2-3_amd64.deb 1234 SHA256:…`
fn parse(line: &str) -> anyhow::Result<(String, OfferedPackage)> {
    let words: Vec<&str> = line.split(' ').collect();
    let [_address, file, size, sum] = words[..] else {
        bail!("it does not have four words");
    };
    let (name, rest) = file.split_once('_').context("its file has no version")?;
    let (version, _) = rest
        .split_once('_')
        .context("its file has no architecture")?;
    let sha256 = sum.strip_prefix("SHA256:").context("it has no SHA-256")?;
    let package = OfferedPackage {
        version: version.replace("%3a", ":"),
        size: size.parse()?,
        sha256: sha256.to_owned(),
    };
    Ok((name.to_owned(), package))
}
