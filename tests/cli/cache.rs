//! `cache list` and `cache prune`, and builds that share a cache.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use snapbox::{assert_data_eq, str};
use walkdir::WalkDir;

use crate::support::{Behaviour, Layout, Snapshot, Workspace, fixture, names, tarball_path};

const BUILD: [&str; 4] = ["--quiet", "build", "--version", "3.6.1"];
const DAY: Duration = Duration::from_secs(86400);

/// A workspace whose cache a build has filled.
fn filled() -> Workspace {
    let workspace = Workspace::new();
    workspace.zookiln(BUILD).succeed();
    workspace
}

/// As if nothing in the cache had been used for so many days.
fn make_old(workspace: &Workspace, days: u32) {
    for found in WalkDir::new(workspace.cache()) {
        let found = found.unwrap();
        if found.file_type().is_file() {
            let time = SystemTime::now() - days * DAY;
            let file = File::open(found.path()).unwrap();
            file.set_modified(time).unwrap();
        }
    }
}

fn list(workspace: &Workspace) -> Value {
    let run = workspace
        .zookiln(["cache", "list", "--format", "json"])
        .succeed();
    serde_json::from_slice(&run.stdout).unwrap()
}

/// Of every entry its kind and name, in order of these.
fn kinds_and_names(workspace: &Workspace) -> Vec<(String, String)> {
    let document = list(workspace);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut found: Vec<_> = (document["entries"].as_array().unwrap().iter())
        .map(|entry| (text(&entry["kind"]), text(&entry["name"])))
        .collect();
    found.sort();
    found
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or_default()
}

#[test]
fn inputs_and_layers_are_listed_by_name() {
    let workspace = filled();

    let found: String = kinds_and_names(&workspace)
        .into_iter()
        .map(|(kind, name)| format!("{kind:<8} {name}\n"))
        .collect();

    assert_data_eq!(
        found,
        str![[r#"
derived  jlink for linux/amd64
derived  jlink for linux/arm64
derived  layer base for linux/amd64
derived  layer base for linux/arm64
derived  layer entrypoint for linux/amd64
derived  layer entrypoint for linux/arm64
derived  layer java for linux/amd64
derived  layer java for linux/arm64
derived  layer shell for linux/amd64
derived  layer shell for linux/arm64
derived  layer zookeeper
input    apache-zookeeper-3.6.1-bin.tar.gz
input    base-files_13.8_amd64.deb
input    base-files_13.8_arm64.deb
input    bash_5.2.37-2_amd64.deb
input    bash_5.2.37-2_arm64.deb
input    busybox-static_1.37.0-6_amd64.deb
input    busybox-static_1.37.0-6_arm64.deb
input    libc6_2.41-12_amd64.deb
input    libc6_2.41-12_arm64.deb
input    libtinfo6_6.5_amd64.deb
input    libtinfo6_6.5_arm64.deb
input    openjdk-21-jdk-headless_21.0.9+10-1_amd64.deb
input    openjdk-21-jdk-headless_21.0.9+10-1_arm64.deb
input    openjdk-21-jre-headless_21.0.9+10-1_amd64.deb
input    zlib1g_1.3.1-1_amd64.deb
input    zlib1g_1.3.1-1_arm64.deb

"#]]
    );
}

#[test]
fn the_table_has_sizes_ages_and_a_total() {
    let workspace = Workspace::new();
    let run = workspace.zookiln(["cache", "list"]).succeed();
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln cache list
0 entries, 0 B in `[CACHE]`

"#]]
    );
    let blobs = workspace.cache().join("v1/blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    for (digit, size, days) in [("0", 999, 0), ("1", 22_700_000, 1), ("2", 1500, 40)] {
        let file = File::create(blobs.join(digit.repeat(64))).unwrap();
        file.set_len(size).unwrap();
        file.set_modified(SystemTime::now() - days * DAY).unwrap();
    }

    let run = workspace.zookiln(["cache", "list"]).succeed();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln cache list
     SIZE  USED                    KIND     NAME
  22.7 MB  1 day ago               input    sha256:1111111111111111111111111111111111111111111111111111111111111111
   1.5 kB  40 days ago             input    sha256:2222222222222222222222222222222222222222222222222222222222222222
    999 B  less than an hour ago   input    sha256:0000000000000000000000000000000000000000000000000000000000000000
3 entries, 22.7 MB in `[CACHE]`

"#]]
    );
}

