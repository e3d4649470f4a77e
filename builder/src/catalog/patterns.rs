//! Path patterns of the catalog: `*` stays within a name, `**` crosses names.

/// A path is matched by any of these.
#[derive(Debug, Clone, Copy)]
pub struct PathPatterns<'a>(pub &'a [String]);

impl PathPatterns<'_> {
    /// Whether one of the patterns takes this path. A pattern that ends in `/**` takes the directory
    /// itself too.
    #[must_use]
    pub fn matches(self, path: &str) -> bool {
        self.0.iter().any(|pattern| {
            fast_glob::glob_match(pattern, path)
                || (pattern.strip_suffix("/**"))
                    .is_some_and(|directory| fast_glob::glob_match(directory, path))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_within_and_across_names() {
        let table = [
            ("usr/share/man/**", "usr/share/man", true),
            ("usr/share/man/**", "usr/share/man/man1/x.1", true),
            ("usr/share/man/**", "usr/share/manual", false),
            ("usr/lib/*/libx.so*", "usr/lib/triplet/libx.so.1", true),
            ("usr/lib/*/libx.so*", "usr/lib/a/b/libx.so.1", false),
            ("etc/issue*", "etc/issue.net", true),
            ("etc/issue*", "etc/issue/x", false),
            ("dev", "dev", true),
            ("dev", "dev/null", false),
            ("java/beans/**", "java/beans/A$B.class", true),
        ];
        for (pattern, path, expected) in table {
            let patterns = [pattern.to_owned()];
            assert_eq!(
                PathPatterns(&patterns).matches(path),
                expected,
                "`{pattern}` on `{path}`"
            );
        }
    }
}
