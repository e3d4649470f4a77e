//! Runs a table of cases and says in a few words what came of each.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::atomic::{self, AtomicUsize};
use std::sync::{LazyLock, Mutex};

use crate::support::{Behaviour, Layout, Run, Server, Tag, Workspace, Zookiln, fixture};

/// An address of this host that nobody listens on.
const REFUSED: &str = "http://127.0.0.1:1";
/// The package that is served badly.
const BAD: &str = "base-files_13.8_amd64.deb";
/// Builds under way at once: most of their time is spent waiting.
const AT_ONCE: usize = 6;

/// What an undisturbed build gives.
static DIGEST: LazyLock<String> = LazyLock::new(|| {
    let workspace = Workspace::new();
    build(&workspace).succeed();
    image(&workspace).digest().to_owned()
});

pub(super) enum Mirror {
    /// One file is answered by these in turn, the last for ever.
    File(&'static [Behaviour]),
    /// The same, and parts of it by the others.
    Parts(&'static [Behaviour], &'static [Behaviour]),
    /// Like a file, with such an `ETag`.
    Tagged(Tag, &'static [Behaviour]),
    /// Every file is answered so.
    All(Behaviour),
    /// Nobody listens.
    Refused,
}

impl Mirror {
    /// Where `server`, which behaves so from now on, is said to be.
    fn url(&self, server: &Server) -> String {
        let path = fixture().path(BAD);
        match self {
            Self::File(behaviours) => server.answer_in_turn(path, behaviours),
            Self::Parts(whole, parts) => {
                server.answer_in_turn(path, whole);
                server.answer_ranges_in_turn(path, parts);
            }
            Self::Tagged(tag, behaviours) => {
                server.tag_with(*tag);
                server.answer_in_turn(path, behaviours);
            }
            Self::All(behaviour) => server.answer_all(*behaviour),
            Self::Refused => return REFUSED.to_owned(),
        }
        server.url()
    }
}

/// Runs every case in a thread of its name, panics with the names of those that failed, and says of
/// the others what came of them.
pub(super) fn check(cases: &[(&str, Mirror)]) -> String {
    LazyLock::force(&DIGEST);
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(cases.len()) {
            scope.spawn(|| {
                loop {
                    let position = next.fetch_add(1, atomic::Ordering::Relaxed);
                    let Some((name, mirror)) = cases.get(position) else {
                        break;
                    };
                    let thread = std::thread::Builder::new().name((*name).to_owned());
                    let run = || (alone(mirror), beside(mirror));
                    let result = thread.spawn_scoped(scope, run).unwrap().join();
                    results.lock().unwrap().insert(position, result);
                }
            });
        }
    });
    let mut text = String::new();
    let mut failed = Vec::new();
    for ((name, _), result) in cases
        .iter()
        .zip(results.into_inner().unwrap().into_values())
    {
        match result {
            Ok((alone, beside)) => text.push_str(&format!(
                "{name}\n  alone: {alone}\n  beside an honest one: {beside}\n"
            )),
            Err(_) => failed.push(name),
        }
    }
    assert!(failed.is_empty(), "failed: {failed:#?}");
    text
}

/// The only mirror there is of its archive; the snapshot archive is down.
fn alone(mirror: &Mirror) -> String {
    let workspace = Workspace::new();
    let honest = workspace.server.url();
    let bad = Server::start();
    let line = format!("mirrors = [\"{honest}/debian\"]");
    workspace.edit_catalog(&line, &line.replace(&honest, &mirror.url(&bad)));
    let line = format!("snapshot = \"{honest}/snapshot\"");
    workspace.edit_catalog(&line, &line.replace(&honest, REFUSED));

    let run = build(&workspace).run();
    let said = match run.code {
        Some(0) => {
            check_image(&workspace);
            assert_eq!(run.stderr, "");
            "builds".to_owned()
        }
        _ => {
            check_nothing_is_left(&workspace);
            reason(&run)
        }
    };
    said + &asked(&bad)
}

/// Asked before an honest one.
fn beside(mirror: &Mirror) -> String {
    let workspace = Workspace::new();
    let bad = Server::start();
    workspace.add_apt_mirror(&mirror.url(&bad));

    let run = build(&workspace).succeed();
    check_image(&workspace);
    let warnings = run.stderr.lines().filter(|line| line.contains(BAD));
    let warnings = warnings.map(|line| format!(", {}", shortened(line)));
    format!("builds{}{}", warnings.collect::<String>(), asked(&bad))
}