#[test]
fn the_document_for_programs_has_bytes_and_times() {
    let workspace = filled();
    let document = list(&workspace);
    assert_eq!(
        document["cache"].as_str().unwrap(),
        workspace.cache().to_str().unwrap()
    );
    let entries = document["entries"].as_array().unwrap();
    let path = tarball_path("3.6.1");
    let tarball = entries
        .iter()
        .find(|entry| path.ends_with(entry["name"].as_str().unwrap()))
        .unwrap();
    assert_eq!(tarball["kind"], "input");
    assert_eq!(tarball["bytes"], fixture().bytes(&path).len());
    assert!(tarball["digest"].as_str().unwrap().starts_with("sha512:"));
    let used = tarball["used"].as_str().unwrap();
    assert_eq!((used.len(), used.ends_with('Z')), (20, true), "{used}");
    let total: u64 = entries
        .iter()
        .map(|entry| entry["bytes"].as_u64().unwrap())
        .sum();
    assert_eq!(document["bytes"], total);
}

#[test]
fn a_cache_that_does_not_exist_is_not_made_by_looking() {
    let workspace = Workspace::new();
    workspace.empty_cache();

    for arguments in [["cache", "list"], ["cache", "prune"]] {
        workspace.zookiln(arguments).succeed();
    }
    workspace.zookiln(["list"]).succeed();
    let run = workspace
        .zookiln(["cache", "prune", "--all", "--dry-run"])
        .succeed();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln cache prune --all --dry-run
0 entries would be removed, 0 B freed; 0 entries, 0 B would be left in `[CACHE]`

"#]]
    );
    assert!(!workspace.cache().exists());
}

#[test]
fn a_listing_changes_nothing() {
    let workspace = filled();
    make_old(&workspace, 10);
    let before = Snapshot::of(&workspace.cache());

    workspace.zookiln(["cache", "list"]).succeed();
    workspace.zookiln(["list"]).succeed();
    workspace
        .zookiln(["cache", "prune", "--all", "--dry-run"])
        .succeed();

    assert_eq!(Snapshot::of(&workspace.cache()), before);
}

#[test]
fn inputs_without_a_name_are_listed_by_digest() {
    let workspace = filled();
    fs::write(workspace.project().join("versions.toml"), "wrong").unwrap();

    let run = workspace.zookiln(["cache", "list"]).succeed();

    assert!(run.stdout().contains(" input    sha512:"));
    assert!(
        run.stdout()
            .contains(" derived  layer base for linux/amd64\n")
    );
    let [warning] = run.lines("warning: ")[..] else {
        panic!("{}", run.transcript());
    };
    assert!(warning.contains("versions.toml"), "{warning}");
}

#[test]
fn files_that_have_no_business_there_are_shown_and_kept() {
    let workspace = filled();
    let cache = workspace.cache();
    fs::write(cache.join("notes.txt"), "mine").unwrap();
    fs::write(cache.join("v1/blobs/sha256/bell\x07"), "text").unwrap();
    fs::create_dir(cache.join("v1/derived/directory")).unwrap();
    symlink(
        "/dev/zero",
        cache.join("v1/blobs/sha512").join("0".repeat(128)),
    )
    .unwrap();
    fs::create_dir_all(cache.join("v7/blobs")).unwrap();
    fs::write(cache.join("v7/lock"), "").unwrap();
    make_old(&workspace, 100);

    let listed = workspace.zookiln(["cache", "list"]).succeed();
    workspace.zookiln(["cache", "prune"]).succeed();

    assert!(
        listed
            .stdout()
            .contains(" unknown  v1/blobs/sha256/bell\u{fffd}\n")
    );
    let expected = [
        ("unknown", "notes.txt".to_owned()),
        ("unknown", "v1/blobs/sha256/bell\x07".to_owned()),
        ("unknown", format!("v1/blobs/sha512/{}", "0".repeat(128))),
        ("unknown", "v1/derived/directory".to_owned()),
        ("version", "v7".to_owned()),
    ]
    .map(|(kind, name)| (kind.to_owned(), name));
    assert_eq!(kinds_and_names(&workspace), expected);

    workspace.zookiln(["cache", "prune", "--all"]).succeed();
    assert_eq!(kinds_and_names(&workspace), expected[..1]);
}

