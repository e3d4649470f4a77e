//! Pods of the StatefulSet as containers, with what a node would give them: names, user, group of the volumes,
//! rights, memory, volumes. A field of a pod that is not understood here is an error, so that nothing is shown that
//! was not tried.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use e2e::compose::examples;
use e2e::engine::{Container, Network, Run, container};
use e2e::images::{ImageId, World};
use e2e::manifests::{find, read};
use e2e::wait::{Seen, until};
use serde_json::Value;

use crate::examples::{leads_two, only_warns_of_the_beginning};
use crate::server::{keeps, write};
use crate::{contains, same};

const NAMESPACE: &str = "default";

/// Three JVMs at once, and an election.
const FORMATION: Duration = Duration::from_secs(120);

/// What becomes an option of the engine, or needs a scheduler, which one host does not have.
const OF_PODS: [&str; 8] = [
    "affinity",
    "automountServiceAccountToken",
    "containers",
    "enableServiceLinks",
    "securityContext",
    "terminationGracePeriodSeconds",
    "topologySpreadConstraints",
    "volumes",
];
const OF_CONTAINERS: [&str; 10] = [
    "env",
    "image",
    "livenessProbe",
    "name",
    "ports",
    "readinessProbe",
    "resources",
    "securityContext",
    "startupProbe",
    "volumeMounts",
];

/// The StatefulSet on this host.
struct Set {
    document: Value,
    network: Network,
    /// Where the volumes of its pods are.
    volumes: PathBuf,
    image: String,
}

pub(super) fn serve(world: &World, image: ImageId) -> anyhow::Result<()> {
    let documents = read(&examples("kubernetes").join("statefulset.yml"))?;
    let set = Set {
        document: find(&documents, "StatefulSet", "zk")?.clone(),
        network: Network::create()?,
        volumes: world.directory(&format!("kubernetes-{image}"))?,
        image: world.loaded(image)?.to_owned(),
    };
    set.claim_volumes()?;

    // Alone it lives, and is not ready: pods that wait for the one before them would wait for ever.
    let first = set.pod(0)?.start()?;
    set.probed(&first, "startupProbe")?;
    ensure!(
        !set.passes(&first, "readinessProbe")?,
        "one of three is ready"
    );

    let mut pods = vec![first];
    for ordinal in 1..3 {
        pods.push(set.pod(ordinal)?.start()?);
    }
    for pod in &pods {
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            set.probed(pod, probe)?;
        }
    }
    leads_two(&pods)?;
    for (ordinal, pod) in pods.iter().enumerate() {
        let myid = pod.file("/srv/data/zookeeper/myid")?;
        same("myid", format!("{}\n", ordinal + 1), myid)?;
        let server = pod.server()?;
        same("user", 1000, server.uid)?;
        contains(&server.command, "-Xmx512m")?;
        only_warns_of_the_beginning(pod)?;
    }
    write(&pods[0], "/kubernetes", "written-on-one")?;
    keeps(&pods[2], "/kubernetes", "written-on-one")?;

    // The pod that takes its place has the same name and volumes, and another address.
    let second = pods.remove(1);
    second.kill()?;
    one_leads(&pods)?;
    write(&pods[0], "/without-one", "of-three")?;
    drop(second);
    let again = set.pod(1)?.start()?;
    set.probed(&again, "readinessProbe")?;
    keeps(&again, "/kubernetes", "written-on-one")?;
    keeps(&again, "/without-one", "of-three")
}

/// Waits until one of two leads the other, whoever led before.
fn one_leads(pods: &[Container]) -> anyhow::Result<()> {
    until("one leads the other", FORMATION, || {
        let mut modes = String::new();
        for pod in pods {
            modes.push_str(&pod.exec(["zkServer.sh", "status"])?.stdout);
        }
        let is_so = modes.contains("Mode: leader") && modes.contains("Mode: follower");
        Ok(if is_so {
            Seen::Yes(())
        } else {
            Seen::NotYet(modes)
        })
    })
}

impl Set {
    fn spec(&self) -> &Value {
        &self.document["spec"]["template"]["spec"]
    }

    fn container(&self) -> &Value {
        &self.spec()["containers"][0]
    }

    fn number(&self, pointer: &str) -> anyhow::Result<u32> {
        let number = self.spec().pointer(pointer).and_then(Value::as_u64);
        Ok(u32::try_from(number.context(pointer.to_owned())?)?)
    }

    fn directory(&self, ordinal: usize, claim: &str) -> PathBuf {
        self.volumes.join(format!("{claim}-zk-{ordinal}"))
    }

    /// The names of its claims.
    fn claims(&self) -> anyhow::Result<Vec<&str>> {
        let claims = &self.document["spec"]["volumeClaimTemplates"];
        (array(claims)?.iter())
            .map(|claim| text(&claim["metadata"]["name"]))
            .collect()
    }

    /// As a node prepares a volume for `fsGroup`.
    fn claim_volumes(&self) -> anyhow::Result<()> {
        let group = self.number("/securityContext/fsGroup")?;
        for ordinal in 0..3 {
            for claim in self.claims()? {
                let directory = self.directory(ordinal, claim);
                fs::create_dir(&directory)?;
                chown(&directory, Some(0), Some(group))?;
                fs::set_permissions(&directory, Permissions::from_mode(0o2775))?;
            }
        }
        Ok(())
    }

