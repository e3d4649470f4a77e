//! `zoo.cfg`: what we [`write`](mod@write) into it, what anybody's says ([`read`]), and how one that others wrote differs from
//! the environment ([`compare`]).

pub mod compare;
pub mod read;
pub mod write;

pub use compare::ignored_variables;
pub use read::{dynamic, is_reconfigurable, servers_of};
pub use write::{
    asks_for_reconfiguration, body, has_metrics, has_several_addresses, is_standalone,
};

use crate::variables::TABLE;
use crate::variables::ids::{ENABLE_PROMETHEUS_METRICS, PROMETHEUS_METRICS_PORT_NUMBER};

const METRICS_SWITCH: &str = TABLE[ENABLE_PROMETHEUS_METRICS.row()].name;
const METRICS_PORT: &str = TABLE[PROMETHEUS_METRICS_PORT_NUMBER.row()].name;
const METRICS_CLASS: &str = "metricsProvider.className";
const METRICS_PORT_KEY: &str = "metricsProvider.httpPort";
