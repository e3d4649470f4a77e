//! Small images of which one thing is changed at a time: whatever it is, the comparison says so, names the
//! very document or layer, and nothing else.

mod model;

use std::io::Write;
use std::path::Path;

use flate2::{Compression, GzBuilder};
use layers::Digest;
use serde_json::{Value, json};
use tempfile::TempDir;

use self::model::{GZIP, Layer, Model, PLAIN, Place, ZSTD, archive, gzip, image};
use super::{
    CompareError, Difference, DocumentName, FileFinding, LayerFinding, LayerNote, compare,
};

/// The unchanged image on disk, and places for changed ones.
struct Bench {
    directory: TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        image().write(&bench.directory.path().join("old"));
        bench
    }

    /// Compares the unchanged image with `model`, both ways round.
    fn compare(&self, model: &Model<'_>) -> Result<Difference, CompareError> {
        let (old, new) = (
            self.directory.path().join("old"),
            self.directory.path().join("new"),
        );
        model.write(&new);
        let result = compare(&old, &new);
        let back = compare(&new, &old);
        assert_eq!(result.is_ok(), back.is_ok());
        if let (Ok(one), Ok(other)) = (&result, &back) {
            check_explained(one);
            check_explained(other);
            check_explained(&compare(&new, &new).unwrap());
        }
        std::fs::remove_dir_all(&new).unwrap();
        result
    }

    fn differ(&self, model: &Model<'_>) -> Difference {
        let difference = self.compare(model).unwrap();
        assert!(!difference.same);
        difference
    }
}

/// Digests that differ are explained, and equal ones are not.
fn check_explained(difference: &Difference) {
    assert_eq!(
        difference.same,
        difference.old.digest == difference.new.digest
    );
    assert_eq!(difference.explains(), !difference.same);
    for layer in &difference.layers {
        if let LayerFinding::Changed { notes, .. } = &layer.what.finding {
            let entries = (difference.files.iter()).any(|file| {
                let from = match &file.what.finding {
                    FileFinding::Moved { from, .. } => Some(from),
                    _ => None,
                };
                file.what.layer == layer.what.layer || from == Some(&layer.what.layer)
            });
            assert!(entries || !notes.is_empty(), "{layer:?} is not explained");
        }
    }
}

/// The documents that are said to differ.
fn named(difference: &Difference) -> Vec<DocumentName> {
    let mut named: Vec<DocumentName> = Vec::new();
    for change in &difference.documents {
        if !named.contains(&change.what.document) {
            named.push(change.what.document);
        }
    }
    named
}

fn changed_layers(difference: &Difference) -> Vec<(&str, Vec<&str>)> {
    (difference.layers.iter())
        .filter(|held| !matches!(held.what.finding, LayerFinding::Same(_)))
        .map(|held| {
            let platforms = held.platforms.iter().map(String::as_str).collect();
            (held.what.layer.as_str(), platforms)
        })
        .collect()
}

/// Every place in a document at which something can be changed.
fn pointers(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => (map.iter())
            .map(|(key, child)| (key.replace('~', "~0").replace('/', "~1"), child))
            .collect(),
        Value::Array(list) => (list.iter().enumerate())
            .map(|(position, child)| (position.to_string(), child))
            .collect(),
        _ => Vec::new(),
    };
    let mut pointers = vec![String::new()];
    for (key, child) in children {
        pointers.extend(pointers_below(&key, child));
    }
    pointers
}

fn pointers_below(key: &str, child: &Value) -> Vec<String> {
    (pointers(child).iter())
        .map(|rest| format!("/{key}{rest}"))
        .collect()
}

