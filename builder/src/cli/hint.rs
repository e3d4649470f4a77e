//! The next action for an error, where one is known.

use super::context::NoLock;
use crate::catalog::CatalogError;
use crate::image::{AssembleError, LayoutError};
use crate::plan::PlanError;
use crate::source::debian::resolver::ResolveError;
use crate::source::download::DownloadError;
use crate::source::maven::MavenError;

/// Looks along the chain for an error that knows what to do.
pub(super) fn for_error(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| {
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
            return Some("run `zookiln update`; where it changes nothing, wait for the other platform's update".to_owned());
        }
        if let Some(error) = cause.downcast_ref::<DownloadError>() {
            if error.is_of_store() {
                return Some("`ZOOKILN_CACHE` names another place for the cache".to_owned());
            }
            return Some(
                "check the network, or run `zookiln update` if the packages have been replaced"
                    .to_owned(),
            );
        }
        if let Some(MavenError::NoMaven { .. }) = cause.downcast_ref::<MavenError>() {
            return Some(
                "install Maven (`apt-get install maven`), or check the network".to_owned(),
            );
        }
        None
    })
}
