//! How a command reaches what it needs.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;

use super::context;
use super::usage::usage;
use crate::source::Places;
use crate::source::http::{HttpClient, HttpError, HttpSettings};
use crate::source::mirror::UserMirrors;

#[derive(Debug, Args)]
pub(super) struct Network {
    /// Ask no network: take inputs from the cache, the local Maven repository and `file:` mirrors
    #[arg(long)]
    offline: bool,
    /// Ask this mirror first: `[apache=|debian=|debian-security=|maven=]ADDRESS`, http, https or file; without a
    /// name it is one that `zookiln vendor` wrote. Also `ZOOKILN_MIRROR`, separated by blanks
    #[arg(long = "mirror", value_name = "MIRROR")]
    mirrors: Vec<String>,
    /// Trust these certificates too, for https: a file in PEM form
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl Network {
    pub(super) fn client(&self) -> Result<HttpClient> {
        let settings = HttpSettings {
            patience: patience()?.unwrap_or(HttpSettings::default().patience),
            certificates: self.ca_file.clone(),
            offline: self.offline,
        };
        HttpClient::new(settings).map_err(|error: HttpError| error.into())
    }

    pub(super) fn places(&self) -> Result<Places> {
        let directory = std::env::current_dir().context("the working directory is gone")?;
        let variable = context::text_variable("ZOOKILN_MIRROR")?.unwrap_or_default();
        // What is said now comes before what is said for always.
        let words = (self.mirrors.iter().map(String::as_str)).chain(variable.split_whitespace());
        let mirrors = match UserMirrors::parse(words, &directory) {
            Ok(mirrors) => mirrors,
            Err(error) => usage!("mirror: {error}"),
        };
        if let Some(root) = mirrors.missing_directory() {
            usage!("mirror: `{root}` is no directory");
        }
        Ok(Places {
            mirrors,
            apt_directory: context::apt_directory(),
            maven_repository: context::maven_repository(),
        })
    }
}

/// Seconds of `ZOOKILN_HTTP_TIMEOUT`.
fn patience() -> Result<Option<Duration>> {
    const NAME: &str = "ZOOKILN_HTTP_TIMEOUT";
    let Some(text) = context::text_variable(NAME)? else {
        return Ok(None);
    };
    match text.parse() {
        Ok(seconds @ 1..=3600) => Ok(Some(Duration::from_secs(seconds))),
        _ => usage!("`{NAME}={text}` is not a number of seconds from 1 to 3600"),
    }
}
