//! One GET, streamed: HTTP(S) and `file:` alike, all of a file or the rest of it.
//!
//! An address that does not answer costs seconds, and only once: its origin is remembered and not
//! asked again in this run. Proxies come from the environment, trusted certificates from the host
//! and from a file that the user names. No message repeats the user and the password of an address.

mod address;
mod body;
mod error;
mod proxy;
mod shown;
mod silence;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use reqwest::blocking::{Client, ClientBuilder, Response};
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, RANGE, RETRY_AFTER};
use reqwest::{Certificate, StatusCode};
use url::Url;

pub use address::{AddressError, file_below, parse_address, parse_root};
use body::HttpBody;
pub use error::HttpError;
pub use proxy::Route;
use proxy::Routes;
pub use shown::{ShownUrl, text_without_userinfo, without_userinfo};
use silence::Silences;

/// To a connection. A mirror on another continent answers within one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// To the whole of a probe's answer: there are other mirrors.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);
/// Those of the environment that name a proxy.
pub const PROXY_VARIABLES: [&str; 6] = [
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
];
/// Before a connection that was refused, or a name that was not found, is tried once more.
const RECONNECT_WAIT: Duration = Duration::from_millis(300);

/// How this run uses the network.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// How long to wait for the head of an answer, and for more of its body.
    pub patience: Duration,
    /// Certificates in PEM form that are trusted beside the host's.
    pub certificates: Option<PathBuf>,
    /// Ask no network: only `file:` addresses are opened.
    pub offline: bool,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(20),
            certificates: None,
            offline: false,
        }
    }
}

/// A client with its connections, shared by all downloads of a run.
#[derive(Debug)]
pub struct HttpClient {
    client: Client,
    settings: HttpSettings,
    certificates: Vec<Certificate>,
    routes: Routes,
    silences: Silences,
}

/// The bytes of an answer, not yet read. A read that waits too long fails with
/// [`io::ErrorKind::TimedOut`].
pub type Body = Box<dyn Read + Send>;

/// An answer whose head has come.
pub struct Answer {
    /// The bytes.
    pub body: Body,
    /// The offset in the file of the body's first byte: that of the [`Rest`], or 0.
    pub from: u64,
    /// Bytes of the body, where the server says so.
    pub length: Option<u64>,
    /// By which the server knows this state of the file again.
    pub validator: Option<String>,
}

/// What is still missing of a file.
#[derive(Debug, Clone, Copy)]
pub struct Rest<'a> {
    /// Offset of the first byte that is missing.
    pub from: u64,
    /// Bytes of the whole file.
    pub size: u64,
    /// [`Answer::validator`] of the part that is there, if it came from the same address.
    pub validator: Option<&'a str>,
}

impl HttpClient {
    /// Proxies come from the environment, certificates from the host and the settings.
    pub fn new(settings: HttpSettings) -> Result<Self, HttpError> {
        // Already installed is fine: there is one provider in this program.
        let _ = rustls::crypto::ring::default_provider().install_default();
        check_proxies()?;
        let certificates = match &settings.certificates {
            Some(path) => read_certificates(path)?,
            None => Vec::new(),
        };
        Ok(Self {
            client: client(&settings, &certificates, None)?,
            settings,
            certificates,
            routes: Routes::default(),
            silences: Silences::default(),
        })
    }

    /// Goes this way to the origin of `url` from now on, whatever the environment says.
    pub fn set_route(&self, url: &Url, route: &Route) -> Result<(), HttpError> {
        let new = || client(&self.settings, &self.certificates, Some(route));
        self.routes
            .set(url.origin().ascii_serialization(), route, new)
    }

