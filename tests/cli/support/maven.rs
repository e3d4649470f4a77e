//! Tiny jars, a repository of them, and an `mvn` that copies from it.

use std::io::{Cursor, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// One jar of the fixture's releases.
#[derive(Debug, Clone)]
pub(crate) struct Jar {
    /// `zookeeper-3.6.1.jar`
    pub(crate) file_name: String,
    /// Below the repository's root.
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
}

impl Jar {
    /// The jar at `group:artifact:version`.
    pub(crate) fn new(coordinates: &str) -> Self {
        let [group, artifact, version] = coordinates.split(':').collect::<Vec<_>>()[..] else {
            panic!("`{coordinates}` is not `group:artifact:version`");
        };
        let file_name = format!("{artifact}-{version}.jar");
        Self {
            path: format!(
                "{}/{artifact}/{version}/{file_name}",
                group.replace('.', "/")
            ),
            bytes: empty_zip(coordinates),
            file_name,
        }
    }
}

/// A jar with nothing in it but a comment. Its bytes are in golden digests, so that no library may
/// have a say in them.
fn empty_zip(comment: &str) -> Vec<u8> {
    let mut bytes = b"PK\x05\x06".to_vec();
    bytes.extend([0; 16]);
    bytes.extend(u16::try_from(comment.len()).unwrap().to_le_bytes());
    bytes.extend(comment.as_bytes());
    bytes
}

/// A zip of uncompressed members.
pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A script that imitates `mvn dependency:copy`: it reads the project file and copies each artifact
/// from `repository`. `calls` gets a line per call.
pub(crate) fn mvn_script(repository: &Path, calls: &Path) -> String {
    format!(
        r#"#!/bin/sh
set -eu
PATH=/usr/bin:/bin
echo "$*" >> '{calls}'
for argument; do
  case $argument in
    -DoutputDirectory=*) output=${{argument#*=}} ;;
    */pom.xml) project=$argument ;;
  esac
done
sed -n 's|.*<groupId>\(.*\)</groupId><artifactId>\(.*\)</artifactId><version>\(.*\)</version>.*<destFileName>\(.*\)</destFileName></artifactItem>.*|\1 \2 \3 \4|p' "$project" |
while read -r group artifact version file; do
  path=$(printf %s "$group" | tr . /)/$artifact/$version/$file
  if ! cp '{repository}'/"$path" "$output/$file"; then
    echo "[ERROR] Could not find artifact $group:$artifact:jar:$version"
    exit 1
  fi
done
"#,
        calls = calls.display(),
        repository = repository.display(),
    )
}
