//! A module cut down to what is needed of it.
//!
//! jlink refuses a module whose packages are missing, so every package keeps at least one entry: its
//! smallest, and a class where the package is exported or opened, since those must hold one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use zip::ZipArchive;

use super::JavaError;
use crate::catalog::{ModuleCut, PathPatterns};

/// One class or resource of a module.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Resource {
    size: u64,
    /// `java/awt/AWTEvent.class`
    name: String,
}

/// The resources of `module` that stay.
pub(super) fn kept(
    module: &Path,
    cut: &ModuleCut,
    description: &str,
) -> Result<BTreeSet<String>, JavaError> {
    let resources = resources(module)?;
    Ok(choose(&resources, &visible_packages(description), |name| {
        PathPatterns(&cut.keep).matches(name)
    }))
}

/// Everything wanted, and of every package its smallest entry: where single classes of a package are
/// wanted, the smallest stays as well.
fn choose(
    resources: &[Resource],
    visible: &BTreeSet<String>,
    wanted: impl Fn(&str) -> bool,
) -> BTreeSet<String> {
    let mut kept = BTreeSet::from(["module-info.class".to_owned()]);
    let mut packages: BTreeMap<&str, Vec<&Resource>> = BTreeMap::new();
    for resource in resources {
        if let Some((package, _)) = resource.name.rsplit_once('/') {
            packages.entry(package).or_default().push(resource);
        }
    }
    for (package, members) in packages {
        kept.extend(
            members
                .iter()
                .filter(|member| wanted(&member.name))
                .map(|member| member.name.clone()),
        );
        let must_be_class = visible.contains(package);
        let smallest = members
            .iter()
            .filter(|member| !must_be_class || member.name.ends_with(".class"))
            .min();
        kept.extend(smallest.map(|member| member.name.clone()));
    }
    kept
}

/// Packages that `jmod describe` lists as exported or opened, with slashes.
fn visible_packages(description: &str) -> BTreeSet<String> {
    let package = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["exports" | "opens", package, ..]
            | ["qualified", "exports" | "opens", package, ..] => Some(package.replace('.', "/")),
            _ => None,
        }
    };
    description.lines().filter_map(package).collect()
}

/// A jmod is a zip behind four bytes of its own; only its directory is read.
fn resources(module: &Path) -> Result<Vec<Resource>, JavaError> {
    let file = File::open(module).map_err(JavaError::io("open", module))?;
    let failed = |source| JavaError::Module {
        path: module.to_owned(),
        source,
    };
    let mut archive = ZipArchive::new(file).map_err(failed)?;
    let mut resources = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let member = archive.by_index_raw(index).map_err(failed)?;
        let name = member.name().map_err(failed)?;
        if let Some(name) = name
            .strip_prefix("classes/")
            .filter(|name| !name.ends_with('/'))
        {
            resources.push(Resource {
                size: member.size(),
                name: name.to_owned(),
            });
        }
    }
    Ok(resources)
}

/// jlink's pattern for all of `module` but `kept`. No `(?:`: jlink splits its lists at `:`.
pub(super) fn exclusion(module: &str, kept: &BTreeSet<String>) -> String {
    let names: Vec<String> = kept.iter().map(|name| escape(name)).collect();
    format!("regex:/{}/(?!({})$).*", escape(module), names.join("|"))
}

/// Class names have `$` and `.`; `-` and `/` mean themselves.
fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for character in name.chars() {
        if matches!(
            character,
            '.' | '$' | '+' | '*' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '\\'
        ) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(name: &str, size: u64) -> Resource {
        Resource {
            size,
            name: name.to_owned(),
        }
    }

    #[test]
    fn every_package_keeps_its_smallest_and_visible_ones_a_class() {
        let resources = [
            resource("module-info.class", 9),
            resource("java/beans/A.class", 50),
            resource("java/beans/B.class", 60),
            resource("java/awt/Event.class", 70),
            resource("java/awt/Tiny.class", 10),
            resource("java/awt/tiny.properties", 1),
            resource("sun/hidden/x.properties", 2),
            resource("sun/hidden/Y.class", 3),
        ];
        let visible = visible_packages(
            "java.desktop@21\nexports java.awt\nqualified opens java.beans to x\n",
        );
        let kept = choose(&resources, &visible, |name| {
            name.starts_with("java/beans/") || name == "java/awt/Event.class"
        });
        let expected = [
            "java/awt/Event.class",
            "java/awt/Tiny.class",
            "java/beans/A.class",
            "java/beans/B.class",
            "module-info.class",
            "sun/hidden/x.properties",
        ];
        assert_eq!(kept.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_pattern_names_nested_classes_literally() {
        let kept = BTreeSet::from(["a/B$C.class".to_owned(), "module-info.class".to_owned()]);
        assert_eq!(
            exclusion("java.desktop", &kept),
            r"regex:/java\.desktop/(?!(a/B\$C\.class|module-info\.class)$).*"
        );
    }
}
