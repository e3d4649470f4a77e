//! What `list` and `inspect` show.

use snapbox::{assert_data_eq, str};

use crate::support::{Layout, Workspace};

#[test]
fn list_shows_what_can_be_built() {
    let run = Workspace::new().zookiln(["list"]).succeed();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln list
VERSION  TAGS               JAVA  PLATFORMS                VARIANTS         CACHED
3.5.7    3.5.7,3.5          21    linux/amd64,linux/arm64  full,distroless  0/15 packages, 0/3 jars
3.6.1    3.6.1,3.6,latest   21    linux/amd64,linux/arm64  full,distroless  0/15 packages, 0/4 jars

"#]]
    );
}

#[test]
fn list_shows_what_is_cached() {
    let workspace = Workspace::new();
    workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--source",
            "maven",
        ])
        .succeed();

    let run = workspace.zookiln(["list"]).succeed();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln list
VERSION  TAGS               JAVA  PLATFORMS                VARIANTS         CACHED
3.5.7    3.5.7,3.5          21    linux/amd64,linux/arm64  full,distroless  15/15 packages, 1/3 jars
3.6.1    3.6.1,3.6,latest   21    linux/amd64,linux/arm64  full,distroless  15/15 packages, 4/4 jars

"#]]
    );
}

#[test]
fn list_without_a_catalog_shows_the_built_in_one() {
    let workspace = Workspace::new();

    let run = workspace
        .zookiln(["list"])
        .directory(workspace.path("home"))
        .succeed();

    assert!(run.stdout().lines().any(|line| line.starts_with("3.6.1 ")));
    assert!(run.stdout().lines().any(|line| line.starts_with("3.5.7 ")));
}

#[test]
fn inspect_shows_config_and_layers() {
    let workspace = Workspace::new();
    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();
    let layout = Layout::read(&workspace.project().join("images/zookeeper-3.6.1"));

    let run = workspace
        .zookiln(["inspect", "images/zookeeper-3.6.1"])
        .succeed();

    let shown: String = (run.transcript().lines())
        .map(|line| match line.split_once("zookiln: ") {
            // Sizes and digests of layers are other tests' business.
            Some((indent, rest)) => {
                let (name, rest) = rest.split_at(12);
                assert!(rest.trim_start().contains("B  "), "{line}");
                assert!(rest.ends_with('#'), "{line}");
                format!("{indent}{}\n", name.trim_end())
            }
            None if line.trim_start().starts_with("total") => {
                assert!(line.ends_with("B"), "{line}");
                "    total\n".to_owned()
            }
            None => format!("{line}\n"),
        })
        .collect();
    assert_data_eq!(
        shown.replace(layout.digest(), "[digest]"),
        str![[r#"
$ zookiln inspect images/zookeeper-3.6.1
image    docker.io/example/zookeeper:3.6.1
tag      3.6.1
digest   [digest]
source   tarball
jars     4, all as the lock pins them by Maven

linux/amd64
  created      2026-01-01T00:00:00Z
  user         0:0
  entrypoint   /usr/local/zookeeper/bin/entrypoint
  command      zkServer.sh start-foreground
  ports        2181/tcp 2888/tcp 3888/tcp 8080/tcp
  volumes      /srv/conf /srv/data /srv/datalog /var/log
  stop signal  SIGTERM
  environment  JAVA_HOME=/usr/lib/jvm/java-21-openjdk LANG=C.UTF-8 PATH=/usr/local/zookeeper/bin:/usr/bin
  layers
    base
    java
    zookeeper
    shell
    entrypoint
    total

linux/arm64
  created      2026-01-01T00:00:00Z
  user         0:0
  entrypoint   /usr/local/zookeeper/bin/entrypoint
  command      zkServer.sh start-foreground
  ports        2181/tcp 2888/tcp 3888/tcp 8080/tcp
  volumes      /srv/conf /srv/data /srv/datalog /var/log
  stop signal  SIGTERM
  environment  JAVA_HOME=/usr/lib/jvm/java-21-openjdk LANG=C.UTF-8 PATH=/usr/local/zookeeper/bin:/usr/bin
  layers
    base
    java
    zookeeper
    shell
    entrypoint
    total

"#]]
    );
    for image in &layout.images {
        for layer in &image.layers {
            let short = &layer.digest["sha256:".len()..][..12];
            assert!(run.stdout().contains(short), "{}", layer.name);
        }
    }
}

#[test]
fn help_of_each_command_ends_with_an_example() {
    let workspace = Workspace::new();
    for command in [
        "build", "list", "inspect", "verify", "diff", "export", "update",
    ] {
        let run = workspace.zookiln([command, "--help"]).succeed();

        let last = run.stdout().lines().last().unwrap_or_default().to_owned();
        assert!(last.starts_with("  zookiln "), "{command}: {last}");
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let run = Workspace::new().zookiln(["--version"]).succeed();

    assert_eq!(
        run.stdout(),
        concat!("zookiln ", env!("CARGO_PKG_VERSION"), "\n")
    );
}