#[test]
fn prune_removes_what_was_not_used_and_a_build_makes_it_again() {
    let workspace = filled();
    let digest = digest(&workspace, "images/zookeeper-3.6.1");
    make_old(&workspace, 10);
    let everything = kinds_and_names(&workspace);
    fs::remove_dir_all(workspace.project().join("images")).unwrap();
    // Uses the layers, and nothing that they are made of.
    workspace.zookiln(BUILD).succeed();

    let shown = workspace
        .zookiln(["cache", "prune", "--older-than", "9days", "--dry-run"])
        .succeed();
    assert_eq!(kinds_and_names(&workspace), everything);
    let run = workspace
        .zookiln(["cache", "prune", "--older-than", "9days"])
        .succeed();

    let words = |text: &str| text.replace("would be ", "");
    assert_eq!(words(shown.stdout()), words(run.stdout()));
    let left = kinds_and_names(&workspace);
    assert_eq!(left.len(), 9, "{left:?}");
    assert!(left.iter().all(|(_, name)| name.starts_with("layer ")));
    assert!(run.stdout().contains(" derived  jlink for linux/amd64\n"));
    assert!(last_line(run.stdout()).contains(" entries removed, "));

    workspace
        .zookiln(["cache", "prune", "--older-than", "0s"])
        .succeed();
    assert_eq!(kinds_and_names(&workspace), []);
    fs::remove_dir_all(workspace.project().join("images")).unwrap();
    workspace.zookiln(BUILD).succeed();
    assert_eq!(self::digest(&workspace, "images/zookeeper-3.6.1"), digest);
    assert_eq!(kinds_and_names(&workspace), everything);
}

#[test]
fn prune_by_default_keeps_a_month() {
    let workspace = filled();
    make_old(&workspace, 29);
    let before = kinds_and_names(&workspace);
    workspace.zookiln(["cache", "prune"]).succeed();
    assert_eq!(kinds_and_names(&workspace), before);

    make_old(&workspace, 31);
    workspace.zookiln(["cache", "prune"]).succeed();
    assert_eq!(kinds_and_names(&workspace), []);
}

#[test]
fn prune_does_not_pull_the_rug_from_under_a_build() {
    let workspace = filled();
    make_old(&workspace, 100);
    let before = kinds_and_names(&workspace);
    // Held by an input that is to be fetched anew, for layers of another time.
    let path = fixture().path("bash_5.2.37-2_amd64.deb");
    fs::remove_file(workspace.cached(&fixture().digest(path))).unwrap();
    workspace.server.answer(path, Behaviour::Held);
    let build = workspace
        .zookiln(BUILD)
        .env("SOURCE_DATE_EPOCH", "1000000000")
        .start();
    workspace.server.wait_for(path, 2);

    let run = workspace
        .zookiln(["cache", "prune", "--all"])
        .fail()
        .name(&build.process().to_string(), "[process]");
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln cache prune --all
! error: the cache `[CACHE]/v1` is in use by process [process]
! hint: try again when it has ended; `--dry-run` shows now what would be removed
[exit 1]

"#]]
    );
    let scratch = (
        "scratch".to_owned(),
        format!("of process {}", build.process()),
    );
    let found = kinds_and_names(&workspace);
    assert!(found.contains(&scratch), "{found:?}");
    assert_eq!(found.len(), before.len());
    // A look at what would go is no harm.
    workspace
        .zookiln(["cache", "prune", "--all", "--dry-run"])
        .succeed();

    workspace.server.release();
    build.succeed();
    workspace.zookiln(["cache", "prune", "--all"]).succeed();
    assert_eq!(kinds_and_names(&workspace), []);
}

#[test]
fn ages_that_are_none_are_usage_errors() {
    let workspace = Workspace::new();
    let run = workspace
        .zookiln(["cache", "prune", "--older-than", "yesterday"])
        .run();
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln cache prune --older-than yesterday
! error: invalid value 'yesterday' for '--older-than <AGE>': expected number at 0; an age is written like `12h` or `30d`
! 
! For more information, try '--help'.
[exit 2]

"#]]
    );
    for arguments in [
        ["cache", "prune", "--older-than", "30"],
        ["cache", "prune", "--older-than", ""],
        ["cache", "prune", "--older-than", "-1d"],
        ["cache", "prune", "--all", "--older-than=30d"],
        ["cache", "list", "--format", "xml"],
    ] {
        let run = workspace.zookiln(arguments).run();
        assert_eq!(run.code, Some(2), "{}", run.transcript());
    }
    // Longer than there has been a calendar.
    workspace
        .zookiln(["cache", "prune", "--older-than", "100000years"])
        .succeed();
}

#[test]
fn help_ends_with_an_example() {
    let workspace = Workspace::new();
    let runs = [
        workspace.zookiln(["cache", "--help"]).succeed(),
        workspace.zookiln(["cache", "list", "--help"]).succeed(),
        workspace.zookiln(["cache", "prune", "--help"]).succeed(),
    ];
    for run in runs {
        let last = last_line(run.stdout());
        assert!(last.starts_with("  zookiln cache "), "{last}");
    }
}

