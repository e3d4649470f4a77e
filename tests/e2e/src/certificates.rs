//! Certificates for trials: an authority, what it issues, and stores in every form that ZooKeeper reads.
//!
//! Keys are elliptic, which costs nothing. Every file may be read by anybody, since the user of a container is
//! somebody else here.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::command::{Call, call};

/// How a store is written, which its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Certificates and keys as text.
    Pem,
    /// A PKCS #12 store.
    Pkcs12,
    /// Java's own.
    Jks,
}

/// All of them.
pub const FORMS: [Form; 3] = [Form::Pem, Form::Pkcs12, Form::Jks];

/// Where stores are made pass their password by: the command line is for everybody to see.
const PASSWORD: &str = "STORE_PASSWORD";

/// Of what is only there for a moment.
const PASSING: &str = "passing";

/// Who issues certificates.
#[derive(Debug)]
pub struct Authority {
    directory: PathBuf,
    name: String,
}

/// A certificate with its key.
#[derive(Debug)]
pub struct Certificate {
    directory: PathBuf,
    name: String,
}

impl Form {
    /// The end of the name of such a file.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Pem => "pem",
            Self::Pkcs12 => "p12",
            Self::Jks => "jks",
        }
    }

    fn java_name(self) -> &'static str {
        match self {
            Self::Pem => "PEM",
            Self::Pkcs12 => "PKCS12",
            Self::Jks => "JKS",
        }
    }
}

impl Authority {
    /// One that keeps everything of its name in a directory, which is made where there is none.
    pub fn create(directory: &Path, name: &str) -> anyhow::Result<Self> {
        fs::create_dir_all(directory)?;
        let authority = Self {
            directory: directory.to_owned(),
            name: name.to_owned(),
        };
        let (key, certificate) = (authority.path("key"), authority.certificate());
        openssl(["req", "-x509", "-days", "2", "-nodes"])
            .args(NEW_KEY)
            .args(["-subj", &format!("/CN={name}")])
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .succeed()?;
        readable(&certificate)?;
        Ok(authority)
    }

    /// Its own certificate, for those that read it as it is.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.path("crt")
    }

    /// A store with its own certificate, by which others are trusted. One without a password is only to be had
    /// as PEM.
    pub fn trust_store(&self, form: Form, password: &str) -> anyhow::Result<PathBuf> {
        let path = self
            .directory
            .join(format!("{}-trust.{}", self.name, form.extension()));
        absent(&path)?;
        match form {
            Form::Pem => {
                fs::copy(self.certificate(), &path)?;
            }
            Form::Pkcs12 | Form::Jks => {
                keytool(
                    ["-importcert", "-noprompt", "-alias", "authority"],
                    password,
                )
                .args(["-storetype", form.java_name()])
                .arg("-file")
                .arg(self.certificate())
                .arg("-keystore")
                .arg(&path)
                .succeed()?;
            }
        }
        readable(&path)?;
        Ok(path)
    }

    /// Issues a certificate for these subject alternative names, such as `DNS:zoo1` and `IP:10.0.0.7`. It is good
    /// for a server and for a client. Issued again, it takes the place of the former one.
    pub fn issue(&self, name: &str, names: &[&str]) -> anyhow::Result<Certificate> {
        let issued = Certificate {
            directory: self.directory.clone(),
            name: name.to_owned(),
        };
        let request = issued.path("csr");
        openssl(["req", "-nodes"])
            .args(NEW_KEY)
            .args(["-subj", &format!("/CN={name}")])
            .arg("-keyout")
            .arg(issued.key())
            .arg("-out")
            .arg(&request)
            .succeed()?;
        let extensions = issued.path("ext");
        fs::write(&extensions, format!("subjectAltName={}\n", names.join(",")))?;
        openssl(["x509", "-req", "-days", "2", "-CAcreateserial"])
            .arg("-in")
            .arg(&request)
            .arg("-CA")
            .arg(self.certificate())
            .arg("-CAkey")
            .arg(self.path("key"))
            .arg("-extfile")
            .arg(&extensions)
            .arg("-out")
            .arg(issued.certificate())
            .succeed()?;
        for path in [issued.key(), issued.certificate()] {
            readable(&path)?;
        }
        Ok(issued)
    }

    fn path(&self, extension: &str) -> PathBuf {
        self.directory.join(format!("{}.{extension}", self.name))
    }
}

impl Certificate {
    /// The certificate alone.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.path("crt")
    }

    /// Its key alone, without a password.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.path("key")
    }

    /// A store with certificate and key. An empty password is none, which only PEM can do.
    pub fn key_store(&self, form: Form, password: &str) -> anyhow::Result<PathBuf> {
        let path = self.path(form.extension());
        absent(&path)?;
        match form {
            Form::Pem => {
                let key = if password.is_empty() {
                    fs::read_to_string(self.key())?
                } else {
                    self.encrypted_key(password)?
                };
                fs::write(&path, fs::read_to_string(self.certificate())? + &key)?;
            }
            Form::Pkcs12 => self.pkcs12(&path, password)?,
            Form::Jks => {
                // Its password may be any text, which that of a PKCS #12 store cannot in Java.
                let passing = self.path("passing");
                self.pkcs12(&passing, PASSING)?;
                keytool(["-importkeystore", "-noprompt"], password)
                    .args(["-srcstoretype", "PKCS12", "-srcstorepass", PASSING])
                    .args(["-srcalias", &self.name])
                    .args(["-storetype", "JKS", "-destkeypass:env", PASSWORD])
                    .arg("-srckeystore")
                    .arg(&passing)
                    .arg("-keystore")
                    .arg(&path)
                    .succeed()?;
                fs::remove_file(passing)?;
            }
        }
        readable(&path)?;
        Ok(path)
    }

    fn pkcs12(&self, path: &Path, password: &str) -> anyhow::Result<()> {
        openssl(["pkcs12", "-export", "-name", &self.name])
            .env(PASSWORD, password)
            .args(["-passout", &format!("env:{PASSWORD}")])
            .arg("-in")
            .arg(self.certificate())
            .arg("-inkey")
            .arg(self.key())
            .arg("-out")
            .arg(path)
            .succeed()
            .map(drop)
    }

    /// In the oldest form that is still around: ZooKeeper 3.5 knows no newer one.
    fn encrypted_key(&self, password: &str) -> anyhow::Result<String> {
        openssl(["pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES"])
            .env(PASSWORD, password)
            .args(["-passout", &format!("env:{PASSWORD}")])
            .arg("-in")
            .arg(self.key())
            .stdout()
            .map(|key| key + "\n")
    }

    fn path(&self, extension: &str) -> PathBuf {
        self.directory.join(format!("{}.{extension}", self.name))
    }
}

const NEW_KEY: [&str; 4] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

fn openssl<const N: usize>(arguments: [&str; N]) -> Call {
    call("openssl").args(arguments)
}

fn keytool<const N: usize>(arguments: [&str; N], password: &str) -> Call {
    call("keytool")
        // Its own locale decides what the letters of a password are.
        .env("LC_ALL", "C.UTF-8")
        .env(PASSWORD, password)
        .args(arguments)
        .args(["-storepass:env", PASSWORD])
}

/// The tools add to what is there.
fn absent(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn readable(path: &Path) -> anyhow::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(0o644))
        .with_context(|| format!("cannot change the mode of `{}`", path.display()))
}