    /// Whether only `file:` addresses are opened.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.settings.offline
    }

    /// Asks for all of `url`. The body is to be read at once, since connections are shared.
    pub fn get(&self, url: &Url) -> Result<Answer, HttpError> {
        self.ask(url, None, self.settings.patience)
    }

    /// Asks for the rest of a file by a closed range: some servers and caches cut an open one short.
    /// The answer may be all of it.
    pub fn get_rest(&self, url: &Url, rest: Rest<'_>) -> Result<Answer, HttpError> {
        self.ask(url, Some(rest), self.settings.patience)
    }

    /// Asks for `url` with little patience: for a small answer from somebody who can be done without.
    pub fn probe(&self, url: &Url) -> Result<Answer, HttpError> {
        self.ask(url, None, PROBE_TIMEOUT.min(self.settings.patience))
    }

    /// Notes that the body of an answer fell silent; an origin where that goes on is given up.
    pub fn note_stall(&self, url: &Url, reason: &str) {
        let origin = url.origin().ascii_serialization();
        self.silences
            .note_stall(origin, self.settings.patience, reason);
    }

    /// Notes that an answer was complete.
    pub fn note_success(&self, url: &Url) {
        self.silences
            .note_success(&url.origin().ascii_serialization());
    }

    fn ask(
        &self,
        url: &Url,
        rest: Option<Rest<'_>>,
        patience: Duration,
    ) -> Result<Answer, HttpError> {
        match url.scheme() {
            "http" | "https" if self.settings.offline => {
                Err(HttpError::Offline { url: url.into() })
            }
            "http" | "https" => {
                let response = self.send(url, rest, patience)?;
                self.answer(url, rest, response)
            }
            "file" => open_file(url, rest),
            _ => Err(HttpError::Scheme { url: url.into() }),
        }
    }

    /// Sends the request, a second time where nobody was there at the first.
    fn send(
        &self,
        url: &Url,
        rest: Option<Rest<'_>>,
        patience: Duration,
    ) -> Result<Response, HttpError> {
        let origin = url.origin().ascii_serialization();
        if let Some(reason) = self.silences.reason(&origin, patience) {
            let url = url.into();
            return Err(HttpError::Unreachable { url, reason });
        }
        let client = self.routes.client(&origin);
        let client = client.as_ref().unwrap_or(&self.client);
        let send = || {
            let mut request = client.get(url.clone());
            // Of a request, it is a limit to all of its answer.
            if patience < self.settings.patience {
                request = request.timeout(patience);
            }
            if let Some(rest) = rest {
                let last = rest.size.saturating_sub(1);
                request = request.header(RANGE, format!("bytes={}-{last}", rest.from));
                if let Some(validator) = rest.validator {
                    request = request.header(IF_RANGE, validator);
                }
            }
            request.send()
        };
        let result = match send() {
            Err(error) if error.is_connect() && !error.is_timeout() => {
                std::thread::sleep(RECONNECT_WAIT);
                send()
            }
            result => result,
        };
        if result.is_ok() {
            self.silences.note_life(&origin);
        }
        result.map_err(|error| {
            // The end of a redirection says nothing about its beginning.
            let is_own = error
                .url()
                .is_none_or(|url| url.origin().ascii_serialization() == origin);
            let error = error.without_url();
            let reason = innermost(&error);
            let url = url.into();
            if error.is_redirect() || error.is_builder() {
                return HttpError::Redirect { url, reason };
            }
            let waited = match (error.is_connect(), error.is_timeout()) {
                // A server that restarts.
                (true, false) if self.silences.has_lived(&origin) => {
                    return HttpError::Broken { url, reason };
                }
                // The limit to a connection is the same for all.
                (true, _) => Duration::MAX,
                (false, true) => patience,
                (false, false) => return HttpError::Broken { url, reason },
            };
            if is_own {
                self.silences.note(origin, waited, &reason);
            }
            HttpError::Unreachable { url, reason }
        })
    }

    fn answer(
        &self,
        url: &Url,
        rest: Option<Rest<'_>>,
        response: Response,
    ) -> Result<Answer, HttpError> {
        let status = response.status();
        if !status.is_success() {
            return Err(HttpError::Status {
                url: url.into(),
                status,
                retry_after: retry_after(response.headers(), SystemTime::now()),
            });
        }
        let from = match (status, rest) {
            (StatusCode::PARTIAL_CONTENT, Some(rest)) if is_part(response.headers(), rest) => {
                rest.from
            }
            (StatusCode::PARTIAL_CONTENT, _) => {
                return Err(HttpError::OtherPart { url: url.into() });
            }
            _ => 0,
        };
        Ok(Answer {
            from,
            length: response.content_length(),
            validator: strong_validator(response.headers()),
            body: Box::new(HttpBody::new(response, self.settings.patience)),
        })
    }
}

