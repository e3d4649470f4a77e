//! One answer on one connection, as a [`Behaviour`] says.

use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::behaviour::{Behaviour, RetryAfter, Tag, Target};
use super::connection::Connection;
use super::deb::gzip;
use super::digest::{flipped, sha256};
use super::request::Request;

/// Between two drops: twenty bytes a second.
const DROP: Duration = Duration::from_millis(50);

/// Between two pieces of eight.
const PIECE: Duration = Duration::from_millis(500);

/// What becomes of the connection after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Request,
    Close,
}

/// Answers a request for `file`, which is `None` if there is no such file.
pub(super) fn answer(
    connection: &mut Connection,
    request: &Request,
    behaviour: Behaviour,
    tag: Tag,
    file: Option<&[u8]>,
) -> io::Result<Next> {
    match behaviour {
        Behaviour::NotFound => return send_status(connection, 404, ""),
        Behaviour::Status(code) => return send_status(connection, code, ""),
        Behaviour::Later(code, time) => {
            let header = format!("Retry-After: {}\r\n", retry_after(time));
            return send_status(connection, code, &header);
        }
        Behaviour::Redirect(target) if request.query() != Some("moved") => {
            return send_status(connection, 302, &location(request, target));
        }
        Behaviour::Closed => return Ok(Next::Close),
        Behaviour::Reset => return reset(connection),
        Behaviour::Hang => return until_gone(connection),
        Behaviour::HeadByDrops => {
            connection.write_all(b"HTTP/1.1 200 OK\r\nX-Slow: ")?;
            return drip(connection, std::iter::repeat(b'x'));
        }
        Behaviour::Garbage => {
            connection.write_all(b"220 mail.example ESMTP\r\n")?;
            return until_gone(connection);
        }
        Behaviour::EndlessHead => {
            connection.write_all(b"HTTP/1.1 200 OK\r\n")?;
            return forever(connection, "X-More: and more\r\n".repeat(100).as_bytes());
        }
        _ => {}
    }
    let Some(file) = file else {
        return send_status(connection, 404, "");
    };
    let content = content(behaviour, file);
    let tag = match behaviour {
        Behaviour::ReplacedUnderOneTag => tag.of(file),
        _ => tag.of(&content),
    };
    let whole = Part::whole(&content);
    let honest = Part::asked_for(request, &content, tag.as_deref());
    let tag_line = tag.map_or(String::new(), |tag| format!("ETag: {tag}\r\n"));
    let mut sender = Sender {
        connection,
        tag_line: &tag_line,
        middle: file.len() / 2,
    };
    match behaviour {
        Behaviour::Cut | Behaviour::CutReplaced => sender.half(&honest).map(|()| Next::Close),
        Behaviour::CutOften => {
            let head = honest.head(&length(honest.body().len()), &tag_line);
            let end = honest.body().len().min(file.len().div_ceil(8));
            let next = if end < honest.body().len() {
                Next::Close
            } else {
                Next::Request
            };
            sender.send(&head, &honest.body()[..end]).map(|()| next)
        }
        Behaviour::CutByReset => {
            sender.half(&honest)?;
            reset(connection)
        }
        Behaviour::Stall => {
            sender.half(&honest)?;
            until_gone(connection)
        }
        Behaviour::Drops => {
            sender.half(&honest)?;
            let left = &honest.body()[sender.up_to_middle(&honest).len()..];
            drip(connection, left.iter().copied())
        }
        Behaviour::CutWithoutLength => {
            let head = honest.head("", &tag_line);
            let body = sender.up_to_middle(&honest);
            sender.send(&head, body).map(|()| Next::Close)
        }
        Behaviour::CutChunks => {
            let head = honest.head("Transfer-Encoding: chunked\r\n", &tag_line);
            let body = chunk(sender.up_to_middle(&honest));
            sender.send(&head, &body).map(|()| Next::Close)
        }
        Behaviour::Slow => {
            let body = honest.body();
            let head = honest.head(&length(body.len()), &tag_line);
            sender.send(&head, b"")?;
            for piece in body.chunks(body.len().div_ceil(8)) {
                if connection.is_gone_within(PIECE)? {
                    break;
                }
                connection.write_all(piece)?;
            }
            Ok(Next::Close)
        }
        Behaviour::WithoutLength => {
            let head = honest.head("", &tag_line);
            sender.send(&head, honest.body()).map(|()| Next::Close)
        }
        Behaviour::Chunks => {
            let head = honest.head("Transfer-Encoding: chunked\r\n", &tag_line);
            let body = [chunk(honest.body()), chunk(b"")].concat();
            sender.send(&head, &body).map(|()| Next::Request)
        }
        Behaviour::GarbageChunks => {
            let head = honest.head("Transfer-Encoding: chunked\r\n", &tag_line);
            let body = [chunk(sender.up_to_middle(&honest)), b"many\r\n".to_vec()].concat();
            sender.send(&head, &body)?;
            until_gone(connection)
        }
        Behaviour::Endless => {
            let head = honest.head("", &tag_line);
            sender.send(&head, honest.body())?;
            forever(connection, &[0; 4096])
        }
        Behaviour::EndlessChunks => {
            let head = whole.head("Transfer-Encoding: chunked\r\n", &tag_line);
            sender.send(&head, &chunk(whole.body()))?;
            forever(connection, &chunk(&[0; 4096]))
        }
        Behaviour::Gzipped => {
            let packed = gzip(whole.body());
            let frame = format!("Content-Encoding: gzip\r\n{}", length(packed.len()));
            let head = whole.head(&frame, &tag_line);
            sender.send(&head, &packed).map(|()| Next::Request)
        }
        Behaviour::TwoLengths => {
            let frame = [length(content.len()), length(content.len() + 1)].concat();
            let head = whole.head(&frame, &tag_line);
            sender.send(&head, whole.body()).map(|()| Next::Close)
        }
        Behaviour::Whole => sender.part(&whole),
        Behaviour::OtherRange => {
            let first = honest.first.saturating_sub(1);
            sender.part(&Part::of(&content, first, honest.end - 1))
        }
        Behaviour::OtherLength => {
            let part = Part {
                total: content.len() + 1,
                ..honest
            };
            sender.part(&part)
        }
        Behaviour::NoContentRange => {
            let head = format!(
                "HTTP/1.1 206 Partial Content\r\n{}\r\n",
                length(honest.body().len())
            );
            sender.send(&head, honest.body()).map(|()| Next::Request)
        }
        Behaviour::PartUnasked => sender.part(&Part::of(&content, 0, content.len() / 2)),
        _ => sender.part(&honest),
    }
}

