//! Documents and the blobs they name: what holds for each of them, whatever it says.

use layers::Digest;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::top::INDEX;
use super::{Fault, Verification, files, shape};
use crate::image::LayoutError;
use crate::json;

/// A blob that was named and can be read.
#[derive(Debug, Clone)]
pub(super) struct Blob {
    pub(super) digest: Digest,
    pub(super) size: u64,
}

impl Verification<'_> {
    /// The bytes of a file beside the blobs; that one is missing is a finding already.
    pub(super) fn file(&mut self, name: &str) -> Option<Vec<u8>> {
        let path = self.layout.path().join(name);
        let is_file = path.symlink_metadata().is_ok_and(|it| it.is_file());
        let result = is_file.then(|| self.layout.file_bytes(name));
        match result {
            Some(Ok(bytes)) => return Some(bytes),
            Some(Err(error)) => self.found(name, Fault::Unreadable(reason(&error))),
            None => {}
        }
        self.is_whole &= name != INDEX;
        None
    }

    /// A document of these bytes, which must be canonical.
    pub(super) fn parsed(&mut self, file: &str, bytes: &[u8]) -> Option<Value> {
        match serde_json::from_slice::<Value>(bytes) {
            Ok(value) => {
                if json::canonical(&value) != bytes {
                    self.found(file, Fault::NotCanonical);
                }
                if let Some(pointer) = first_null("", &value) {
                    self.found(file, Fault::Null { pointer });
                }
                Some(value)
            }
            Err(error) => {
                self.found(file, Fault::NotJson(error.to_string()));
                self.is_whole = false;
                None
            }
        }
    }

    pub(super) fn shaped<T: DeserializeOwned>(&mut self, file: &str, value: Value) -> Option<T> {
        match serde_json::from_value(value) {
            Ok(shape) => Some(shape),
            Err(error) => {
                self.found(file, Fault::Malformed(error.to_string()));
                self.is_whole = false;
                None
            }
        }
    }

    /// `schemaVersion` and `mediaType`, which every manifest and index says of itself.
    pub(super) fn header(
        &mut self,
        file: &str,
        found: (Option<u64>, Option<&str>),
        expected: &str,
    ) {
        let (version, media_type) = found;
        if version != Some(2) {
            let found = version.map_or("none".to_owned(), |version| version.to_string());
            self.value(file, "schemaVersion", "2", &found);
        }
        if media_type != Some(expected) {
            self.value(file, "mediaType", expected, media_type.unwrap_or("none"));
        }
    }

    pub(super) fn unknown<'n>(
        &mut self,
        file: &str,
        prefix: &str,
        names: impl Iterator<Item = &'n String>,
    ) {
        for name in names {
            let field = format!("{prefix}{name}");
            self.found(file, Fault::UnknownField { field });
        }
    }

    pub(super) fn value(&mut self, file: &str, field: &str, expected: &str, found: &str) {
        self.found(
            file,
            Fault::Value {
                field: field.to_owned(),
                expected: expected.to_owned(),
                found: found.to_owned(),
            },
        );
    }

    /// The blob that `field` of `file` describes, if it is there as described.
    pub(super) fn blob(
        &mut self,
        file: &str,
        field: &str,
        descriptor: &shape::Descriptor,
        media_types: &[&str],
    ) -> Option<Blob> {
        let media_type = descriptor.media_type.as_deref().unwrap_or("none");
        if !media_types.contains(&media_type) {
            let expected = media_types.join(" or ");
            self.value(file, &format!("{field}.mediaType"), &expected, media_type);
        }
        self.unknown(file, &format!("{field}."), descriptor.unknown.keys());
        let blob = self.named_blob(file, field, descriptor);
        self.is_whole &= blob.is_some();
        blob
    }

    fn named_blob(
        &mut self,
        file: &str,
        field: &str,
        descriptor: &shape::Descriptor,
    ) -> Option<Blob> {
        let text = &descriptor.digest;
        // It becomes a path: nothing is done with it before it is known to be a digest.
        let digest: Digest = match text.parse() {
            Ok(digest) => digest,
            Err(error) => {
                self.found(
                    file,
                    Fault::Digest {
                        field: field.to_owned(),
                        text: text.clone(),
                        reason: error.to_string(),
                    },
                );
                return None;
            }
        };
        self.named.insert(digest.clone());
        let Some(size) = self.blobs.size(&digest) else {
            if !self.blobs.is_broken(&digest) {
                let field = field.to_owned();
                self.found(file, Fault::NamesMissing { field, digest });
            }
            return None;
        };
        if descriptor.size != size {
            let field = format!("{field}.size");
            self.value(
                file,
                &field,
                &size.to_string(),
                &descriptor.size.to_string(),
            );
        }
        Some(Blob { digest, size })
    }

    /// A JSON blob.
    pub(super) fn document<T: DeserializeOwned>(&mut self, blob: &Blob) -> Option<T> {
        let file = files::name(&blob.digest);
        match self.layout.document_bytes(&blob.digest, blob.size) {
            Ok(bytes) => {
                let value = self.parsed(&file, &bytes)?;
                self.shaped(&file, value)
            }
            Err(error) => {
                self.found(&file, Fault::Unreadable(reason(&error)));
                self.is_whole = false;
                None
            }
        }
    }
}

/// Consumers take a null for a list that is empty, for one that is not there, or not at all.
fn first_null(pointer: &str, value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(pointer.to_owned()),
        Value::Array(items) => (items.iter().enumerate())
            .find_map(|(position, item)| first_null(&format!("{pointer}/{position}"), item)),
        Value::Object(fields) => (fields.iter())
            .find_map(|(name, field)| first_null(&format!("{pointer}/{name}"), field)),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// Without the path, which the finding names.
fn reason(error: &LayoutError) -> String {
    match error {
        LayoutError::Io { source, .. } => source.to_string(),
        LayoutError::Document { reason, .. } => reason.clone(),
        other => other.to_string(),
    }
}
