//! Debian packages, made in memory: `ar` around `control.tar` and `data.tar`, as deb(5) says.

use std::collections::BTreeSet;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use lzma_rust2::{XzOptions, XzWriter};
use tar::{Builder, EntryType, Header};

use super::digest::sha256;

/// How a member is compressed; Debian's own packages have all three.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Packing {
    Plain,
    Gzip,
    Xz,
}

/// A package in the making.
pub(crate) struct Deb {
    name: &'static str,
    version: &'static str,
    architecture: &'static str,
    fields: String,
    packing: Packing,
    data: Builder<Vec<u8>>,
    directories: BTreeSet<String>,
}

/// A package as a mirror serves it.
pub(crate) struct Package {
    pub(crate) architecture: &'static str,
    /// Below the archive's root.
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
    /// Its paragraph in `Packages`.
    pub(crate) paragraph: String,
}

impl Deb {
    pub(crate) fn new(
        name: &'static str,
        version: &'static str,
        architecture: &'static str,
    ) -> Self {
        Self {
            name,
            version,
            architecture,
            fields: String::new(),
            packing: Packing::Xz,
            data: Builder::new(Vec::new()),
            directories: BTreeSet::new(),
        }
        .file(
            &format!("usr/share/doc/{name}/copyright"),
            0o644,
            format!("Licence of {name}\n").as_bytes(),
        )
    }

    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push_str(&format!("{name}: {value}\n"));
        self
    }

    pub(crate) fn packed(mut self, packing: Packing) -> Self {
        self.packing = packing;
        self
    }

    pub(crate) fn file(mut self, path: &str, mode: u32, content: &[u8]) -> Self {
        self.parents(path);
        let mut header = header(EntryType::Regular, mode, content.len() as u64);
        self.data
            .append_data(&mut header, format!("./{path}"), content)
            .unwrap();
        self
    }

    pub(crate) fn link(mut self, path: &str, target: &str) -> Self {
        self.parents(path);
        let mut header = header(EntryType::Symlink, 0o777, 0);
        self.data
            .append_link(&mut header, format!("./{path}"), target)
            .unwrap();
        self
    }

    /// Real packages list every directory, beginning with `./`.
    fn parents(&mut self, path: &str) {
        let mut parents = vec![String::new()];
        for (position, _) in path.match_indices('/') {
            parents.push(path[..=position].to_owned());
        }
        for parent in parents {
            if self.directories.insert(parent.clone()) {
                let mut header = header(EntryType::Directory, 0o755, 0);
                self.data
                    .append_data(&mut header, format!("./{parent}"), &[][..])
                    .unwrap();
            }
        }
    }

    pub(crate) fn build(self) -> Package {
        let Self {
            name,
            version,
            architecture,
            fields,
            packing,
            data,
            ..
        } = self;
        let control = format!(
            "Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n\
             Maintainer: Nobody <nobody@mirror.example>\n{fields}Description: stands in for {name}\n"
        );
        let mut control_tar = Builder::new(Vec::new());
        let mut control_header = header(EntryType::Regular, 0o644, control.len() as u64);
        control_tar
            .append_data(&mut control_header, "./control", control.as_bytes())
            .unwrap();

        let mut bytes = b"!<arch>\n".to_vec();
        member(&mut bytes, "debian-binary", b"2.0\n");
        for (base, tar) in [("control.tar", control_tar), ("data.tar", data)] {
            let (suffix, packed) = pack(packing, &tar.into_inner().unwrap());
            member(&mut bytes, &format!("{base}{suffix}"), &packed);
        }

        let first = &name[..1];
        // Names in a pool are without the epoch.
        let (_, upstream) = version.split_once(':').unwrap_or(("", version));
        let file = format!("{name}_{upstream}_{architecture}.deb");
        let path = format!("pool/main/{first}/{name}/{file}");
        let paragraph = format!(
            "{control}Filename: {path}\nSize: {}\nSHA256: {}\n\n",
            bytes.len(),
            sha256(&bytes)
        );
        Package {
            architecture,
            path,
            bytes,
            paragraph,
        }
    }
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(1_700_000_000);
    header.set_uid(0);
    header.set_gid(0);
    header
}

fn pack(packing: Packing, tar: &[u8]) -> (&'static str, Vec<u8>) {
    match packing {
        Packing::Plain => ("", tar.to_vec()),
        Packing::Gzip => (".gz", gzip(tar)),
        Packing::Xz => (".xz", xz(tar)),
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = XzWriter::new(Vec::new(), XzOptions::with_preset(0)).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Padded to an even length.
fn member(archive: &mut Vec<u8>, name: &str, content: &[u8]) {
    let header = format!(
        "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n",
        0,
        0,
        0,
        "100644",
        content.len()
    );
    archive.extend_from_slice(header.as_bytes());
    archive.extend_from_slice(content);
    if content.len() % 2 == 1 {
        archive.push(b'\n');
    }
}
