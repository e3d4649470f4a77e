//! What is mounted where, by `/proc/self/mountinfo` (proc(5)), and what kind of volume it is.
//!
//! Engines leave no other trace inside a container of what a user has asked for. Ours are always mount
//! points, since the image declares them as volumes; whether somebody *chose* what is there shows in the
//! name of the volume alone: one that nobody named has 64 hexadecimal digits.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

const TABLE: &str = "/proc/self/mountinfo";

/// The length of the names that Docker, Podman and containerd give where nobody gives one.
const GENERATED_NAME: usize = 64;

/// What is mounted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mounts(BTreeMap<PathBuf, Mount>);

/// Something that is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where.
    pub point: PathBuf,
    /// What of its file system: the path of the host's directory, within the file system that it lies on.
    pub root: PathBuf,
    /// The type of the file system.
    pub file_system: OsString,
}

/// Whom a mount goes back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Volume {
    /// The engine alone: made because the image declares a volume, gone with `docker rm -v`.
    Anonymous,
    /// Somebody who gave it this name.
    Named(String),
    /// Memory: gone with the container.
    Memory,
    /// Somebody who mapped a directory, a file, a share, a disk.
    Mapped,
}

impl Mounts {
    /// What this process sees.
    pub fn of_process() -> io::Result<Self> {
        Ok(Self::parse(&fs::read(TABLE)?))
    }

    /// Reads the table; a line that is none of it is passed over.
    pub fn parse(table: &[u8]) -> Self {
        // Of several mounts on one point the last is on top.
        let mounts = table.split(|byte| *byte == b'\n').filter_map(Mount::parse);
        Self(mounts.map(|mount| (mount.point.clone(), mount)).collect())
    }

    /// Whether the table could not be read: there is always a root file system.
    pub fn is_unknown(&self) -> bool {
        self.0.is_empty()
    }

    /// The mount that `path` is on, but for the root file system, which is the container's own.
    pub fn mount_of(&self, path: &Path) -> Option<&Mount> {
        path.ancestors()
            .filter(|ancestor| *ancestor != Path::new("/"))
            .find_map(|ancestor| self.0.get(ancestor))
    }

    /// Whether something is mounted exactly there.
    pub fn is_mount_point(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }

    /// Whether something is mounted there or below, such as a single file.
    pub fn has_within(&self, path: &Path) -> bool {
        self.0.keys().any(|point| point.starts_with(path))
    }
}

impl Mount {
    /// The fields are separated by blanks: two numbers, the device, the root, the point, options, any
    /// number of optional fields, a dash, the type, the source, the options of the file system.
    fn parse(line: &[u8]) -> Option<Self> {
        let mut fields = line.split(|byte| *byte == b' ');
        let root = fields.nth(3)?;
        let point = fields.next()?;
        fields.find(|field| *field == b"-")?;
        let file_system = fields.next()?;
        Some(Self {
            point: unescaped(point).into(),
            root: unescaped(root).into(),
            file_system: unescaped(file_system),
        })
    }

    /// What kind of volume it is. The layouts are those of Docker (`volumes/NAME/_data`), Podman (the same),
    /// nerdctl (`volumes/NAMESPACE/NAME/_data`) and containerd under Kubernetes (`volumes/NAME`).
    pub fn volume(&self) -> Volume {
        if matches!(self.file_system.as_bytes(), b"tmpfs" | b"ramfs") {
            return Volume::Memory;
        }
        let names: Vec<&str> = self
            .root
            .components()
            .filter_map(|component| match component {
                Component::Normal(name) => name.to_str(),
                _ => None,
            })
            .collect();
        match names.as_slice() {
            [.., "volumes", name] | [.., name, "_data"] if is_generated(name) => Volume::Anonymous,
            [.., "volumes", name, "_data"] | [.., "volumes", _, name, "_data"] => {
                Volume::Named((*name).to_owned())
            }
            _ => Volume::Mapped,
        }
    }
}

/// Where `path` really is: links are followed as far as it exists.
pub fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let path = absolute.as_path();
    for there in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (fs::canonicalize(there), path.strip_prefix(there)) {
            // Nothing joined to it would leave a separator at the end.
            return if rest.as_os_str().is_empty() {
                real
            } else {
                real.join(rest)
            };
        }
    }
    path.to_owned()
}

