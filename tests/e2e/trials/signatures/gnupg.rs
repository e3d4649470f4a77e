//! Keys by `gpg`, in a home of their own.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use e2e::command::{Call, call};
use signatures::Fingerprint;

/// A home of GnuPG.
pub(super) struct Gnupg {
    directory: PathBuf,
    home: PathBuf,
}

/// A key to be made. Times are days, as `20200131`.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    /// As `gpg` names it.
    pub(super) algorithm: &'static str,
    /// When it is made.
    pub(super) day: &'static str,
    /// How long it is good, as `gpg` takes it.
    pub(super) lifetime: &'static str,
    /// The hash of what it says of itself.
    pub(super) hash: &'static str,
    /// Whether it signs with a subkey.
    pub(super) has_subkey: bool,
}

/// As keys are today.
pub(super) const USUAL: Kind = Kind {
    algorithm: "rsa2048",
    day: "20200101",
    lifetime: "never",
    hash: "SHA512",
    has_subkey: false,
};

/// Why a key is revoked, as `gpg` numbers it.
#[derive(Clone, Copy)]
pub(super) enum Reason {
    /// Somebody else may have it.
    Compromised = 1,
    /// It is not used any more.
    Retired = 3,
}

impl Gnupg {
    /// An empty home in the directory, which is also where what is made is put.
    pub(super) fn new(directory: &Path) -> anyhow::Result<Self> {
        let home = directory.join("gnupg");
        fs::create_dir(&home)?;
        fs::set_permissions(&home, Permissions::from_mode(0o700))?;
        let directory = directory.to_owned();
        Ok(Self { directory, home })
    }

    /// Makes a key and gives its fingerprint.
    pub(super) fn make(&self, name: &str, kind: Kind) -> anyhow::Result<Fingerprint> {
        let options = [
            "--cert-digest-algo",
            kind.hash,
            "--allow-weak-key-signatures",
        ];
        self.at(kind.day)
            .args(options)
            .args(["--quick-gen-key", &address(name), kind.algorithm, "sign"])
            .arg(kind.lifetime)
            .succeed()?;
        let primary = self.fingerprint(name)?;
        if kind.has_subkey {
            self.at(kind.day)
                .args(options)
                .args(["--quick-add-key", &primary.to_string(), kind.algorithm])
                .args(["sign", kind.lifetime])
                .succeed()?;
        }
        Ok(primary)
    }

    /// Takes a key back.
    pub(super) fn revoke(&self, name: &str, day: &str, reason: Reason) -> anyhow::Result<()> {
        let answers = self.directory.join(format!("{name}.answers"));
        fs::write(&answers, format!("y\n{}\n\ny\n", reason as u8))?;
        let certificate = self.directory.join(format!("{name}.revocation"));
        // Not in batch mode: it asks for the reason.
        call("gpg")
            .args([
                "--no-tty",
                "--quiet",
                "--yes",
                "--command-fd",
                "0",
                "--homedir",
            ])
            .arg(&self.home)
            .args(["--pinentry-mode", "loopback", "--passphrase", ""])
            .args(["--faked-system-time", &format!("{day}T120000!"), "--output"])
            .arg(&certificate)
            .args(["--gen-revoke", &address(name)])
            .input(File::open(&answers)?)
            .succeed()?;
        self.call().arg("--import").arg(&certificate).succeed()?;
        Ok(())
    }

    /// Writes the certificates of the names, in the binary form that `gpgv` takes.
    pub(super) fn export(&self, names: &[&str]) -> anyhow::Result<PathBuf> {
        let path = self.directory.join(format!("{}.gpg", names.join("+")));
        self.call()
            .args(["--yes", "--export-options", "export-minimal", "--output"])
            .arg(&path)
            .arg("--export")
            .args(names.iter().map(|name| address(name)))
            .succeed()?;
        Ok(path)
    }

    /// Takes keys in.
    pub(super) fn import(&self, file: &Path) -> anyhow::Result<()> {
        self.call().arg("--import").arg(file).succeed()?;
        Ok(())
    }

    /// Writes all certificates.
    pub(super) fn export_all(&self) -> anyhow::Result<PathBuf> {
        let path = self.directory.join("all.gpg");
        self.call()
            .arg("--output")
            .arg(&path)
            .arg("--export")
            .succeed()?;
        Ok(path)
    }

    /// Signs a file on a day by these names: `how` is `--clear-sign` or `--detach-sign`, after options.
    pub(super) fn sign(
        &self,
        (names, day): (&[&str], &str),
        how: &[&str],
        content: &Path,
    ) -> anyhow::Result<PathBuf> {
        let output = self.directory.join("signed");
        let mut call = self
            .at(day)
            .args(["--yes", "--armor", "--output"])
            .arg(&output);
        for name in names {
            call = call.args(["--local-user", &address(name)]);
        }
        call.args(how).arg(content).succeed()?;
        Ok(output)
    }

    /// What is in a block.
    pub(super) fn dearmor(&self, block: &Path) -> anyhow::Result<Vec<u8>> {
        let output = self.directory.join("dearmored");
        self.call()
            .args(["--yes", "--output"])
            .arg(&output)
            .arg("--dearmor")
            .arg(block)
            .succeed()?;
        Ok(fs::read(output)?)
    }

    fn fingerprint(&self, name: &str) -> anyhow::Result<Fingerprint> {
        let listing = self
            .call()
            .args(["--with-colons", "--list-keys", &address(name)])
            .stdout()?;
        let line = (listing.lines().find(|line| line.starts_with("fpr:")))
            .with_context(|| format!("no fingerprint in:\n{listing}"))?;
        let field = line.split(':').nth(9).context("the line has ten fields")?;
        Ok(field.parse()?)
    }

    fn at(&self, day: &str) -> Call {
        self.call()
            .args(["--faked-system-time", &format!("{day}T120000!")])
    }

    fn call(&self) -> Call {
        call("gpg")
            .args(["--batch", "--no-tty", "--quiet", "--homedir"])
            .arg(&self.home)
            .args(["--pinentry-mode", "loopback", "--passphrase", ""])
    }
}

impl Drop for Gnupg {
    /// Its agent would outlive the trial.
    fn drop(&mut self) {
        let _ = call("gpgconf")
            .arg("--homedir")
            .arg(&self.home)
            .args(["--kill", "all"])
            .finish();
    }
}

fn address(name: &str) -> String {
    format!("{name}@example.org")
}
