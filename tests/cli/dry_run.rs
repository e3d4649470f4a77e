//! `--dry-run`, and what programs read: `--format json`.

use std::fs;

use snapbox::{assert_data_eq, str};

use crate::support::{HOST, Layout, Run, Snapshot, Workspace, json};

const DRY: [&str; 4] = ["build", "--version", "3.6.1", "--dry-run"];
const DRY_JSON: [&str; 6] = [
    "build",
    "--version",
    "3.6.1",
    "--dry-run",
    "--format",
    "json",
];

/// Runs what must neither ask nor write.
fn dry<const N: usize>(workspace: &Workspace, arguments: [&str; N]) -> Run {
    let before = Snapshot::of(&workspace.project());
    let requests = workspace.server.requests();
    let cache = workspace.cache();
    let cached = cache.exists().then(|| Snapshot::of(&cache));

    let run = workspace.zookiln(arguments).succeed();

    assert_eq!(Snapshot::of(&workspace.project()), before);
    assert_eq!(workspace.server.requests(), requests);
    match cached {
        Some(before) => assert_eq!(Snapshot::of(&cache).contents(), before.contents()),
        None => assert!(!cache.exists(), "a cache was made"),
    }
    run.name(
        &format!("jre-headless_21.0.9+10-1_{HOST}"),
        "jre-headless_21.0.9+10-1_[host]",
    )
}

fn digest(workspace: &Workspace) -> String {
    let layout = Layout::read(&workspace.project().join("images/zookeeper-3.6.1"));
    layout.digest().to_owned()
}

#[test]
fn a_dry_run_says_what_would_be_fetched_and_made() {
    let workspace = Workspace::new();
    workspace.empty_cache();

    let run = dry(&workspace, DRY);

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1 --dry-run
images/zookeeper-3.6.1:3.6.1 (tarball or maven, to be written)
  layer base       linux/amd64 to be made
  layer java       linux/amd64 to be made
  layer zookeeper  all         to be made
  layer shell      linux/amd64 to be made
  layer entrypoint linux/amd64 to be made
  layer base       linux/arm64 to be made
  layer java       linux/arm64 to be made
  layer shell      linux/arm64 to be made
  layer entrypoint linux/arm64 to be made
fetch      632 B  apache-zookeeper-3.6.1-bin.tar.gz
fetch      924 B  base-files_13.8_amd64.deb
fetch      924 B  base-files_13.8_arm64.deb
fetch      764 B  bash_5.2.37-2_amd64.deb
fetch      760 B  bash_5.2.37-2_arm64.deb
fetch      736 B  busybox-static_1.37.0-6_amd64.deb
fetch      736 B  busybox-static_1.37.0-6_arm64.deb
fetch    11.5 kB  libc6_2.41-12_amd64.deb
fetch    11.5 kB  libc6_2.41-12_arm64.deb
fetch      724 B  libtinfo6_6.5_amd64.deb
fetch      724 B  libtinfo6_6.5_arm64.deb
fetch   541.2 kB  openjdk-21-jdk-headless_21.0.9+10-1_amd64.deb
fetch   541.2 kB  openjdk-21-jdk-headless_21.0.9+10-1_arm64.deb
fetch      948 B  openjdk-21-jre-headless_21.0.9+10-1_[host].deb
fetch      740 B  zlib1g_1.3.1-1_amd64.deb
fetch      740 B  zlib1g_1.3.1-1_arm64.deb
16 files to be fetched, 1.1 MB

"#]]
    );
}

#[test]
fn a_dry_run_knows_what_is_cached() {
    let workspace = Workspace::new();
    workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--variant",
            "distroless",
        ])
        .succeed();

    let run = dry(&workspace, DRY);

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1 --dry-run
images/zookeeper-3.6.1:3.6.1 (tarball or maven, to be written)
  layer base       linux/amd64 cached
  layer java       linux/amd64 cached
  layer zookeeper  all         cached
  layer shell      linux/amd64 to be made
  layer entrypoint linux/amd64 cached
  layer base       linux/arm64 cached
  layer java       linux/arm64 cached
  layer shell      linux/arm64 to be made
  layer entrypoint linux/arm64 cached