/// Ways to change the value at one place. `None` where the way does not apply.
const WAYS: [fn(&Value) -> Option<Value>; 6] = [
    |value| match value {
        Value::String(text) => Some(json!(format!("{text}x"))),
        Value::Number(number) => Some(json!(number.as_u64()? + 1)),
        Value::Array(list) => Some(list.iter().rev().cloned().collect()),
        Value::Object(map) => {
            let mut map = map.clone();
            map.insert("added".to_owned(), json!("x"));
            Some(Value::Object(map))
        }
        _ => None,
    },
    |value| {
        let mut list = value.as_array()?.clone();
        list.push(list.first().cloned().unwrap_or(json!("x")));
        Some(Value::Array(list))
    },
    |value| {
        let mut list = value.as_array()?.clone();
        list.pop()?;
        Some(Value::Array(list))
    },
    |value| {
        let mut map = value.as_object()?.clone();
        let key = map.keys().next()?.clone();
        map.remove(&key);
        Some(Value::Object(map))
    },
    |_| Some(Value::Null),
    |value| value.is_string().then(|| json!(["x"])),
];

/// What the specification demands of a document, or what names something else: to change it may make the
/// image unreadable.
fn is_structural(place: Place, pointer: &str) -> bool {
    match place {
        Place::Config(_) => pointer.is_empty() || pointer.starts_with("/rootfs"),
        // Types of OCI are strict about all that they know.
        Place::Manifest(_) | Place::Index => true,
    }
}

#[test]
fn whatever_is_changed_in_a_document_is_said_of_that_document() {
    let bench = Bench::new();
    let mut said = 0;
    let places = [
        Place::Index,
        Place::Manifest(0),
        Place::Config(0),
        Place::Config(1),
    ];
    for place in places {
        let original = original(&bench, place);
        for pointer in pointers(&original) {
            for (number, way) in WAYS.iter().enumerate() {
                let mut changed = original.clone();
                let at = changed.pointer_mut(&pointer).unwrap();
                let Some(value) = way(at).filter(|value| value != at) else {
                    continue;
                };
                *at = value;
                let model = Model {
                    writer: Some((place, Box::new(|_| changed.to_string().into_bytes()))),
                    ..image()
                };
                let what = format!("{place:?} {pointer} way {number}");
                match bench.compare(&model) {
                    Ok(difference) => {
                        said += 1;
                        check_only(&difference, place, &what);
                    }
                    Err(error) => assert!(is_structural(place, &pointer), "{what}: {error}"),
                }
            }
        }
    }
    assert!(said > 200, "only {said} changes were readable");
}

/// The value of a document as the unchanged image has it.
fn original(bench: &Bench, place: Place) -> Value {
    let original = std::cell::RefCell::new(Value::Null);
    let model = Model {
        writer: Some((
            place,
            Box::new(|value| {
                original.replace(value.clone());
                value.to_string().into_bytes()
            }),
        )),
        ..image()
    };
    assert!(bench.compare(&model).unwrap().same);
    drop(model);
    original.into_inner()
}

fn check_only(difference: &Difference, place: Place, what: &str) {
    assert!(!difference.same, "{what}");
    let (document, platform) = match place {
        Place::Index => (DocumentName::Index, None),
        Place::Manifest(0) => (DocumentName::Manifest, Some("linux/amd64")),
        Place::Manifest(_) => (DocumentName::Manifest, Some("linux/arm64")),
        Place::Config(0) => (DocumentName::Config, Some("linux/amd64")),
        Place::Config(_) => (DocumentName::Config, Some("linux/arm64")),
    };
    let named = named(difference);
    let alone = |platform: &super::PlatformChange| {
        platform.old_bytes.is_none() || platform.new_bytes.is_none()
    };
    let by_order = matches!(place, Place::Manifest(_)) && !difference.layer_order.is_empty();
    let by_platform = place == Place::Index && difference.platforms.iter().any(alone);
    assert!(
        named == [document] || ((by_platform || by_order) && named.is_empty()),
        "{what}: {named:?}"
    );
    for change in &difference.documents {
        let platforms: Vec<&str> = change.platforms.iter().map(String::as_str).collect();
        assert_eq!(platforms, Vec::from_iter(platform), "{what}");
    }
    assert!(difference.files.is_empty(), "{what}");
    assert!(changed_layers(difference).is_empty(), "{what}");
}