/// A build that needs few inputs and has little patience.
fn build(workspace: &Workspace) -> Zookiln<'_> {
    let arguments = [
        "--quiet",
        "build",
        "--version",
        "3.6.1",
        "--platform",
        "linux/amd64",
        "--variant",
        "distroless",
    ];
    workspace
        .zookiln(arguments)
        .env("ZOOKILN_HTTP_TIMEOUT", "2")
}

fn image(workspace: &Workspace) -> Layout {
    Layout::read(
        &workspace
            .project()
            .join("images/zookeeper-3.6.1-distroless"),
    )
}

fn check_image(workspace: &Workspace) {
    assert_eq!(image(workspace).digest(), *DIGEST);
    assert_eq!(workspace.scratch(), Vec::<String>::new());
}

fn check_nothing_is_left(workspace: &Workspace) {
    assert!(!workspace.project().join("images").exists());
    workspace.check_cache();
}

/// What a failed build said of the bad address.
fn reason(run: &Run) -> String {
    assert_eq!(run.code, Some(1), "{}", run.transcript());
    assert_eq!(run.lines("error: ").len(), 1, "{}", run.transcript());
    let failed = format!("cannot fetch `{BAD}`");
    let mut lines = run
        .stderr
        .lines()
        .skip_while(|line| !line.ends_with(&failed));
    let said = lines.nth(1).unwrap_or_else(|| panic!("{}", run.stderr));
    assert_eq!(run.lines("hint: ").len(), 1, "{}", run.transcript());
    shortened(said.trim_start())
}

/// Without what is the same in every case, and with names for what is not.
fn shortened(line: &str) -> String {
    let (before, said) = line.split_once("`: ").unwrap();
    let before = before.split_once('`').unwrap().0;
    let said = said.strip_prefix(&format!("{BAD}: ")).unwrap_or(said);
    let mut words: Vec<String> = said.split(' ').map(str::to_owned).collect();
    for position in 0..words.len() {
        let next = words.get(position + 1).map(String::as_str);
        if let Some(name) = name(&words[position], next) {
            words[position] = name.to_owned();
        }
    }
    format!("{before}{}", words.join(" "))
}

fn name(word: &str, next: Option<&str>) -> Option<&'static str> {
    let path = fixture().path(BAD);
    let size = fixture().bytes(path).len();
    let next = next.map(|next| next.trim_end_matches(','));
    match (word.parse::<usize>(), next) {
        // Nothing at all, and the floor of the speed.
        (Ok(0 | 1024), Some("bytes")) => None,
        (Ok(count), Some("bytes")) if count == size => Some("[size]"),
        (Ok(count), Some("bytes")) if count == size + 1 => Some("[size + 1]"),
        (Ok(count), Some("bytes")) if count == size / 2 => Some("[half]"),
        (Ok(_), Some("bytes")) => Some("[some]"),
        // A date is rounded, and the time goes on.
        (Ok(3590..=3600), Some("s")) => Some("[hour]"),
        _ if word.trim_end_matches(',') == fixture().digest(path) => Some("[digest],"),
        _ if word.starts_with("sha256:") => Some("[another]"),
        _ => None,
    }
}

/// What was asked for of the bad file, in order: the whole, the rest from the middle on, or some rest
/// from further on; with `If-Range` only if it is unchanged.
fn asked(server: &Server) -> String {
    let path = fixture().path(BAD);
    let size = fixture().bytes(path).len();
    let requests = server.requests_for(path);
    let mut names: Vec<(String, usize)> = Vec::new();
    for request in &requests {
        let closed = format!("-{}", size - 1);
        let range = request.header("range");
        let mut name = match (range, request.range(size)) {
            (None, _) => "whole",
            (Some(range), Some((first, _))) if range.ends_with(&closed) => {
                match first.cmp(&(size / 2)) {
                    Ordering::Less => "more than rest",
                    Ordering::Equal => "rest",
                    Ordering::Greater => "some rest",
                }
            }
            (Some(range), _) => range,
        }
        .to_owned();
        if let Some(tag) = request.header("if-range") {
            assert!(tag.starts_with('"'), "`{tag}` promises nothing");
            name.push_str(" if unchanged");
        }
        match names.last_mut() {
            Some((last, times)) if *last == name => *times += 1,
            _ => names.push((name, 1)),
        }
    }
    let names = names.into_iter().map(|(name, times)| match times {
        1 => name,
        times => format!("{times} x {name}"),
    });
    match names.collect::<Vec<String>>().join(", ") {
        names if names.is_empty() => names,
        names => format!(" ({names})"),
    }
}