fn is_generated(name: &str) -> bool {
    name.len() == GENERATED_NAME && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Blanks, line ends and backslashes are written as three octal digits, such as `\040`.
fn unescaped(field: &[u8]) -> OsString {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        match after.split_first_chunk() {
            Some((digits, behind)) if *first == b'\\' && octal(*digits).is_some() => {
                bytes.extend(octal(*digits));
                rest = behind;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    OsString::from_vec(bytes)
}

fn octal(digits: [u8; 3]) -> Option<u8> {
    digits.iter().try_fold(0_u8, |value, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 8)?;
        value.checked_mul(8)?.checked_add(digit)
    })
}

#[cfg(test)]
impl Mounts {
    /// A table with one line for each point and root.
    pub(crate) fn of(mounts: &[(&str, &str)]) -> Self {
        let line = |(point, root): &(&str, &str)| match *root {
            "tmpfs" => format!("1 1 0:1 / {point} rw - tmpfs tmpfs rw\n"),
            root => format!("1 1 8:1 {root} {point} rw - ext4 /dev/sda rw\n"),
        };
        Self::parse(mounts.iter().map(line).collect::<String>().as_bytes())
    }
}

#[cfg(test)]
pub(crate) const ANONYMOUS: &str = "/var/lib/docker/volumes/71f1e26bb0d7f7efea05a404e05f338a1d99d033fce6aa1c5dd11a49c18d6133/_data";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Lines of a container of Docker 28.
    const DOCKER: &[u8] = b"\
123 70 0:51 / / rw,relatime master:3 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/6CT6
124 123 0:54 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
140 123 254:0 /var/lib/docker/volumes/zk/_data /data rw,relatime master:1 - ext4 /dev/vda rw,discard
141 123 254:0 /home/me/my\\040files /bind ro,relatime - ext4 /dev/vda rw,discard
143 123 0:60 / /tmpfs rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw
144 123 0:61 / /nfs rw,relatime shared:4 master:1 propagate_from:2 - nfs4 store:/zk ro,vers=4.2
";

    #[test]
    fn the_table_of_a_container() {
        let mounts = Mounts::parse(DOCKER);
        let found = |path: &str| mounts.mount_of(Path::new(path)).unwrap();
        assert_eq!(found("/data/zookeeper/x").point, Path::new("/data"));
        assert_eq!(found("/data").volume(), Volume::Named("zk".to_owned()));
        assert_eq!(found("/bind").root, Path::new("/home/me/my files"));
        assert_eq!(found("/bind").volume(), Volume::Mapped);
        assert_eq!(found("/tmpfs/x").volume(), Volume::Memory);
        assert_eq!(found("/nfs").file_system, "nfs4");
        for path in ["/", "/srv/data", "/database", "relative", ""] {
            assert_eq!(mounts.mount_of(Path::new(path)), None, "{path}");
        }
        assert!(mounts.is_mount_point(Path::new("/")));
        assert!(!mounts.is_mount_point(Path::new("/data/zookeeper")));
    }

    #[test]
    fn this_machine_has_a_table() {
        let mounts = Mounts::of_process().unwrap();
        assert!(mounts.is_mount_point(Path::new("/")));
        assert!(mounts.has_within(Path::new("/proc")));
    }

    #[test]
    fn volumes_of_engines() {
        let id = "5e4bdb3c94a7ee5e4bdb3c94a7ee5e4bdb3c94a7ee5e4bdb3c94a7ee0123abcd";
        let named = || Volume::Named("zk".to_owned());
        for (root, expected) in [
            (
                format!("/var/lib/docker/volumes/{id}/_data"),
                Volume::Anonymous,
            ),
            // The directory of the engine on a file system of its own, or in a subvolume.
            (format!("/volumes/{id}/_data"), Volume::Anonymous),
            (
                format!("/@/var/lib/docker/volumes/{id}/_data"),
                Volume::Anonymous,
            ),
            (
                format!("/home/me/.local/share/containers/storage/volumes/{id}/_data"),
                Volume::Anonymous,
            ),
            (
                format!("/var/lib/nerdctl/1935db59/volumes/default/{id}/_data"),
                Volume::Anonymous,
            ),
            (
                format!(
                    "/var/lib/containerd/io.containerd.grpc.v1.cri/containers/{id}/volumes/{id}"
                ),
                Volume::Anonymous,
            ),
            ("/var/lib/docker/volumes/zk/_data".to_owned(), named()),
            (
                "/var/lib/containers/storage/volumes/zk/_data".to_owned(),
                named(),
            ),
            (
                "/var/lib/nerdctl/1935db59/volumes/default/zk/_data".to_owned(),
                named(),
            ),
            ("/home/me/data".to_owned(), Volume::Mapped),
            (
                "/var/lib/kubelet/pods/1/volumes/kubernetes.io~csi/pv/mount".to_owned(),
                Volume::Mapped,
            ),
            // A directory within a volume is chosen by somebody.
            (
                format!("/var/lib/docker/volumes/{id}/_data/below"),
                Volume::Mapped,
            ),
            ("/".to_owned(), Volume::Mapped),
        ] {
            let mounts = Mounts::of(&[("/data", &root)]);
            let mount = mounts.mount_of(Path::new("/data")).unwrap();
            assert_eq!(mount.volume(), expected, "{root}");
        }
    }

    #[test]
    fn the_last_mount_on_a_point_is_seen() {
        let mounts = Mounts::of(&[("/data", ANONYMOUS), ("/data", "/home/me")]);
        let mount = mounts.mount_of(Path::new("/data")).unwrap();
        assert_eq!(mount.volume(), Volume::Mapped);
    }

    #[test]
    fn escapes() {
        for (field, expected) in [
            ("/srv/my\\040data\\134x", "/srv/my data\\x"),
            ("/plain\\9\\", "/plain\\9\\"),
            ("\\777\\+12\\08", "\\777\\+12\\08"),
            ("\\012", "\n"),
        ] {
            assert_eq!(unescaped(field.as_bytes()), expected);
        }
    }

    #[test]
    fn a_path_is_resolved_as_far_as_it_exists() {
        let root = tempfile::tempdir().unwrap();
        let real = fs::canonicalize(root.path()).unwrap();
        std::os::unix::fs::symlink(&real, real.join("link")).unwrap();
        assert_eq!(resolved(&real.join("link/a/b")), real.join("a/b"));
        assert_eq!(resolved(&real.join("link")).as_os_str(), real.as_os_str());
        let here = std::env::current_dir().unwrap();
        assert_eq!(resolved(Path::new("a/b")), here.join("a/b"));
        assert_eq!(
            resolved(Path::new("/nowhere/at/all")),
            Path::new("/nowhere/at/all")
        );
    }

    fn escaped(path: &[u8]) -> Vec<u8> {
        let mut field = Vec::new();
        for byte in path {
            match byte {
                b' ' | b'\t' | b'\n' | b'\\' => field.extend(format!("\\{byte:03o}").bytes()),
                _ => field.push(*byte),
            }
        }
        field
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(table in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mounts = Mounts::parse(&table);
            for mount in mounts.0.values() {
                mount.volume();
            }
        }

        #[test]
        fn whatever_the_kernel_writes_is_found(
            name in proptest::collection::vec(1..=255_u8, 1..40)
                .prop_filter("no separator", |name| !name.contains(&b'/') && name != b"." && name != b".."),
            optional in proptest::collection::vec("[a-z]{1,8}:[0-9]{1,3}", 0..3),
        ) {
            let point = [b"/", name.as_slice()].concat();
            let mut line = b"36 35 98:0 /root ".to_vec();
            line.extend(escaped(&point));
            line.extend(b" rw,noatime ");
            for field in &optional {
                line.extend(format!("{field} ").bytes());
            }
            line.extend(b"- ext3 /dev/root rw\n");
            let mounts = Mounts::parse(&line);
            let point = PathBuf::from(OsString::from_vec(point));
            let mount = mounts.mount_of(&point.join("below")).unwrap();
            prop_assert_eq!(&mount.point, &point);
            prop_assert_eq!(mount.root.as_path(), Path::new("/root"));
        }
    }
}