/// reqwest goes without a proxy where it does not understand one: behind a wall, that is a riddle.
fn check_proxies() -> Result<(), HttpError> {
    for variable in PROXY_VARIABLES {
        let value = std::env::var(variable).unwrap_or_default();
        if !value.is_empty() && reqwest::Proxy::all(value.as_str()).is_err() {
            return Err(HttpError::Proxy { variable });
        }
    }
    Ok(())
}

/// With the proxies of the environment where no route is given.
fn client(
    settings: &HttpSettings,
    certificates: &[Certificate],
    route: Option<&Route>,
) -> Result<Client, HttpError> {
    let builder = || -> Result<ClientBuilder, reqwest::Error> {
        let builder = Client::builder()
            .user_agent(concat!("zookiln/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT.min(settings.patience))
            // The blocking client applies it to each wait, not to a whole download.
            .timeout(settings.patience);
        Ok(match route {
            None => builder,
            Some(Route::Direct) => builder.no_proxy(),
            Some(Route::Through(proxy)) => {
                // As apt does it.
                let exempt = reqwest::NoProxy::from_env();
                builder.proxy(reqwest::Proxy::all(proxy.clone())?.no_proxy(exempt))
            }
        })
    };
    // A host without any certificates has no use for https, but may have for the rest.
    (builder().and_then(|it| it.tls_certs_merge(certificates.to_vec()).build()))
        .or_else(|_| builder().and_then(|it| it.tls_certs_only(certificates.to_vec()).build()))
        .map_err(|error| HttpError::Client(error.without_url()))
}

fn read_certificates(path: &Path) -> Result<Vec<Certificate>, HttpError> {
    let bytes = fs::read(path).map_err(|source| HttpError::CertificateFile {
        path: path.to_owned(),
        source,
    })?;
    let none = |source| HttpError::Certificates {
        path: path.to_owned(),
        source,
    };
    let certificates = Certificate::from_pem_bundle(&bytes).map_err(|error| none(Some(error)))?;
    match certificates.is_empty() {
        true => Err(none(None)),
        false => Ok(certificates),
    }
}

/// Whether `Content-Range` is the part that was asked for; RFC 9110, 14.4.
fn is_part(headers: &HeaderMap, rest: Rest<'_>) -> bool {
    let Some(value) = headers.get(CONTENT_RANGE).and_then(|it| it.to_str().ok()) else {
        return false;
    };
    let wanted = format!("bytes {}-{}/", rest.from, rest.size.saturating_sub(1));
    value
        .strip_prefix(&wanted)
        .is_some_and(|size| size == "*" || size == rest.size.to_string())
}

/// A weak entity tag does not promise equal bytes.
fn strong_validator(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(ETAG)?.to_str().ok()?;
    value.starts_with('"').then(|| value.to_owned())
}

/// In seconds, or the time of day at which; RFC 9110, 10.2.3.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let time = httpdate::parse_http_date(value).ok()?;
    Some(time.duration_since(now).unwrap_or_default())
}

fn open_file(url: &Url, rest: Option<Rest<'_>>) -> Result<Answer, HttpError> {
    let failed = |source| HttpError::File {
        url: url.into(),
        source,
    };
    let path = url
        .to_file_path()
        .map_err(|()| failed(io::Error::other("not a path of this host")))?;
    // Before opening: a pipe would wait for a writer for ever.
    let metadata = path.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(failed(io::Error::other("not a regular file")));
    }
    let mut file = File::open(path).map_err(failed)?;
    let from = rest.map_or(0, |rest| rest.from);
    file.seek(SeekFrom::Start(from)).map_err(failed)?;
    Ok(Answer {
        body: Box::new(file),
        from,
        length: metadata.len().checked_sub(from),
        validator: None,
    })
}

