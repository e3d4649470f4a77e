//! What cannot be compared, and that nothing goes unsaid.

use super::*;

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
