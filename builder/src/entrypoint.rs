//! What is ours inside the image: the entrypoint's binaries and the files laid in as they are.

use crate::catalog::Platform;

/// ZooKeeper's base directory inside the image, which the entrypoint is compiled with.
pub const HOME: &str = "/usr/local/zookeeper";

/// `rootfs/files`, by path in the image.
pub const FILES: [(&str, &[u8]); 7] = [
    (
        "etc/zookeeper/configuration.xsl",
        include_bytes!("../../rootfs/files/etc/zookeeper/configuration.xsl"),
    ),
    (
        "etc/zookeeper/log4j.properties",
        include_bytes!("../../rootfs/files/etc/zookeeper/log4j.properties"),
    ),
    (
        "etc/zookeeper/logback.xml",
        include_bytes!("../../rootfs/files/etc/zookeeper/logback.xml"),
    ),
    (
        "etc/zookeeper/logback/CONSOLE.xml",
        include_bytes!("../../rootfs/files/etc/zookeeper/logback/CONSOLE.xml"),
    ),
    (
        "etc/zookeeper/logback/ROLLINGFILE.xml",
        include_bytes!("../../rootfs/files/etc/zookeeper/logback/ROLLINGFILE.xml"),
    ),
    (
        "etc/zookeeper/logback/TRACEFILE.xml",
        include_bytes!("../../rootfs/files/etc/zookeeper/logback/TRACEFILE.xml"),
    ),
    (
        "etc/zookeeper/zoo_sample.cfg",
        include_bytes!("../../rootfs/files/etc/zookeeper/zoo_sample.cfg"),
    ),
];

/// The static binary for a platform, compiled by the build script.
#[must_use]
pub fn binary(platform: Platform) -> &'static [u8] {
    match platform {
        Platform::LinuxAmd64 => include_bytes!(env!("ENTRYPOINT_x86_64")),
        Platform::LinuxArm64 => include_bytes!(env!("ENTRYPOINT_aarch64")),
    }
}

#[cfg(test)]
mod tests {
    use layers::Digest;

    use super::*;

    /// The binaries are the same bytes from any checkout, cargo home and profile. A change of their
    /// sources, dependencies or compiler changes them: then these change too, and with them the
    /// digest of every image.
    const GOLDEN: [(Platform, &str); 2] = [
        (
            Platform::LinuxAmd64,
            "sha256:f8d7309a5a4d436de0f2db20c498017bd51f2b04e33c799f3eb0428d87351d8d",
        ),
        (
            Platform::LinuxArm64,
            "sha256:b756d29fc86df02d3632d273d2c00edba49a19c06fbba3ad588543e567854bfb",
        ),
    ];

    #[test]
    fn the_binaries_are_the_same_bytes_from_any_checkout() {
        for (platform, digest) in GOLDEN {
            assert_eq!(
                Digest::sha256_of(binary(platform)).to_string(),
                digest,
                "{platform}"
            );
        }
    }

    #[test]
    fn the_binaries_are_small() {
        for platform in Platform::ALL {
            assert!(binary(platform).len() <= 1_500_000, "{platform}");
        }
    }
}
