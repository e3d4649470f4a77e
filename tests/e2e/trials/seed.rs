//! The seed: the README of colovu/zookeeper, the image that this one replaces. What it tells its readers to
//! type works here, one by one.
//!
//! [`promises`] is the table of its words and ours. Ours run as they stand in our documents; only names,
//! the image and directories are put in their places (see [`shell`]), so that trials run side by side.

mod compose;
mod configuration;
mod documents;
mod maintenance;
mod promises;
mod shell;
mod single;

use e2e::images::{ImageId, World};
use libtest_mimic::Trial;

use crate::Suite;

/// A trial of one image.
type Body = fn(&World, ImageId) -> anyhow::Result<()>;

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    [
        single::trials(suite),
        compose::trials(suite),
        configuration::trials(suite),
        maintenance::trials(suite),
        documents::trials(suite),
    ]
    .into_iter()
    .flatten()
    .collect()
}
