//! The size of the server's heap: `ZOO_HEAP_SIZE`, unless flags of the user's say it otherwise.

use super::flags;
use crate::variables::ids::{HEAP_SIZE, SERVER_JVMFLAGS};
use crate::variables::{Environment, Values};

/// Flags that size the heap as a whole, or by the memory of the machine.
const WHOLE: [&str; 4] = [
    "-XX:MaxHeapSize=",
    "-XX:MaxRAMPercentage=",
    "-XX:MinRAMPercentage=",
    "-XX:InitialRAMPercentage=",
];
const LEAST: [&str; 3] = ["-Xms", "-XX:InitialHeapSize=", "-XX:MinHeapSize="];
const MOST: &str = "-Xmx";
/// Flags that size a part of the heap.
const PARTS: [&str; 3] = ["-Xmn", "-XX:NewSize=", "-XX:MaxNewSize="];

/// What to put before the user's flags.
///
/// Where they set only one of the two limits the other is filled in so that both fit together: the JVM
/// refuses to start where the initial heap is larger than the largest.
pub(super) fn arguments(environment: &Environment, values: &Values) -> Vec<String> {
    fitting(
        values.integer(HEAP_SIZE),
        &flags::of_user(environment, values, SERVER_JVMFLAGS),
    )
}

/// The largest heap that the server may have, in bytes; nothing where it depends on the machine's memory.
pub fn largest(environment: &Environment, values: &Values) -> Option<u64> {
    let theirs = flags::of_user(environment, values, SERVER_JVMFLAGS);
    let ours = fitting(values.integer(HEAP_SIZE), &theirs);
    let flags = ours.iter().chain(&theirs).rev();
    let limits = |flag: &String| {
        [MOST, WHOLE[0]]
            .iter()
            .find_map(|prefix| flag.strip_prefix(prefix).map(str::to_owned))
    };
    bytes(&flags.filter_map(limits).next()?)
}

/// Whether a flag sizes a heap, or a part of it.
pub(super) fn sizes(flag: &str) -> bool {
    WHOLE
        .iter()
        .chain(&LEAST)
        .chain(&PARTS)
        .chain([&MOST])
        .any(|prefix| flag.starts_with(prefix))
}

fn fitting(megabytes: u32, flags: &[String]) -> Vec<String> {
    let starts = |flag: &String, prefixes: &[&str]| prefixes.iter().any(|it| flag.starts_with(it));
    if flags.iter().any(|flag| starts(flag, &WHOLE)) {
        return Vec::new();
    }
    let last = |prefixes: &[&str]| {
        let mut sizes = flags.iter().rev().filter_map(|flag| {
            prefixes
                .iter()
                .find_map(|prefix| flag.strip_prefix(prefix))
                .map(str::to_owned)
        });
        sizes.next()
    };
    let ours = format!("{megabytes}m");
    let or_theirs = |theirs: String, ours_fits: fn(u64, u64) -> bool| match bytes(&theirs) {
        Some(size) if !ours_fits(u64::from(megabytes) << 20, size) => theirs,
        _ => ours.clone(),
    };
    match (last(&LEAST), last(&[MOST])) {
        (Some(_), Some(_)) => Vec::new(),
        (None, None) => vec![format!("-Xms{ours}"), format!("{MOST}{ours}")],
        (None, Some(most)) => vec![format!(
            "-Xms{}",
            or_theirs(most, |ours, most| ours <= most)
        )],
        (Some(least), None) => vec![format!(
            "{MOST}{}",
            or_theirs(least, |ours, least| ours >= least)
        )],
    }
}

/// Reads a size as the JVM does: a number of bytes, or of `k`, `m`, `g`, `t`.
fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let shift = match &text[digits.len()..] {
        "" => 0,
        "k" | "K" => 10,
        "m" | "M" => 20,
        "g" | "G" => 30,
        "t" | "T" => 40,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::java::tests::given;

    #[test]
    fn the_users_flags_win() {
        const MIB: u64 = 1 << 20;
        for (flags, expected, largest_is) in [
            ("", "-Xms1024m -Xmx1024m", Some(1024 * MIB)),
            ("-Dx=-Xmx1g", "-Xms1024m -Xmx1024m", Some(1024 * MIB)),
            ("-Xms2g -Xmx2g", "", Some(2048 * MIB)),
            ("-Xmx300m", "-Xms300m", Some(300 * MIB)),
            ("-Xmx2g", "-Xms1024m", Some(2048 * MIB)),
            ("-Xms2g", "-Xmx2g", Some(2048 * MIB)),
            ("-Xms300m", "-Xmx1024m", Some(1024 * MIB)),
            ("-Xmx9g -Xmx300m", "-Xms300m", Some(300 * MIB)),
            ("-Xmx314572800", "-Xms314572800", Some(300 * MIB)),
            ("-Xmxnonsense", "-Xms1024m", None),
            ("-XX:InitialHeapSize=2g", "-Xmx2g", Some(2048 * MIB)),
            ("-XX:MaxRAMPercentage=70", "", None),
            ("-XX:MaxRAMPercentage=70 -Xmx1g", "", Some(1024 * MIB)),
            ("-XX:InitialRAMPercentage=70", "", None),
            ("-XX:MaxHeapSize=1g", "", Some(1024 * MIB)),
        ] {
            for name in [
                "JVMFLAGS",
                "SERVER_JVMFLAGS",
                "JAVA_TOOL_OPTIONS",
                "JDK_JAVA_OPTIONS",
            ] {
                let (environment, values) = given(&[(name, flags)]);
                let shown = arguments(&environment, &values).join(" ");
                assert_eq!(shown, expected, "{name}={flags}");
                assert_eq!(largest(&environment, &values), largest_is, "{name}={flags}");
            }
        }
    }

    #[test]
    fn the_stronger_flag_decides() {
        for (weaker, stronger) in [
            ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"),
            ("JDK_JAVA_OPTIONS", "SERVER_JVMFLAGS"),
            ("SERVER_JVMFLAGS", "JVMFLAGS"),
            ("JVMFLAGS", "_JAVA_OPTIONS"),
        ] {
            let (environment, values) = given(&[(weaker, "-Xmx2g"), (stronger, "-Xmx256m")]);
            assert_eq!(arguments(&environment, &values), ["-Xms256m"], "{stronger}");
            assert_eq!(largest(&environment, &values), Some(256 << 20));
        }
    }

    #[test]
    fn the_size_is_the_variables() {
        let (environment, values) = given(&[("ZOO_HEAP_SIZE", "3000000")]);
        assert_eq!(largest(&environment, &values), Some(3_000_000 << 20));
    }
}
