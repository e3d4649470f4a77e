//! A session with a server, logged in: one TCP connection with a limit for all that is done on it.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::digest::Challenge;
use super::ownership::Nodes;
use super::wire::{Acl, Entry, Reader, Writer};
use crate::auth::users::User;
use crate::client;
use crate::endpoint::Endpoint;

/// No answer is longer (`jute.maxbuffer`).
const LONGEST: usize = 1 << 20;

/// What the session may be silent for, in milliseconds.
const TIMEOUT: i32 = 10_000;

const GET_ACL: i32 = 6;
const SET_ACL: i32 = 7;
const SASL: i32 = 102;
const CLOSE: i32 = -11;

/// `KeeperException.Code`, as far as it matters here.
pub mod code {
    /// There is no such node.
    pub const NO_NODE: i32 = -101;
    /// The ACL does not let this user.
    pub const NO_AUTH: i32 = -102;
    /// Somebody else has changed it meanwhile.
    pub const BAD_VERSION: i32 = -103;
    /// The server knows no such scheme.
    pub const INVALID_ACL: i32 = -114;
    /// The password is wrong.
    pub const AUTH_FAILED: i32 = -115;
}

/// Why there is no session, or no answer.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The connection does not come up or is cut; a server that does not serve yet does that.
    #[error("{0}")]
    Connection(#[source] io::Error),
    /// What the server says is not what its protocol is.
    #[error("the server has answered what is no {0}")]
    Malformed(&'static str),
    /// It lets the user not in, or does not know the password itself.
    #[error("the server does not take the password of {0}")]
    Login(String),
    /// It does not do what it is asked for.
    #[error("the server refuses to {operation} {path} with the code {code}")]
    Refused {
        /// What.
        operation: &'static str,
        /// Of which node.
        path: String,
        /// One of [`code`], or another.
        code: i32,
    },
}

impl SessionError {
    /// Whether it makes no sense to try again.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Login(_) => true,
            Self::Refused { code, .. } => *code == code::INVALID_ACL,
            Self::Connection(_) | Self::Malformed(_) => false,
        }
    }

    /// Whether the server refuses for this reason.
    pub fn has_code(&self, expected: i32) -> bool {
        matches!(self, Self::Refused { code, .. } if *code == expected)
    }
}

impl From<io::Error> for SessionError {
    fn from(error: io::Error) -> Self {
        Self::Connection(error)
    }
}

/// A session, logged in.
#[derive(Debug)]
pub struct Session {
    stream: TcpStream,
    deadline: Instant,
    xid: i32,
}

impl Session {
    /// Opens one and logs in; everything on it takes `limit` at most.
    pub fn open(endpoint: &Endpoint, user: &User, limit: Duration) -> Result<Self, SessionError> {
        let deadline = Instant::now() + limit;
        let mut session = Self {
            stream: client::connect(endpoint, deadline)?,
            deadline,
            xid: 0,
        };
        session.connect()?;
        session.log_in(user)?;
        Ok(session)
    }

    /// Ends it, so that the server need not wait for its timeout.
    pub fn close(mut self) {
        // Whoever does not answer closes the connection all the same.
        let _ = self.ask(CLOSE, |request| request);
    }

    fn connect(&mut self) -> Result<(), SessionError> {
        let request = Writer::default()
            .int(0)
            .long(0)
            .int(TIMEOUT)
            .long(0)
            .buffer(&[0; 16])
            .boolean(false);
        self.send(&request.frame())?;
        let answer = self.receive()?;
        let session = Reader::new(&answer).session();
        match session.ok_or(SessionError::Malformed("session"))? {
            0 => Err(SessionError::Malformed("session")),
            _ => Ok(()),
        }
    }

    fn log_in(&mut self, user: &User) -> Result<(), SessionError> {
        let question = self.token(&[], user)?;
        let challenge =
            Challenge::parse(&question).ok_or(SessionError::Malformed("question of DIGEST-MD5"))?;
        let answer = challenge.answer(user);
        let confirmation = self.token(&answer.text, user)?;
        if answer.is_confirmed_by(&confirmation) {
            Ok(())
        } else {
            Err(SessionError::Login(user.name.to_string()))
        }
    }

    /// Sends a token of SASL; the one that comes back.
    fn token(&mut self, token: &[u8], user: &User) -> Result<Vec<u8>, SessionError> {
        let (code, body) = self.ask(SASL, |request| request.buffer(token))?;
        match code {
            0 => {
                let token = Reader::new(&body).buffer().map(<[u8]>::to_vec);
                token.ok_or(SessionError::Malformed("token of SASL"))
            }
            _ => Err(SessionError::Login(user.name.to_string())),
        }
    }

