//! The next action for an error, where one is known.

use std::error::Error;

use super::context::NoLock;
use crate::build::FetchError;
use crate::catalog::CatalogError;
use crate::image::{AssembleError, LayoutError};
use crate::plan::PlanError;
use crate::source::debian::resolver::ResolveError;
use crate::source::download::DownloadError;
use crate::source::maven::MavenError;

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
    match cause.downcast_ref::<FetchError>() {
        Some(FetchError::Both(one, other)) => {
            return in_chain(one.as_ref()).or_else(|| in_chain(other.as_ref()));
        }
        // Transparent ones are not in the chain.
        Some(FetchError::Download(error)) => return for_cause(error),
        Some(FetchError::Maven(error)) => return for_cause(error),
        Some(FetchError::Assemble(error)) => return for_cause(error),
        None => {}
    }
    if let Some(error) = cause.downcast_ref::<CatalogError>() {
        return error.hint();
    }
    if let Some(error) = cause.downcast_ref::<PlanError>() {
        return Some(error.hint());
    }
    if let Some(error) = cause.downcast_ref::<LayoutError>() {
        return match error {
            LayoutError::Foreign(_) => {
                Some("name an empty directory, or one that a build has written".to_owned())
            }
            LayoutError::Unwritable { .. } => Some("`--output` names another directory".to_owned()),
            LayoutError::NotALayout { .. } => Some("`zookiln build` writes one".to_owned()),
            LayoutError::Mismatch { .. } => {
                Some("remove the directory and build the image anew".to_owned())
            }
            _ => None,
        };
    }
    if cause.is::<NoLock>() {
        return Some("run `zookiln update` to write it".to_owned());
    }
    if let Some(error) = cause.downcast_ref::<ResolveError>() {
        return error.hint();
    }
    if let Some(AssembleError::VersionsApart { .. }) = cause.downcast_ref::<AssembleError>() {
        return Some(
            "run `zookiln update`; where it changes nothing, wait for the other platform's update"
                .to_owned(),
        );
    }
    if let Some(error) = cause.downcast_ref::<DownloadError>() {
        if error.is_of_store() {
            return Some("`ZOOKILN_CACHE` names another place for the cache".to_owned());
        }
        if error.is_of_offline() {
            return Some("run `zookiln fetch` where there is a network, or name a copy by `--mirror file:DIR`".to_owned());
        }
        return Some(
            "check the network, or run `zookiln update` if the packages have been replaced"
                .to_owned(),
        );
    }
    if let Some(MavenError::Download(error)) = cause.downcast_ref::<MavenError>() {
        return for_cause(error);
    }
    if let Some(MavenError::NoMaven { .. }) = cause.downcast_ref::<MavenError>() {
        return Some("install Maven (`apt-get install maven`), or check the network".to_owned());
    }
    None
}
