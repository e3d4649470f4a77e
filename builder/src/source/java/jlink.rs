//! One call of jlink: modules of the target in, a runtime for the target out.

use std::fs;
use std::path::{Path, PathBuf};

use layers::{Ownership, Tree};

use super::cut;
use super::extract::extract;
use super::{HostJdk, JavaError};
use crate::catalog::JavaRuntime;

/// Makes the runtime from the target's JDK package. The tree's files stay in `scratch`.
pub fn link(
    jdk: &HostJdk,
    target: &Tree,
    runtime: &JavaRuntime,
    scratch: &Path,
) -> Result<Tree, JavaError> {
    let unpacked = scratch.join("target");
    extract(target, &unpacked, |path| {
        path.starts_with("usr/lib/jvm/") && path.contains("/jmods/")
    })?;
    let jmods = find_jmods(&unpacked.join("usr/lib/jvm"))?;
    let output = scratch.join("runtime");

    let mut arguments = vec![
        "--module-path".to_owned(),
        jmods.display().to_string(),
        "--add-modules".to_owned(),
        runtime.modules.join(","),
        "--output".to_owned(),
        output.display().to_string(),
    ];
    arguments.extend(runtime.options.iter().cloned());
    let mut resources = Vec::new();
    let mut files = Vec::new();
    for module_cut in &runtime.cut {
        let module = jmods.join(format!("{}.jmod", module_cut.module));
        if !module.exists() {
            return Err(JavaError::Missing(module));
        }
        let description = jdk.run("jmod", &["describe", &module.display().to_string()])?;
        let kept = cut::kept(&module, module_cut, &description)?;
        resources.push(cut::exclusion(&module_cut.module, &kept));
        files.push(format!(
            "regex:/{}/.*",
            module_cut.module.replace('.', "\\.")
        ));
    }
    if !resources.is_empty() {
        // By file: the pattern is longer than some systems take for an argument.
        let list = scratch.join("excluded-resources");
        fs::write(&list, resources.join("\n")).map_err(JavaError::io("write", &list))?;
        arguments.push(format!("--exclude-resources=@{}", list.display()));
        arguments.push(format!("--exclude-files={}", files.join(",")));
    }
    let borrowed: Vec<&str> = arguments.iter().map(String::as_str).collect();
    jdk.run("jlink", &borrowed)?;
    Ok(Tree::from_directory(&output, Ownership::ROOT)?)
}

/// The one `jmods` directory of the package.
fn find_jmods(parent: &Path) -> Result<PathBuf, JavaError> {
    let missing = || JavaError::Missing(parent.join("*/jmods"));
    let mut found: Vec<PathBuf> = (fs::read_dir(parent).map_err(|_| missing())?.flatten())
        .map(|entry| entry.path().join("jmods"))
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found.into_iter().next().ok_or_else(missing)
}
