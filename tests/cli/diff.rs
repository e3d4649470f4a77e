//! `diff`: in what two images differ.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::support::{Layout, Member, Rewritten, Run, Workspace, fixture, json as parse};

/// Where the images of a test are.
struct Images {
    workspace: Workspace,
}

impl Images {
    fn build<const N: usize>(images: [(&str, &str); N]) -> Self {
        let workspace = Workspace::new();
        for (version, variant) in images {
            workspace
                .zookiln(["--quiet", "build", "--version", version])
                .arg("--variant")
                .arg(variant)
                .succeed();
        }
        Self { workspace }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.workspace.project().join(name)
    }

    fn layout(&self, name: &str) -> Layout {
        Layout::read(&self.path(name))
    }

    /// Writes `OLD` with something changed as `name`.
    fn rewrite(&self, name: &str, edit: impl FnOnce(&mut Rewritten)) {
        let mut rewritten = self.layout(OLD).rewritten();
        edit(&mut rewritten);
        rewritten.write(&self.path(name));
    }

    fn diff(&self, old: &str, new: &str) -> Run {
        self.workspace.zookiln(["diff", old, new]).run()
    }

    fn diff_json(&self, old: &str, new: &str) -> (Option<i32>, Value) {
        let run = self
            .workspace
            .zookiln(["diff", old, new, "--format", "json"])
            .run();
        assert_eq!(run.stderr, "");
        (run.code, parse(&run.stdout))
    }
}

const OLD: &str = "images/zookeeper-3.5.7";
const NEW: &str = "images/zookeeper-3.6.1";
const DISTROLESS: &str = "images/zookeeper-3.5.7-distroless";

/// The transcript without what the entrypoint's bytes have a say in: digests and sums.
fn shown(run: &Run) -> String {
    let digests = |line: &str| -> String {
        let mut parts = line.split("sha256:");
        let mut line = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let rest = part.trim_start_matches(|digit: char| digit.is_ascii_hexdigit());
            line.push_str("sha256:…");
            line.push_str(rest);
        }
        line
    };
    let sums = |line: &str| match line.split_once("linux/") {
        Some((before, rest))
            if before.starts_with("size ") || (before.len() > 8 && before.trim().is_empty()) =>
        {
            let platform = rest.split(' ').next().unwrap_or_default();
            let word = match rest {
                rest if rest.contains("only") || rest.contains("same image") => {
                    rest.split_once(", ").map_or("", |(_, word)| word)
                }
                _ => "…",
            };
            format!("{before}linux/{platform}  {word}")
        }
        _ => line.to_owned(),
    };
    run.transcript()
        .lines()
        .map(|line| format!("{}\n", sums(&digests(line))))
        .collect()
}

