//! The flags of a JVM that are the user's, wherever they are said.

use crate::variables::ids::{Id, JVMFLAGS};
use crate::variables::{Environment, Values};

/// All of them, the stronger ones last; `own` are those for the server or for the tools alone.
pub fn of_user(environment: &Environment, values: &Values, own: Id<[String]>) -> Vec<String> {
    // Read by the JVM itself; the last of them even after its command line.
    let read_by_jvm = |name: &str| -> Vec<String> {
        let text = environment.get(name).and_then(|text| text.to_str());
        text.into_iter()
            .flat_map(str::split_whitespace)
            .map(str::to_owned)
            .collect()
    };
    [
        read_by_jvm("JAVA_TOOL_OPTIONS"),
        read_by_jvm("JDK_JAVA_OPTIONS"),
        values.flags(own).to_vec(),
        values.flags(JVMFLAGS).to_vec(),
        read_by_jvm("_JAVA_OPTIONS"),
    ]
    .concat()
}

/// What they set a system property to.
pub fn property(flags: &[String], name: &str) -> Option<String> {
    let value = |flag: &String| {
        flag.strip_prefix("-D")?
            .strip_prefix(name)?
            .strip_prefix('=')
            .map(str::to_owned)
    };
    flags.iter().rev().find_map(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_equal_properties_counts() {
        let flags = ["-Da=1", "-Dab=2", "-Da=3", "-Xmx1g"].map(str::to_owned);
        assert_eq!(property(&flags, "a").as_deref(), Some("3"));
        assert_eq!(property(&flags, "b"), None);
    }
}
