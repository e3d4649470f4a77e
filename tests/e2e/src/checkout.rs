//! The program, compiled in another checkout.
//!
//! What could differ is what the program carries: the entrypoint, which its build script compiles. So the
//! program, its own crates and the entrypoint with all of its dependencies are compiled anew, in another
//! place, with another profile. Other crates that only the program has are taken from the build at hand:
//! cargo compiles them where the checkout is not seen.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::cargo;
use crate::command::call;

/// A copy of the sources and what was compiled of it.
#[derive(Debug)]
pub struct Checkout {
    top: PathBuf,
    target: PathBuf,
    /// The program.
    pub program: PathBuf,
    build_script: PathBuf,
}

impl Checkout {
    /// Copies the sources below the directory and compiles the program there.
    pub fn compile(directory: &Path) -> anyhow::Result<Self> {
        let top = directory.join("deeper down/an other checkout");
        let target = directory.join("compiled");
        copy_sources(&top)?;
        take_foreign_crates(&target)?;
        // Quicker to compile, and other code.
        let messages = cargo::messages(
            cargo::build(&top)
                .args(["--config", "profile.dev.package.zookiln.opt-level=0"])
                .args(["--config", "profile.dev.incremental=false"])
                .env("CARGO_TARGET_DIR", &target)
                .env("CARGO_NET_OFFLINE", "true"),
        )?;
        let build_script = messages.iter().find_map(|message| {
            let is_it = message["target"]["kind"][0] == "custom-build"
                && message["package_id"].as_str()?.contains("/builder#");
            is_it.then(|| message["filenames"][0].as_str())?
        });
        let program = cargo::executable(&messages).context("cargo names no executable")?;
        ensure!(program.starts_with(&target), "{program:?}");
        let build_script = build_script.context("cargo names no build script")?.into();
        Ok(Self {
            top,
            target,
            program,
            build_script,
        })
    }

    /// Runs the build script once more, with another home of cargo's, and reads what it made for an
    /// architecture: `x86_64`, `aarch64`.
    pub fn entrypoints_of_another_cargo_home<const N: usize>(
        &self,
        architectures: [&str; N],
    ) -> anyhow::Result<[Vec<u8>; N]> {
        let home = self.target.join("an other cargo home");
        share_downloads(&home)?;
        let output = self.target.join("out");
        fs::create_dir(&output)?;
        let rustc = call("rustup").args(["which", "rustc"]).finish();
        let rustc = match rustc {
            Ok(found) if found.code == 0 => found.stdout.trim().to_owned(),
            _ => "rustc".to_owned(),
        };
        let said = call(&self.build_script)
            .directory(&self.top.join("builder"))
            .env("CARGO_MANIFEST_DIR", self.top.join("builder"))
            .env("CARGO_HOME", home)
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO", cargo::cargo())
            .env("RUSTC", rustc)
            .env("OUT_DIR", output)
            .succeed()?
            .stdout;
        let mut found = [const { Vec::new() }; N];
        for (architecture, bytes) in architectures.iter().zip(&mut found) {
            let prefix = format!("cargo::rustc-env=ENTRYPOINT_{architecture}=");
            let path = said.lines().find_map(|line| line.strip_prefix(&prefix));
            *bytes = fs::read(path.context("the build script names no entrypoint")?)?;
        }
        Ok(found)
    }
}

/// What git knows, or would if it were added.
fn copy_sources(to: &Path) -> anyhow::Result<()> {
    let from = cargo::top();
    let listed = call("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .directory(&from)
        .succeed()?
        .stdout;
    for name in listed.split_terminator('\0') {
        let (from, to) = (from.join(name), to.join(name));
        if !from.exists() {
            continue;
        }
        fs::create_dir_all(to.parent().context("it is below a directory")?)?;
        fs::copy(from, &to)?;
        // As a strict umask leaves it.
        fs::set_permissions(to, Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// What of the build at hand is neither of this repository nor depends on where it is.
fn take_foreign_crates(target: &Path) -> anyhow::Result<()> {
    let messages = cargo::messages(cargo::build(&cargo::top()))?;
    let mut units = BTreeSet::new();
    for message in &messages {
        let is_foreign = message["package_id"]
            .as_str()
            .is_some_and(|id| id.starts_with("registry+"));
        if !is_foreign {
            continue;
        }
        let files = message["filenames"].as_array().into_iter().flatten();
        for path in files.chain([&message["out_dir"]]).filter_map(Value::as_str) {
            units.extend(
                Path::new(path)
                    .iter()
                    .filter_map(|part| unit(part.to_str()?)),
            );
        }
    }
    let executable = cargo::executable(&messages).context("cargo names no executable")?;
    let from = executable.parent().context("it is in a directory")?;
    for folder in ["deps", "build", ".fingerprint"] {
        let to = target.join("debug").join(folder);
        fs::create_dir_all(&to)?;
        let mut copy = call("cp").args(["--archive", "--target-directory"]).arg(to);
        for entry in fs::read_dir(from.join(folder))? {
            let entry = entry?;
            if entry
                .file_name()
                .to_str()
                .and_then(unit)
                .is_some_and(|unit| units.contains(unit))
            {
                copy = copy.arg(entry.path());
            }
        }
        copy.succeed()?;
    }
    Ok(())
}

/// The 16 digits behind the last hyphen, by which cargo tells compilations of a crate apart.
fn unit(name: &str) -> Option<&str> {
    let (_, rest) = name.rsplit_once('-')?;
    let unit = rest.split('.').next()?;
    (unit.len() == 16 && unit.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(unit)
}

/// A home in which nothing is unpacked yet, and nothing needs to be fetched.
fn share_downloads(home: &Path) -> anyhow::Result<()> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let usual = variable("CARGO_HOME")
        .or_else(|| Some(variable("HOME")?.join(".cargo")))
        .context("cargo has no home")?;
    fs::create_dir_all(home.join("registry"))?;
    for name in ["registry/cache", "registry/index", "config.toml"] {
        if usual.join(name).exists() {
            symlink(usual.join(name), home.join(name))?;
        }
    }
    Ok(())
}
