//! YAML files of several documents, read by a library that is not ours.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use crate::command::call;

/// Debian's Python, whatever else is on `PATH`: its packages belong to it alone.
const PYTHON: &str = "/usr/bin/python3";

const SCRIPT: &str =
    "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))";

/// All documents of a file.
pub fn read(path: &Path) -> anyhow::Result<Vec<Value>> {
    let json = call(PYTHON).args(["-c", SCRIPT]).arg(path).stdout()?;
    serde_json::from_str(&json).with_context(|| path.display().to_string())
}

/// The one of this kind and name.
pub fn find<'a>(documents: &'a [Value], kind: &str, name: &str) -> anyhow::Result<&'a Value> {
    (documents.iter())
        .find(|document| document["kind"] == kind && document["metadata"]["name"] == name)
        .with_context(|| format!("no {kind} {name}"))
}
