//! Our order of Debian versions against that of `dpkg`, on pairs that are made to be near each other.
//!
//! The same pairs every time; `E2E_SEED` makes others.

use std::cmp::Ordering;
use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, ensure};
use e2e::command::call;
use e2e::images::World;
use e2e::need::DPKG;
use fastrand::Rng;
use libtest_mimic::Trial;
use zookiln::source::debian::version::DebianVersion;

use crate::{Suite, same};

/// Each is a process of one or two milliseconds.
const PAIRS: usize = 4000;
const TEXTS: usize = 1000;

/// What orders before the end, at it and after it; numbers that are alike, and that overflow.
const PIECES: &[&str] = &[
    "0",
    "00",
    "1",
    "01",
    "001",
    "9",
    "10",
    "09",
    "2147483648",
    "99999999999999999999",
    "a",
    "A",
    "z",
    "Z",
    "rc",
    "~",
    "~~",
    "~a",
    "~1",
    "+",
    "+b",
    "+deb13u",
    "+really",
    ".",
    "..",
    ".0",
    "-",
    "-0",
    "-1",
    "-0~",
    ":",
];
const EPOCHS: &[&str] = &["", "", "", "0:", "00:", "1:", "01:", "2147483647:"];
const FIRST: &[&str] = &["0", "00", "1", "01", "9", "10"];
/// What no version has, or not everywhere.
const STRANGE: &[&str] = &[
    "_",
    "/",
    " 1",
    "é",
    "^",
    "-",
    ":",
    "a:",
    "2147483648:",
    ",",
    "(",
    "-+",
    "1:1-",
];

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    vec![
        suite.trial("versions_ordered_as_by_dpkg", &[DPKG], ordered),
        suite.trial("versions_refused_as_by_dpkg", &[DPKG], refused),
    ]
}

/// `dpkg` is told our answer for each pair, and has to agree.
fn ordered(world: &World) -> anyhow::Result<()> {
    let mut random = random("versions_ordered_as_by_dpkg")?;
    let mut lines = String::new();
    let (mut earlier, mut equal, mut later) = (0, 0, 0);
    for _ in 0..PAIRS {
        let (left, right) = pair(&mut random);
        let (operator, count) = match left.cmp(&right) {
            Ordering::Less => ("lt", &mut earlier),
            Ordering::Equal => ("eq", &mut equal),
            Ordering::Greater => ("gt", &mut later),
        };
        *count += 1;
        lines += &format!("{left} {operator} {right}\n");
    }
    let each = [earlier, equal, later];
    ensure!(each.iter().all(|count| *count > PAIRS / 10), "{each:?}");

    let script = r#"while read -r left operator right; do
        dpkg --compare-versions "$left" "$operator" "$right" || echo "$left $operator $right: $?"
    done"#;
    let said = judged(&world.directory("versions-ordered")?, script, &lines)?;
    same("disagreements", "", &said)
}

/// A text is a version to both or to neither.
fn refused(world: &World) -> anyhow::Result<()> {
    let mut random = random("versions_refused_as_by_dpkg")?;
    let texts: Vec<String> = (0..TEXTS).map(|_| strange(&mut random)).collect();
    let script = r#"while IFS= read -r text; do
        said=$(dpkg --validate-version "$text" 2>&1)
        echo "$? $said"
    done"#;
    let said = judged(
        &world.directory("versions-refused")?,
        script,
        &(texts.join("\n") + "\n"),
    )?;
    same("verdicts", texts.len(), said.lines().count())?;
    let (mut accepted, mut refused) = (0, 0);
    for (text, verdict) in texts.iter().zip(said.lines()) {
        // It looks no further then, and it is a mere warning, which we do not share.
        if verdict.ends_with("does not start with digit") {
            continue;
        }
        let is_version = text.parse::<DebianVersion>().is_ok();
        ensure!(
            verdict.starts_with("0 ") == is_version,
            "`{text}`: to us {is_version}, to dpkg {verdict}"
        );
        match is_version {
            true => accepted += 1,
            false => refused += 1,
        }
    }
    let least = TEXTS / 10;
    ensure!(accepted > least && refused > least, "{accepted}, {refused}");
    Ok(())
}

fn random(trial: &str) -> anyhow::Result<Rng> {
    let seed = match std::env::var("E2E_SEED") {
        Ok(text) => text.parse().context("`E2E_SEED` is no number")?,
        Err(_) => 1,
    };
    eprintln!("{trial}: E2E_SEED={seed}");
    Ok(Rng::with_seed(seed))
}

/// Standard output of a shell script that reads these lines, and complains of nothing.
fn judged(directory: &Path, script: &str, lines: &str) -> anyhow::Result<String> {
    let file = directory.join("lines");
    fs::write(&file, lines)?;
    let said = (call("sh").args(["-c", script]).env("LC_ALL", "C.UTF-8"))
        .input(File::open(file)?)
        .succeed()?;
    same("complaints", "", said.stderr.as_str())?;
    Ok(said.stdout)
}

/// Two versions of which one is the other with a change or two.
fn pair(random: &mut Rng) -> (DebianVersion, DebianVersion) {
    loop {
        let left = pieces(random);
        let mut right = left.clone();
        for _ in 0..random.u8(1..=2) {
            change(random, &mut right);
        }
        if let (Some(left), Some(right)) = (version(&left), version(&right)) {
            return match random.bool() {
                true => (left, right),
                false => (right, left),
            };
        }
    }
}

/// `dpkg` warns of one that does not begin with a digit.
fn version(pieces: &[&str]) -> Option<DebianVersion> {
    let version: DebianVersion = pieces.concat().parse().ok()?;
    let begins = version
        .upstream()
        .starts_with(|first: char| first.is_ascii_digit());
    begins.then_some(version)
}

/// Epoch, first number, the rest.
fn pieces(random: &mut Rng) -> Vec<&'static str> {
    let mut pieces = vec![one(random, EPOCHS), one(random, FIRST)];
    for _ in 0..random.usize(0..7) {
        pieces.push(one(random, PIECES));
    }
    pieces
}

fn change(random: &mut Rng, pieces: &mut Vec<&'static str>) {
    // Behind the first number.
    let place = random.usize(2..=pieces.len());
    match random.u8(0..6) {
        0 if place < pieces.len() => {
            pieces.remove(place);
        }
        1 if place < pieces.len() => pieces[place] = one(random, PIECES),
        2 => pieces[0] = one(random, EPOCHS),
        // These seldom change the order.
        3 => pieces.push("-0"),
        4 => pieces.insert(1, "0"),
        _ => pieces.insert(place, one(random, PIECES)),
    }
}

/// What may be a version or not.
fn strange(random: &mut Rng) -> String {
    let mut pieces = pieces(random);
    if random.bool() {
        let place = random.usize(0..=pieces.len());
        pieces.insert(place, one(random, STRANGE));
    }
    // It passes over blanks around a version and a sign before it, or takes it for an option.
    let text = pieces.concat();
    text.trim().trim_start_matches(['+', '-']).to_owned()
}

fn one(random: &mut Rng, of: &[&'static str]) -> &'static str {
    of[random.usize(0..of.len())]
}
