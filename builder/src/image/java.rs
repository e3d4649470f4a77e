//! The Java layer: the runtime that jlink makes, under its home, with status and licence of its
//! package.

use std::path::Path;

use layers::{Compression, Entry, Tree};
use serde::Serialize;

use super::layer::{Assembler, Layer};
use super::{AssembleError, packages};
use crate::lock::LockedPackage;
use crate::plan::{JavaRecipe, Plan};
use crate::source::debian::UnpackedPackage;
use crate::source::java::{self, HostJdk};
use crate::store::{Claimed, DerivedKey};

/// Makes the tree. Files made on the way stay in `scratch` as long as the tree is used.
pub(super) fn tree(
    assembler: &Assembler<'_>,
    plan: &Plan<'_>,
    recipe: &JavaRecipe,
    scratch: &Path,
) -> Result<Tree, AssembleError> {
    let host = plan.jlink_packages(assembler.host);
    // jlink takes modules of its own version only, and the licence below is the host package's.
    let same_version = |package: &LockedPackage| {
        let pinned = [&recipe.jdk, &recipe.jre]
            .into_iter()
            .find(|pinned| pinned.name == package.name);
        pinned.is_none_or(|pinned| pinned.version == package.version)
    };
    if let Some(package) = host.iter().find(|package| !same_version(package)) {
        return Err(AssembleError::VersionsApart {
            name: package.name.clone(),
            host: assembler.host,
            target: recipe.platform,
        });
    }
    let target = assembler.unpack(&recipe.jdk, scratch)?;
    let runtime = runtime(assembler, plan, recipe, &host, &target, scratch)?;

    let home = recipe.runtime.home.trim_matches('/');
    let mut tree = Tree::new();
    for (path, entry) in runtime.iter() {
        tree.insert(format!("{home}/{path}").parse()?, entry.clone())?;
    }
    tree.insert(
        "usr/bin/java".parse()?,
        Entry::symlink(format!("/{home}/bin/java")),
    )?;
    packages::add_status(&mut tree, &target, &[])?;
    // The JDK's package links its documents to the runtime's, which is co-installable for all
    // architectures: its documents are the same bytes in each.
    let licence = format!("usr/share/doc/{}/copyright", recipe.runtime.jre_package).parse()?;
    let jre = host
        .iter()
        .find(|package| package.name == recipe.runtime.jre_package);
    let jre = jre.ok_or_else(|| AssembleError::NotInPackages {
        path: recipe.runtime.jre_package.clone(),
    })?;
    let jre = assembler.unpack(jre, scratch)?;
    let text = jre
        .tree
        .get(&licence)
        .ok_or_else(|| AssembleError::NotInPackages {
            path: licence.to_string(),
        })?;
    tree.insert(
        format!("usr/share/doc/{}/copyright", target.name).parse()?,
        text.clone(),
    )?;
    Ok(tree)
}

/// All that shapes what jlink makes.
#[derive(Serialize)]
struct Inputs<'a> {
    recipe: &'a JavaRecipe,
    host: &'a [LockedPackage],
    created: u64,
    program: &'static str,
}

/// jlink's result is kept by itself, as a tar: a change of the layer's compression does not run it
/// again.
fn runtime(
    assembler: &Assembler<'_>,
    plan: &Plan<'_>,
    recipe: &JavaRecipe,
    host: &[LockedPackage],
    target: &UnpackedPackage,
    scratch: &Path,
) -> Result<Tree, AssembleError> {
    let inputs = Inputs {
        recipe,
        host,
        created: plan.created,
        program: crate::SOURCE_DIGEST,
    };
    let key = DerivedKey::of("jlink", &inputs);
    let store = assembler.store;
    let name = format!("jlink for {}", recipe.platform);
    // Inside the claim of a layer, and never the other way round: see `store::Claimed`.
    let claim = store.claim(Claimed::Derived(&key), &format!("runs {name}"), |holder| {
        assembler.progress.waiting(holder)
    })?;
    let archive = match store.derived::<Layer>(&key)? {
        Some(archive) => archive,
        None => {
            let host = assembler.unpack_all(host, scratch)?;
            let trees = host.iter().map(|package| &package.tree);
            let jdk = HostJdk::unpack(trees, &scratch.join("host"), assembler.host)?;
            let tree = java::link(&jdk, &target.tree, &recipe.runtime, scratch)?;
            let archive = assembler.write(&tree, plan.created, Compression::None)?;
            store.record_derived(&key, &name, &archive)?;
            archive
        }
    };
    drop(claim);
    Ok(Tree::from_tar(&store.verified_path(&archive.digest)?)?)
}