/// reqwest says "error sending request"; what happened is at the end of the chain.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::time::Instant;

    use super::*;

    #[test]
    fn no_error_shows_a_password() {
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let client = HttpClient::new(HttpSettings::default()).unwrap();
        for address in [
            format!("http://user:secret@{free}/debian"),
            "ftp://user:secret@host.example/".to_owned(),
        ] {
            let url = Url::parse(&address).unwrap();
            let error = client.get(&url).err().unwrap();
            for text in [format!("{error}"), format!("{error:?}")] {
                assert!(!text.contains("secret") && !text.contains("user"), "{text}");
            }
        }
        for address in ["http://user:secret@host:port/", "ftp://user:secret@host/"] {
            let error = parse_address(address).unwrap_err();
            for text in [format!("{error}"), format!("{error:?}")] {
                assert!(!text.contains("secret") && text.contains("host"), "{text}");
            }
        }
    }

    /// A listener that never accepts: the system completes the connection, and nobody answers.
    #[test]
    fn a_probe_waits_less_and_does_not_speak_for_those_who_wait_longer() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let origin = url.origin().ascii_serialization();
        let settings = HttpSettings::default();
        let patience = settings.patience;
        let client = HttpClient::new(settings).unwrap();

        let begun = Instant::now();
        assert!(client.probe(&url).is_err());
        assert!(begun.elapsed() < patience / 2, "{:?}", begun.elapsed());

        let begun = Instant::now();
        assert!(client.probe(&url).is_err());
        assert!(begun.elapsed() < PROBE_TIMEOUT / 2, "{:?}", begun.elapsed());
        assert!(client.silences.reason(&origin, patience).is_none());
    }

    #[test]
    fn an_origin_with_a_route_is_asked_by_its_proxy() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = format!("http://me:secret@{}", listener.local_addr().unwrap());
        let asked = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(&stream).lines().map(Result::unwrap);
            let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nright";
            (&stream).write_all(answer.as_bytes()).unwrap();
            head
        });
        let client = HttpClient::new(HttpSettings::default()).unwrap();
        let url = Url::parse("http://deb.example/a.deb").unwrap();
        let route = Route::Through(Url::parse(&proxy).unwrap());
        client.set_route(&url, &route).unwrap();
        let mut text = String::new();
        let mut body = client.get(&url).unwrap().body;
        body.read_to_string(&mut text).unwrap();
        assert_eq!(text, "right");
        let head = asked.join().unwrap();
        assert_eq!(head[0], "GET http://deb.example/a.deb HTTP/1.1");
        let login = head
            .iter()
            .find(|line| line.to_lowercase().starts_with("proxy-authorization"));
        assert!(login.unwrap().ends_with("Basic bWU6c2VjcmV0"), "{head:?}");
    }

    #[test]
    fn offline_only_files_are_opened() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("a.deb"), "right").unwrap();
        let settings = HttpSettings {
            offline: true,
            ..HttpSettings::default()
        };
        let client = HttpClient::new(settings).unwrap();
        let url = Url::from_file_path(directory.path().join("a.deb")).unwrap();
        let rest = Rest {
            from: 2,
            size: 5,
            validator: None,
        };
        let mut text = String::new();
        let mut answer = client.get_rest(&url, rest).unwrap();
        answer.body.read_to_string(&mut text).unwrap();
        assert_eq!(
            (answer.from, answer.length, text.as_str()),
            (2, Some(3), "ght")
        );
        let url = Url::parse("http://127.0.0.1:1/a.deb").unwrap();
        assert!(matches!(client.get(&url), Err(HttpError::Offline { .. })));
    }

    #[test]
    fn reads_when_to_ask_again() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let table = [
            ("3", Some(3)),
            (" 120 ", Some(120)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:40:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ];
        for (value, seconds) in table {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(retry_after(&headers, now), expected, "{value}");
        }
    }

    #[test]
    fn takes_only_the_part_that_was_asked_for() {
        let rest = Rest {
            from: 4,
            size: 10,
            validator: None,
        };
        let table = [
            ("bytes 4-9/10", true),
            ("bytes 4-9/*", true),
            ("bytes 4-9/11", false),
            ("bytes 4-8/10", false),
            ("bytes 0-9/10", false),
            ("bytes */10", false),
            ("", false),
        ];
        for (value, expected) in table {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_RANGE, value.parse().unwrap());
            assert_eq!(is_part(&headers, rest), expected, "{value}");
        }
        assert!(!is_part(&HeaderMap::new(), rest));
    }
}
