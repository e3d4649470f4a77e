//! The next action for an error, where one is known.

use std::error::Error;

use super::context::NoLock;
use crate::build::FetchError;
use crate::catalog::CatalogError;
use crate::image::{AssembleError, LayoutError};
use crate::plan::PlanError;
use crate::source::debian::resolver::ResolveError;
use crate::source::download::DownloadError;
use crate::source::http::HttpError;
use crate::source::maven::MavenError;
use crate::store::StoreError;

/// Looks along the chain for an error that knows what to do.
pub(super) fn for_error(error: &anyhow::Error) -> Option<String> {
    in_chain(error.as_ref())
}

fn in_chain(error: &(dyn Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(hint) = for_cause(cause) {
            return Some(hint);
        }
        next = cause.source();
    }
    None
}

fn for_cause(cause: &(dyn Error + 'static)) -> Option<String> {
    if let Some(error) = cause.downcast_ref::<CatalogError>() {
        error.hint()
    } else if let Some(error) = cause.downcast_ref::<PlanError>() {
        Some(error.hint())
    } else if let Some(error) = cause.downcast_ref::<LayoutError>() {
        for_layout(error).map(str::to_owned)
    } else if cause.is::<NoLock>() {
        Some("run `zookiln update` to write it".to_owned())
    } else if let Some(error) = cause.downcast_ref::<ResolveError>() {
        error.hint()
    } else if let Some(error) = cause.downcast_ref::<FetchError>() {
        for_fetch(error)
    } else if let Some(error) = cause.downcast_ref::<AssembleError>() {
        for_assemble(error)
    } else if let Some(error) = cause.downcast_ref::<StoreError>() {
        error.hint()
    } else if let Some(error) = cause.downcast_ref::<DownloadError>() {
        Some(for_download(error).to_owned())
    } else if let Some(error) = cause.downcast_ref::<MavenError>() {
        for_maven(error)
    } else if let Some(error) = cause.downcast_ref::<HttpError>() {
        error.hint().map(str::to_owned)
    } else {
        None
    }
}

fn for_layout(error: &LayoutError) -> Option<&'static str> {
    match error {
        LayoutError::Foreign(_) => Some("name an empty directory, or one that a build has written"),
        LayoutError::Unwritable { .. } => Some("`--output` names another directory"),
        LayoutError::NotALayout { .. } => Some("`zookiln build` writes one"),
        LayoutError::Mismatch { .. } => Some("remove the directory and build the image anew"),
        _ => None,
    }
}

/// A transparent error stands in for its source, which the chain then passes over.
fn for_fetch(error: &FetchError) -> Option<String> {
    match error {
        FetchError::Both(one, other) => for_fetch(one).or_else(|| for_fetch(other)),
        FetchError::Download(error) => Some(for_download(error).to_owned()),
        FetchError::Maven(error) => for_maven(error),
        FetchError::Assemble(error) => for_assemble(error),
    }
}

fn for_assemble(error: &AssembleError) -> Option<String> {
    match error {
        AssembleError::Store(error) => error.hint(),
        AssembleError::VersionsApart { .. } => Some(
            "run `zookiln update`; where it changes nothing, wait for the other platform's update"
                .to_owned(),
        ),
        _ => None,
    }
}

fn for_maven(error: &MavenError) -> Option<String> {
    match error {
        MavenError::Download(error) => Some(for_download(error).to_owned()),
        MavenError::Store(error) => error.hint(),
        MavenError::NoMaven { .. } => {
            Some("install Maven (`apt-get install maven`), or check the network".to_owned())
        }
        _ => None,
    }
}

/// Through which everything goes where one is set.
const PROXIES: [&str; 6] = [
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
];

fn for_download(error: &DownloadError) -> &'static str {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if error.is_of_store() {
        "remove what is in the way, make room by `zookiln cache prune`, or let `ZOOKILN_CACHE` name another place"
    } else if error.is_of_offline() {
        "run `zookiln fetch` where there is a network, or name a copy by `--mirror file:DIR`"
    } else if error.is_of_certificate() {
        "name the certificates to be trusted by `--ca-file`, or install the host's (`apt-get install ca-certificates`)"
    } else if error.is_of("-bin.tar.gz") {
        "check the network, or take the same jars one by one with `--source maven`"
    } else if PROXIES.into_iter().any(is_set) {
        "check the network and the proxy that `http_proxy`, `https_proxy` or `all_proxy` names, or run `zookiln update` if the packages have been replaced"
    } else {
        "check the network, or run `zookiln update` if the packages have been replaced"
    }
}