/// A part of a file, or all of it.
#[derive(Clone, Copy)]
struct Part<'a> {
    content: &'a [u8],
    first: usize,
    /// Behind the last byte.
    end: usize,
    /// As the head says.
    total: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Whole,
    Range,
    /// A range that the file does not have.
    Unsatisfiable,
}

impl<'a> Part<'a> {
    fn whole(content: &'a [u8]) -> Self {
        Self {
            kind: Kind::Whole,
            ..Self::of(content, 0, content.len())
        }
    }

    fn of(content: &'a [u8], first: usize, end: usize) -> Self {
        Self {
            content,
            first,
            end,
            total: content.len(),
            kind: Kind::Range,
        }
    }

    /// What RFC 9110 wants.
    fn asked_for(request: &Request, content: &'a [u8], tag: Option<&str>) -> Self {
        let condition = request.header("if-range");
        let changed = condition.is_some_and(|wanted| Some(wanted) != tag);
        match request.range(content.len()) {
            Some((first, last)) if !changed => {
                if first > last {
                    Self {
                        kind: Kind::Unsatisfiable,
                        ..Self::of(content, 0, 0)
                    }
                } else {
                    Self::of(content, first, last + 1)
                }
            }
            _ => Self::whole(content),
        }
    }

    fn body(&self) -> &'a [u8] {
        &self.content[self.first..self.end]
    }

    fn head(&self, frame: &str, tag_line: &str) -> String {
        let total = self.total;
        let status = match self.kind {
            Kind::Whole => "200 OK\r\nAccept-Ranges: bytes\r\n".to_owned(),
            Kind::Range => format!(
                "206 Partial Content\r\nContent-Range: bytes {}-{}/{total}\r\n",
                self.first,
                self.end - 1
            ),
            Kind::Unsatisfiable => {
                format!("416 Range Not Satisfiable\r\nContent-Range: bytes */{total}\r\n")
            }
        };
        format!("HTTP/1.1 {status}{tag_line}{frame}\r\n")
    }
}

struct Sender<'a> {
    connection: &'a mut Connection,
    tag_line: &'a str,
    /// Of the true file.
    middle: usize,
}