fetch      764 B  bash_5.2.37-2_amd64.deb
fetch      760 B  bash_5.2.37-2_arm64.deb
fetch      736 B  busybox-static_1.37.0-6_amd64.deb
fetch      736 B  busybox-static_1.37.0-6_arm64.deb
fetch      724 B  libtinfo6_6.5_amd64.deb
fetch      724 B  libtinfo6_6.5_arm64.deb
6 files to be fetched, 4.4 kB

"#]]
    );
}

#[test]
fn a_dry_run_of_an_image_that_is_up_to_date() {
    let workspace = Workspace::new();
    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();
    workspace.empty_cache();

    let run = dry(&workspace, DRY);

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1 --dry-run
images/zookeeper-3.6.1:3.6.1 (tarball, up to date)
nothing to be fetched

"#]]
    );
    let document = json(dry(&workspace, DRY_JSON).stdout().as_bytes());
    assert_eq!(document["images"][0]["upToDate"], true);
    assert_eq!(
        document["images"][0]["sources"],
        serde_json::json!(["tarball"])
    );
    assert_eq!(document["fetch"], serde_json::json!([]));
}

#[test]
fn a_dry_run_of_several_images_lists_each_file_once() {
    let workspace = Workspace::new();
    workspace.empty_cache();

    let run = dry(
        &workspace,
        [
            "build",
            "--all",
            "--dry-run",
            "--variant",
            "distroless",
            "--platform",
            "linux/amd64",
            "--source",
            "maven",
        ],
    );

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --all --dry-run --variant distroless --platform linux/amd64 --source maven
images/zookeeper-3.5.7-distroless:3.5.7-distroless (maven, to be written)
  layer base       linux/amd64 to be made
  layer java       linux/amd64 to be made
  layer zookeeper  all         to be made
  layer entrypoint linux/amd64 to be made
images/zookeeper-3.6.1-distroless:3.6.1-distroless (maven, to be written)
  layer base       linux/amd64 to be made
  layer java       linux/amd64 to be made
  layer zookeeper  all         to be made
  layer entrypoint linux/amd64 to be made
fetch      924 B  base-files_13.8_amd64.deb
fetch    11.5 kB  libc6_2.41-12_amd64.deb
fetch       40 B  log4j-1.2.17.jar
fetch       56 B  netty-common-4.1.48.Final.jar
fetch   541.2 kB  openjdk-21-jdk-headless_21.0.9+10-1_amd64.deb
fetch      948 B  openjdk-21-jre-headless_21.0.9+10-1_[host].deb
fetch      740 B  zlib1g_1.3.1-1_amd64.deb
fetch       58 B  zookeeper-3.5.7.jar
fetch       58 B  zookeeper-3.6.1.jar
fetch       63 B  zookeeper-jute-3.5.7.jar
fetch       63 B  zookeeper-jute-3.6.1.jar
11 files to be fetched, 555.6 kB

"#]]
    );
}