#[test]
fn a_cached_file_that_is_a_directory_is_named_with_what_to_do() {
    let workspace = filled();
    let path = fixture().path("bash_5.2.37-2_amd64.deb");
    let cached = workspace.cached(&fixture().digest(path));
    fs::remove_file(&cached).unwrap();
    fs::create_dir(&cached).unwrap();

    let run = workspace
        .zookiln(BUILD)
        .env("SOURCE_DATE_EPOCH", "1000000000")
        .fail()
        .name(&fixture().digest(path)["sha256:".len()..], "[hex]");

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1
! error: cannot put `bash_5.2.37-2_amd64.deb` into the cache
!   cached file `[CACHE]/v1/blobs/sha256/[hex]`: expected a file, found a directory
! hint: remove what is in the way, make room by `zookiln cache prune`, or let `ZOOKILN_CACHE` name another place
[exit 1]

"#]]
    );
}

#[test]
fn a_record_that_is_a_pipe_is_named_with_what_to_do() {
    let workspace = filled();
    let derived = workspace.cache().join("v1/derived");
    let mut all = names(&derived);
    for name in &all {
        let path = derived.join(name);
        fs::remove_file(&path).unwrap();
        make_pipe(&path);
    }
    fs::remove_dir_all(workspace.project().join("images")).unwrap();

    let mut run = workspace.zookiln(BUILD).fail();

    all.sort();
    for name in &all {
        run = run.name(name, "[key].json");
    }
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1
! error: cached file `[CACHE]/v1/derived/[key].json`: expected a file, found a pipe, socket or device
! hint: remove it: it is fetched or made again
[exit 1]

"#]]
    );
}

#[test]
fn a_cached_file_that_is_a_link_or_a_pipe_is_fetched_again() {
    let workspace = filled();
    let path = fixture().path("bash_5.2.37-2_amd64.deb");
    let cached = workspace.cached(&fixture().digest(path));
    let elsewhere = workspace.path("elsewhere.deb");
    fs::rename(&cached, &elsewhere).unwrap();
    for (epoch, is_link) in [("1000000000", true), ("1000000001", false)] {
        if is_link {
            symlink(&elsewhere, &cached).unwrap();
        } else {
            fs::remove_file(&cached).unwrap();
            make_pipe(&cached);
        }

        workspace
            .zookiln(BUILD)
            .env("SOURCE_DATE_EPOCH", epoch)
            .succeed();

        let found = fs::symlink_metadata(&cached).unwrap();
        assert!(found.is_file());
    }
}

/// All of them want everything at the same moment.
#[test]
fn eight_builds_at_once_fetch_each_input_and_make_each_layer_once() {
    let workspace = Workspace::new();
    let builds: Vec<_> = (0..8)
        .map(|number| {
            let output = format!("output{number}");
            workspace
                .zookiln(["build", "--version", "3.6.1", "--output", &output])
                .start()
        })
        .collect();
    let said: Vec<String> = builds.into_iter().map(|build| build.succeed()).collect();

    let mut made: Vec<&str> = said
        .iter()
        .flat_map(|text| text.lines())
        .filter(|line| line.starts_with("made "))
        .collect();
    made.sort_unstable();
    assert_data_eq!(
        made.join("\n"),
        str![[r#"
made layer base for linux/amd64
made layer base for linux/arm64
made layer entrypoint for linux/amd64
made layer entrypoint for linux/arm64
made layer java for linux/amd64
made layer java for linux/arm64
made layer shell for linux/amd64
made layer shell for linux/arm64
made layer zookeeper
"#]]
    );
    let is_input = |path: &&String| path.ends_with(".deb") || path.ends_with(".tar.gz");
    let asked = workspace.server.requests();
    let inputs: Vec<&String> = asked.iter().filter(is_input).collect();
    assert_eq!(inputs.len(), 16, "{inputs:?}");
    let digests: Vec<String> = (0..8)
        .map(|number| digest(&workspace, &format!("output{number}")))
        .collect();
    assert!(digests.iter().all(|digest| *digest == digests[0]));
    assert_eq!(workspace.scratch(), Vec::<String>::new());
    assert_eq!(
        names(&workspace.cache().join("v1/claims")),
        Vec::<String>::new()
    );
}

#[test]
fn backups_can_pass_a_cache_over() {
    let workspace = filled();
    let tag = fs::read_to_string(workspace.cache().join("CACHEDIR.TAG")).unwrap();
    assert!(tag.starts_with("Signature: 8a477f597d28d172789f06886806bc55\n"));
}

fn digest(workspace: &Workspace, output: &str) -> String {
    let layout = Layout::read(&workspace.project().join(output));
    layout.digest().to_owned()
}

fn make_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}
