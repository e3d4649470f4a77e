//! `export`: a layout as one archive.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;

use snapbox::{assert_data_eq, str};

use crate::support::{HOST, Layout, Workspace, json, names, sha256};

const LAYOUT: &str = "images/zookeeper-3.6.1";

fn built() -> (Workspace, Layout) {
    let workspace = Workspace::new();
    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();
    let layout = Layout::read(&workspace.project().join(LAYOUT));
    (workspace, layout)
}

/// Files of an archive by path, in which no path comes twice and all else is plain.
fn files(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        assert_eq!(entry.header().entry_type(), tar::EntryType::Regular);
        assert_eq!(entry.header().mode().unwrap(), 0o644);
        let path = entry.path().unwrap().display().to_string();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        assert_eq!(
            files.insert(path.clone(), content),
            None,
            "{path} comes twice"
        );
    }
    files
}

#[test]
fn a_docker_archive_names_blobs_that_are_in_it() {
    let (workspace, layout) = built();

    let run = workspace
        .zookiln([
            "export",
            LAYOUT,
            "--as",
            "docker-archive",
            "--platform",
            "linux/arm64",
            "-o",
            "out.tar",
        ])
        .succeed();

    assert_eq!((run.stdout(), run.stderr.as_str()), ("", ""));
    let files = files(&fs::read(workspace.project().join("out.tar")).unwrap());
    let manifest = json(&files["manifest.json"]);
    let [image] = manifest.as_array().unwrap().as_slice() else {
        panic!("one image: {manifest}");
    };
    assert_eq!(
        image["RepoTags"],
        serde_json::json!(["example/zookeeper:3.6.1"])
    );
    let config = &files[image["Config"].as_str().unwrap()];
    assert_eq!(json(config), layout.images[1].config);
    let paths: Vec<&str> = (image["Layers"].as_array().unwrap().iter())
        .map(|path| path.as_str().unwrap())
        .collect();
    let expected: Vec<String> = (layout.images[1].layers.iter())
        .map(|layer| format!("blobs/{}", layer.digest.replace(':', "/")))
        .collect();
    assert_eq!(paths, expected);
    for path in paths {
        assert!(files.contains_key(path), "{path}");
    }
}

#[test]
fn an_archive_is_the_layout_with_every_blob_as_its_name_says() {
    let (workspace, layout) = built();

    workspace
        .zookiln(["export", LAYOUT, "--as", "oci-archive", "-o", "out.tar"])
        .succeed();

    let mut files = files(&fs::read(workspace.project().join("out.tar")).unwrap());
    assert_eq!(
        json(&files.remove("oci-layout").unwrap())["imageLayoutVersion"],
        "1.0.0"
    );
    assert_eq!(json(&files.remove("index.json").unwrap()), layout.top);
    let blobs: Vec<String> = names(&layout.path.join("blobs/sha256"));
    let exported: Vec<String> = (files.iter())
        .map(|(path, content)| {
            let hex = path.strip_prefix("blobs/sha256/").unwrap();
            assert_eq!(sha256(content), hex);
            hex.to_owned()
        })
        .collect();
    assert_eq!(exported, blobs);
}

#[test]
fn an_export_is_the_same_bytes_every_time_also_to_standard_output() {
    let (workspace, _) = built();
    for form in ["docker-archive", "oci-archive"] {
        workspace
            .zookiln(["export", LAYOUT, "--as", form, "-o", "out.tar"])
            .umask("077")
            .succeed();
        let file = fs::read(workspace.project().join("out.tar")).unwrap();

        let run = workspace
            .zookiln(["export", LAYOUT, "--as", form, "-o", "-"])
            .env("TZ", "Pacific/Kiritimati")
            .succeed();

        assert_eq!(sha256(&run.stdout), sha256(&file));
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn a_docker_archive_is_for_this_host_where_no_platform_is_named() {
    let (workspace, layout) = built();

    let run = workspace
        .zookiln(["export", LAYOUT, "--as", "docker-archive", "-o", "-"])
        .succeed();

    let files = files(&run.stdout);
    let manifest = json(&files["manifest.json"]);
    let config = json(&files[manifest[0]["Config"].as_str().unwrap()]);
    assert_eq!(config["architecture"], HOST);
    assert_eq!(layout.images.len(), 2);
}

#[test]
fn a_platform_that_the_layout_does_not_have_is_refused() {
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

    let run = workspace
        .zookiln([
            "export",
            LAYOUT,
            "--as",
            "docker-archive",
            "--platform",
            "linux/amd64",
            "-o",
            "out.tar",
        ])
        .fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln export images/zookeeper-3.6.1 --as docker-archive --platform linux/amd64 -o out.tar
! error: cannot export to `out.tar`: the layout has no platform `linux/amd64`, only linux/arm64
[exit 1]

"#]]
    );
    assert_eq!(
        names(&workspace.project()),
        ["images", "versions.keys", "versions.lock", "versions.toml"]
    );
}

#[test]
fn a_form_that_is_none_is_refused_with_those_that_are() {
    let workspace = Workspace::new();

    let run = workspace
        .zookiln(["export", LAYOUT, "--as", "docker", "-o", "-"])
        .run();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln export images/zookeeper-3.6.1 --as docker -o -
! error: invalid value 'docker' for '--as <FORM>'
!   [possible values: oci-archive, docker-archive]
! 
!   tip: a similar value exists: 'docker-archive'
! 
! For more information, try '--help'.
[exit 2]

"#]]
    );
}

#[test]
fn an_archive_where_nobody_can_write_is_one_error() {
    let (workspace, _) = built();

    let run = workspace
        .zookiln([
            "export",
            LAYOUT,
            "--as",
            "oci-archive",
            "-o",
            "nowhere/out.tar",
        ])
        .fail();

    let errors = run.lines("error: ");
    assert_eq!(errors.len(), 1, "{}", run.stderr);
    assert!(errors[0].contains("`nowhere"), "{}", run.stderr);
    assert!(
        errors[0].contains("No such file or directory"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_layout_that_is_not_there_is_one_error() {
    let workspace = Workspace::new();

    let run = workspace
        .zookiln(["export", LAYOUT, "--as", "oci-archive", "-o", "out.tar"])
        .fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln export images/zookeeper-3.6.1 --as oci-archive -o out.tar
! error: `images/zookeeper-3.6.1` is not an image layout: it has no `oci-layout`
! hint: `zookiln build` writes one
[exit 1]

"#]]
    );
}
