//! What `build` writes, and when it writes nothing.

use snapbox::{assert_data_eq, str};

use crate::support::{HOST, Layout, PlatformImage, Snapshot, Workspace};

fn built(workspace: &Workspace, version: &str, variant: &str) -> Layout {
    workspace
        .zookiln(["--quiet", "build", "--version", version, "--variant", variant])
        .succeed();
    let suffix = if variant == "full" { "" } else { "-distroless" };
    Layout::read(&workspace.project().join(format!("images/zookeeper-{version}{suffix}")))
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
    let run = run
        .name(layout.digest(), "[digest]")
        .name(&format!("jre-headless_21.0.9+10-1_{HOST}"), "jre-headless_21.0.9+10-1_[host]");
    assert_data_eq!(run.transcript(), str![]);
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
        assert_data_eq!(pretty, str![]);
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
        assert_eq!(names(full), ["base", "java", "zookeeper", "shell", "entrypoint"]);
        assert_eq!(names(distroless), ["base", "java", "zookeeper", "entrypoint"]);
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
        assert_ne!(older.layer("zookeeper").digest, newer.layer("zookeeper").digest);
    }
}

#[test]
fn platforms_share_the_zookeeper_layer_and_nothing_made_for_one_of_them() {
    let workspace = Workspace::new();

    let layout = built(&workspace, "3.6.1", "full");

    let [amd64, arm64] = &layout.images[..] else {
        panic!("two platforms");
    };
    assert_eq!(amd64.layer("zookeeper").digest, arm64.layer("zookeeper").digest);
    for own in ["base", "java", "entrypoint"] {
        assert_ne!(amd64.layer(own).digest, arm64.layer(own).digest);
    }
    let modules = |image: &PlatformImage| image.layer("java").text("usr/lib/jvm/java-21-openjdk/lib/modules");
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
    assert_data_eq!(listings, str![]);
}

#[test]
fn jlink_gets_modules_options_and_the_cut() {
    let workspace = Workspace::new();

    let layout = built(&workspace, "3.6.1", "distroless");

    let modules = layout.images[0].layer("java").text("usr/lib/jvm/java-21-openjdk/lib/modules");
    let head: Vec<&str> = modules.lines().take(4).collect();
    assert_data_eq!(head.join("\n"), str![]);
}

#[test]
fn a_second_build_is_up_to_date_writes_nothing_and_asks_nobody() {
    let workspace = Workspace::new();
    let first = workspace.zookiln(["--quiet", "build", "--version", "3.6.1"]).succeed();
    let images = Snapshot::of(&workspace.project());
    let cache = Snapshot::of(&workspace.cache());
    let asked = workspace.server.requests();

    let second = workspace.zookiln(["build", "--version", "3.6.1"]).succeed();

    assert_eq!(second.stdout(), first.stdout().replace("written", "up to date"));
    assert_eq!(second.stderr, "");
    assert_eq!(Snapshot::of(&workspace.project()), images);
    assert_eq!(Snapshot::of(&workspace.cache()), cache);
    assert_eq!(workspace.server.requests(), asked);
}

#[test]
fn one_platform_is_an_index_of_one() {
    let workspace = Workspace::new();

    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1", "--platform", "linux/arm64"])
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
