//! Why an address gave nothing, and what that means for asking again.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::StatusCode;
use thiserror::Error;

use super::ShownUrl;

/// Why an address gave nothing.
#[derive(Debug, Error)]
pub enum HttpError {
    /// No connection, no answer in time, or the origin was found so before.
    #[error("`{url}`: {reason}")]
    Unreachable {
        /// The address asked.
        url: ShownUrl,
        /// In the system's words.
        reason: String,
    },
    /// The connection ended before an answer, or what came was none.
    #[error("`{url}`: {reason}")]
    Broken {
        /// The address asked.
        url: ShownUrl,
        /// In the system's words.
        reason: String,
    },
    /// It leads to ever another address, or to one that cannot be fetched.
    #[error("`{url}`: {reason}")]
    Redirect {
        /// The address asked.
        url: ShownUrl,
        /// Too many, or where to.
        reason: String,
    },
    /// An answer that is no success.
    #[error("`{url}`: answered {status}{}", again(*retry_after))]
    Status {
        /// The address asked.
        url: ShownUrl,
        /// `404 Not Found`
        status: StatusCode,
        /// When to ask again, as far as the answer says so.
        retry_after: Option<Duration>,
    },
    /// Asked for a part, it gave another one.
    #[error("`{url}`: gave another part than was asked for")]
    OtherPart {
        /// The address asked.
        url: ShownUrl,
    },
    /// A `file:` address that cannot be opened.
    #[error("`{url}`")]
    File {
        /// The address asked.
        url: ShownUrl,
        /// What the system said.
        source: io::Error,
    },
    /// What the environment names as proxy is none.
    #[error("`{variable}` is no address of a proxy")]
    Proxy {
        /// `http_proxy`
        variable: &'static str,
    },
    /// A scheme that is none of ours.
    #[error("`{url}`: only http, https and file addresses can be fetched")]
    Scheme {
        /// The address asked.
        url: ShownUrl,
    },
    /// The network is not to be asked.
    #[error("`{url}`: not asked, since the build is offline")]
    Offline {
        /// The address.
        url: ShownUrl,
    },
    /// A file of trusted certificates cannot be read.
    #[error("cannot read the certificates of `{}`", path.display())]
    CertificateFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of trusted certificates has none, or one that is none.
    #[error("`{}` is no file of certificates in PEM form", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Option<reqwest::Error>,
    },
    /// The client itself could not be made.
    #[error("cannot set up the HTTP client")]
    Client(#[source] reqwest::Error),
}

fn again(after: Option<Duration>) -> String {
    after.map_or_else(String::new, |after| {
        format!(", to be asked again in {} s", after.as_secs())
    })
}

impl HttpError {
    /// Whether asking again later may help: the server is overloaded, or the line dropped.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Broken { .. } => true,
            Self::Status { status, .. } => matches!(status.as_u16(), 408 | 429 | 500 | 502..=504),
            _ => false,
        }
    }

    /// Whether the address answered that it does not have the file.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status.as_u16(), 404 | 410),
            _ => false,
        }
    }

    /// Whether a directory of this host does not have the file, which says nothing about what mirrors
    /// have.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::File { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// Whether the address did not give the part that was asked for, so that the whole may be asked
    /// for instead.
    #[must_use]
    pub fn is_of_part(&self) -> bool {
        match self {
            Self::OtherPart { .. } => true,
            Self::Status { status, .. } => *status == StatusCode::RANGE_NOT_SATISFIABLE,
            _ => false,
        }
    }

    /// How long the server wants to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The next action, where one is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::CertificateFile { .. } | Self::Certificates { .. } => {
                Some("`--ca-file` names a file with `-----BEGIN CERTIFICATE-----` in it")
            }
            _ => None,
        }
    }

    /// Whether the server's certificate is not trusted here.
    #[must_use]
    pub fn is_of_certificate(&self) -> bool {
        matches!(self, Self::Unreachable { reason, .. } if reason.starts_with("invalid peer certificate"))
    }
}
