//! examples/kubernetes: what the schemas of Kubernetes say of it, and whether it works.
//!
//! There is no cluster here. [`pods`] starts the very same specification as containers, as a node of a cluster
//! would, and asks what its probes ask.

mod manifests;
mod pods;

use e2e::images::{ImageId, VERSIONS, World, distroless};
use e2e::need::{KUBERNETES_VALIDATE, Need, PS, YAML};
use libtest_mimic::Trial;

use crate::Suite;

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let pods: &[Need] = &[Need::Engine, Need::Root, YAML, PS];
    let mut trials = vec![
        suite.trial(
            "kubernetes_schemas",
            &[KUBERNETES_VALIDATE],
            |world: &World| manifests::fit_the_schemas(world),
        ),
        suite.trial("kubernetes_manifests", &[YAML], |_| {
            manifests::fit_together()
        }),
    ];
    let run: fn(&World, ImageId) -> anyhow::Result<()> = pods::serve;
    trials.extend(suite.each("kubernetes_pods", VERSIONS.map(distroless), pods, run));
    trials
}