#[test]
fn two_versions_differ_as_one_would_explain_it() {
    let images = Images::build([("3.5.7", "full"), ("3.6.1", "full")]);

    let run = images.diff(OLD, NEW);

    assert_data_eq!(
        shown(&run),
        str![[r#"
$ zookiln diff images/zookeeper-3.5.7 images/zookeeper-3.6.1
A  images/zookeeper-3.5.7  docker.io/example/zookeeper:3.5.7  sha256:…
B  images/zookeeper-3.6.1  docker.io/example/zookeeper:3.6.1  sha256:…

version    3.5.7 → 3.6.1
size       linux/amd64  …
           linux/arm64  …
same       base, java, shell, entrypoint
different  zookeeper  296 B → 356 B (+60 B)

jars
  zookeeper       3.5.7 → 3.6.1
  zookeeper-jute  3.5.7 → 3.6.1
  netty-common    new, 4.1.48.Final

config
  label and annotations org.opencontainers.image.version  3.5.7 → 3.6.1

files
  zookeeper
    5 entries, the jars above

index.json (no part of the image)
  identity of the build  sha256:… → sha256:…
[exit 1]

"#]]
    );
}

#[test]
fn full_and_distroless_differ_by_the_shell_and_the_user() {
    let images = Images::build([("3.5.7", "full"), ("3.5.7", "distroless")]);

    let run = images.diff(OLD, DISTROLESS);

    assert_data_eq!(
        shown(&run),
        str![[r#"
$ zookiln diff images/zookeeper-3.5.7 images/zookeeper-3.5.7-distroless
A  images/zookeeper-3.5.7             docker.io/example/zookeeper:3.5.7             sha256:…
B  images/zookeeper-3.5.7-distroless  docker.io/example/zookeeper:3.5.7-distroless  sha256:…

version    3.5.7, the same
size       linux/amd64  …
           linux/arm64  …
same       base, java, zookeeper, entrypoint
different  shell  836 B, only in A, linux/amd64
                  835 B, only in A, linux/arm64

packages
  bash            gone, 5.2.37-2
  busybox-static  gone, 1:1.37.0-6
  libtinfo6       gone, 6.5

commands
  gone  bash, busybox
  gone  links to busybox: cat, ls
  gone  links to bash: sh

config
  user  0:0 → 1000:1000

files
  shell
    27 entries, gone with the layer (--all shows them)

index.json (no part of the image)
  identity of the build  sha256:… → sha256:…
[exit 1]

"#]]
    );
}

#[test]
fn a_security_update_is_a_package_and_its_files() {
    let images = Images::build([("3.5.7", "full")]);
    let workspace = &images.workspace;
    let later = &fixture().later;
    workspace.server.add_files(&later.files);
    workspace.install_mvn();
    workspace.zookiln(["--quiet", "update"]).succeed();
    workspace
        .zookiln(["--quiet", "build", "--version", "3.5.7", "-o", "later"])
        .succeed();

    let run = images.diff(OLD, "later");

    assert_data_eq!(
        shown(&run),
        str![[r#"
$ zookiln diff images/zookeeper-3.5.7 later
A  images/zookeeper-3.5.7  docker.io/example/zookeeper:3.5.7  sha256:…
B  later                   docker.io/example/zookeeper:3.5.7  sha256:…

version    3.5.7, the same
size       linux/amd64  …
           linux/arm64  …
same       java, zookeeper, shell, entrypoint
different  base  1.8 kB → 1.9 kB (+35 B)

packages
  libc6  2.41-12 → 2.41-13

files
  base
    1 entry, the packages above
    usr/share/repaired  new, 12 B

index.json (no part of the image)
  identity of the build  sha256:… → sha256:…
[exit 1]

"#]]
    );
}

#[test]
fn an_image_and_itself() {
    let images = Images::build([("3.5.7", "full")]);
    let digest = images.layout(OLD).digest().to_owned();

    let run = images.diff(OLD, OLD).name(&digest, "[digest]");

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln diff images/zookeeper-3.5.7 images/zookeeper-3.5.7
same image: [digest]

"#]]
    );
    let (code, difference) = images.diff_json(OLD, OLD);
    assert_eq!(code, Some(0));
    assert_eq!(difference["same"], json!(true));
    assert_eq!(difference["layout"], json!([]));
}

/// What a foreign tool copies is the image, and not what stands beside it.
#[test]
fn a_copy_of_an_image_is_the_same_image() {
    let images = Images::build([("3.5.7", "full")]);
    images.rewrite("copy", |image| {
        image.top.as_object_mut().unwrap().remove("annotations");
        image.top["manifests"][0]["annotations"] =
            json!({ "org.opencontainers.image.ref.name": "mine" });
    });
    let record = images.layout(OLD).top["annotations"]["zookiln.identity"].clone();
    let identity = record.as_str().unwrap()[..19].to_owned();

    let run = images
        .diff(OLD, "copy")
        .name(images.layout(OLD).digest(), "[digest]")
        .name(&identity, "[identity]");

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln diff images/zookeeper-3.5.7 copy
same image: [digest]

index.json (no part of the image)
  SOURCE_DATE_EPOCH      gone, 1767225600
  identity of the build  gone, [identity]
  source of ZooKeeper    gone, tarball
  name                   gone, docker.io/example/zookeeper:3.5.7
  tag                    3.5.7 → mine

"#]]
    );
}

#[test]
fn every_setting_is_said_in_words() {
    let images = Images::build([("3.5.7", "full")]);
    images.rewrite("other", |image| {
        for platform in &mut image.platforms {
            platform.config["created"] = json!("2026-02-01T00:00:00Z");
            platform.config["author"] = json!("me\u{1b}[31m");
            let config = &mut platform.config["config"];
            config["Env"] = json!([
                "LANG=C.UTF-8",
                "JAVA_HOME=/usr/lib/jvm/java-21-openjdk",
                "TZ=UTC"
            ]);
            config["Cmd"] = json!(["zkServer.sh", "a word"]);
            config["User"] = json!("1000:1000");
            config["StopSignal"] = Value::Null;
            config["WorkingDir"] = json!("/srv");
            config["Labels"]["org.opencontainers.image.title"] = json!("");
            config["Labels"]["mine"] = json!("yes");
            config["Healthcheck"]["Interval"] = json!(90_000_000_000_u64);
            config["Healthcheck"]["Test"] = json!(["NONE"]);
            let ports = config["ExposedPorts"].as_object_mut().unwrap();
            ports.remove("8080/tcp");
            ports.insert("7000/tcp".to_owned(), json!({}));
            config["Volumes"].as_object_mut().unwrap().clear();
            config["Shell"] = json!({ "a": { "b": [1] } });
            platform.manifest["annotations"]["org.opencontainers.image.title"] = json!("X");
        }
        image.platforms[1].descriptor["platform"]["variant"] = json!("v9");
        image.platforms[1].config["variant"] = json!("v9");
        image.index["annotations"]["org.opencontainers.image.title"] = json!("Y");
    });

    let run = images.diff(OLD, "other");

    assert_data_eq!(
        shown(&run),
        str![[r#"
$ zookiln diff images/zookeeper-3.5.7 other
A  images/zookeeper-3.5.7  docker.io/example/zookeeper:3.5.7  sha256:…
B  other                   docker.io/example/zookeeper:3.5.7  sha256:…

version  3.5.7, the same
size     linux/amd64  …
         linux/arm64  …
same     base, java, zookeeper, shell, entrypoint

config
  environment, order                                         JAVA_HOME LANG → LANG JAVA_HOME
  author                                                     new, me/u{1b}[31m
  command                                                    zkServer.sh start-foreground → ["zkServer.sh","a word"]
  environment PATH                                           gone, /usr/local/zookeeper/bin:/usr/bin
  environment TZ                                             new, UTC
  port 7000/tcp                                              new
  port 8080/tcp                                              gone
  health check interval                                      10s → 1m 30s
  health check                                               CMD healthcheck --liveness → NONE
  label mine                                                 new, yes
  label org.opencontainers.image.title                       ZooKeeper → empty
  config.Shell.a.b                                           new, [1]
  stop signal                                                SIGTERM → null
  user                                                       0:0 → 1000:1000
  volume /srv/conf                                           gone
  volume /srv/data                                           gone
  volume /srv/datalog                                        gone
  volume /var/log                                            gone
  working directory                                          / → /srv
  created                                                    2026-01-01T00:00:00Z → 2026-02-01T00:00:00Z
  annotation org.opencontainers.image.title of the manifest  ZooKeeper → X
  annotation org.opencontainers.image.title of the index     ZooKeeper → Y
  index, linux/arm64 platform.variant                        v8 → v9
  linux/arm64 only
    variant  v8 → v9
[exit 1]

"#]]
    );
}

fn member<'a>(members: &'a mut [Member], path: &str) -> &'a mut Member {
    let mut members = members.iter_mut();
    members.find(|member| member.path == path).unwrap()
}

#[test]
fn every_header_field_is_said_of_its_file() {
    let images = Images::build([("3.5.7", "full")]);
    images.rewrite("other", |image| {
        image.edit_layer("base", |members| {
            member(members, "etc/passwd").header.set_mode(0o666);
            member(members, "etc/group").header.set_uid(7);
            member(members, "etc/nsswitch.conf")
                .header
                .set_mtime(1_700_000_000);
            member(members, "etc/os-release").link = Some("elsewhere".to_owned());
            let group = member(members, "tmp/");
            group
                .header
                .as_ustar_mut()
                .unwrap()
                .set_username("root")
                .unwrap();
            member(members, "usr/lib/os-release").content = b"ID=other\n".to_vec();
            let gnu = member(members, "usr/lib/libz.so.1.3.1");
            gnu.header.as_mut_bytes()[257..265].copy_from_slice(b"ustar  \0");
            members.retain(|member| member.path != "bin");
        });
        image.edit_layer("shell", |members| {
            let position = members
                .iter()
                .position(|member| member.path == "usr/bin/ls");
            let link = members.remove(position.unwrap());
            members.push(link);
        });
        image.edit_layer("entrypoint", |members| {
            let binary = member(members, "usr/local/zookeeper/bin/entrypoint");
            binary.header.set_mode(0o4755);
            let link = member(members, "usr/local/zookeeper/bin/healthcheck");
            link.link = None;
            link.header.as_old_mut().linkname = [0; 100];
            link.header.set_entry_type(tar::EntryType::Regular);
            link.header.set_mode(0o755);
            link.content = b"#!/bin/sh\n".to_vec();
        });
    });

    let run = images.diff(OLD, "other");

    assert_data_eq!(
        shown(&run),
        str![[r#"
$ zookiln diff images/zookeeper-3.5.7 other
A  images/zookeeper-3.5.7  docker.io/example/zookeeper:3.5.7  sha256:…
B  other                   docker.io/example/zookeeper:3.5.7  sha256:…

version    3.5.7, the same
size       linux/amd64  …
           linux/arm64  …
same       java, zookeeper
different  base        1.8 kB → 2.5 kB (+646 B), linux/amd64
                       1.8 kB → 2.5 kB (+630 B), linux/arm64
           shell       836 B → 1.1 kB (+303 B), linux/amd64
                       835 B → 1.1 kB (+304 B), linux/arm64
           entrypoint  545.6 kB → 673.8 kB (+128.2 kB), linux/amd64
                       524.2 kB → 635.8 kB (+111.5 kB), linux/arm64

layers
  base, entrypoint  gzip header: extra flags 0 → 4
  shell             gzip header: extra flags 0 → 4; entries in another order, from usr/bin/sh on

files
  base
    bin  gone, link to usr/bin
    tmp  name of the owner none → root:
    etc/
      group          owner 0:0 → 7:0
      nsswitch.conf  time 2026-01-01T00:00:00Z → 2023-11-14T22:13:20Z
      os-release     target ../usr/lib/os-release → elsewhere
      passwd         mode 0644 → 0666
    usr/lib/
      libz.so.1.3.1  format ustar → gnu
      os-release     content 26 B → 9 B (-17 B)
  entrypoint
    usr/local/zookeeper/bin/
      entrypoint   mode 0755 → 4755
      healthcheck  link → file, content 10 B, target gone, entrypoint, mode 0777 → 0755
[exit 1]

"#]]
    );
}

/// What differs alike for many entries is said once.
#[test]
fn another_time_of_all_entries_is_one_line() {
    let images = Images::build([("3.5.7", "full")]);
    images.rewrite("other", |image| {
        for layer in ["base", "zookeeper"] {
            image.edit_layer(layer, |members| {
                for member in members {
                    member.header.set_mtime(1_769_904_000);
                }
            });
        }
    });

    let run = images.diff(OLD, "other");

    assert_data_eq!(
        shown(&run),
        str![[r#"
$ zookiln diff images/zookeeper-3.5.7 other
A  images/zookeeper-3.5.7  docker.io/example/zookeeper:3.5.7  sha256:…
B  other                   docker.io/example/zookeeper:3.5.7  sha256:…

version    3.5.7, the same
size       linux/amd64  …
           linux/arm64  …
same       java, shell, entrypoint
different  base       1.8 kB → 2.4 kB (+615 B), linux/amd64
                      1.8 kB → 2.4 kB (+611 B), linux/arm64
           zookeeper  296 B → 353 B (+57 B)

layers
  base, zookeeper  gzip header: extra flags 0 → 4

files
  base
    42 entries: time 2026-01-01T00:00:00Z → 2026-02-01T00:00:00Z
      bin, dev, etc, … and 39 more (--all shows them)
  zookeeper
    7 entries: time 2026-01-01T00:00:00Z → 2026-02-01T00:00:00Z
      usr, usr/local, usr/local/zookeeper, … and 4 more (--all shows them)
[exit 1]

"#]]
    );
}

#[test]
fn long_lists_are_cut_unless_all_is_wanted() {
    let images = Images::build([("3.5.7", "full")]);
    images.rewrite("other", |image| {
        image.edit_layer("zookeeper", |members| {
            let mut template = |path: String| {
                let like = members.last().unwrap();
                let member = Member {
                    header: like.header.clone(),
                    path,
                    link: None,
                    content: b"x".to_vec(),
                };
                members.push(member);
            };
            for number in 0..48 {
                template(format!("usr/local/zookeeper/lib/jar{number:02}-1.jar"));
            }
            for number in 0..30 {
                template(format!("usr/local/zookeeper/notes/{number:02}.txt"));
                template(format!("usr/local/zookeeper/{number:02}/a"));
            }
        });
    });

    let run = images.diff(OLD, "other");
    assert_data_eq!(
        shown(&run),
        str![[r#"
$ zookiln diff images/zookeeper-3.5.7 other
A  images/zookeeper-3.5.7  docker.io/example/zookeeper:3.5.7  sha256:…
B  other                   docker.io/example/zookeeper:3.5.7  sha256:…

version    3.5.7, the same
size       linux/amd64  …
           linux/arm64  …
same       base, java, shell, entrypoint
different  zookeeper  296 B → 2.8 kB (+2.6 kB)

layers
  zookeeper  gzip header: extra flags 0 → 4

jars
  jar00  new, 1
  jar01  new, 1
  jar02  new, 1
  jar03  new, 1
  jar04  new, 1
  jar05  new, 1
  jar06  new, 1
  jar07  new, 1
  jar08  new, 1
  jar09  new, 1
  jar10  new, 1
  jar11  new, 1
  jar12  new, 1
  jar13  new, 1
  jar14  new, 1
  jar15  new, 1
  jar16  new, 1
  jar17  new, 1
  jar18  new, 1
  jar19  new, 1
  jar20  new, 1
  jar21  new, 1
  jar22  new, 1
  jar23  new, 1
  jar24  new, 1
  jar25  new, 1
  jar26  new, 1
  jar27  new, 1
  jar28  new, 1
  jar29  new, 1
  jar30  new, 1
  jar31  new, 1
  jar32  new, 1
  jar33  new, 1
  jar34  new, 1
  jar35  new, 1
  jar36  new, 1
  jar37  new, 1
  jar38  new, 1
  jar39  new, 1
  … and 8 more (--all shows them)

files
  zookeeper
    48 entries, the jars above
    usr/local/zookeeper/00/a  new, 1 B
    usr/local/zookeeper/01/a  new, 1 B
    usr/local/zookeeper/02/a  new, 1 B
    usr/local/zookeeper/03/a  new, 1 B
    usr/local/zookeeper/04/a  new, 1 B
    usr/local/zookeeper/05/a  new, 1 B
    usr/local/zookeeper/06/a  new, 1 B
    usr/local/zookeeper/07/a  new, 1 B
    usr/local/zookeeper/08/a  new, 1 B
    usr/local/zookeeper/09/a  new, 1 B
    usr/local/zookeeper/10/a  new, 1 B
    usr/local/zookeeper/11/a  new, 1 B
    … and 48 more in 19 directories (--all shows them)
[exit 1]

"#]]
    );

    let run = images
        .workspace
        .zookiln(["diff", OLD, "other", "--all"])
        .run();
    let text = run.stdout();
    for number in 0..48 {
        assert!(text.contains(&format!("jar{number:02}-1.jar")));
    }
    for number in 0..30 {
        assert!(text.contains(&format!("{number:02}.txt")));
        assert!(text.contains(&format!("zookeeper/{number:02}/a")));
    }
    assert!(!text.contains("more"));
}

#[test]
fn a_file_in_another_layer_has_moved() {
    let images = Images::build([("3.5.7", "full")]);
    images.rewrite("other", |image| {
        for platform in &mut image.platforms {
            let position = |name: &str| {
                (platform.layers.iter())
                    .position(|layer| layer.name == name)
                    .unwrap()
            };
            let (shell, own) = (position("shell"), position("entrypoint"));
            let moved = platform.layers[shell].tar.clone();
            // Everything of the shell comes before everything of the entrypoint.
            let end = moved.len() - 1024;
            let own = &mut platform.layers[own];
            own.tar = [&moved[..end], &own.tar].concat();
            own.blob = None;
            platform.layers.remove(shell);
        }
    });

    let run = images.diff(OLD, "other");

    assert_data_eq!(
        shown(&run),
        str![[r#"
$ zookiln diff images/zookeeper-3.5.7 other
A  images/zookeeper-3.5.7  docker.io/example/zookeeper:3.5.7  sha256:…
B  other                   docker.io/example/zookeeper:3.5.7  sha256:…

version    3.5.7, the same
size       linux/amd64  …
           linux/arm64  …
same       base, java, zookeeper
different  shell       836 B, only in A, linux/amd64
                       835 B, only in A, linux/arm64
           entrypoint  545.6 kB → 674.8 kB (+129.2 kB), linux/amd64
                       524.2 kB → 636.8 kB (+112.5 kB), linux/arm64

layers
  entrypoint  gzip header: extra flags 0 → 4; entries in another order, from usr on

files
  shell
    12 entries, gone with the layer (--all shows them)
  entrypoint
    15 entries: moved here from shell
      usr/bin/bash, usr/bin/busybox, usr/bin/cat, … and 12 more (--all shows them)
    usr (entry 2 of that name)  new, directory
    var (entry 2 of that name)  new, directory
[exit 1]

"#]]
    );
}

#[test]
fn another_compression_is_no_other_content() {
    let images = Images::build([("3.5.7", "full")]);
    let gzip = |tar: &[u8]| {
        let mut encoder = GzBuilder::new()
            .mtime(1_700_000_000)
            .filename("layer.tar")
            .operating_system(3)
            .write(Vec::new(), Compression::new(9));
        encoder.write_all(tar).unwrap();
        encoder.finish().unwrap()
    };
    images.rewrite("gzip", |image| {
        for platform in &mut image.platforms {
            let layer = platform.layer("base");
            layer.blob = Some(gzip(&layer.tar));
        }
    });
    images.rewrite("plain", |image| {
        for platform in &mut image.platforms {
            for layer in &mut platform.layers {
                layer.blob = Some(layer.tar.clone());
                layer.media_type = "application/vnd.oci.image.layer.v1.tar".to_owned();
            }
        }
    });

    let run = images.diff(OLD, "gzip");
    let text = shown(&run);
    // Where the streams part is the business of the compressor.
    let text: String = (text.lines())
        .map(
            |line| match line.split_once("the blobs differ from byte ") {
                Some((before, _)) => format!("{before}the blobs differ from byte [offset] on\n"),
                None => format!("{line}\n"),
            },
        )
        .collect();
    assert_data_eq!(
        text,
        str![[r#"
$ zookiln diff images/zookeeper-3.5.7 gzip
A  images/zookeeper-3.5.7  docker.io/example/zookeeper:3.5.7  sha256:…
B  gzip                    docker.io/example/zookeeper:3.5.7  sha256:…

version    3.5.7, the same
size       linux/amd64  …
           linux/arm64  …
same       java, zookeeper, shell, entrypoint
different  base  1.8 kB → 1.7 kB (-96 B), linux/amd64
                 1.8 kB → 1.7 kB (-95 B), linux/arm64

layers
  base  the same archive in another compression; gzip header: extra flags 0 → 2, flags 0 → 8, operating system 255 → 3, time 0 → 1700000000; the blobs differ from byte [offset] on
[exit 1]

"#]]
    );
    let (code, difference) = images.diff_json("gzip", "plain");
    assert_eq!(code, Some(1));
    assert_eq!(difference["files"], json!([]));
    assert_eq!(difference["documents"], json!([]));
    let run = images.diff(OLD, "plain");
    let note = "base, java, zookeeper, shell, entrypoint  the same archive in another compression; gzip → none";
    assert_eq!(run.stdout().matches(note).count(), 1, "{}", run.stdout());
}

#[test]
fn a_platform_that_only_one_has_is_named() {
    let images = Images::build([("3.5.7", "full")]);
    images.rewrite("other", |image| {
        image.platforms.pop();
    });

    let run = images.diff(OLD, "other");

    assert_data_eq!(
        shown(&run),
        str![[r#"
$ zookiln diff images/zookeeper-3.5.7 other
A  images/zookeeper-3.5.7  docker.io/example/zookeeper:3.5.7  sha256:…
B  other                   docker.io/example/zookeeper:3.5.7  sha256:…

version  3.5.7, the same
size     linux/amd64  the same image
         linux/arm64  only in A
same     base, java, zookeeper, shell, entrypoint
[exit 1]

"#]]
    );
    let run = images.diff("other", OLD);
    assert!(run.stdout().contains(", only in B\n"), "{}", run.stdout());
}

#[test]
fn what_differs_on_one_platform_only_is_said_of_it() {
    let images = Images::build([("3.5.7", "full")]);
    images.rewrite("other", |image| {
        image.edit_layer("base", |members| {
            let position = members
                .iter()
                .position(|member| member.path == "etc/passwd");
            members.remove(position.unwrap());
        });
        let arm64 = &mut image.platforms[1];
        arm64.config["config"]["User"] = json!("7:7");
        let layer = arm64.layer("zookeeper");
        // One more block of zeros at the end of the archive.
        layer.tar.extend([0; 512]);
        layer.blob = None;
    });

    let run = images.diff(OLD, "other");

    assert_data_eq!(
        shown(&run),
        str![[r#"
$ zookiln diff images/zookeeper-3.5.7 other
A  images/zookeeper-3.5.7  docker.io/example/zookeeper:3.5.7  sha256:…
B  other                   docker.io/example/zookeeper:3.5.7  sha256:…

version    3.5.7, the same
size       linux/amd64  …
           linux/arm64  …
same       java, shell, entrypoint
different  base       1.8 kB → 2.3 kB (+499 B), linux/amd64
                      1.8 kB → 2.3 kB (+495 B), linux/arm64
           zookeeper  296 B, the same, linux/amd64
                      296 B → 357 B (+61 B), linux/arm64

layers
  base  gzip header: extra flags 0 → 4
  linux/arm64 only
    zookeeper  gzip header: extra flags 0 → 4; only in B: 512 bytes follow the end of the archive; the archives differ from byte 6144 on, though their entries do not

config
  linux/arm64 only
    user  0:0 → 7:7

files
  base
    etc/passwd  gone, 132 B
[exit 1]

"#]]
    );
}

#[test]
fn the_json_has_everything_with_stable_names() {
    let images = Images::build([("3.5.7", "full"), ("3.6.1", "full")]);

    let (code, mut difference) = images.diff_json(OLD, NEW);

    assert_eq!(code, Some(1));
    for side in ["old", "new"] {
        let side = &mut difference[side];
        assert!(side["digest"].as_str().unwrap().starts_with("sha256:"));
        side["digest"] = json!("…");
        side["record"]["zookiln.identity"] = json!("…");
    }
    let layers = difference["layers"].take();
    for held in layers.as_array().unwrap() {
        assert!(held["platforms"].is_array());
        match held["change"].as_str().unwrap() {
            "same" => assert!(held["bytes"].is_u64() && held["diff_id"].is_string()),
            "changed" => assert!(held["old"]["digest"].is_string() && held["notes"] == json!([])),
            other => panic!("{other}"),
        }
    }
    for platform in difference["platforms"].as_array_mut().unwrap() {
        for bytes in ["old_bytes", "new_bytes"] {
            assert!(platform[bytes].is_u64());
            platform[bytes] = json!("…");
        }
    }
    for change in difference["layout"].as_array_mut().unwrap() {
        if change["path"][1] == "zookiln.identity" {
            change["old"] = json!("…");
            change["new"] = json!("…");
        }
    }
    assert_data_eq!(
        format!("{difference:#}\n"),
        str![[r#"
{
  "commands": [],
  "documents": [
    {
      "document": "index",
      "finding": "value",
      "new": "3.6.1",
      "old": "3.5.7",
      "path": [
        "annotations",
        "org.opencontainers.image.version"
      ],
      "platforms": []
    },
    {
      "document": "manifest",
      "finding": "value",
      "new": "3.6.1",
      "old": "3.5.7",
      "path": [
        "annotations",
        "org.opencontainers.image.version"
      ],
      "platforms": [
        "linux/amd64",
        "linux/arm64"
      ]
    },
    {
      "document": "config",
      "finding": "value",
      "new": "3.6.1",
      "old": "3.5.7",
      "path": [
        "config",
        "Labels",
        "org.opencontainers.image.version"
      ],
      "platforms": [
        "linux/amd64",
        "linux/arm64"
      ]
    }
  ],
  "files": [
    {
      "change": "added",
      "entry": {
        "content": {
          "bytes": 56,
          "digest": "sha256:6b6f5b66f5ea6c8d6928ea34f738134e163d3855853c79fe39c7249a894e489c"
        },
        "kind": "file",
        "mode": "0644",
        "owner": "0:0",
        "target": null
      },
      "layer": "zookeeper",
      "path": "usr/local/zookeeper/lib/netty-common-4.1.48.Final.jar",
      "platforms": [
        "linux/amd64",
        "linux/arm64"
      ]
    },
    {
      "change": "removed",
      "entry": {
        "content": {
          "bytes": 58,
          "digest": "sha256:fc79f358a8bd488942f516b3d0660d986bee4ff6e4ac6ec6922ac62b5f584ef5"
        },
        "kind": "file",
        "mode": "0644",
        "owner": "0:0",
        "target": null
      },
      "layer": "zookeeper",
      "path": "usr/local/zookeeper/lib/zookeeper-3.5.7.jar",
      "platforms": [
        "linux/amd64",
        "linux/arm64"
      ]
    },
    {
      "change": "added",
      "entry": {
        "content": {
          "bytes": 58,
          "digest": "sha256:11a6a9327156d4f56b5991ed638b99667167c48b20d8f339c6f59c7a0c96522e"
        },
        "kind": "file",
        "mode": "0644",
        "owner": "0:0",
        "target": null
      },
      "layer": "zookeeper",
      "path": "usr/local/zookeeper/lib/zookeeper-3.6.1.jar",
      "platforms": [
        "linux/amd64",
        "linux/arm64"
      ]
    },
    {
      "change": "removed",
      "entry": {
        "content": {
          "bytes": 63,
          "digest": "sha256:fb1bc6e2a2490f8c67286593f8e968216648b17c1ab2f06d1ff577340e75ccf0"
        },
        "kind": "file",
        "mode": "0644",
        "owner": "0:0",
        "target": null
      },
      "layer": "zookeeper",
      "path": "usr/local/zookeeper/lib/zookeeper-jute-3.5.7.jar",
      "platforms": [
        "linux/amd64",
        "linux/arm64"
      ]
    },
    {
      "change": "added",
      "entry": {
        "content": {
          "bytes": 63,
          "digest": "sha256:ba79f97fb2755cd6fbf4229827e89146791cbbabfcc51c339a605203086cb4ed"
        },
        "kind": "file",
        "mode": "0644",
        "owner": "0:0",
        "target": null
      },
      "layer": "zookeeper",
      "path": "usr/local/zookeeper/lib/zookeeper-jute-3.6.1.jar",
      "platforms": [
        "linux/amd64",
        "linux/arm64"
      ]
    }
  ],
  "jars": [
    {
      "jar": "netty-common",
      "new": "4.1.48.Final",
      "old": null,
      "platforms": [
        "linux/amd64",
        "linux/arm64"
      ]
    },
    {
      "jar": "zookeeper",
      "new": "3.6.1",
      "old": "3.5.7",
      "platforms": [
        "linux/amd64",
        "linux/arm64"
      ]
    },
    {
      "jar": "zookeeper-jute",
      "new": "3.6.1",
      "old": "3.5.7",
      "platforms": [
        "linux/amd64",
        "linux/arm64"
      ]
    }
  ],
  "java": [],
  "layer_order": [],
  "layers": null,
  "layout": [
    {
      "document": "layout",
      "finding": "value",
      "new": "…",
      "old": "…",
      "path": [
        "annotations",
        "zookiln.identity"
      ]
    },
    {
      "document": "layout",
      "finding": "value",
      "new": "docker.io/example/zookeeper:3.6.1",
      "old": "docker.io/example/zookeeper:3.5.7",
      "path": [
        "manifests",
        "annotations",
        "io.containerd.image.name"
      ]
    },
    {
      "document": "layout",
      "finding": "value",
      "new": "3.6.1",
      "old": "3.5.7",
      "path": [
        "manifests",
        "annotations",
        "org.opencontainers.image.ref.name"
      ]
    }
  ],
  "new": {
    "digest": "…",
    "layout": "images/zookeeper-3.6.1",
    "record": {
      "zookiln.created": "1767225600",
      "zookiln.identity": "…",
      "zookiln.source": "tarball"
    },
    "reference": "docker.io/example/zookeeper:3.6.1",
    "tag": "3.6.1",
    "version": "3.6.1"
  },
  "old": {
    "digest": "…",
    "layout": "images/zookeeper-3.5.7",
    "record": {
      "zookiln.created": "1767225600",
      "zookiln.identity": "…",
      "zookiln.source": "tarball"
    },
    "reference": "docker.io/example/zookeeper:3.5.7",
    "tag": "3.5.7",
    "version": "3.5.7"
  },
  "packages": [],
  "platforms": [
    {
      "new_bytes": "…",
      "old_bytes": "…",
      "platform": "linux/amd64",
      "same": false
    },
    {
      "new_bytes": "…",
      "old_bytes": "…",
      "platform": "linux/arm64",
      "same": false
    }
  ],
  "same": false
}

"#]]
    );
}

/// Whatever differs is told apart by the exit status, and said below the summary.
#[test]
fn no_difference_goes_unsaid() {
    type Edit = fn(&mut Rewritten);
    let edits: [Edit; 12] = [
        |image| image.index["x"] = json!(1),
        |image| image.index["annotations"] = json!({}),
        |image| image.platforms[0].descriptor["annotations"] = json!({ "a": "b" }),
        |image| image.platforms[0].manifest["annotations"] = Value::Null,
        |image| image.platforms[1].config["config"]["X"] = json!([]),
        |image| image.platforms[1].config["os.version"] = json!("1"),
        |image| image.platforms[0].layer("base").history["comment"] = json!("c"),
        |image| image.platforms[0].layer("base").history = json!({}),
        |image| image.platforms.reverse(),
        |image| image.platforms[0].layers.swap(1, 2),
        |image| image.edit_layer("zookeeper", |members| members.reverse()),
        |image| {
            image.edit_layer("zookeeper", |members| {
                let header = &mut members.last_mut().unwrap().header;
                header.as_mut_bytes()[505] = 1;
            });
        },
    ];
    let images = Images::build([("3.5.7", "full")]);
    for (number, edit) in edits.into_iter().enumerate() {
        let name = format!("other-{number}");
        images.rewrite(&name, edit);

        let run = images.diff(OLD, &name);

        assert_eq!(run.code, Some(1), "{number}: {}", run.transcript());
        let (_, sections) = run.stdout().split_once("\n\n").unwrap();
        assert!(sections.contains("\n\n"), "{number}: {}", run.transcript());
        assert_eq!(images.diff(&name, &name).code, Some(0));
    }
}

#[test]
fn a_blob_with_wrong_bytes_is_trouble_also_in_the_same_image() {
    let images = Images::build([("3.5.7", "full"), ("3.6.1", "full")]);
    images.rewrite("broken", |_| {});
    let layout = images.layout("broken");
    let layer = layout.images[0].layer("base").digest.clone();
    let path = layout.blob_path(&layer);
    let mut bytes = fs::read(&path).unwrap();
    bytes[1000] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let found = format!("sha256:{}", crate::support::sha256(&bytes));
    let hex = layer.trim_start_matches("sha256:").to_owned();

    for other in [OLD, NEW, "broken"] {
        let run = images.diff(other, "broken");
        assert_eq!((run.code, run.stdout()), (Some(2), ""));
        assert!(run.stderr.contains(&hex), "{}", run.stderr);
    }
    let run = images
        .diff(NEW, "broken")
        .name(&found, "[found]")
        .name(&layer, "[layer]")
        .name(&hex, "[hex]");
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln diff images/zookeeper-3.6.1 broken
! error: cannot read the second image: blob `broken/blobs/sha256/[hex]`: expected [layer], found [found]
! hint: `zookiln verify broken` names everything that is wrong with it
[exit 2]

"#]]
    );
}

#[test]
fn what_is_no_image_is_trouble() {
    let images = Images::build([("3.5.7", "full")]);

    let run = images.diff(OLD, "nowhere");
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln diff images/zookeeper-3.5.7 nowhere
! error: cannot read the second image: `nowhere` is not an image layout: it has no `oci-layout`
! hint: `zookiln build` writes one
[exit 2]

"#]]
    );

    images.rewrite("two", |image| {
        let only = image.top["manifests"][0].clone();
        image.top["manifests"].as_array_mut().unwrap().push(only);
    });
    let run = images.diff("two", OLD);
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln diff two images/zookeeper-3.5.7
! error: cannot read the first image: `two/index.json`: 2 images where one is expected
! hint: `zookiln verify two` names everything that is wrong with it
[exit 2]

"#]]
    );

    let run = images.workspace.zookiln(["diff", OLD]).run();
    assert_eq!(run.code, Some(2));
    let run = images
        .workspace
        .zookiln(["diff", OLD, OLD, "--format", "xml"])
        .run();
    assert_eq!(run.code, Some(2));
}

#[test]
fn a_layer_that_is_no_archive_is_trouble() {
    let images = Images::build([("3.5.7", "full")]);
    images.rewrite("other", |image| {
        let layer = image.platforms[0].layer("base");
        layer.tar = b"no archive".repeat(100);
        layer.blob = None;
    });
    let run = images.diff(OLD, "other");

    assert_data_eq!(
        shown(&run),
        str![[r#"
$ zookiln diff images/zookeeper-3.5.7 other
! error: cannot read layer `sha256:…` in `other`: there is no valid header at byte 0
! hint: `zookiln verify other` names everything that is wrong with it
[exit 2]

"#]]
    );
}
