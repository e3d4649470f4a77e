//! How a process gets its passwords: the server by a file in its private directory, made anew at every start;
//! `zkCli.sh`, which becomes Java and so cannot tidy up behind itself, by a [file without a name](NamelessFile).

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::asked::Asked;
use super::jaas::{self, Section};
use super::sasl;
use super::users::User;
use crate::file;
use crate::nameless::NamelessFile;
use crate::release::Release;
use crate::runtime::{ADVICE, RuntimeDirectory};

/// System properties for a JVM.
pub type Properties = Vec<(&'static str, OsString)>;

/// Why passwords have no place.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// There is no private directory.
    #[error("no private directory for the passwords of the users: {ADVICE}")]
    NoPlace,
    /// The file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Lays the file of the server out, or removes what a former start has left there; what to tell its JVM.
pub fn of_server(
    asked: &Asked,
    release: Release,
    runtime: Option<&RuntimeDirectory>,
) -> Result<Properties, LoginError> {
    let mut properties = properties(asked, release);
    let sections = sections(asked);
    if sections.is_empty() {
        if let Some(runtime) = runtime {
            runtime.remove(jaas::NAME).map_err(written(runtime))?;
        }
        return Ok(properties);
    }
    let runtime = match runtime {
        Some(runtime) => runtime,
        None if asked.is_anything() => return Err(LoginError::NoPlace),
        // Only clients of this container would find a user in it, who can be told another way.
        None => return Ok(properties),
    };
    let path = runtime
        .write(jaas::NAME, jaas::text(&sections).as_bytes())
        .map_err(written(runtime))?;
    if asked.is_anything() && asked.own_file.is_none() {
        properties.insert(0, (jaas::PROPERTY, path.into()));
    }
    Ok(properties)
}

/// What a server that is not to be started now would be told.
pub fn shown(
    asked: &Asked,
    release: Option<Release>,
    runtime: Option<&RuntimeDirectory>,
) -> Properties {
    let file = runtime.map(|runtime| runtime.path().join(jaas::NAME));
    let file = file.filter(|file| asked.is_anything() && asked.own_file.is_none() && file.exists());
    let path = file.map(|file| (jaas::PROPERTY, file.into()));
    let others = release.map(|release| properties(asked, release));
    path.into_iter()
        .chain(others.into_iter().flatten())
        .collect()
}

fn written(runtime: &RuntimeDirectory) -> impl Fn(io::Error) -> LoginError {
    let path = runtime.path().join(jaas::NAME);
    move |source| LoginError::Write {
        path: path.clone(),
        source,
    }
}

fn properties(asked: &Asked, release: Release) -> Properties {
    let mut properties = if asked.is_anything() {
        digest_allowed(Some(release))
    } else {
        Properties::new()
    };
    if asked.clients.is_some() {
        let snapshots = sasl::no_snapshots(release).iter().copied();
        properties.extend(snapshots.map(|(property, value)| (property, value.into())));
    }
    properties
}

/// What a JVM must be told that is to use DIGEST-MD5.
fn digest_allowed(release: Option<Release>) -> Properties {
    let told = release.and_then(sasl::fips_mode);
    told.map(|(property, value)| (property, value.into()))
        .into_iter()
        .collect()
}

/// A server whose users have a file of their own gets none; clients in its container still need theirs.
fn sections(asked: &Asked) -> Vec<Section<'_>> {
    let mut sections = Vec::new();
    if asked.own_file.is_none() {
        let clients = asked.clients.as_ref();
        let users = clients.and_then(|clients| clients.users.as_ref());
        sections.extend(users.map(Section::Server));
        if let Some(quorum) = &asked.quorum {
            sections.extend(quorum.servers.as_ref().map(Section::QuorumServer));
            sections.extend(quorum.learner.as_ref().map(Section::QuorumLearner));
        }
    }
    sections.extend(asked.client.as_ref().map(Section::Client));
    sections
}

/// Where Java finds as whom a client logs in.
#[derive(Debug)]
pub enum JaasFile {
    /// A file without a name.
    Nameless(NamelessFile),
    /// The one of the server that runs in this container.
    OfServer(PathBuf),
    /// One that the user's own flags name.
    Own,
}

impl JaasFile {
    /// Makes the file of a client. To be called as the user that the client runs as.
    pub fn of_client(user: &User) -> io::Result<Self> {
        let text = jaas::text(&[Section::Client(user)]);
        NamelessFile::create(jaas::NAME, text.as_bytes()).map(Self::Nameless)
    }

    /// Leaves it to the JVM that this process becomes; what to tell that.
    pub fn leave(self, release: Option<Release>) -> Properties {
        let path = match self {
            Self::Nameless(file) => Some(file.leave()),
            Self::OfServer(path) => Some(path),
            Self::Own => None,
        };
        path.map(|path| (jaas::PROPERTY, path.into()))
            .into_iter()
            .chain(digest_allowed(release))
            .collect()
    }
}