    /// Asks for something; the code, and what comes with it.
    fn ask(
        &mut self,
        operation: i32,
        body: impl FnOnce(Writer) -> Writer,
    ) -> Result<(i32, Vec<u8>), SessionError> {
        self.xid = self.xid.wrapping_add(1);
        let request = body(Writer::request(self.xid, operation));
        self.send(&request.frame())?;
        loop {
            let answer = self.receive()?;
            let mut reader = Reader::new(&answer);
            let header = reader.header().ok_or(SessionError::Malformed("reply"))?;
            // Everything else is news that nobody has asked for.
            if header.xid == self.xid {
                return Ok((header.error, reader.rest().to_vec()));
            }
        }
    }

    fn send(&mut self, frame: &[u8]) -> Result<(), SessionError> {
        self.stream
            .set_write_timeout(Some(client::left(self.deadline)?))?;
        self.stream.write_all(frame)?;
        Ok(())
    }

    fn receive(&mut self) -> Result<Vec<u8>, SessionError> {
        let mut length = [0; 4];
        self.fill(&mut length)?;
        let length = usize::try_from(i32::from_be_bytes(length)).ok();
        let length = length.filter(|length| *length <= LONGEST);
        let mut answer = vec![0; length.ok_or(SessionError::Malformed("length"))?];
        self.fill(&mut answer)?;
        Ok(answer)
    }

    /// As `read_exact`, with the time that is left for every part.
    fn fill(&mut self, mut part: &mut [u8]) -> Result<(), SessionError> {
        while !part.is_empty() {
            self.stream
                .set_read_timeout(Some(client::left(self.deadline)?))?;
            match self.stream.read(part) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(count) => part = part.get_mut(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The system's own words for it are about a resource.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Err(io::Error::from(io::ErrorKind::TimedOut).into());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

impl Nodes for Session {
    fn acl(&mut self, path: &str) -> Result<Acl, SessionError> {
        let (code, body) = self.ask(GET_ACL, |request| request.buffer(path.as_bytes()))?;
        if code != 0 {
            return Err(refused("tell the ACL of", path, code));
        }
        let acl = Reader::new(&body).acl();
        acl.ok_or(SessionError::Malformed("ACL"))
    }

    fn set_acl(&mut self, path: &str, entries: &[Entry], version: i32) -> Result<(), SessionError> {
        let (code, _) = self.ask(SET_ACL, |request| {
            request
                .buffer(path.as_bytes())
                .entries(entries)
                .int(version)
        })?;
        match code {
            0 => Ok(()),
            _ => Err(refused("set the ACL of", path, code)),
        }
    }
}

fn refused(operation: &'static str, path: &str, code: i32) -> SessionError {
    SessionError::Refused {
        operation,
        path: path.to_owned(),
        code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::UserName;
    use crate::variables::Secret;
    use std::net::TcpListener;
    use std::thread;

    const LIMIT: Duration = Duration::from_secs(20);

    fn user() -> User {
        User {
            name: UserName::parse("a").unwrap(),
            password: Secret::new("b"),
        }
    }

    /// A server that says these frames, whatever it is asked for, and then closes.
    fn against(frames: Vec<Vec<u8>>) -> SessionError {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = Endpoint::local(listener.local_addr().unwrap().port());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            for frame in frames {
                let mut length = [0; 4];
                stream.read_exact(&mut length).unwrap();
                let mut request = vec![0; u32::from_be_bytes(length).try_into().unwrap()];
                stream.read_exact(&mut request).unwrap();
                stream.write_all(&frame).unwrap();
            }
        });
        let error = Session::open(&endpoint, &user(), LIMIT).unwrap_err();
        server.join().unwrap();
        error
    }

    #[test]
    fn servers_that_do_not_let_in() {
        let connected = || Writer::default().int(0).int(0).long(7).frame();
        let reply = |xid, code, token: &[u8]| {
            Writer::request(xid, 0)
                .int(0)
                .int(code)
                .buffer(token)
                .frame()
        };
        let question = b"nonce=\"a\",algorithm=md5-sess,charset=utf-8";
        for (frames, expected, is_final) in [
            (vec![vec![]], "unexpected end of file", false),
            (
                vec![b"\x7f\0\0\0".to_vec()],
                "the server has answered what is no length",
                false,
            ),
            (
                vec![Writer::default().int(0).frame()],
                "the server has answered what is no session",
                false,
            ),
            (
                vec![connected(), reply(1, code::AUTH_FAILED, b"")],
                "the server does not take the password of a",
                true,
            ),
            (
                vec![connected(), reply(1, 0, b"what?")],
                "the server has answered what is no question of DIGEST-MD5",
                false,
            ),
            (
                // News in between is nobody's answer.
                vec![
                    connected(),
                    [reply(-1, 0, b""), reply(1, 0, question)].concat(),
                    reply(2, 0, b"rspauth=0"),
                ],
                "the server does not take the password of a",
                true,
            ),
        ] {
            let error = against(frames);
            assert_eq!(error.to_string(), expected);
            assert_eq!(error.is_final(), is_final, "{error}");
        }
    }
}
