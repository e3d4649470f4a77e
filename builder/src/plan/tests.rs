//! What a plan's identity depends on, and what it does not.

use std::path::Path;

use super::*;
use crate::catalog::EMBEDDED_CATALOG;
use crate::lock::EMBEDDED_LOCK;

fn catalog() -> Catalog {
    Catalog::parse(Path::new("versions.toml"), EMBEDDED_CATALOG).unwrap()
}

fn lock() -> Lock {
    Lock::parse(Path::new("versions.lock"), EMBEDDED_LOCK).unwrap()
}

fn request(variant: Variant) -> Request {
    Request {
        variant,
        platforms: Platform::ALL.to_vec(),
        source_date_epoch: None,
    }
}

fn keys(plan: &Plan<'_>, platform: Platform) -> Vec<(&'static str, String)> {
    let layers = plan.layers(platform, Source::Maven);
    layers
        .iter()
        .map(|layer| (layer.name(), layer.key(plan.created).to_string()))
        .collect()
}

#[test]
fn variants_share_all_layers_but_the_shell() {
    let (catalog, lock) = (catalog(), lock());
    let full = Plan::new(&catalog, &lock, "3.6.1", &request(Variant::Full)).unwrap();
    let distroless = Plan::new(&catalog, &lock, "3.6.1", &request(Variant::Distroless)).unwrap();
    let mut shared = keys(&full, Platform::LinuxArm64);
    shared.retain(|(name, _)| *name != "shell");
    assert_eq!(shared, keys(&distroless, Platform::LinuxArm64));
    assert_ne!(
        full.identity(Source::Maven),
        distroless.identity(Source::Maven)
    );
}

#[test]
fn versions_share_base_java_and_shell() {
    let (catalog, lock) = (catalog(), lock());
    let old = Plan::new(&catalog, &lock, "3.5.7", &request(Variant::Full)).unwrap();
    let new = Plan::new(&catalog, &lock, "3.6.1", &request(Variant::Full)).unwrap();
    let (old, new) = (
        keys(&old, Platform::LinuxAmd64),
        keys(&new, Platform::LinuxAmd64),
    );
    let same: Vec<&str> = old
        .iter()
        .zip(&new)
        .filter(|(a, b)| a == b)
        .map(|(a, _)| a.0)
        .collect();
    assert_eq!(same, ["base", "java", "shell"]);
}

#[test]
fn only_the_zookeeper_layer_is_the_same_for_both_platforms() {
    let (catalog, lock) = (catalog(), lock());
    let plan = Plan::new(&catalog, &lock, "3.6.1", &request(Variant::Full)).unwrap();
    let (amd64, arm64) = (
        keys(&plan, Platform::LinuxAmd64),
        keys(&plan, Platform::LinuxArm64),
    );
    let same: Vec<&str> = amd64
        .iter()
        .zip(&arm64)
        .filter(|(a, b)| a == b)
        .map(|(a, _)| a.0)
        .collect();
    assert_eq!(same, ["zookeeper"]);
}

#[test]
fn the_source_date_epoch_lowers_the_time_and_never_raises_it() {
    let (catalog, lock) = (catalog(), lock());
    for (epoch, expected) in [
        (None, catalog.created),
        (Some(u64::MAX), catalog.created),
        (Some(1_000), 1_000),
    ] {
        let request = Request {
            source_date_epoch: epoch,
            ..request(Variant::Full)
        };
        assert_eq!(
            Plan::new(&catalog, &lock, "3.6.1", &request)
                .unwrap()
                .created,
            expected
        );
    }
}

#[test]
fn a_lock_that_lacks_something_says_what() {
    let catalog = catalog();
    let mut no_release = lock();
    no_release.releases.remove("3.6.1");
    let mut other_archive = lock();
    other_archive
        .releases
        .get_mut("3.6.1")
        .unwrap()
        .tarball
        .size = None;
    let mut no_jar = lock();
    no_jar.jars.retain(|jar, _| jar.artifact != "zookeeper");
    let mut no_package = lock();
    no_package
        .debian
        .get_mut("trixie")
        .unwrap()
        .packages
        .retain(|package| package.name != "bash");
    let table = [
        (
            Lock {
                output: OutputFormat::current(),
                releases: lock().releases,
                debian: Default::default(),
                jars: Default::default(),
            },
            "packages of Debian `trixie`",
        ),
        (no_release, "release 3.6.1"),
        (other_archive, "release 3.6.1 as the catalog has it now"),
        (no_jar, "jar `org.apache.zookeeper:zookeeper:3.6.1`"),
        (
            no_package,
            "package `bash` of `shell.trixie` for linux/amd64",
        ),
    ];
    for (lock, thing) in table {
        let error = Plan::new(&catalog, &lock, "3.6.1", &request(Variant::Full)).unwrap_err();
        assert_eq!(error.to_string(), format!("the lock has no {thing}"));
        assert_eq!(error.hint(), "run `zookiln update`");
    }
}

#[test]
fn a_lock_for_other_bytes_is_refused() {
    let mut lock = lock();
    lock.output.compressor = "zlib 1".to_owned();

    let error = Plan::new(&catalog(), &lock, "3.6.1", &request(Variant::Full)).unwrap_err();

    let expected = format!(
        "the lock is for layers of format {format} by zlib 1, this program writes format {format} by {}",
        layers::COMPRESSOR,
        format = layers::FORMAT_VERSION,
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn parts_say_what_has_changed() {
    let (catalog, lock) = (catalog(), lock());
    let parts = |catalog: &Catalog, lock: &Lock| {
        let plan = Plan::new(catalog, lock, "3.6.1", &request(Variant::Full)).unwrap();
        plan.parts()
    };
    let before = parts(&catalog, &lock);

    let text = EMBEDDED_CATALOG.replacen("SIGTERM", "SIGKILL", 1);
    let other = Catalog::parse(Path::new("versions.toml"), &text).unwrap();
    let changed = parts(&other, &lock);
    assert_ne!(changed.catalog, before.catalog);
    assert_eq!(
        (changed.lock, changed.program),
        (before.lock.clone(), before.program.clone())
    );

    let package = lock.debian["trixie"]
        .packages
        .iter()
        .find(|package| package.name == "libc6");
    let old = package.unwrap().sha256.hex();
    let text = EMBEDDED_LOCK.replace(old, Digest::sha256_of(b"other").hex());
    let changed = parts(
        &catalog,
        &Lock::parse(Path::new("versions.lock"), &text).unwrap(),
    );
    assert_ne!(changed.lock, before.lock);
    assert_eq!(
        (changed.catalog, changed.program),
        (before.catalog, before.program)
    );
}