#[test]
fn the_same_document_in_other_bytes_is_named_with_the_first_of_them() {
    let bench = Bench::new();
    type Way = fn(&Value) -> Vec<u8>;
    let ways: [(Way, Option<u64>); 5] = [
        (|value| format!("{value:#}").into_bytes(), Some(1)),
        (|value| format!(" {value}").into_bytes(), Some(0)),
        (|value| format!("{value}\n").into_bytes(), None),
        (
            |value| value.to_string().replacen(":", ": ", 1).into_bytes(),
            None,
        ),
        // The last of a key that stands twice counts.
        (
            |value| {
                value
                    .to_string()
                    .replacen('{', r#"{"os":"x","#, 1)
                    .into_bytes()
            },
            Some(2),
        ),
    ];
    for place in [Place::Index, Place::Manifest(1), Place::Config(1)] {
        for (number, (way, first)) in ways.iter().enumerate() {
            if number == 4 && place != Place::Config(1) {
                continue;
            }
            let model = Model {
                writer: Some((place, Box::new(way))),
                ..image()
            };
            let difference = bench.differ(&model);
            check_only(&difference, place, &format!("{place:?} way {number}"));
            let [only] = difference.documents.as_slice() else {
                panic!("{:?}", difference.documents);
            };
            let text = serde_json::to_value(&only.what).unwrap();
            assert_eq!(text["finding"], "writing");
            if let Some(first) = first {
                assert_eq!(text["first_different_byte"], *first);
            }
        }
    }
}

/// Changes the layer that both platforms have.
fn with_own_layer(change: impl Fn(&mut Layer)) -> Model<'static> {
    let mut model = image();
    for platform in &mut model.platforms {
        change(&mut platform.layers[1]);
    }
    model
}

#[test]
fn whatever_byte_of_an_archive_is_changed_is_said_of_its_layer() {
    let bench = Bench::new();
    let original = archive("every architecture");
    let (mut read, mut by_bytes) = (0, 0);
    // Every field of every header: 7 and 512 have no common divisor.
    for offset in (0..original.len()).step_by(7) {
        let mut tar = original.clone();
        tar[offset] ^= 1;
        let block = offset / 512 * 512;
        let header = tar::Header::from_byte_slice(&tar[block..block + 512]);
        if original[block + 257..].starts_with(b"ustar") && !(148..156).contains(&(offset - block))
        {
            let mut header = header.clone();
            header.set_cksum();
            tar[block..block + 512].copy_from_slice(header.as_bytes());
        }
        let model = with_own_layer(|layer| layer.tar = tar.clone());
        match bench.compare(&model) {
            Err(error) => assert!(matches!(error, CompareError::Layer { .. }), "{error}"),
            Ok(difference) => {
                read += 1;
                let both = vec!["linux/amd64", "linux/arm64"];
                assert_eq!(
                    changed_layers(&difference),
                    [("own", both)],
                    "byte {offset}"
                );
                assert_eq!(named(&difference), [], "byte {offset}");
                by_bytes += usize::from(difference.files.is_empty());
            }
        }
    }
    // Padding of contents, parts of headers that nobody reads.
    assert!(read > 400 && by_bytes > 50, "{read} {by_bytes}");
}

#[test]
fn whatever_byte_of_a_blob_is_changed_is_refused_or_said_of_its_layer() {
    let bench = Bench::new();
    let original = gzip(&archive("every architecture"));
    let mut read = 0;
    for offset in 0..original.len() {
        let mut blob = original.clone();
        blob[offset] ^= 1;
        let model = with_own_layer(|layer| layer.blob = Some(blob.clone()));
        if let Ok(difference) = bench.compare(&model) {
            read += 1;
            assert_eq!(changed_layers(&difference)[0].0, "own");
            assert!(difference.files.is_empty());
        }
    }
    // Time, extra flags and operating system.
    assert!(read >= 6, "{read}");
}