#[test]
fn a_dry_run_for_programs() {
    let workspace = Workspace::new();
    workspace.empty_cache();

    let run = dry(&workspace, DRY_JSON);

    let mut document = json(run.stdout().as_bytes());
    let fetch = document["fetch"].as_array().unwrap();
    let sizes = fetch.iter().map(|file| file["size"].as_u64().unwrap());
    assert_eq!(document["fetchBytes"], sizes.sum::<u64>());
    assert_eq!(fetch.len(), 16);
    // One of each kind will do.
    let kept: Vec<_> = (fetch.iter())
        .filter(|file| {
            [
                "bash_5.2.37-2_amd64.deb",
                "apache-zookeeper-3.6.1-bin.tar.gz",
            ]
            .iter()
            .any(|name| file["name"] == *name)
        })
        .cloned()
        .collect();
    document["fetch"] = kept.into();
    document["fetchBytes"] = 0.into();
    assert_data_eq!(
        format!("{document:#}"),
        str![[r#"
{
  "fetch": [
    {
      "archive": "apache",
      "digest": "sha512:294a67dc8dc7748d2cd5aec498de67998fce585e0103fc529da784d03ea15b49a053f7f7bd0853ac4b06c6e874eb733d68e9afc78af83bef5787585b9caa501b",
      "name": "apache-zookeeper-3.6.1-bin.tar.gz",
      "path": "zookeeper/zookeeper-3.6.1/apache-zookeeper-3.6.1-bin.tar.gz",
      "size": 632
    },
    {
      "archive": "debian",
      "digest": "sha256:5aacea59697c6a1ca3853e30ee815934cc5a37e4c34882bf97294c4c486457dc",
      "name": "bash_5.2.37-2_amd64.deb",
      "path": "pool/main/b/bash/bash_5.2.37-2_amd64.deb",
      "size": 764
    }
  ],
  "fetchBytes": 0,
  "images": [
    {
      "created": "2026-01-01T00:00:00Z",
      "layers": [
        {
          "cached": false,
          "name": "base",
          "platform": "linux/amd64"
        },
        {
          "cached": false,
          "name": "java",
          "platform": "linux/amd64"
        },
        {
          "cached": false,
          "name": "zookeeper",
          "platform": null
        },
        {
          "cached": false,
          "name": "shell",
          "platform": "linux/amd64"
        },
        {
          "cached": false,
          "name": "entrypoint",
          "platform": "linux/amd64"
        },
        {
          "cached": false,
          "name": "base",
          "platform": "linux/arm64"
        },
        {
          "cached": false,
          "name": "java",
          "platform": "linux/arm64"
        },
        {
          "cached": false,
          "name": "shell",
          "platform": "linux/arm64"
        },
        {
          "cached": false,
          "name": "entrypoint",
          "platform": "linux/arm64"
        }
      ],
      "output": "images/zookeeper-3.6.1",
      "platforms": [
        "linux/amd64",
        "linux/arm64"
      ],
      "sources": [
        "tarball",
        "maven"
      ],
      "tag": "3.6.1",
      "upToDate": false,
      "variant": "full"
    }
  ]
}
"#]]
    );
}

/// What it promises is what a build then does.
#[test]
fn a_build_fetches_what_its_dry_run_lists() {
    let workspace = Workspace::new();
    workspace
        .zookiln([
            "--quiet",
            "fetch",
            "--version",
            "3.6.1",
            "--platform",
            "linux/arm64",
        ])
        .succeed();
    let listed = json(dry(&workspace, DRY_JSON).stdout().as_bytes());
    let already = workspace.server.requests().len();

    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();

    let paths = listed["fetch"].as_array().unwrap().iter().map(|file| {
        let folder = match file["archive"].as_str().unwrap() {
            "apache" => "dist",
            archive => archive,
        };
        format!("/{folder}/{}", file["path"].as_str().unwrap())
    });
    let mut paths = Vec::from_iter(paths);
    let mut asked = workspace.server.requests().split_off(already);
    paths.sort();
    asked.sort();
    assert_eq!(asked, paths);
}

#[test]
fn a_build_for_programs() {
    let workspace = Workspace::new();
    let build = ["--quiet", "build", "--version", "3.6.1", "--format", "json"];

    let first = workspace.zookiln(build).succeed();
    let second = workspace.zookiln(build).succeed();

    let run = first.name(&digest(&workspace), "[digest]");
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --format json
{
  "images": [
    {
      "digest": "[digest]",
      "outcome": "written",
      "output": "images/zookeeper-3.6.1",
      "source": "tarball",
      "tag": "3.6.1"
    }
  ]
}

"#]]
    );
    assert_eq!(
        second.stdout(),
        run.stdout().replace("written", "up to date")
    );
}

#[test]
fn a_failed_build_for_programs_prints_no_document() {
    let workspace = Workspace::new();

    let run = workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--format",
            "json",
            "--offline",
        ])
        .fail();

    assert_eq!(run.stdout(), "");
}

#[test]
fn a_dry_run_does_not_wait_for_what_is_wrong_with_its_arguments() {
    let workspace = Workspace::new();
    let run = workspace
        .zookiln([
            "build",
            "--version",
            "3.6.1",
            "--dry-run",
            "--mirror",
            "vendor",
        ])
        .run();
    assert_eq!(run.code, Some(2), "{}", run.transcript());

    fs::create_dir(workspace.project().join("mine")).unwrap();
    fs::write(workspace.project().join("mine/letter.txt"), "dear").unwrap();
    let run = workspace
        .zookiln([
            "build",
            "--version",
            "3.6.1",
            "--dry-run",
            "--output",
            "mine",
        ])
        .fail();
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1 --dry-run --output mine
! error: `mine` is not empty and not an image that zookiln has written
! hint: name an empty directory, or one that a build has written
[exit 1]

"#]]
    );
}
