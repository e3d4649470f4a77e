//! A tree to a layer blob: one pass over the contents for tar, both digests and compression.

use std::{
    io::{self, Write},
    num::NonZeroUsize,
};

use crate::{
    Algorithm, Content, ContentError, DiffId, Digest, DigestWriter, ImagePath, Node, Tree,
    TreeError, gzip, ustar,
};

/// The version of the bytes [`write_layer`] makes of a given tree.
///
/// Anything that changes those bytes bumps this: the order of members, a header field, the block
/// size or level of [`gzip::FORMAT`], another version of the compressor. Whoever records how a layer
/// came about records it, and the golden digests in the tests change with it.
pub const FORMAT_VERSION: u32 = 1;

/// What compresses gzip layers, by name and version: every digest hangs on it.
pub const COMPRESSOR: &str = "zlib-rs 0.6.8";

/// How much of a file is read at a time. Not part of the format.
const READ_AT_ONCE: usize = 128 * 1024;
/// What every archive ends with.
const END_OF_ARCHIVE: [u8; 2 * ustar::BLOCK] = [0; 2 * ustar::BLOCK];

/// What [`write_layer`] needs to know besides the tree.
#[derive(Debug, Clone, Copy)]
pub struct LayerOptions {
    /// The modification time of every member, in seconds since 1970; from 1 to the year 2242. Zero
    /// is refused because some programs take it for "unknown" and refuse the file.
    pub mtime: u64,
    /// How the tar is compressed.
    pub compression: Compression,
    /// How many threads compress. The bytes do not depend on it; memory does, with a few blocks
    /// ([`gzip::Parameters::block_size`]) for each.
    pub threads: NonZeroUsize,
}

/// How a layer is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// The blob is the tar.
    None,
    /// One gzip member, as [`gzip`] describes.
    Gzip,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerSummary {
    /// The digest of the blob: the name of the layer.
    pub digest: Digest,
    /// The size of the blob in bytes.
    pub size: u64,
    /// The digest of the uncompressed tar, for the image's configuration.
    pub diff_id: DiffId,
    /// The size of the uncompressed tar in bytes.
    pub uncompressed_size: u64,
    /// How many members the tar has, implied directories included.
    pub entries: usize,
}

/// Writes `tree` as a layer to `output` and says what it wrote.
///
/// Members are sorted by the bytes of their paths. The form written is [`Tree::canonical`]. Memory
/// is independent of the size of the layer, except for the tree itself. `output` is written in
/// pieces of any size, is not flushed, and holds garbage after an error.
///
/// # Errors
/// A time that no header holds, a tree without canonical form, a content that cannot be read or
/// changed since the tree was built, or a failing `output`.
pub fn write_layer(
    tree: &Tree,
    options: &LayerOptions,
    output: impl Write,
) -> Result<LayerSummary, LayerError> {
    let mtime = options.mtime;
    if !(1..=ustar::LATEST_TIME).contains(&mtime) {
        return Err(LayerError::Time { mtime });
    }
    let tree = tree.canonical()?;
    let mut blob = DigestWriter::new(Algorithm::Sha256, output);
    let (diff_id, uncompressed_size) = match options.compression {
        Compression::None => write_tar(&tree, mtime, &mut blob)?,
        Compression::Gzip => gzip::compress(&gzip::FORMAT, options.threads, &mut blob, |tar| {
            write_tar(&tree, mtime, tar)
        })?,
    };
    let (digest, size) = blob.finish();
    Ok(LayerSummary {
        digest,
        size,
        diff_id: DiffId(diff_id),
        uncompressed_size,
        entries: tree.len(),
    })
}

/// Writes a canonical tree as tar; returns the digest and size of the tar.
fn write_tar(tree: &Tree, mtime: u64, output: &mut dyn Write) -> Result<(Digest, u64), LayerError> {
    let mut tar = DigestWriter::new(Algorithm::Sha256, output);
    let mut buffer = vec![0; READ_AT_ONCE];
    for (path, entry) in tree {
        tar.write_all(&ustar::header_blocks(path, entry, mtime))
            .map_err(LayerError::Output)?;
        if let Node::File(content) = &entry.node {
            write_content(path, content, &mut buffer, &mut tar)?;
        }
    }
    tar.write_all(&END_OF_ARCHIVE).map_err(LayerError::Output)?;
    Ok(tar.finish())
}

