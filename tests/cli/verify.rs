//! `verify`: a layout as it was written passes; whatever is changed in it is named.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};
use tar::{EntryType, Header};

use crate::support::{Edit, Layout, Run, Workspace, edit_top, flipped, forge, gunzip, gzip, names};

const IMAGE: &str = "images/zookeeper-3.6.1";

/// A workspace with an image.
fn built() -> Workspace {
    let workspace = Workspace::new();
    workspace
        .zookiln(["--quiet", "build", "--version", "3.6.1"])
        .succeed();
    workspace
}

fn image(workspace: &Workspace) -> PathBuf {
    workspace.project().join(IMAGE)
}

/// Verifies an image that something is wrong with; returns what was found.
fn findings(workspace: &Workspace) -> Vec<String> {
    let run = workspace.zookiln(["verify", IMAGE]).fail();
    let said = run.lines("error: ");
    assert!(
        said.len() == 1 && said[0].contains(IMAGE),
        "{}",
        run.transcript()
    );
    run.stdout().lines().map(str::to_owned).collect()
}

/// Panics unless there is a line for each of the texts, and none beside.
fn assert_found(found: &[String], expected: &[&str], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: {found:#?}");
    for text in expected {
        let matching = found.iter().filter(|line| line.contains(text)).count();
        assert_eq!(matching, 1, "{what}: `{text}` in {found:#?}");
    }
}

/// Every file of a layout, by its path below it.
fn files(layout: &Path) -> Vec<String> {
    let blobs = names(&layout.join("blobs/sha256"));
    let blobs = blobs.iter().map(|name| format!("blobs/sha256/{name}"));
    ["index.json".to_owned(), "oci-layout".to_owned()]
        .into_iter()
        .chain(blobs)
        .collect()
}

#[test]
fn an_image_as_it_was_built_passes() {
    for (variant, name) in [("full", ""), ("distroless", "-distroless")] {
        let workspace = Workspace::new();
        workspace
            .zookiln([
                "--quiet",
                "build",
                "--version",
                "3.6.1",
                "--variant",
                variant,
            ])
            .succeed();
        let path = format!("images/zookeeper-3.6.1{name}");
        let layout = Layout::read(&workspace.project().join(&path));
        // Neither of them is asked.
        fs::remove_file(workspace.project().join("versions.toml")).unwrap();
        workspace.empty_cache();
        let asked = workspace.server.requests();

        let run = workspace.zookiln(["verify"]).arg(&path).succeed();

        let line = format!("{path}:3.6.1{name} {} (intact: ", layout.digest());
        assert!(run.stdout().starts_with(&line), "{}", run.transcript());
        assert_eq!(run.stdout().lines().count(), 1);
        assert_eq!(run.stderr, "");
        assert_eq!(workspace.server.requests(), asked);
        assert!(!workspace.cache().exists(), "no cache is made");
    }
}

#[test]
fn what_was_checked_is_counted() {
    let workspace = built();
    let layout = Layout::read(&image(&workspace));

    let run = workspace
        .zookiln(["verify", IMAGE, "--format", "json", "-j", "1"])
        .succeed();

    let report: Value = serde_json::from_str(run.stdout()).unwrap();
    let blobs = names(&image(&workspace).join("blobs/sha256"));
    let sizes = blobs.iter().map(|name| {
        let path = image(&workspace).join("blobs/sha256").join(name);
        fs::metadata(path).unwrap().len()
    });
    let mut seen = std::collections::BTreeMap::new();
    for layer in layout.images.iter().flat_map(|image| &image.layers) {
        seen.insert(&layer.digest, layer.listing().len());
    }
    assert_eq!(
        report,
        json!({
            "layout": IMAGE,
            "tag": "3.6.1",
            "digest": layout.digest(),
            "intact": true,
            "checked": {
                "blobs": blobs.len(),
                "bytes": sizes.sum::<u64>(),
                "layers": seen.len(),
                "entries": seen.values().sum::<usize>(),
            },
            "findings": [],
            "rebuilt": null,
        })
    );
}

#[test]
fn a_flipped_byte_in_any_file_is_found() {
    let workspace = built();
    let path = image(&workspace);
    for file in files(&path) {
        let path = path.join(&file);
        let intact = fs::read(&path).unwrap();
        fs::write(&path, flipped(&intact)).unwrap();

        let found = findings(&workspace);

        assert!(
            found
                .iter()
                .any(|line| line.starts_with(&format!("{file}: "))),
            "{file}: {found:#?}"
        );
        fs::write(&path, intact).unwrap();
    }
    workspace.zookiln(["verify", IMAGE]).succeed();
}

#[test]
fn a_flipped_byte_anywhere_in_a_file_without_a_digest_is_found() {
    let workspace = built();
    for file in ["index.json", "oci-layout"] {
        let path = image(&workspace).join(file);
        let intact = fs::read(&path).unwrap();
        for position in (0..intact.len()).step_by(13) {
            for bit in [1, 0x20] {
                let mut damaged = intact.clone();
                damaged[position] ^= bit;
                fs::write(&path, &damaged).unwrap();
                let found = findings(&workspace);
                let text = String::from_utf8_lossy(&damaged).into_owned();
                assert!(
                    found.iter().any(|line| line.starts_with(file)),
                    "{found:#?}: {text}"
                );
            }
        }
        fs::write(&path, intact).unwrap();
    }
}

/// What somebody does to a file of a layout.
type Harm = fn(&Path);

#[test]
fn a_blob_that_is_not_what_it_was_is_named() {
    let harms: [(&str, Harm, &str); 8] = [
        (
            "truncated",
            |path| fs::write(path, &fs::read(path).unwrap()[1..]).unwrap(),
            "expected sha256:",
        ),
        (
            "emptied",
            |path| fs::write(path, "").unwrap(),
            "found sha256:e3b0c44298fc",
        ),
        (
            "extended",
            |path| fs::write(path, [fs::read(path).unwrap(), vec![0]].concat()).unwrap(),
            "expected sha256:",
        ),
        (
            "a file of holes",
            |path| {
                let file = fs::File::options().write(true).open(path).unwrap();
                file.set_len(1 << 40).unwrap();
            },
            "1099511627776 bytes are too many for a blob",
        ),
        (
            "removed",
            |path| fs::remove_file(path).unwrap(),
            "which is not there",
        ),
        (
            "a link",
            |path| {
                let elsewhere = path.parent().unwrap().join("../../../elsewhere");
                fs::rename(path, &elsewhere).unwrap();
                symlink(&elsewhere, path).unwrap();
            },
            "it is a symbolic link",
        ),
        (
            "a directory",
            |path| {
                fs::remove_file(path).unwrap();
                fs::create_dir(path).unwrap();
            },
            "it is a directory",
        ),
        (
            "a pipe",
            |path| {
                fs::remove_file(path).unwrap();
                assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
            },
            "it is a pipe, socket or device",
        ),
    ];
    for (what, harm, expected) in harms {
        let workspace = built();
        let layout = Layout::read(&image(&workspace));
        // One of each kind: a layer, a config, a manifest, the index.
        let digests = [
            layout.images[0].layers[1].digest.as_str(),
            layout.images[0].manifest["config"]["digest"]
                .as_str()
                .unwrap(),
            layout.images[0].descriptor["digest"].as_str().unwrap(),
            layout.digest(),
        ];
        for digest in digests {
            harm(&layout.blob_path(digest));
        }
        // What is broken is known without the documents above it; what is missing is not.
        let looked_for = if what == "removed" {
            &digests[3..]
        } else {
            &digests
        };

        let found = findings(&workspace);

        for digest in looked_for {
            let hex = digest.trim_start_matches("sha256:");
            let named = found
                .iter()
                .filter(|line| line.contains(hex) && line.contains(expected));
            assert_eq!(named.count(), 1, "{what}: {digest} in {found:#?}");
        }
        assert_eq!(found.len(), looked_for.len(), "{what}: {found:#?}");
    }
}

#[test]
fn blobs_under_each_others_names_are_both_named() {
    let workspace = built();
    let layout = Layout::read(&image(&workspace));
    let layers = &layout.images[0].layers;
    let [one, other] = [0, 2].map(|position: usize| layout.blob_path(&layers[position].digest));
    let aside = workspace.path("aside");
    fs::rename(&one, &aside).unwrap();
    fs::rename(&other, &one).unwrap();
    fs::rename(&aside, &other).unwrap();

    let found = findings(&workspace);

    let [a, b] = [0, 2].map(|position: usize| layers[position].digest.as_str());
    let swapped = [
        format!("expected {a}, found {b}"),
        format!("expected {b}, found {a}"),
    ];
    assert_found(&found, &[&swapped[0], &swapped[1]], "swapped");
}

#[test]
fn what_does_not_belong_there_is_named() {
    let workspace = built();
    let path = image(&workspace);
    fs::write(path.join("blobs/sha256").join("0".repeat(64)), "").unwrap();
    fs::write(path.join("blobs/sha256/.tmpAbCdEf"), "half").unwrap();
    fs::write(path.join("notes\u{1b}[31m.txt"), "").unwrap();
    fs::create_dir(path.join("blobs/sha512")).unwrap();
    let extra = fs::read(path.join("index.json")).unwrap();
    let digest = crate::support::sha256(&extra);
    fs::write(path.join("blobs/sha256").join(&digest), extra).unwrap();

    let found = findings(&workspace);

    assert_found(
        &found,
        &[
            "blobs/sha256/0000000000000000000000000000000000000000000000000000000000000000: expected",
            "blobs/sha256/.tmpAbCdEf: it does not belong here",
            "notes\\u{1b}[31m.txt: it does not belong here",
            "blobs/sha512: it does not belong here",
            &format!("blobs/sha256/{digest}: nothing in the image refers to it"),
        ],
        "extra files",
    );
}

#[test]
fn a_file_of_the_layout_that_is_missing_is_named() {
    for file in ["oci-layout", "index.json", "blobs"] {
        let workspace = built();
        let path = image(&workspace).join(file);
        fs::rename(&path, workspace.path("aside")).unwrap();

        let found = findings(&workspace);

        let missing = format!("{file}: it is missing");
        assert!(found.contains(&missing), "{found:#?}");
    }
}

#[test]
fn the_transcript_of_a_damaged_image() {
    let workspace = built();
    let layout = Layout::read(&image(&workspace));
    let layer = layout.images[0].layer("shell");
    let path = layout.blob_path(&layer.digest);
    let bytes = flipped(&fs::read(&path).unwrap());
    fs::write(&path, &bytes).unwrap();
    edit_top(&image(&workspace), |top| {
        top["annotations"]["zookiln.source"] = json!("maven");
    });

    let run = workspace.zookiln(["verify", IMAGE]).fail();
    let named = |run: Run| {
        run.name(&layer.digest, "[expected]")
            .name(layer.digest.trim_start_matches("sha256:"), "[name]")
            .name(
                &format!("sha256:{}", crate::support::sha256(&bytes)),
                "[found]",
            )
    };
    assert_data_eq!(
        named(run).transcript(),
        str![[r#"
$ zookiln verify images/zookeeper-3.6.1
blobs/sha256/[name]: expected [expected], found [found]
index.json: its seal is broken: something in it was changed after it was written
! error: `images/zookeeper-3.6.1` is not as it was written: 2 findings
! hint: copy the whole directory from where it is intact, or build the image anew
[exit 1]

"#]]
    );

    let run = workspace
        .zookiln(["verify", IMAGE, "--format", "json"])
        .fail();
    let run = named(run).name(layout.digest(), "[digest]");
    let report: Value = serde_json::from_str(run.stdout()).unwrap();
    assert_eq!(report["intact"], false);
    assert_eq!(report["findings"][0]["rule"], "content");
    assert_eq!(report["findings"][0]["path"], Value::Null);
    assert_eq!(
        report["findings"][1],
        json!({
            "file": "index.json",
            "path": null,
            "rule": "broken-seal",
            "message": "index.json: its seal is broken: something in it was changed after it was written",
        })
    );
}

#[test]
fn documents_that_say_something_wrong_are_named() {
    let cases: Vec<(&str, Edit, &[&str])> = vec![
        (
            "arm64 without v8",
            Edit::Index(|index| {
                index["manifests"][1]["platform"]
                    .as_object_mut()
                    .unwrap()
                    .remove("variant");
            }),
            &[
                "`manifests[1].platform`: expected",
                "`architecture, os, variant`: expected those of the manifest's platform",
            ],
        ),
        (
            "no architecture",
            Edit::Config(|config| config["architecture"] = json!("")),
            &["`architecture, os, variant`: expected"],
        ),
        (
            "a platform twice",
            Edit::Index(|index| {
                let first = index["manifests"][0].clone();
                index["manifests"].as_array_mut().unwrap().push(first);
            }),
            &["is there twice"],
        ),
        (
            "an attestation",
            Edit::Index(|index| {
                index["manifests"][0]["platform"] =
                    json!({ "architecture": "unknown", "os": "unknown" });
            }),
            &[
                "`manifests[0].platform`: expected",
                "`architecture, os, variant`: expected",
            ],
        ),
        (
            "no schema version",
            Edit::Manifest(|manifest| {
                manifest.as_object_mut().unwrap().remove("schemaVersion");
            }),
            &["`schemaVersion`: expected 2, found none"],
        ),
        (
            "Docker's media type",
            Edit::Manifest(|manifest| {
                manifest["mediaType"] =
                    json!("application/vnd.docker.distribution.manifest.v2+json");
            }),
            &[
                "`mediaType`: expected application/vnd.oci.image.manifest.v1+json, found application/vnd.docker",
            ],
        ),
        (
            "a layer's media type",
            Edit::Manifest(|manifest| {
                manifest["layers"][0]["mediaType"] =
                    json!("application/vnd.docker.image.rootfs.diff.tar.gzip");
            }),
            &["`layers[0].mediaType`: expected application/vnd.oci.image.layer"],
        ),
        (
            "a foreign layer",
            Edit::Manifest(|manifest| {
                manifest["layers"][0]["urls"] = json!(["https://example.org/"])
            }),
            &["`layers[0].urls` has no place in it"],
        ),
        (
            "a subject",
            Edit::Manifest(|manifest| manifest["subject"] = manifest["config"].clone()),
            &["`subject` has no place in it"],
        ),
        (
            "a wrong size",
            Edit::Manifest(|manifest| manifest["layers"][2]["size"] = json!(7)),
            &["`layers[2].size`: expected"],
        ),
        (
            "a way out",
            Edit::Manifest(|manifest| {
                manifest["config"]["digest"] = json!("sha256:/../../../../etc/passwd");
            }),
            &["`config`: digest `sha256:/../../../../etc/passwd`"],
        ),
        (
            "another way out",
            Edit::Top(|top| top["manifests"][0]["digest"] = json!("sha256/../x")),
            &["index.json: `manifests[0]`: digest `sha256/../x`"],
        ),
        (
            "a null list",
            Edit::Config(|config| config["config"]["Cmd"] = Value::Null),
            &["`/config/Cmd` is null"],
        ),
        (
            "no history",
            Edit::Config(|config| config["history"] = json!([])),
            &["`history`: expected 5, one for each layer, found 0"],
        ),
        (
            "a missing diff_id",
            Edit::Config(|config| {
                config["rootfs"]["diff_ids"].as_array_mut().unwrap().pop();
            }),
            &["`rootfs.diff_ids`: expected 5, one for each layer, found 4"],
        ),
        (
            "another diff_id",
            Edit::Config(|config| {
                config["rootfs"]["diff_ids"][3] = config["rootfs"]["diff_ids"][0].clone();
            }),
            &["`rootfs.diff_ids[3]`: expected sha256:"],
        ),
        (
            "a malformed diff_id",
            Edit::Config(|config| config["rootfs"]["diff_ids"][3] = json!("sha256:\u{1b}")),
            &["`rootfs.diff_ids[3]`: digest `sha256:\\u{1b}`"],
        ),
        (
            "a local time",
            Edit::Config(|config| config["created"] = json!("2026-01-01 00:00:00")),
            &[
                "`created`: expected 2026-01-01T00:00:00Z, found 2026-01-01 00:00:00",
                "`created`: expected a time such as",
                "`history[0].created`",
                "`history[1].created`",
                "`history[2].created`",
                "`history[3].created`",
                "`history[4].created`",
            ],
        ),
        (
            "another version",
            Edit::Config(|config| {
                config["config"]["Labels"]["org.opencontainers.image.version"] = json!("3.5.7");
            }),
            &["`config.Labels.org.opencontainers.image.version`: expected 3.6.1, found 3.5.7"],
        ),
        (
            "another tag",
            Edit::Top(|top| {
                top["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"] =
                    json!("3.6.1-slim");
            }),
            &[
                "index.json: `io.containerd.image.name`: expected a name with `:3.6.1-slim`",
                "index.json: `org.opencontainers.image.ref.name`: expected a tag of version 3.6.1, found 3.6.1-slim",
            ],
        ),
        (
            "a reference as a tag",
            Edit::Top(|top| {
                top["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"] =
                    json!("zookeeper:3.6.1");
            }),
            &[
                "index.json: `org.opencontainers.image.ref.name`: expected a bare tag, found zookeeper:3.6.1",
            ],
        ),
        (
            "two images",
            Edit::Top(|top| {
                let first = top["manifests"][0].clone();
                top["manifests"].as_array_mut().unwrap().push(first);
            }),
            &["index.json: `manifests`: expected one image, found 2"],
        ),
        (
            "a flat layout",
            Edit::Top(|top| {
                top["manifests"][0]["mediaType"] =
                    json!("application/vnd.oci.image.manifest.v1+json");
            }),
            &[
                "index.json: `manifests[0].mediaType`: expected application/vnd.oci.image.index.v1+json",
            ],
        ),
        (
            "another program",
            Edit::Top(|top| {
                top["annotations"]
                    .as_object_mut()
                    .unwrap()
                    .remove("zookiln.identity");
            }),
            &["index.json: it has no build record"],
        ),
        (
            "another time",
            Edit::Top(|top| top["annotations"]["zookiln.created"] = json!("1000000000")),
            &[
                "index.json: `zookiln.created`: expected that of 2026-01-01T00:00:00Z, found 1000000000",
            ],
        ),
    ];
    let workspace = built();
    let backup = workspace.path("backup");
    copy(&image(&workspace), &backup);
    for (what, edit, expected) in cases {
        fs::remove_dir_all(image(&workspace)).unwrap();
        copy(&backup, &image(&workspace));
        forge(&image(&workspace), &[edit]);

        let found = findings(&workspace);

        assert_found(&found, expected, what);
    }
}

fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        fs::create_dir_all(to.join(&file).parent().unwrap()).unwrap();
        fs::copy(from.join(&file), to.join(&file)).unwrap();
    }
}

/// Puts a member before the end of an archive.
fn with_member(tar: Vec<u8>, path: &str, change: impl FnOnce(&mut Header)) -> Vec<u8> {
    let mut header = Header::new_ustar();
    header.set_path(path).unwrap();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header.set_mtime(1_767_225_600);
    header.set_device_major(0).unwrap();
    header.set_device_minor(0).unwrap();
    change(&mut header);
    header.set_cksum();
    let (members, end) = tar.split_at(tar.len() - 1024);
    [members, header.as_bytes(), end].concat()
}

#[test]
fn layers_that_break_a_rule_are_named_with_the_path() {
    let cases: Vec<(&str, Edit, &[&str])> = vec![
        ("nothing", Edit::Tar("shell", |tar| tar), &[]),
        (
            "a file",
            Edit::Tar("shell", |tar| with_member(tar, "zzz", |_| {})),
            &[],
        ),
        (
            "another time",
            Edit::Tar("shell", |tar| {
                with_member(tar, "zzz", |it| it.set_mtime(1_767_225_601))
            }),
            &["`zzz` has time 1767225601, expected 1767225600"],
        ),
        (
            "out of order",
            Edit::Tar("shell", |tar| with_member(tar, "aaa", |_| {})),
            &["`aaa` comes after"],
        ),
        (
            "a user's name",
            Edit::Tar("shell", |tar| {
                with_member(tar, "zzz", |it| it.set_username("me").unwrap())
            }),
            &["`zzz` has `me` in header field `user name`, expected ``"],
        ),
        (
            "a whiteout",
            Edit::Tar("shell", |tar| {
                with_member(tar, "zzz", |it| {
                    it.as_old_mut().name[..8].copy_from_slice(b"x/.wh.rm")
                })
            }),
            &[
                "`x/.wh.rm` comes before its directory `x`",
                "`x/.wh.rm` names a whiteout",
            ],
        ),
        (
            "a file of a lower layer",
            Edit::Tar("entrypoint", |tar| {
                with_member(tar, "var/lib/dpkg/status.d/libc6", |_| {})
            }),
            &[
                "`var/lib/dpkg/status.d/libc6` comes after",
                "`var/lib/dpkg/status.d/libc6` comes before its directory",
                "`var/lib/dpkg/status.d/libc6` is in layer `sha256:",
            ],
        ),
        (
            "a directory with another mode",
            Edit::Tar("entrypoint", |tar| {
                with_member(tar, "var0", |it| {
                    it.set_entry_type(EntryType::Directory);
                    it.set_mode(0o700);
                    it.as_old_mut().name[..5].copy_from_slice(b"etc/\0");
                })
            }),
            &["`etc` is there twice", "with another mode or owner"],
        ),
        (
            "bytes behind the end",
            Edit::Tar("shell", |tar| [tar, vec![0; 512]].concat()),
            &["512 bytes follow the end of the archive"],
        ),
        (
            "a member that was cut",
            Edit::Tar("shell", |tar| tar[..tar.len() - 1024 - 100].to_vec()),
            &["the archive ends within the member"],
        ),
        (
            "two gzip members",
            Edit::Blob("shell", |blob| {
                let tar = gunzip(&blob);
                let (one, other) = tar.split_at(512);
                [gzip(one), gzip(other)].concat()
            }),
            &["the blob is not one piece"],
        ),
        (
            "bytes behind the gzip member",
            Edit::Blob("shell", |blob| [blob, vec![0; 3]].concat()),
            &["3 bytes follow the compressed archive"],
        ),
        (
            "a time in the gzip header",
            Edit::Blob("shell", |mut blob| {
                blob[4] = 9;
                blob
            }),
            &["the gzip header has time 9, expected 0"],
        ),
        (
            "something else",
            Edit::Blob("shell", |_| b"no gzip".to_vec()),
            &["the layer cannot be read or decompressed"],
        ),
    ];
    let workspace = built();
    let backup = workspace.path("backup");
    copy(&image(&workspace), &backup);
    for (what, edit, expected) in cases {
        fs::remove_dir_all(image(&workspace)).unwrap();
        copy(&backup, &image(&workspace));
        forge(&image(&workspace), &[edit]);

        if expected.is_empty() {
            workspace.zookiln(["verify", IMAGE]).succeed();
        } else {
            assert_found(&findings(&workspace), expected, what);
        }
    }
}

#[test]
fn layers_of_zstandard_are_read_as_well() {
    let workspace = built();
    let edits = [
        Edit::Blob("base", |blob| {
            let tar = gunzip(&blob);
            let level = ruzstd::encoding::CompressionLevel::Fastest;
            ruzstd::encoding::compress_to_vec(tar.as_slice(), level)
        }),
        Edit::Manifest(|manifest| {
            manifest["layers"][0]["mediaType"] =
                json!("application/vnd.oci.image.layer.v1.tar+zstd");
        }),
    ];
    forge(&image(&workspace), &edits);

    workspace.zookiln(["verify", IMAGE]).succeed();
}

#[test]
fn what_is_no_layout_is_an_error() {
    let workspace = built();
    for (path, said) in [
        (
            "nowhere",
            "`nowhere` is not an image layout: it has no `oci-layout`",
        ),
        (".", "`.` is not an image layout: it has no `oci-layout`"),
        ("versions.toml", "`versions.toml` is not an image layout"),
    ] {
        let run = workspace.zookiln(["verify"]).arg(path).fail();

        assert!(run.stderr.contains(said), "{}", run.transcript());
        assert_eq!(run.stdout(), "");
        assert_eq!(run.lines("hint: "), ["hint: `zookiln build` writes one"]);
    }
}