/// The file of the server that runs in this container, if clients find a user in it.
pub fn of_running(pid_file: &Path) -> Option<PathBuf> {
    let path = RuntimeDirectory::find(pid_file)?.path().join(jaas::NAME);
    let content = file::read(&path).ok()??;
    let sections = jaas::sections(&String::from_utf8_lossy(&content));
    sections
        .iter()
        .any(|name| name == jaas::CLIENT)
        .then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Asked, UserName};
    use crate::variables::{Environment, Reading, Secret};
    use std::os::unix::fs::PermissionsExt;

    const AUTH: [(&str, &str); 5] = [
        ("ZOO_ENABLE_AUTH", "yes"),
        ("ZOO_SERVER_USERS", "a"),
        ("ZOO_SERVER_PASSWORDS", "geheim"),
        ("ZOO_CLIENT_USER", "a"),
        ("ZOO_CLIENT_PASSWORD", "geheim"),
    ];

    fn asked(pairs: &[(&str, &str)]) -> Asked {
        let environment: Environment = pairs.iter().copied().collect();
        let values = Reading::of(&environment).all().unwrap();
        let (asked, errors) = Asked::read(&environment, &values);
        assert_eq!(errors, []);
        asked
    }

    #[test]
    fn the_file_of_the_server_is_made_anew() {
        let root = tempfile::tempdir().unwrap();
        let pid_file = root.path().join("server.pid");
        let runtime = RuntimeDirectory::create(&pid_file).unwrap();
        let release = Release::new(3, 9, 4);
        let path = runtime.path().join(jaas::NAME);
        let properties = of_server(&asked(&AUTH), release, Some(&runtime)).unwrap();
        assert_eq!(
            properties,
            [
                (jaas::PROPERTY, path.clone().into()),
                ("zookeeper.fips-mode", "false".into()),
                ("zookeeper.admin.snapshot.enabled", "false".into()),
                ("zookeeper.admin.restore.enabled", "false".into()),
            ]
        );
        assert_eq!(
            shown(&asked(&AUTH), Some(release), Some(&runtime)),
            properties
        );
        assert_eq!(
            path.metadata().unwrap().permissions().mode() & 0o7777,
            0o400
        );
        let names = jaas::sections(&std::fs::read_to_string(&path).unwrap());
        assert_eq!(names, ["Server", "Client"]);
        assert_eq!(of_running(&pid_file), Some(path.clone()));

        // There is neither command before.
        let older = of_server(&asked(&AUTH), Release::new(3, 8, 6), Some(&runtime)).unwrap();
        assert_eq!(older, properties[..1]);

        // For clients of the container only: the server is told of nothing.
        let client = of_server(&asked(&AUTH[3..]), release, Some(&runtime)).unwrap();
        assert_eq!(client, []);
        assert_eq!(of_running(&pid_file), Some(path.clone()));

        assert_eq!(of_server(&asked(&[]), release, Some(&runtime)).unwrap(), []);
        assert!(!path.exists() && of_running(&pid_file).is_none());
        assert!(matches!(
            of_server(&asked(&AUTH), release, None),
            Err(LoginError::NoPlace)
        ));
    }

    #[test]
    fn a_file_of_the_users_own_wins() {
        let root = tempfile::tempdir().unwrap();
        let runtime = RuntimeDirectory::create(&root.path().join("server.pid")).unwrap();
        let own = ("JVMFLAGS", "-Djava.security.auth.login.config=/jaas.conf");
        let asked = asked(&[&AUTH[..3], &[own]].concat());
        let properties = of_server(&asked, Release::new(3, 6, 1), Some(&runtime));
        assert_eq!(properties.unwrap(), []);
        assert!(!runtime.path().join(jaas::NAME).exists());
    }

    #[test]
    fn the_file_of_a_client_has_no_name() {
        let user = User {
            name: UserName::parse("a").unwrap(),
            password: Secret::new("geheim"),
        };
        let told = |release| JaasFile::of_client(&user).unwrap().leave(Some(release));
        let [(jaas::PROPERTY, path)] = &told(Release::new(3, 6, 1))[..] else {
            panic!("more than the file");
        };
        let content = std::fs::read_to_string(path).unwrap();
        assert!(content.contains("password=\"geheim\""));
        let fips_mode = ("zookeeper.fips-mode", OsString::from("false"));
        assert_eq!(told(Release::new(3, 9, 4)).last(), Some(&fips_mode));
        // One of the user's own names a user for DIGEST-MD5, too.
        assert_eq!(
            JaasFile::Own.leave(Some(Release::new(3, 9, 4))),
            [fips_mode]
        );
        assert_eq!(JaasFile::Own.leave(Some(Release::new(3, 6, 1))), []);
    }
}
