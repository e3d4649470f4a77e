//! Any bytes as a file of apt give entries or warnings.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zookiln::source::debian::apt_file::AptLocation;
use zookiln::source::debian::apt_host::AptHost;

fuzz_target!(|bytes: &[u8]| {
    let root = tempfile::tempdir().expect("a temporary directory");
    let location = AptLocation { directory: root.path().to_owned(), root: root.path().to_owned() };
    std::fs::create_dir(root.path().join("sources.list.d")).expect("a directory");
    for name in ["sources.list", "sources.list.d/a.sources", "apt.conf", "auth.conf"] {
        std::fs::write(root.path().join(name), bytes).expect("a file");
    }
    let _ = AptHost::read(&location);
});