#[test]
fn another_compression_is_said_with_what_is_other_in_it() {
    let tar = archive("every architecture");
    let by = |builder: GzBuilder, level: u32| {
        let mut encoder = builder.write(Vec::new(), Compression::new(level));
        encoder.write_all(&tar).unwrap();
        encoder.finish().unwrap()
    };
    let usual = || GzBuilder::new().operating_system(255);
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        (GZIP, by(usual(), 0), r#"{"first_different_byte":"#),
        (
            GZIP,
            by(usual().mtime(7), 6),
            r#""field":"time","new":7,"note":"gzip_header","old":0"#,
        ),
        (
            GZIP,
            by(GzBuilder::new().operating_system(3), 6),
            r#""field":"operating system","new":3,"note":"gzip_header","old":255"#,
        ),
        (
            GZIP,
            by(usual().filename("layer.tar"), 6),
            r#""field":"flags","new":8,"note":"gzip_header","old":0"#,
        ),
        (
            GZIP,
            [gzip(&tar[..512]), gzip(&tar[512..])].concat(),
            r#""image":"new","note":"peculiarity","path":null,"what":"the blob is not one piece"#,
        ),
        (
            GZIP,
            [gzip(&tar), vec![0; 3]].concat(),
            r#""what":"3 bytes follow the compressed archive""#,
        ),
        (
            PLAIN,
            tar.clone(),
            r#"{"new":"none","note":"encoding","old":"gzip"}"#,
        ),
        (
            ZSTD,
            ruzstd::encoding::compress_to_vec(
                tar.as_slice(),
                ruzstd::encoding::CompressionLevel::Fastest,
            ),
            r#"{"new":"zstd","note":"encoding","old":"gzip"}"#,
        ),
    ];
    let bench = Bench::new();
    for (media_type, blob, expected) in cases {
        let difference = bench.differ(&with_own_layer(|layer| {
            layer.blob = Some(blob.clone());
            layer.media_type = media_type;
        }));
        let [only] = (difference.layers.iter())
            .filter(|held| held.what.layer == "own")
            .collect::<Vec<_>>()[..]
        else {
            panic!("{:?}", difference.layers);
        };
        let LayerFinding::Changed { notes, .. } = &only.what.finding else {
            panic!("{only:?}");
        };
        assert_eq!(notes[0], LayerNote::SameArchive);
        let text = serde_json::to_value(notes).unwrap().to_string();
        assert!(text.contains(expected), "{expected}\n{text}");
        assert!(difference.files.is_empty() && difference.documents.is_empty());
    }
}

#[test]
fn layers_and_platforms_that_come_go_or_change_places() {
    let bench = Bench::new();
    let mut model = image();
    model.platforms[0].layers.reverse();
    let difference = bench.differ(&model);
    let [order] = difference.layer_order.as_slice() else {
        panic!("{:?}", difference.layer_order);
    };
    assert_eq!(order.platforms, ["linux/amd64"]);
    assert_eq!(order.what.new, ["own", "base"]);
    assert_eq!(named(&difference), []);

    let mut model = image();
    model.platforms.reverse();
    let difference = bench.differ(&model);
    assert_eq!(named(&difference), [DocumentName::Index]);

    let mut model = image();
    model.platforms.pop();
    let difference = bench.differ(&model);
    assert_eq!(difference.platforms[1].new_bytes, None);
    assert_eq!(named(&difference), []);

    let mut model = image();
    for platform in &mut model.platforms {
        platform.layers.push(Layer::new("shell", archive("shell")));
    }
    let difference = bench.differ(&model);
    assert_eq!(
        changed_layers(&difference),
        [("shell", vec!["linux/amd64", "linux/arm64"])]
    );
    assert_eq!(named(&difference), []);
    assert!(
        difference
            .files
            .iter()
            .all(|file| file.what.layer == "shell")
    );
}

