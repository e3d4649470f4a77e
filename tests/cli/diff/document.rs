//! `--format json`.

use super::*;

/// Whether an annotation hangs on the source of the program.
fn is_digest(annotation: &str) -> bool {
    ["identity", "catalog", "lock", "program", "seal"]
        .iter()
        .any(|name| annotation == format!("zookiln.{name}"))
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
        for (name, value) in side["record"].as_object_mut().unwrap() {
            if is_digest(name) {
                *value = json!("…");
            }
        }
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
        if change["path"][1].as_str().is_some_and(is_digest) {
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
        "zookiln.catalog"
      ]
    },
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
      "new": "…",
      "old": "…",
      "path": [
        "annotations",
        "zookiln.lock"
      ]
    },
    {
      "document": "layout",
      "finding": "value",
      "new": "…",
      "old": "…",
      "path": [
        "annotations",
        "zookiln.seal"
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
      "zookiln.catalog": "…",
      "zookiln.created": "1767225600",
      "zookiln.identity": "…",
      "zookiln.lock": "…",
      "zookiln.program": "…",
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
      "zookiln.catalog": "…",
      "zookiln.created": "1767225600",
      "zookiln.identity": "…",
      "zookiln.lock": "…",
      "zookiln.program": "…",
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
