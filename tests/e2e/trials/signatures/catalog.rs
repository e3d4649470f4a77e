//! Whom the catalog believes, by itself: read here without the code that is judged.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use signatures::Fingerprint;

/// What the catalog says of a release of Debian.
pub(super) struct Release {
    /// `trixie`, and what comes with it.
    pub(super) suites: Vec<String>,
    /// Who may sign them.
    pub(super) signers: BTreeSet<Fingerprint>,
}

/// Reads the one release of Debian in `versions.toml`.
pub(super) fn debian(checkout: &Path) -> anyhow::Result<Release> {
    let text = std::fs::read_to_string(checkout.join("versions.toml"))?;
    let catalog: toml::Table = text.parse()?;
    let release = (catalog.get("debian"))
        .and_then(|releases| releases.get("trixie"))
        .context("the catalog has `debian.trixie`")?;
    let list = |name: &str| {
        let values = release.get(name).and_then(toml::Value::as_array);
        let values = values.with_context(|| format!("`debian.trixie` has `{name}`"))?;
        (values.iter())
            .map(|value| value.as_str().map(str::to_owned))
            .collect::<Option<Vec<String>>>()
            .with_context(|| format!("`{name}` is of strings"))
    };
    let signers = list("signers")?;
    Ok(Release {
        suites: list("suites")?,
        signers: (signers.iter().map(|text| text.parse())).collect::<Result<_, _>>()?,
    })
}
