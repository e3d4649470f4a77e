//! What `build` writes, and when it writes nothing.

use snapbox::{assert_data_eq, str};

use crate::support::{HOST, Layout, PlatformImage, Snapshot, Workspace};

fn built(workspace: &Workspace, version: &str, variant: &str) -> Layout {
    workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            version,
            "--variant",
            variant,
        ])
        .succeed();
    let suffix = if variant == "full" { "" } else { "-distroless" };
    Layout::read(
        &workspace
            .project()
            .join(format!("images/zookeeper-{version}{suffix}")),
    )
}

fn names(image: &PlatformImage) -> Vec<&str> {
    let layers = image.layers.iter();
    layers.map(|layer| layer.name.as_str()).collect()
}

#[test]
fn build_says_what_it_does_and_prints_the_digest() {
    let workspace = Workspace::new();

    let run = workspace.zookiln(["build", "--version", "3.6.1"]).succeed();

    let layout = Layout::read(&workspace.project().join("images/zookeeper-3.6.1"));
    let run = run.name(layout.digest(), "[digest]").name(
        &format!("jre-headless_21.0.9+10-1_{HOST}"),
        "jre-headless_21.0.9+10-1_[host]",
    );
    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln build --version 3.6.1
images/zookeeper-3.6.1:3.6.1 [digest] (tarball, written)
! fetched apache-zookeeper-3.6.1-bin.tar.gz, 632 B
! fetched base-files_13.8_amd64.deb, 924 B
! fetched base-files_13.8_arm64.deb, 924 B
! fetched bash_5.2.37-2_amd64.deb, 764 B
! fetched bash_5.2.37-2_arm64.deb, 760 B
! fetched busybox-static_1.37.0-6_amd64.deb, 736 B
! fetched busybox-static_1.37.0-6_arm64.deb, 736 B
! fetched libc6_2.41-12_amd64.deb, 11.5 kB
! fetched libc6_2.41-12_arm64.deb, 11.5 kB
! fetched libtinfo6_6.5_amd64.deb, 724 B
! fetched libtinfo6_6.5_arm64.deb, 724 B
! fetched openjdk-21-jdk-headless_21.0.9+10-1_amd64.deb, 541.2 kB
! fetched openjdk-21-jdk-headless_21.0.9+10-1_arm64.deb, 541.2 kB
! fetched openjdk-21-jre-headless_21.0.9+10-1_[host].deb, 948 B
! fetched zlib1g_1.3.1-1_amd64.deb, 740 B
! fetched zlib1g_1.3.1-1_arm64.deb, 740 B
! fetched 16 files, 1.1 MB
! building 3.6.1
! made layer base for linux/amd64
! made layer java for linux/amd64
! made layer zookeeper
! made layer shell for linux/amd64
! made layer entrypoint for linux/amd64
! made layer base for linux/arm64
! made layer java for linux/arm64
! made layer shell for linux/arm64
! made layer entrypoint for linux/arm64

"#]]
    );
}

#[test]
fn a_layout_has_one_nested_index_with_both_platforms() {
    let workspace = Workspace::new();

    let layout = built(&workspace, "3.6.1", "full");

    let index_type = "application/vnd.oci.image.index.v1+json";
    assert_eq!(layout.top["schemaVersion"], 2);
    assert_eq!(layout.top["mediaType"], index_type);
    assert_eq!(layout.descriptor["mediaType"], index_type);
    let annotations = &layout.descriptor["annotations"];
    assert_eq!(annotations["org.opencontainers.image.ref.name"], "3.6.1");
    assert_eq!(
        annotations["io.containerd.image.name"],
        "docker.io/example/zookeeper:3.6.1"
    );
    assert_eq!(layout.index["schemaVersion"], 2);
    assert_eq!(layout.index["mediaType"], index_type);
    let platforms: Vec<String> = (layout.images.iter())
        .map(|image| image.descriptor["platform"].to_string())
        .collect();
    assert_eq!(
        platforms,
        [
            r#"{"architecture":"amd64","os":"linux"}"#,
            r#"{"architecture":"arm64","os":"linux","variant":"v8"}"#,
        ]
    );
    for image in &layout.images {
        assert_eq!(image.manifest["schemaVersion"], 2);
        assert_eq!(
            image.manifest["mediaType"],
            "application/vnd.oci.image.manifest.v1+json"
        );
        assert_eq!(
            image.manifest["config"]["mediaType"],
            "application/vnd.oci.image.config.v1+json"
        );
        for layer in image.manifest["layers"].as_array().unwrap() {
            assert_eq!(
                layer["mediaType"],
                "application/vnd.oci.image.layer.v1.tar+gzip"
            );
        }
    }
}

