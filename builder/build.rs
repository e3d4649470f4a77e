//! Compiles the entrypoint for both platforms, so that `zookiln` carries it, and digests the sources
//! of this program, so that no change to them meets a cached layer.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

const TARGETS: [&str; 2] = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"];

fn main() {
    let builder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let workspace = builder
        .parent()
        .expect("the package is a folder of the workspace")
        .to_owned();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));

    for path in [
        "rootfs",
        "versions.toml",
        "versions.lock",
        "Cargo.lock",
        "rust-toolchain.toml",
    ] {
        println!("cargo::rerun-if-changed={}", workspace.join(path).display());
    }
    println!(
        "cargo::rustc-env=ZOOKILN_SOURCE_DIGEST={}",
        digest_of_sources(&workspace)
    );

    ensure_targets(&workspace);
    for target in TARGETS {
        let binary = build_entrypoint(&workspace, &out.join("entrypoint"), target);
        println!(
            "cargo::rustc-env=ENTRYPOINT_{}={}",
            target.split('-').next().unwrap_or(target),
            binary.display()
        );
    }
}

/// SHA-256 over the names and bytes of all sources that decide what an image's bytes are.
fn digest_of_sources(workspace: &Path) -> String {
    let mut files = vec![workspace.join("Cargo.lock")];
    for folder in ["builder/src", "layers/src"] {
        println!(
            "cargo::rerun-if-changed={}",
            workspace.join(folder).display()
        );
        collect_files(&workspace.join(folder), &mut files);
    }
    files.sort();
    let mut hasher = Sha256::new();
    for file in files {
        let name = file
            .strip_prefix(workspace)
            .expect("collected below it")
            .to_string_lossy()
            .into_owned();
        let bytes =
            std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        hasher.update(format!("{name}\0{}\0", bytes.len()));
        hasher.update(bytes);
    }
    hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn collect_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect_files(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// rustup may be told not to install what `rust-toolchain.toml` names; then it is done here.
fn ensure_targets(workspace: &Path) {
    let missing: Vec<&str> = TARGETS
        .into_iter()
        .filter(|target| !has_std(target))
        .collect();
    if missing.is_empty() {
        return;
    }
    println!(
        "cargo::warning=installing the Rust targets {}",
        missing.join(" ")
    );
    let command = format!("rustup target add {}", missing.join(" "));
    let done = Command::new("rustup")
        .args(["target", "add"])
        .args(&missing)
        .current_dir(workspace)
        .status();
    match done {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("`{command}` failed: {status}"),
        Err(error) => panic!(
            "the standard library of {} is missing; run `{command}` ({error})",
            missing.join(" ")
        ),
    }
}

fn has_std(target: &str) -> bool {
    let rustc = env::var_os("RUSTC").expect("cargo sets it");
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", target])
        .output();
    output.is_ok_and(|output| {
        let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success() && Path::new(&path).is_dir()
    })
}

/// The same bytes from every checkout, cargo home and outer profile: paths are remapped, and nothing
/// of the outer cargo's environment gets through.
fn build_entrypoint(workspace: &Path, target_dir: &Path, target: &str) -> PathBuf {
    let cargo = env::var_os("CARGO").expect("cargo sets it");
    let mut command = Command::new(cargo);
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let outer =
            name.starts_with("CARGO") || name.starts_with("RUSTC") || name.starts_with("RUSTFLAGS");
        if outer
            && !matches!(
                name.as_str(),
                "CARGO_HOME" | "CARGO_NET_OFFLINE" | "CARGO_HTTP_PROXY" | "CARGO_HTTP_CAINFO"
            )
        {
            command.env_remove(name);
        }
    }
    let registry = cargo_home().join("registry/src");
    let flags = [
        "-Clinker=rust-lld".to_owned(),
        format!("--remap-path-prefix={}=/build", workspace.display()),
        format!("--remap-path-prefix={}=/registry", registry.display()),
    ];
    let status = command
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
        .current_dir(workspace)
        .args([
            "build",
            "--locked",
            "--package",
            "entrypoint",
            "--bin",
            "entrypoint",
        ])
        .args([
            "--profile",
            "entrypoint",
            "--target",
            target,
            "--target-dir",
        ])
        .arg(target_dir)
        .status()
        .expect("cargo runs");
    assert!(
        status.success(),
        "the entrypoint does not compile for {target}"
    );
    target_dir.join(target).join("entrypoint/entrypoint")
}

fn cargo_home() -> PathBuf {
    match env::var_os("CARGO_HOME") {
        Some(home) => home.into(),
        None => PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cargo"),
    }
}
