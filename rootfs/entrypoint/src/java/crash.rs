//! What the JVM writes when it crashes. Its report has all of the command line, also what it was told by a private
//! file, and its mode is 0644: it is written into the private directory of the run, and goes from there into the
//! directory of the logs, for the user of the server alone.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::JavaCommand;
use crate::runtime::RuntimeDirectory;

/// What its name begins with; the number of the process follows.
const PREFIX: &str = "hs_err_pid";

impl JavaCommand {
    /// Has a crash reported into the private directory.
    pub fn report_crashes_to(&mut self, runtime: &RuntimeDirectory) {
        let path = runtime.path().join(format!("{PREFIX}%p.log"));
        self.report_crashes(&path);
    }

    /// Leaves no report of a crash, for which there would be no private place.
    pub(super) fn report_no_crashes(&mut self) {
        self.report_crashes(Path::new("/dev/null"));
    }

    fn report_crashes(&mut self, path: &Path) {
        let mut argument = OsString::from("-XX:ErrorFile=");
        argument.push(path);
        self.arguments.insert(0, argument);
    }
}

/// Moves the reports of the run into `directory`, in the place of those of the same name; where they are.
pub fn keep(runtime: &RuntimeDirectory, directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(runtime.path()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut kept = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        if !name.to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let (report, path) = (runtime.path().join(&name), directory.join(&name));
        let temporary = path.with_extension("new");
        move_to(&report, &temporary, &path).inspect_err(|_| {
            let _ = fs::remove_file(&temporary);
        })?;
        kept.push(path);
    }
    kept.sort();
    Ok(kept)
}

/// By a copy: the directories are seldom on one file system.
fn move_to(report: &Path, temporary: &Path, path: &Path) -> io::Result<()> {
    match fs::remove_file(temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut to = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(temporary)?;
    io::copy(&mut File::open(report)?, &mut to)?;
    fs::rename(temporary, path)?;
    fs::remove_file(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_report_is_kept_for_its_user_alone() {
        let root = tempfile::tempdir().unwrap();
        let runtime = RuntimeDirectory::create(&root.path().join("server.pid")).unwrap();
        let log = root.path().join("log");
        fs::create_dir(&log).unwrap();
        assert!(keep(&runtime, &log).unwrap().is_empty());

        let kept = log.join("hs_err_pid7.log");
        fs::write(&kept, "of a former crash").unwrap();
        fs::write(log.join("hs_err_pid7.new"), "of a start that was killed").unwrap();
        fs::write(runtime.path().join("hs_err_pid7.log"), "geheim").unwrap();
        fs::write(runtime.path().join("zoo_jaas.conf"), "geheim").unwrap();
        assert_eq!(keep(&runtime, &log).unwrap(), std::slice::from_ref(&kept));
        assert_eq!(fs::read_to_string(&kept).unwrap(), "geheim");
        assert_eq!(
            kept.metadata().unwrap().permissions().mode() & 0o7777,
            0o600
        );
        assert_eq!(fs::read_dir(&log).unwrap().count(), 1);
        assert_eq!(fs::read_dir(runtime.path()).unwrap().count(), 1);

        fs::write(runtime.path().join("hs_err_pid7.log"), "").unwrap();
        assert!(keep(&runtime, &root.path().join("nowhere")).is_err());
    }
}
