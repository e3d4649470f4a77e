//! The manifests as documents: fields that Kubernetes knows, rights that the strictest of its standards grants,
//! names and labels that lead to each other.

use std::fs;
use std::path::Path;

use anyhow::ensure;
use e2e::command::call;
use e2e::compose::examples;
use e2e::images::World;
use e2e::manifests::{find, read};
use serde_json::{Value, json};

use crate::{contains, same};

/// The oldest release of Kubernetes that we promise something for, and the newest that the schemas are known of.
const RELEASES: [&str; 2] = ["1.27", "1.37"];

const FILES: [&str; 4] = [
    "disruption.yml",
    "network-policy.yml",
    "services.yml",
    "statefulset.yml",
];

/// Slips that a schema must find: an unknown field, a value of another type, a field that is missing.
const SLIPS: [(&str, &str, &str); 3] = [
    ("readinessProbe:", "readynessProbe:", "readynessProbe"),
    ("replicas: 3", "replicas: three", "replicas"),
    ("name: zookeeper\n          image:", "image:", "name"),
];

pub(super) fn fit_the_schemas(world: &World) -> anyhow::Result<()> {
    let directory = examples("kubernetes");
    let mut there = fs::read_dir(&directory)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<anyhow::Result<Vec<_>>>()?;
    there.sort();
    same("files", FILES.map(str::to_owned).to_vec(), there)?;
    for release in RELEASES {
        for name in FILES {
            let (code, said) = judged(&directory.join(name), release)?;
            ensure!(code == 0, "{name} for {release}: {said}");
        }
    }

    let text = fs::read_to_string(directory.join("statefulset.yml"))?;
    let planted = world.directory("kubernetes-slips")?.join("statefulset.yml");
    for (right, wrong, told) in SLIPS {
        contains(&text, right)?;
        fs::write(&planted, text.replacen(right, wrong, 1))?;
        let (code, said) = judged(&planted, RELEASES[0])?;
        ensure!(code != 0, "`{wrong}` is not found: {said}");
        contains(&said, told)?;
    }
    Ok(())
}

/// The exit status of a check by the schemas that know no field but their own, and what it said.
fn judged(path: &Path, release: &str) -> anyhow::Result<(i32, String)> {
    let judged = call("kubernetes-validate")
        .args(["--strict", "--kubernetes-version", release])
        .arg(path)
        .finish()?;
    Ok((judged.code, judged.said()))
}

pub(super) fn fit_together() -> anyhow::Result<()> {
    let directory = examples("kubernetes");
    let mut documents = Vec::new();
    for name in FILES {
        documents.extend(read(&directory.join(name))?);
    }
    let set = find(&documents, "StatefulSet", "zk")?;
    let template = &set["spec"]["template"];
    let labels = &template["metadata"]["labels"];
    let headless = find(&documents, "Service", "zk-headless")?;
    for selector in [
        &set["spec"]["selector"]["matchLabels"],
        &headless["spec"]["selector"],
        &find(&documents, "Service", "zk")?["spec"]["selector"],
        &find(&documents, "PodDisruptionBudget", "zk")?["spec"]["selector"]["matchLabels"],
        &find(&documents, "NetworkPolicy", "zk")?["spec"]["podSelector"]["matchLabels"],
    ] {
        same("selector", labels, selector)?;
    }
    same(
        "service",
        &headless["metadata"]["name"],
        &set["spec"]["serviceName"],
    )?;
    for (document, pointer, expected) in [
        (headless, "/spec/clusterIP", json!("None")),
        (headless, "/spec/publishNotReadyAddresses", json!(true)),
        (set, "/spec/podManagementPolicy", json!("Parallel")),
    ] {
        same(pointer, Some(&expected), document.pointer(pointer))?;
    }
    // Its own ordinal and those of the others are in the list that they all have.
    let servers = environment(&template["spec"], "ZOO_SERVERS")?;
    for ordinal in 0..set["spec"]["replicas"].as_u64().unwrap_or_default() {
        let name = format!("zk-{ordinal}.zk-headless.$(POD_NAMESPACE).svc.cluster.local:2888:3888");
        contains(servers, &name)?;
    }
    is_restricted(&template["spec"])
}

/// The pod security standard `restricted`, and what goes beyond it.
fn is_restricted(pod: &Value) -> anyhow::Result<()> {
    for (pointer, expected) in [
        ("/securityContext/runAsNonRoot", json!(true)),
        ("/securityContext/runAsUser", json!(1000)),
        (
            "/securityContext/seccompProfile/type",
            json!("RuntimeDefault"),
        ),
        (
            "/containers/0/securityContext/allowPrivilegeEscalation",
            json!(false),
        ),
        (
            "/containers/0/securityContext/capabilities",
            json!({"drop": ["ALL"]}),
        ),
        (
            "/containers/0/securityContext/readOnlyRootFilesystem",
            json!(true),
        ),
        ("/automountServiceAccountToken", json!(false)),
        ("/enableServiceLinks", json!(false)),
    ] {
        same(pointer, Some(&expected), pod.pointer(pointer))?;
    }
    for absent in ["hostNetwork", "hostPID", "hostIPC", "initContainers"] {
        same(absent, None, pod.get(absent))?;
    }
    for volume in pod["volumes"].as_array().into_iter().flatten() {
        ensure!(volume.get("emptyDir").is_some(), "{volume} is of the host");
    }
    Ok(())
}

fn environment<'a>(pod: &'a Value, name: &str) -> anyhow::Result<&'a str> {
    let all = pod["containers"][0]["env"].as_array().into_iter().flatten();
    let mut values = all
        .filter(|one| one["name"] == name)
        .filter_map(|one| one["value"].as_str());
    anyhow::Context::context(values.next(), format!("no {name}"))
}