impl Sender<'_> {
    /// In one piece, or the system waits for the receiver in between.
    fn send(&mut self, head: &str, body: &[u8]) -> io::Result<()> {
        self.connection.write_all(&[head.as_bytes(), body].concat())
    }

    fn part(&mut self, part: &Part<'_>) -> io::Result<Next> {
        let head = part.head(&length(part.body().len()), self.tag_line);
        self.send(&head, part.body())?;
        Ok(Next::Request)
    }

    /// Promises all of a part, and stops at the middle of the file.
    fn half(&mut self, part: &Part<'_>) -> io::Result<()> {
        let head = part.head(&length(part.body().len()), self.tag_line);
        let body = self.up_to_middle(part);
        self.send(&head, body)
    }

    fn up_to_middle<'b>(&self, part: &Part<'b>) -> &'b [u8] {
        let end = self.middle.clamp(part.first, part.end);
        &part.content[part.first..end]
    }
}

fn content(behaviour: Behaviour, file: &[u8]) -> Cow<'_, [u8]> {
    match behaviour {
        Behaviour::Flipped => flipped(file).into(),
        Behaviour::Replaced | Behaviour::ReplacedUnderOneTag | Behaviour::CutReplaced => {
            file.iter().map(|byte| !byte).collect()
        }
        Behaviour::Short => file[..file.len() / 2].into(),
        Behaviour::Long => [file, b"x"].concat().into(),
        _ => file.into(),
    }
}

impl Tag {
    fn of(self, content: &[u8]) -> Option<String> {
        let name = &sha256(content)[..16];
        match self {
            Self::Strong => Some(format!("\"{name}\"")),
            Self::Weak => Some(format!("W/\"{name}\"")),
            Self::Missing => None,
        }
    }
}

fn length(length: usize) -> String {
    format!("Content-Length: {length}\r\n")
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// An answer without a file.
fn send_status(connection: &mut Connection, code: u16, headers: &str) -> io::Result<Next> {
    let phrase = match code {
        204 => "No Content",
        302 => "Found",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Something Else",
    };
    // As many bytes as a file would hardly have: nobody may take them for one.
    let body = match code {
        204 => String::new(),
        _ => format!("<h1>{phrase}</h1>\n"),
    };
    let frame = length(body.len());
    let head = format!("HTTP/1.1 {code} {phrase}\r\n{headers}{frame}\r\n");
    connection.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
    Ok(Next::Request)
}

fn location(request: &Request, target: Target) -> String {
    let path = request.path();
    let address = match target {
        Target::Itself => request.target.clone(),
        Target::Onward => {
            let number: usize = request.query().map_or(0, |query| query.parse().unwrap());
            format!("{path}?{}", number + 1)
        }
        Target::Relative => format!("{}?moved", path.rsplit('/').next().unwrap_or_default()),
        Target::Server(server) => format!("http://{server}{path}"),
        Target::Address(address) => address.to_owned(),
        Target::Missing => return String::new(),
    };
    format!("Location: {address}\r\n")
}

fn retry_after(time: RetryAfter) -> String {
    match time {
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::DateIn(seconds) => http_date(SystemTime::now() + Duration::from_secs(seconds)),
        RetryAfter::Malformed => "soon".to_owned(),
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn http_date(time: SystemTime) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let seconds = time.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let day_of_week = DAYS[(seconds / 86_400 % 7) as usize];
    // `1994-11-06T08:49:37Z`
    let text = humantime::format_rfc3339_seconds(time).to_string();
    let month = MONTHS[text[5..7].parse::<usize>().unwrap() - 1];
    format!(
        "{day_of_week}, {} {month} {} {} GMT",
        &text[8..10],
        &text[..4],
        &text[11..19]
    )
}

/// Closed in this way, the connection ends with a reset and not with an end.
fn reset(connection: &mut Connection) -> io::Result<Next> {
    connection.reset_on_close()?;
    Ok(Next::Close)
}

/// A byte now and then, to the end or until the client goes away.
fn drip(connection: &mut Connection, bytes: impl Iterator<Item = u8>) -> io::Result<Next> {
    for byte in bytes {
        connection.write_all(&[byte])?;
        if connection.is_gone_within(DROP)? {
            break;
        }
    }
    Ok(Next::Close)
}

/// The same again until the client goes away, which ends the writing with an error.
fn forever(connection: &mut Connection, bytes: &[u8]) -> io::Result<Next> {
    loop {
        connection.write_all(bytes)?;
    }
}

fn until_gone(connection: &mut Connection) -> io::Result<Next> {
    let mut byte = [0];
    while connection.read(&mut byte)? > 0 {}
    Ok(Next::Close)
}