#[test]
fn a_config_carries_the_settings_of_the_catalog() {
    let workspace = Workspace::new();

    let layout = built(&workspace, "3.6.1", "full");

    let arm = &layout.images[1].config;
    assert_eq!(arm["architecture"], "arm64");
    assert_eq!(arm["variant"], "v8");
    assert_eq!(layout.images[0].config["architecture"], "amd64");
    for image in &layout.images {
        let config = &image.config;
        assert_eq!(config["os"], "linux");
        assert_eq!(config["created"], "2026-01-01T00:00:00Z");
        let pretty = serde_json::to_string_pretty(&config["config"]).unwrap();
        assert_data_eq!(
            pretty,
            str![[r#"
{
  "Cmd": [
    "zkServer.sh",
    "start-foreground"
  ],
  "Entrypoint": [
    "/usr/local/zookeeper/bin/entrypoint"
  ],
  "Env": [
    "JAVA_HOME=/usr/lib/jvm/java-21-openjdk",
    "LANG=C.UTF-8",
    "PATH=/usr/local/zookeeper/bin:/usr/bin"
  ],
  "ExposedPorts": {
    "2181/tcp": {},
    "2888/tcp": {},
    "3888/tcp": {},
    "8080/tcp": {}
  },
  "Healthcheck": {
    "Interval": 10000000000,
    "Retries": 3,
    "StartPeriod": 30000000000,
    "Test": [
      "CMD",
      "healthcheck",
      "--liveness"
    ],
    "Timeout": 5000000000
  },
  "Labels": {
    "org.opencontainers.image.created": "2026-01-01T00:00:00Z",
    "org.opencontainers.image.title": "ZooKeeper",
    "org.opencontainers.image.version": "3.6.1"
  },
  "StopSignal": "SIGTERM",
  "User": "0:0",
  "Volumes": {
    "/srv/conf": {},
    "/srv/data": {},
    "/srv/datalog": {},
    "/var/log": {}
  },
  "WorkingDir": "/"
}
"#]]
        );
    }
}

#[test]
fn variants_differ_by_shell_and_user_and_share_the_rest() {
    let workspace = Workspace::new();

    let full = built(&workspace, "3.6.1", "full");
    let distroless = built(&workspace, "3.6.1", "distroless");

    let tag = &distroless.descriptor["annotations"]["org.opencontainers.image.ref.name"];
    assert_eq!(tag, "3.6.1-distroless");
    for (full, distroless) in full.images.iter().zip(&distroless.images) {
        assert_eq!(
            names(full),
            ["base", "java", "zookeeper", "shell", "entrypoint"]
        );
        assert_eq!(
            names(distroless),
            ["base", "java", "zookeeper", "entrypoint"]
        );
        for shared in ["base", "java", "zookeeper", "entrypoint"] {
            assert_eq!(full.layer(shared).digest, distroless.layer(shared).digest);
        }
        assert_eq!(full.config["config"]["User"], "0:0");
        assert_eq!(distroless.config["config"]["User"], "1000:1000");
    }
}

#[test]
fn versions_share_base_java_and_shell() {
    let workspace = Workspace::new();

    let run = workspace.zookiln(["--quiet", "build", "--all"]).succeed();

    assert_eq!(run.stdout().lines().count(), 2);
    let images = workspace.project().join("images");
    let older = Layout::read(&images.join("zookeeper-3.5.7"));
    let newer = Layout::read(&images.join("zookeeper-3.6.1"));
    for (older, newer) in older.images.iter().zip(&newer.images) {
        for shared in ["base", "java", "shell", "entrypoint"] {
            assert_eq!(older.layer(shared).digest, newer.layer(shared).digest);
        }
        assert_ne!(
            older.layer("zookeeper").digest,
            newer.layer("zookeeper").digest
        );
    }
}

#[test]
fn platforms_share_the_zookeeper_layer_and_nothing_made_for_one_of_them() {
    let workspace = Workspace::new();

    let layout = built(&workspace, "3.6.1", "full");

    let [amd64, arm64] = &layout.images[..] else {
        panic!("two platforms");
    };
    assert_eq!(
        amd64.layer("zookeeper").digest,
        arm64.layer("zookeeper").digest
    );
    for own in ["base", "java", "entrypoint"] {
        assert_ne!(amd64.layer(own).digest, arm64.layer(own).digest);
    }
    let modules = |image: &PlatformImage| {
        image
            .layer("java")
            .text("usr/lib/jvm/java-21-openjdk/lib/modules")
    };
    assert!(modules(amd64).contains("java.base for amd64"));
    assert!(modules(arm64).contains("java.base for arm64"));
}

#[test]
fn layers_hold_what_the_catalog_says_and_no_more() {
    let workspace = Workspace::new();

    let layout = built(&workspace, "3.6.1", "full");

    let image = &layout.images[0];
    let listings: String = (image.layers.iter())
        .map(|layer| format!("{}\n  {}\n", layer.name, layer.listing().join("\n  ")))
        .collect();
    assert_data_eq!(
        listings,
        str![[r#"
base
  0777 0:0 bin -> usr/bin
  0755 0:0 dev/
  0755 0:0 etc/
  0644 0:0 etc/group
  0644 0:0 etc/nsswitch.conf
  0777 0:0 etc/os-release -> ../usr/lib/os-release
  0644 0:0 etc/passwd
  0777 0:0 lib -> usr/lib
  0777 0:0 lib64 -> usr/lib64
  0755 0:0 proc/
  0700 0:0 root/
  0755 0:0 run/
  0777 0:0 sbin -> usr/sbin
  0755 0:0 sys/
  1777 0:0 tmp/
  0755 0:0 usr/
  0755 0:0 usr/lib/
  0777 0:0 usr/lib/libz.so.1 -> libz.so.1.3.1
  0644 0:0 usr/lib/libz.so.1.3.1
  0644 0:0 usr/lib/os-release
  0755 0:0 usr/lib/x86_64-linux-gnu/
  0755 0:0 usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
  0755 0:0 usr/share/
  0755 0:0 usr/share/doc/
  0755 0:0 usr/share/doc/base-files/
  0644 0:0 usr/share/doc/base-files/copyright
  0755 0:0 usr/share/doc/libc6/
  0644 0:0 usr/share/doc/libc6/copyright
  0755 0:0 usr/share/doc/zlib1g/
  0644 0:0 usr/share/doc/zlib1g/copyright
  0755 0:0 var/
  0755 0:0 var/lib/
  0755 0:0 var/lib/dpkg/
  0755 0:0 var/lib/dpkg/status.d/
  0644 0:0 var/lib/dpkg/status.d/base-files
  0644 0:0 var/lib/dpkg/status.d/base-files.md5sums
  0644 0:0 var/lib/dpkg/status.d/libc6
  0644 0:0 var/lib/dpkg/status.d/libc6.md5sums
  0644 0:0 var/lib/dpkg/status.d/zlib1g
  0644 0:0 var/lib/dpkg/status.d/zlib1g.md5sums
  0777 0:0 var/run -> /run
  1777 0:0 var/tmp/
java
  0755 0:0 usr/
  0755 0:0 usr/bin/
  0777 0:0 usr/bin/java -> /usr/lib/jvm/java-21-openjdk/bin/java
  0755 0:0 usr/lib/
  0755 0:0 usr/lib/jvm/
  0755 0:0 usr/lib/jvm/java-21-openjdk/
  0755 0:0 usr/lib/jvm/java-21-openjdk/bin/
  0755 0:0 usr/lib/jvm/java-21-openjdk/bin/java
  0755 0:0 usr/lib/jvm/java-21-openjdk/legal/
  0777 0:0 usr/lib/jvm/java-21-openjdk/legal/COPY -> LICENSE
  0644 0:0 usr/lib/jvm/java-21-openjdk/legal/LICENSE
  0755 0:0 usr/lib/jvm/java-21-openjdk/lib/
  0644 0:0 usr/lib/jvm/java-21-openjdk/lib/modules
  0755 0:0 usr/lib/jvm/java-21-openjdk/lib/security/
  0644 0:0 usr/lib/jvm/java-21-openjdk/lib/security/cacerts
  0644 0:0 usr/lib/jvm/java-21-openjdk/release
  0755 0:0 usr/share/
  0755 0:0 usr/share/doc/
  0755 0:0 usr/share/doc/openjdk-21-jdk-headless/
  0644 0:0 usr/share/doc/openjdk-21-jdk-headless/copyright
  0755 0:0 var/
  0755 0:0 var/lib/
  0755 0:0 var/lib/dpkg/
  0755 0:0 var/lib/dpkg/status.d/
  0644 0:0 var/lib/dpkg/status.d/openjdk-21-jdk-headless
  0644 0:0 var/lib/dpkg/status.d/openjdk-21-jdk-headless.md5sums
zookeeper
  0755 0:0 usr/
  0755 0:0 usr/local/
  0755 0:0 usr/local/zookeeper/
  0755 0:0 usr/local/zookeeper/lib/
  0644 0:0 usr/local/zookeeper/lib/log4j-1.2.17.jar
  0644 0:0 usr/local/zookeeper/lib/netty-common-4.1.48.Final.jar
  0644 0:0 usr/local/zookeeper/lib/zookeeper-3.6.1.jar
  0644 0:0 usr/local/zookeeper/lib/zookeeper-jute-3.6.1.jar
shell
  0755 0:0 usr/
  0755 0:0 usr/bin/
  0755 0:0 usr/bin/bash
  0755 0:0 usr/bin/busybox
  0777 0:0 usr/bin/cat -> busybox
  0777 0:0 usr/bin/ls -> busybox
  0777 0:0 usr/bin/sh -> bash
  0755 0:0 usr/lib/
  0644 0:0 usr/lib/libtinfo.so.6
  0755 0:0 usr/share/
  0755 0:0 usr/share/doc/
  0755 0:0 usr/share/doc/bash/
  0644 0:0 usr/share/doc/bash/copyright
  0755 0:0 usr/share/doc/busybox-static/
  0644 0:0 usr/share/doc/busybox-static/copyright
  0755 0:0 usr/share/doc/libtinfo6/
  0644 0:0 usr/share/doc/libtinfo6/copyright
  0755 0:0 var/
  0755 0:0 var/lib/
  0755 0:0 var/lib/dpkg/
  0755 0:0 var/lib/dpkg/status.d/
  0644 0:0 var/lib/dpkg/status.d/bash
  0644 0:0 var/lib/dpkg/status.d/bash.md5sums
  0644 0:0 var/lib/dpkg/status.d/busybox-static
  0644 0:0 var/lib/dpkg/status.d/busybox-static.md5sums
  0644 0:0 var/lib/dpkg/status.d/libtinfo6
  0644 0:0 var/lib/dpkg/status.d/libtinfo6.md5sums
entrypoint
  0755 0:0 etc/
  0755 0:0 etc/zookeeper/
  0644 0:0 etc/zookeeper/configuration.xsl
  0644 0:0 etc/zookeeper/log4j.properties
  0755 0:0 etc/zookeeper/logback/
  0644 0:0 etc/zookeeper/logback.xml
  0644 0:0 etc/zookeeper/logback/CONSOLE.xml
  0644 0:0 etc/zookeeper/logback/ROLLINGFILE.xml
  0644 0:0 etc/zookeeper/logback/TRACEFILE.xml
  0644 0:0 etc/zookeeper/zoo_sample.cfg
  0755 0:0 run/
  0775 1000:0 run/zookeeper/
  0755 0:0 srv/
  0775 1000:0 srv/conf/
  0775 1000:0 srv/conf/zookeeper/
  0775 1000:0 srv/data/
  0775 1000:0 srv/data/zookeeper/
  0775 1000:0 srv/datalog/
  0775 1000:0 srv/datalog/zookeeper/
  0755 0:0 usr/
  0755 0:0 usr/local/
  0755 0:0 usr/local/zookeeper/
  0755 0:0 usr/local/zookeeper/bin/
  0755 0:0 usr/local/zookeeper/bin/entrypoint
  0777 0:0 usr/local/zookeeper/bin/healthcheck -> entrypoint
  0777 0:0 usr/local/zookeeper/bin/zkServer.sh -> entrypoint
  0755 0:0 var/
  0775 1000:0 var/log/
  0775 1000:0 var/log/zookeeper/

"#]]
    );
}

#[test]
fn jlink_gets_modules_options_and_the_cut() {
    let workspace = Workspace::new();

    let layout = built(&workspace, "3.6.1", "distroless");

    let modules = layout.images[0]
        .layer("java")
        .text("usr/lib/jvm/java-21-openjdk/lib/modules");
    let head: Vec<&str> = modules.lines().take(4).collect();
    assert_eq!(
        head,
        [
            "names java.base,java.desktop",
            r"options --no-man-pages --exclude-files=regex:/java\.desktop/.*",
            r"excluded regex:/java\.desktop/(?!(java/awt/Point\.class|java/beans/Introspector\.class|module-info\.class|sun/java2d/Disposer\.class)$).*",
            "environment ",
        ]
    );
}

#[test]
fn a_second_build_is_up_to_date_writes_nothing_and_asks_nobody() {
    let workspace = Workspace::new();
    let first = workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();
    let images = Snapshot::of(&workspace.project());
    let cache = Snapshot::of(&workspace.cache());
    let asked = workspace.server.requests();

    let second = workspace.zookiln(["build", "--version", "3.6.1"]).succeed();

    assert_eq!(
        second.stdout(),
        first.stdout().replace("written", "up to date")
    );
    assert_eq!(second.stderr, "");
    assert_eq!(Snapshot::of(&workspace.project()), images);
    assert_eq!(Snapshot::of(&workspace.cache()), cache);
    assert_eq!(workspace.server.requests(), asked);
}

#[test]
fn one_platform_is_an_index_of_one() {
    let workspace = Workspace::new();

    workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--platform",
            "linux/arm64",
        ])
        .succeed();

    let layout = Layout::read(&workspace.project().join("images/zookeeper-3.6.1"));
    assert_eq!(layout.images.len(), 1);
    assert_eq!(layout.images[0].config["architecture"], "arm64");
}

#[test]
fn another_image_in_the_same_directory_leaves_no_blob_of_the_first() {
    let workspace = Workspace::new();
    for version in ["3.5.7", "3.6.1"] {
        workspace
            .zookiln(["--quiet", "build", "--version", version, "--output", "here"])
            .succeed();
    }

    // Reading checks that there is no other blob.
    let layout = Layout::read(&workspace.project().join("here"));

    let tag = &layout.descriptor["annotations"]["org.opencontainers.image.ref.name"];
    assert_eq!(tag, "3.6.1");
}
