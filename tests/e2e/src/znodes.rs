//! A client of ZooKeeper that can do what trials need and starts in no time, which Java does not.
//!
//! Numbers are big-endian; a frame, a buffer and a string begin with their length in 32 bits.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

/// A session lasts no longer than a trial looks at something.
const SESSION_MILLISECONDS: i32 = 30_000;

/// More than a busy server needs, and than an election takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// After so much silence others are heard, too: 3.6.0 to 3.6.3 can forget a commit until the next one comes
/// (ZOOKEEPER-4537), and the only client waits for ever.
const SILENCE: Duration = Duration::from_secs(3);

/// The largest answer that we believe.
const MOST: usize = 16 * 1024 * 1024;

/// Kinds of requests.
const CREATE: i32 = 1;
const GET: i32 = 4;
const SYNC: i32 = 9;
const CLOSE: i32 = -11;

const NO_SUCH_NODE: i32 = -101;

/// A session.
#[derive(Debug)]
pub struct Session {
    stream: TcpStream,
    count: i32,
}

impl Session {
    /// Opens one with a server, which must serve.
    pub fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)
            .with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        let mut session = Self { stream, count: 0 };
        session.send(&hello())?;
        (session.receive()).with_context(|| format!("{address} gives no session"))?;
        Ok(session)
    }

    /// Creates a node that anybody may read and write.
    pub fn create(&mut self, path: &str, value: &[u8]) -> anyhow::Result<()> {
        let mut request = Record::default();
        request.bytes(path.as_bytes()).bytes(value);
        // One entry of an access list: all rights for anybody; then no flags.
        request.int(1).int(31).bytes(b"world").bytes(b"anyone");
        request.int(0);
        match self.call(CREATE, &request)? {
            Answer::Done(_) => Ok(()),
            Answer::Refused(error) => bail!("cannot create {path}: error {error}"),
        }
    }

    /// The value of a node, after everything that was written before; nothing where there is none.
    pub fn get(&mut self, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let mut request = Record::default();
        request.bytes(path.as_bytes());
        match self.call(SYNC, &request)? {
            Answer::Done(_) | Answer::Refused(NO_SUCH_NODE) => {}
            Answer::Refused(error) => bail!("cannot sync {path}: error {error}"),
        }
        // No watch.
        request.0.push(0);
        match self.call(GET, &request)? {
            Answer::Done(answer) => {
                let (length, value) = (answer.split_at_checked(4)).context("a short answer")?;
                let length = i32::from_be_bytes(length.try_into()?);
                // A node without a value has a length of -1.
                let value = value.get(..usize::try_from(length).unwrap_or(0));
                Ok(Some(value.context("a short value")?.to_owned()))
            }
            Answer::Refused(NO_SUCH_NODE) => Ok(None),
            Answer::Refused(error) => bail!("cannot get {path}: error {error}"),
        }
    }

    fn call(&mut self, kind: i32, request: &Record) -> anyhow::Result<Answer> {
        self.count += 1;
        let mut frame = Record::default();
        frame.int(self.count).int(kind).0.extend(&request.0);
        self.send(&frame)?;
        let answer = self.receive()?;
        let (head, body) = (answer.split_at_checked(16)).context("an answer without a head")?;
        let number = |at: usize| -> anyhow::Result<i32> {
            Ok(i32::from_be_bytes(head[at..at + 4].try_into()?))
        };
        ensure!(number(0)? == self.count, "an answer to something else");
        Ok(match number(12)? {
            0 => Answer::Done(body.to_owned()),
            error => Answer::Refused(error),
        })
    }

    /// Waits for the first byte. Whoever opens a session meanwhile makes a commit, and sees to what is forgotten.
    fn await_answer(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        self.stream.set_read_timeout(Some(SILENCE))?;
        let mut others = Vec::new();
        loop {
            match self.stream.peek(&mut [0]) {
                Ok(_) => break,
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error.into()),
                Err(error) if Instant::now() > deadline => return Err(error.into()),
                Err(_) => {
                    let server = self.stream.peer_addr()?;
                    eprintln!("{server} is silent for {SILENCE:?}: another session is opened");
                    let mut other = TcpStream::connect_timeout(&server, PATIENCE)?;
                    other.write_all(&frame(&hello()))?;
                    others.push(other);
                }
            }
        }
        Ok(self.stream.set_read_timeout(Some(PATIENCE))?)
    }

    fn send(&mut self, record: &Record) -> anyhow::Result<()> {
        Ok(self.stream.write_all(&frame(record))?)
    }

    fn receive(&mut self) -> anyhow::Result<Vec<u8>> {
        self.await_answer()?;
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let length = usize::try_from(i32::from_be_bytes(length))?;
        ensure!(length <= MOST, "an answer of {length} bytes");
        let mut frame = vec![0; length];
        self.stream.read_exact(&mut frame)?;
        Ok(frame)
    }
}

/// A record as it goes over the wire: after its length.
fn frame(record: &Record) -> Vec<u8> {
    let mut frame = Record::default();
    frame.bytes(&record.0);
    frame.0
}

/// What opens a session: version, last transaction seen, time limit, session to take up, its password.
fn hello() -> Record {
    let mut hello = Record::default();
    (hello.int(0).long(0).int(SESSION_MILLISECONDS).long(0)).bytes(&[0; 16]);
    hello
}

impl Drop for Session {
    fn drop(&mut self) {
        let mut close = Record::default();
        close.int(self.count + 1).int(CLOSE);
        let _ = self.send(&close);
    }
}

enum Answer {
    Done(Vec<u8>),
    Refused(i32),
}

/// The bytes of a request.
#[derive(Debug, Default)]
struct Record(Vec<u8>);

impl Record {
    fn int(&mut self, value: i32) -> &mut Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn long(&mut self, value: i64) -> &mut Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn bytes(&mut self, value: &[u8]) -> &mut Self {
        let length = i32::try_from(value.len()).expect("no trial has that much to say");
        self.int(length);
        self.0.extend(value);
        self
    }
}
