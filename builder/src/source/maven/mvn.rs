//! One call of the installed `mvn` for a list of jars.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::MavenError;
use crate::catalog::Coordinates;
use crate::source::download::Reason;
use crate::source::http::text_without_userinfo;

/// Copies jars into `directory`, each under its file name, by one call of the installed `mvn`.
/// `reasons` is what mirrors said before.
pub(super) fn copy(
    jars: &[&Coordinates],
    directory: &Path,
    reasons: Vec<Reason>,
) -> Result<(), MavenError> {
    let project = directory.join("pom.xml");
    fs::write(&project, project_file(jars)).map_err(|source| MavenError::Write {
        path: project.clone(),
        source,
    })?;
    let missing = jars.len();
    let output = match command(&project, directory).output() {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(MavenError::NoMaven { missing, reasons });
        }
        Err(error) => {
            return Err(MavenError::Failed {
                missing,
                detail: error.to_string(),
            });
        }
    };
    if output.status.success() {
        return Ok(());
    }
    Err(MavenError::Failed {
        missing,
        detail: last_words(&output),
    })
}

/// Maven runs in the user's whole environment: a `settings.xml` may refer to any variable of it, a
/// password most of all, and proxies, certificates and the JDK are found by it. Taken out are the
/// variables that any JVM obeys: they bring agents and options that are meant for other programs,
/// and make it print lines of its own. `MAVEN_OPTS` is the place for options meant for Maven.
fn command(project: &Path, directory: &Path) -> Command {
    let mut command = Command::new("mvn");
    command
        .args(["--batch-mode", "--quiet", "--strict-checksums", "--file"])
        .arg(project)
        .arg("dependency:copy")
        .arg(format!("-DoutputDirectory={}", directory.display()))
        .current_dir(directory)
        .stdin(Stdio::null());
    for name in ["JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS"] {
        command.env_remove(name);
    }
    command
}

/// Exit status and first errors; where `mvn` did not come as far as to report one, the end of what
/// it printed.
fn last_words(output: &Output) -> String {
    const SHOWN: usize = 3;
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    let mut lines: Vec<&str> = (printed.lines())
        .filter(|line| line.starts_with("[ERROR]"))
        .take(SHOWN)
        .collect();
    if lines.is_empty() {
        let all = printed.lines().chain(complaints.lines());
        lines = all.filter(|line| !line.trim().is_empty()).collect();
        lines.drain(..lines.len().saturating_sub(SHOWN));
    }
    let mut text = output.status.to_string();
    for line in lines {
        text.push_str(&format!("\n  {}", text_without_userinfo(line)));
    }
    text
}

/// Coordinates are made of characters that need no escaping in XML.
fn project_file(jars: &[&Coordinates]) -> String {
    let mut items = String::new();
    for jar in jars {
        let classifier = match &jar.classifier {
            Some(classifier) => format!("<classifier>{classifier}</classifier>"),
            None => String::new(),
        };
        items.push_str(&format!(
            "<artifactItem><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version>\
             <type>jar</type>{classifier}<destFileName>{}</destFileName></artifactItem>\n",
            jar.group,
            jar.artifact,
            jar.version,
            jar.file_name()
        ));
    }
    format!(
        "<project><modelVersion>4.0.0</modelVersion>\
         <groupId>zookiln</groupId><artifactId>fetch</artifactId><version>1</version><packaging>pom</packaging>\
         <build><plugins><plugin><artifactId>maven-dependency-plugin</artifactId><configuration>\
         <artifactItems>\n{items}</artifactItems>\
         </configuration></plugin></plugins></build></project>\n"
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    #[test]
    fn maven_gets_the_environment_without_options_for_any_jvm() {
        let command = command(Path::new("pom.xml"), Path::new("/"));
        let changed: Vec<_> = command.get_envs().collect();
        assert_eq!(
            changed,
            ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"]
                .map(|name| (name.as_ref(), None))
        );
    }

    #[test]
    fn a_failing_maven_is_quoted_without_passwords_and_empty_lines() {
        let words = |stdout: &str, stderr: &str| {
            last_words(&Output {
                status: ExitStatus::from_raw(1 << 8),
                stdout: stdout.into(),
                stderr: stderr.into(),
            })
        };
        assert_eq!(words("", ""), "exit status: 1");
        assert_eq!(
            words("", "\nJAVA_HOME is not defined correctly\n"),
            "exit status: 1\n  JAVA_HOME is not defined correctly"
        );
        assert_eq!(
            words("noise\n[ERROR] from (https://user:secret@host/m2)\n", "x"),
            "exit status: 1\n  [ERROR] from (https://host/m2)"
        );
    }
}
