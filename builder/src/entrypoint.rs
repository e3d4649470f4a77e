//! What is ours inside the image: the entrypoint's binaries and the files laid in as they are.

use crate::catalog::Platform;

/// ZooKeeper's base directory inside the image, which the entrypoint is compiled with.
pub const HOME: &str = "/usr/local/zookeeper";

/// `rootfs/files`, by path in the image.
pub const FILES: [(&str, &[u8]); 4] = [
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