    /// A pod, about to be started.
    fn pod(&self, ordinal: usize) -> anyhow::Result<Run> {
        knows(self.spec(), &OF_PODS)?;
        knows(self.container(), &OF_CONTAINERS)?;
        let name = format!("zk-{ordinal}");
        let full = format!("{name}.zk-headless.{NAMESPACE}.svc.cluster.local");
        let user = self.number("/securityContext/runAsUser")?;
        let group = self.number("/securityContext/runAsGroup")?;
        let fs_group = self.number("/securityContext/fsGroup")?.to_string();
        let rights = &self.container()["securityContext"];
        same(
            "rights",
            Some(3),
            rights.as_object().map(serde_json::Map::len),
        )?;
        let memory = text(&self.container()["resources"]["limits"]["memory"])?;
        let memory = memory.strip_suffix('i').context("a power of two")?;
        let mut run = container(&self.image)
            .options(["--network", self.network.name(), "--network-alias", &full])
            .options(["--hostname", &name])
            .options([
                "--user",
                &format!("{user}:{group}"),
                "--group-add",
                &fs_group,
            ])
            .options(["--memory", &memory.to_lowercase()])
            // Kubernetes asks itself, and not by what the image says.
            .options(["--no-healthcheck"]);
        if rights["readOnlyRootFilesystem"] == true {
            run = run.options(["--read-only"]);
        }
        if rights["allowPrivilegeEscalation"] == false {
            run = run.options(["--security-opt", "no-new-privileges"]);
        }
        for capability in array(&rights["capabilities"]["drop"])? {
            run = run.options(["--cap-drop", text(capability)?]);
        }
        for (name, value) in self.environment()? {
            run = run.env(&name, &value);
        }
        self.mounted(run, ordinal)
    }

    /// In their order, since later ones may mention earlier ones.
    fn environment(&self) -> anyhow::Result<Vec<(String, String)>> {
        let mut values: BTreeMap<String, String> = BTreeMap::new();
        let mut all = Vec::new();
        for variable in array(&self.container()["env"])? {
            let name = text(&variable["name"])?.to_owned();
            let value = match variable.pointer("/valueFrom/fieldRef/fieldPath") {
                Some(path) if path == "metadata.namespace" => NAMESPACE.to_owned(),
                Some(path) => bail!("{name} is of {path}"),
                None => (values.iter()).fold(
                    text(&variable["value"])?.to_owned(),
                    |text, (name, value)| text.replace(&format!("$({name})"), value),
                ),
            };
            values.insert(name.clone(), value.clone());
            all.push((name, value));
        }
        Ok(all)
    }

    fn mounted(&self, mut run: Run, ordinal: usize) -> anyhow::Result<Run> {
        let claims = self.claims()?;
        let group = self.number("/securityContext/fsGroup")?;
        let empty = array(&self.spec()["volumes"])?;
        for mount in array(&self.container()["volumeMounts"])? {
            let (name, path) = (text(&mount["name"])?, text(&mount["mountPath"])?);
            let is_empty = empty.iter().any(|volume| volume["name"] == name);
            run = if claims.contains(&name) {
                run.bind(Path::new(&self.directory(ordinal, name)), path)
            } else if is_empty {
                run.options(["--tmpfs", &format!("{path}:exec,mode=2777,gid={group}")])
            } else {
                bail!("{name} is mounted, and is no volume")
            };
        }
        Ok(run)
    }

    /// Whether the command of a probe succeeds, in the time that it has.
    fn passes(&self, pod: &Container, probe: &str) -> anyhow::Result<bool> {
        let probe = &self.container()[probe];
        let seconds = probe["timeoutSeconds"].as_u64().context("no time")?;
        ensure!(seconds > 5, "`healthcheck` itself gives a server 5 s");
        let words = array(&probe["exec"]["command"])?;
        let words = (words.iter())
            .map(text)
            .collect::<anyhow::Result<Vec<_>>>()?;
        let finished = match words[..] {
            [program] => pod.exec([program])?,
            [program, argument] => pod.exec([program, argument])?,
            _ => bail!("a probe of {words:?}"),
        };
        Ok(finished.code == 0)
    }

    /// Waits until a probe succeeds.
    fn probed(&self, pod: &Container, probe: &str) -> anyhow::Result<()> {
        let found = until(&format!("the {probe} succeeds"), FORMATION, || {
            Ok(match self.passes(pod, probe)? {
                true => Seen::Yes(()),
                false => Seen::NotYet("it fails".to_owned()),
            })
        });
        found.with_context(|| pod.logs().unwrap_or_default())
    }
}

/// No field but these.
fn knows(document: &Value, fields: &[&str]) -> anyhow::Result<()> {
    let all = document.as_object().context("no fields")?;
    match all.keys().find(|field| !fields.contains(&field.as_str())) {
        Some(field) => bail!("`{field}` was not tried here"),
        None => Ok(()),
    }
}

fn array(value: &Value) -> anyhow::Result<&[Value]> {
    let array = value.as_array().map(Vec::as_slice);
    array.with_context(|| format!("no list: {value}"))
}

fn text(value: &Value) -> anyhow::Result<&str> {
    value.as_str().with_context(|| format!("no text: {value}"))
}
