//! Long lists, other layers, other platforms.

use super::*;

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
           entrypoint  [..] kB → [..] kB (+[..] kB), linux/amd64
                       [..] kB → [..] kB (+[..] kB), linux/arm64

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
