//! The next action for an error, where one is known.

use std::error::Error;
use std::io;

use super::context::NoLock;
use super::update::OutOfDate;
use super::verify::VerifyError;
use crate::build::FetchError;
use crate::catalog::CatalogError;
use crate::compare::CompareError;
use crate::image::{AssembleError, LayoutError};
use crate::plan::PlanError;
use crate::source::apache::SignatureProblem;
use crate::source::debian::resolver::ResolveError;
use crate::source::debian::suite::SuiteError;
use crate::source::download::DownloadError;
use crate::source::http::{HttpError, PROXY_VARIABLES};
use crate::source::maven::MavenError;
use crate::store::StoreError;

/// Looks along the chain for an error that knows what to do.
pub(super) fn for_error(error: &anyhow::Error) -> Option<String> {
    in_chain(error.as_ref()).or_else(|| {
        let cause = error.root_cause().downcast_ref::<io::Error>()?;
        (cause.kind() == io::ErrorKind::StorageFull).then(|| {
            "make room: `zookiln cache prune` removes what has not been used for a while; `ZOOKILN_CACHE` and `--output` name other places".to_owned()
        })
    })
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
    } else if let Some(error) = cause.downcast_ref::<CompareError>() {
        for_compare(error)
    } else if let Some(error) = cause.downcast_ref::<LayoutError>() {
        for_layout(error).map(str::to_owned)
    } else if let Some(error) = cause.downcast_ref::<VerifyError>() {
        Some(error.hint())
    } else if cause.is::<NoLock>() {
        Some("run `zookiln update` to write it".to_owned())
    } else if cause.is::<OutOfDate>() {
        Some("run `zookiln update` and commit what it writes".to_owned())
    } else if let Some(SuiteError::Download(error)) = cause.downcast_ref() {
        Some(for_download(
            error,
            "name a mirror by `--mirror debian=ADDRESS`",
        ))
    } else if let Some(error) = cause.downcast_ref::<SuiteError>() {
        error.hint().map(str::to_owned)
    } else if let Some(error) = cause.downcast_ref::<SignatureProblem>() {
        for_signature(error)
    } else if let Some(error) = cause.downcast_ref::<ResolveError>() {
        error.hint()
    } else if let Some(error) = cause.downcast_ref::<FetchError>() {
        for_fetch(error)
    } else if let Some(error) = cause.downcast_ref::<AssembleError>() {
        for_assemble(error)
    } else if let Some(error) = cause.downcast_ref::<StoreError>() {
        error.hint()
    } else if let Some(error) = cause.downcast_ref::<DownloadError>() {
        Some(for_download(error, UPDATE))
    } else if let Some(error) = cause.downcast_ref::<MavenError>() {
        for_maven(error)
    } else if let Some(error) = cause.downcast_ref::<HttpError>() {
        error.hint().map(str::to_owned)
    } else {
        None
    }
}

fn for_signature(error: &SignatureProblem) -> Option<String> {
    match error {
        SignatureProblem::Archive(error) => Some(for_download(
            error,
            "name a mirror by `--mirror apache=ADDRESS`",
        )),
        SignatureProblem::Bad { .. } => Some(
            "check that `signer` and `tarball.sha512` in the catalog are the release's own, and name another mirror by `--mirror apache=ADDRESS`".to_owned(),
        ),
        SignatureProblem::Lost { .. } => Some(
            "name a mirror that has the signature by `--mirror apache=ADDRESS`, or put the archive in the catalog back".to_owned(),
        ),
        SignatureProblem::Store(error) => error.hint(),
        SignatureProblem::Unreachable { .. } | SignatureProblem::Keys(_) => None,
    }
}

fn for_layout(error: &LayoutError) -> Option<&'static str> {
    match error {
        LayoutError::Foreign(_) => Some("name an empty directory, or one that a build has written"),
        LayoutError::Unwritable { .. } => Some("`--output` names another directory"),
        LayoutError::NotALayout { .. } => Some("`zookiln build` writes one"),
        LayoutError::Io { source, .. } if is_without_room(source) => {
            Some("make room there, or name another directory by `--output`")
        }
        LayoutError::Mismatch { .. } => Some("remove the directory and build the image anew"),
        _ => None,
    }
}

/// What is wrong with a layout that is there. One that is not has its own hint.
fn for_compare(error: &CompareError) -> Option<String> {
    let layout = match error {
        CompareError::Image { layout, source, .. } => match source {
            LayoutError::Mismatch { .. } | LayoutError::Document { .. } => layout,
            _ => return None,
        },
        CompareError::Layer { layout, .. } | CompareError::DiffId { layout, .. } => layout,
        CompareError::Bytes { .. } => return None,
    };
    Some(format!(
        "`zookiln verify {}` names everything that is wrong with it",
        layout.display()
    ))
}

/// A transparent error stands in for its source, which the chain then passes over.
fn for_fetch(error: &FetchError) -> Option<String> {
    match error {
        FetchError::Both(one, other) => for_fetch(one).or_else(|| for_fetch(other)),
        FetchError::ZooKeeper(error) => Some(for_download(
            error,
            "take the same jars one by one with `--source maven`",
        )),
        FetchError::Packages(error) | FetchError::Everything(error) => {
            Some(for_download(error, UPDATE))
        }
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
        // Deep below, in a package or in jlink's tree: all of it is scratch of the cache.
        error => has_no_room(error).then(|| {
            "`zookiln cache prune` makes room, `ZOOKILN_CACHE` names another place for the cache"
                .to_owned()
        }),
    }
}

fn has_no_room(error: &(dyn Error + 'static)) -> bool {
    let is_it = (error.downcast_ref()).is_some_and(is_without_room);
    is_it || error.source().is_some_and(has_no_room)
}

fn is_without_room(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

fn for_maven(error: &MavenError) -> Option<String> {
    match error {
        MavenError::Download(error) => Some(for_download(error, UPDATE)),
        MavenError::Store(error) => error.hint(),
        MavenError::NoMaven { .. } => {
            Some("install Maven (`apt-get install maven`), or check the network".to_owned())
        }
        _ => None,
    }
}

const UPDATE: &str = "run `zookiln update` if the packages have been replaced";

/// `other` is what to do where the network is all right.
fn for_download(error: &DownloadError, other: &str) -> String {
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let known = if error.is_of_store() {
        "remove what is in the way, make room by `zookiln cache prune`, or let `ZOOKILN_CACHE` name another place"
    } else if error.is_of_offline() {
        "run `zookiln fetch` where there is a network, or name a copy by `--mirror file:DIR`"
    } else if error.is_of_certificate() {
        "name the certificates to be trusted by `--ca-file`, or install the host's (`apt-get install ca-certificates`)"
    } else if !error.no_address_answered() {
        "something on the way gives other bytes: check the network and its proxies, or name an address by `--mirror`"
    } else {
        let proxy = match PROXY_VARIABLES.into_iter().find(|name| is_set(name)) {
            Some(name) => format!(" and the proxy that `{name}` names"),
            None => String::new(),
        };
        return format!("check the network{proxy}, or {other}");
    };
    known.to_owned()
}
