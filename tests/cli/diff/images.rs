//! Whole images: versions, variants, copies.

use super::*;

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
  catalog it is from     sha256:… → sha256:…
  identity of the build  sha256:… → sha256:…
  lock it is from        sha256:… → sha256:…
  seal of this file      sha256:… → sha256:…
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
  catalog it is from     sha256:… → sha256:…
  identity of the build  sha256:… → sha256:…
  lock it is from        sha256:… → sha256:…
  seal of this file      sha256:… → sha256:…
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
  lock it is from        sha256:… → sha256:…
  seal of this file      sha256:… → sha256:…
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
    let layout = images.layout(OLD);
    let mut run = images.diff(OLD, "copy").name(layout.digest(), "[digest]");
    for name in ["identity", "catalog", "lock", "program", "seal"] {
        let digest = layout.top["annotations"][format!("zookiln.{name}")].clone();
        run = run.name(&digest.as_str().unwrap()[..19], &format!("[{name}]"));
    }

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln diff images/zookeeper-3.5.7 copy
same image: [digest]

index.json (no part of the image)
  catalog it is from     gone, [catalog]
  SOURCE_DATE_EPOCH      gone, 1767225600
  identity of the build  gone, [identity]
  lock it is from        gone, [lock]
  program that built it  gone, [program]
  seal of this file      gone, [seal]
  source of ZooKeeper    gone, tarball
  name                   gone, docker.io/example/zookeeper:3.5.7
  tag                    3.5.7 → mine

"#]]
    );
}