fn write_content(
    path: &ImagePath,
    content: &Content,
    buffer: &mut [u8],
    tar: &mut impl Write,
) -> Result<(), LayerError> {
    let failed = |source| LayerError::Content {
        path: path.clone(),
        source,
    };
    let mut reader = content.open().map_err(failed)?;
    loop {
        match reader.read_chunk(buffer).map_err(failed)? {
            0 => break,
            length => tar
                .write_all(&buffer[..length])
                .map_err(LayerError::Output)?,
        }
    }
    let padding = ustar::padding(content.size());
    tar.write_all(&END_OF_ARCHIVE[..padding])
        .map_err(LayerError::Output)
}

/// Why a layer was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// The constant time is 0 or beyond what a header holds.
    #[error("modification time {mtime} is not from 1 to {}", ustar::LATEST_TIME)]
    Time {
        /// The time asked for.
        mtime: u64,
    },
    /// The tree cannot be written.
    #[error("the tree cannot be a layer")]
    Tree(#[from] TreeError),
    /// The bytes of a file could not be had.
    #[error("cannot put `{path}` into the layer")]
    Content {
        /// The name in the layer.
        path: ImagePath,
        /// What happened, with the file on the host.
        source: ContentError,
    },
    /// The blob could not be written, or not be compressed.
    #[error("cannot write the layer's blob")]
    Output(#[from] io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Entry;

    fn options(mtime: u64, compression: Compression) -> LayerOptions {
        LayerOptions {
            mtime,
            compression,
            threads: NonZeroUsize::MIN,
        }
    }

    #[test]
    fn an_empty_tree_is_two_zero_blocks() {
        let mut blob = Vec::new();
        let layer = write_layer(&Tree::new(), &options(1, Compression::None), &mut blob).unwrap();
        assert_eq!(blob, [0; 1024]);
        assert_eq!((layer.size, layer.entries), (1024, 0));
        assert_eq!(layer.digest, layer.diff_id.0);
        let gzip = write_layer(&Tree::new(), &options(1, Compression::Gzip), io::sink()).unwrap();
        assert_eq!(gzip.diff_id, layer.diff_id);
    }

    #[test]
    fn times_no_header_holds_are_refused() {
        for mtime in [0, ustar::LATEST_TIME + 1, u64::MAX] {
            let result = write_layer(&Tree::new(), &options(mtime, Compression::None), io::sink());
            assert!(matches!(result, Err(LayerError::Time { .. })), "{mtime}");
        }
        let latest = options(ustar::LATEST_TIME, Compression::None);
        assert!(write_layer(&Tree::new(), &latest, io::sink()).is_ok());
    }

    #[test]
    fn a_file_that_shrank_or_grew_is_an_error_that_names_both_files() {
        let directory = tempfile::tempdir().unwrap();
        let host = directory.path().join("host-file");
        std::fs::write(&host, "12345").unwrap();
        for size in [4, 6] {
            for compression in [Compression::None, Compression::Gzip] {
                let mut tree = Tree::new();
                let content = Content::File {
                    path: host.as_path().into(),
                    size,
                };
                tree.insert("in/image".parse().unwrap(), Entry::file(0o644, content))
                    .unwrap();
                let error = write_layer(&tree, &options(1, compression), io::sink()).unwrap_err();
                let cause = std::error::Error::source(&error).unwrap().to_string();
                assert_eq!(error.to_string(), "cannot put `in/image` into the layer");
                assert!(cause.contains("host-file"), "{cause}");
            }
        }
    }

    #[test]
    fn a_failing_output_is_reported_with_any_number_of_threads() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut tree = Tree::new();
        tree.insert(
            "f".parse().unwrap(),
            Entry::file(0o644, vec![7; 20_000_000]),
        )
        .unwrap();
        for threads in [1, 2, 5] {
            let options = LayerOptions {
                threads: NonZeroUsize::new(threads).unwrap(),
                ..options(1, Compression::Gzip)
            };
            let error = write_layer(&tree, &options, Full).unwrap_err();
            assert!(matches!(error, LayerError::Output(_)), "{error}");
        }
    }
}
