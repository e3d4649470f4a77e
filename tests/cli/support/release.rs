//! The official release archive, with the same jars as the repository and all that an image leaves out.

use tar::{Builder, Header};

use super::deb::gzip;
use super::maven::Jar;

/// `apache-zookeeper-<version>-bin.tar.gz`
pub(crate) fn tarball(version: &str, jars: &[Jar]) -> Vec<u8> {
    let folder = format!("apache-zookeeper-{version}-bin");
    let mut tar = Builder::new(Vec::new());
    let others: [(&str, &[u8]); 5] = [
        ("LICENSE.txt", b"Apache License\n"),
        ("bin/zkServer.sh", b"#!/usr/bin/env bash\n"),
        ("conf/zoo_sample.cfg", b"tickTime=2000\n"),
        ("docs/index.html", b"<html></html>\n"),
        ("lib/notes.txt", b"no jar\n"),
    ];
    let jars = jars
        .iter()
        .map(|jar| (format!("lib/{}", jar.file_name), jar.bytes.as_slice()));
    for (path, content) in others
        .into_iter()
        .map(|(path, content)| (path.to_owned(), content))
        .chain(jars)
    {
        // Owner, mode and time of whoever made the release must not reach the image.
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o664);
        header.set_uid(1001);
        header.set_gid(1001);
        header.set_mtime(1_580_000_000);
        tar.append_data(&mut header, format!("{folder}/{path}"), content)
            .unwrap();
    }
    gzip(&tar.into_inner().unwrap())
}
