//! The size of the server's heap: `ZOO_HEAP_SIZE`, unless flags of the user's say it otherwise.

/// Flags beside `-Xms` and `-Xmx` that size the heap as a whole.
const WHOLE: [&str; 3] = [
    "-XX:MaxHeapSize=",
    "-XX:MaxRAMPercentage=",
    "-XX:InitialRAMPercentage=",
];
const LEAST: &str = "-Xms";
const MOST: &str = "-Xmx";

/// What to put before the user's `flags` for a heap of `megabytes`.
///
/// Where they set only one of the two limits the other is filled in so that both fit together: the JVM
/// refuses to start where the initial heap is larger than the largest.
pub(super) fn arguments(megabytes: u32, flags: &[&str]) -> Vec<String> {
    if flags
        .iter()
        .any(|flag| WHOLE.iter().any(|prefix| flag.starts_with(prefix)))
    {
        return Vec::new();
    }
    let last = |prefix| {
        flags
            .iter()
            .rev()
            .find_map(|flag| flag.strip_prefix(prefix))
    };
    let ours = format!("{megabytes}m");
    let fitting = |theirs: &str, ours_fits: fn(u64, u64) -> bool| match bytes(theirs) {
        Some(size) if !ours_fits(u64::from(megabytes) << 20, size) => theirs.to_owned(),
        _ => ours.clone(),
    };
    match (last(LEAST), last(MOST)) {
        (Some(_), Some(_)) => Vec::new(),
        (None, None) => vec![format!("{LEAST}{ours}"), format!("{MOST}{ours}")],
        (None, Some(most)) => vec![format!(
            "{LEAST}{}",
            fitting(most, |ours, most| ours <= most)
        )],
        (Some(least), None) => vec![format!(
            "{MOST}{}",
            fitting(least, |ours, least| ours >= least)
        )],
    }
}

/// The flags but those that size a heap: they are meant for the server.
pub(super) fn without_sizes(flags: &[String]) -> impl Iterator<Item = &String> {
    let sizes = |flag: &String| {
        WHOLE
            .iter()
            .chain([&LEAST, &MOST])
            .any(|prefix| flag.starts_with(prefix))
    };
    flags.iter().filter(move |flag| !sizes(flag))
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

    #[test]
    fn the_users_flags_win() {
        for (flags, expected) in [
            (&[][..], "-Xms1024m -Xmx1024m"),
            (&["-Dx=-Xmx1g"], "-Xms1024m -Xmx1024m"),
            (&["-Xms2g", "-Xmx2g"], ""),
            (&["-Xmx300m"], "-Xms300m"),
            (&["-Xmx2g"], "-Xms1024m"),
            (&["-Xms2g"], "-Xmx2g"),
            (&["-Xms300m"], "-Xmx1024m"),
            (&["-Xmx9g", "-Xmx300m"], "-Xms300m"),
            (&["-Xmx314572800"], "-Xms314572800"),
            (&["-Xmxnonsense"], "-Xms1024m"),
            (&["-XX:MaxRAMPercentage=70"], ""),
            (&["-XX:InitialRAMPercentage=70"], ""),
            (&["-XX:MaxHeapSize=1g"], ""),
        ] {
            assert_eq!(arguments(1024, flags).join(" "), expected, "{flags:?}");
        }
    }
}