#[test]
fn a_file_that_moves_to_another_layer_is_neither_new_nor_gone() {
    let bench = Bench::new();
    let mut model = image();
    for platform in &mut model.platforms {
        let own = platform.layers.pop().unwrap();
        platform.layers.push(Layer::new("other", own.tar));
    }
    // The same blob under another name is the same layer, said by its history.
    let difference = bench.differ(&model);
    assert_eq!(changed_layers(&difference), []);
    assert_eq!(named(&difference), [DocumentName::Config]);

    let mut model = image();
    for platform in &mut model.platforms {
        platform.layers[1] = Layer::new("other", archive("another content"));
    }
    let difference = bench.differ(&model);
    let moved: Vec<&str> = (difference.files.iter())
        .filter(
            |file| matches!(&file.what.finding, FileFinding::Moved { from, .. } if from == "own"),
        )
        .map(|file| file.what.path.as_str())
        .collect();
    assert_eq!(moved, ["d/a", "d/b", "d/l", "d/p"]);
}

/// The error, with everything below it.
fn chain(error: &CompareError) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(error) = next {
        text.push_str(&format!(": {error}"));
        next = error.source();
    }
    text
}

#[test]
fn wrong_bytes_are_never_believed() {
    let bench = Bench::new();
    let old = bench.directory.path().join("old");
    let blobs = old.join("blobs/sha256");
    let names: Vec<String> = (std::fs::read_dir(&blobs).unwrap())
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    // Index, two manifests, two configs, three layers.
    assert_eq!(names.len(), 8);
    let other = bench.directory.path().join("other");
    with_own_layer(|layer| layer.tar = archive("other")).write(&other);
    type Damage = fn(&Path, Vec<u8>);
    let damages: [Damage; 4] = [
        |path, mut bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(path, bytes).unwrap();
        },
        |path, mut bytes| {
            bytes.pop();
            std::fs::write(path, bytes).unwrap();
        },
        |path, mut bytes| {
            bytes.push(0);
            std::fs::write(path, bytes).unwrap();
        },
        |path, _| std::fs::remove_file(path).unwrap(),
    ];
    for name in &names {
        let bytes = std::fs::read(blobs.join(name)).unwrap();
        for damage in damages {
            damage(&blobs.join(name), bytes.clone());
            for (one, another) in [(&old, &old), (&old, &other), (&other, &old)] {
                let error = chain(&compare(one, another).unwrap_err());
                assert!(error.contains(name.as_str()), "{error}");
            }
            std::fs::write(blobs.join(name), &bytes).unwrap();
        }
    }
    assert!(compare(&old, &old).unwrap().same);
}

#[test]
fn a_config_that_lies_about_a_layer_is_refused_when_it_is_read() {
    let bench = Bench::new();
    let lie = Digest::sha256_of(b"lie").to_string();
    let model = Model {
        writer: Some((
            Place::Config(0),
            Box::new(|value| {
                let mut value = value.clone();
                value["rootfs"]["diff_ids"][1] = json!(lie);
                value.to_string().into_bytes()
            }),
        )),
        ..with_own_layer(|layer| layer.tar = archive("other"))
    };
    let error = bench.compare(&model).unwrap_err();
    assert!(matches!(error, CompareError::DiffId { .. }), "{error}");
}

/// Small files must not become much memory.
#[test]
fn an_index_that_names_the_same_manifest_thousands_of_times_is_refused() {
    let bench = Bench::new();
    let model = Model {
        writer: Some((
            Place::Index,
            Box::new(|value| {
                let mut value = value.clone();
                let manifests = value["manifests"].as_array_mut().unwrap();
                *manifests = vec![manifests[0].clone(); 12_000];
                value.to_string().into_bytes()
            }),
        )),
        ..image()
    };
    let error = chain(&bench.compare(&model).unwrap_err());
    assert!(
        error.contains("documents of the image have more than"),
        "{error}"
    );
}
