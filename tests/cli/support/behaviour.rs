//! All the ways in which a server answers: one honest, the others met in the wild.

use std::net::SocketAddr;

/// What a request is answered with. What breaks off breaks off at the middle of the file, so that
/// whoever asks for the rest gets no further.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Behaviour {
    /// The file, or the part that was asked for.
    Honest,
    /// The honest answer, once [`super::Server::release`] was called.
    Held,

    // Something else than the file.
    NotFound,
    /// A status of RFC 9110 and no file.
    Status(u16),
    /// The same, with the time at which to come back.
    Later(u16, RetryAfter),
    Redirect(Target),

    // Other bytes, well announced.
    /// One bit in the middle is another.
    Flipped,
    /// Every byte is another: the file was replaced.
    Replaced,
    /// The same, with the `ETag` of the true file.
    ReplacedUnderOneTag,
    /// The first half, and the head says so.
    Short,
    /// One byte more, and the head says so.
    Long,
    /// Compressed, which nobody asked for.
    Gzipped,
    /// Without a length, and it never ends.
    Endless,
    /// In chunks, and it never ends.
    EndlessChunks,

    // Transfers that do not come to an end.
    /// The connection is closed instead of an answer.
    Closed,
    /// The connection is reset instead of an answer.
    Reset,
    /// No answer until the client goes away.
    Hang,
    /// A head of which a byte comes now and then.
    HeadByDrops,
    /// The first half, though the head promises all of it, then the end of the connection.
    Cut,
    /// The same of a file of which every byte is another.
    CutReplaced,
    /// The first half, then a reset.
    CutByReset,
    /// An eighth of the file at a time, whatever was promised, then the end of the connection.
    CutOften,
    /// The first half in chunks, and no last one.
    CutChunks,
    /// The first half without a length, then the end of the connection.
    CutWithoutLength,
    /// The first half, then nothing until the client goes away.
    Stall,
    /// The first half, then a byte now and then.
    Drops,

    // Honest bytes in another way.
    /// In eight pieces, over four seconds.
    Slow,
    /// Up to the end of the connection.
    WithoutLength,
    Chunks,

    // Answers to a range.
    /// 200 and all of it, whatever was asked.
    Whole,
    /// 206 with the bytes before those asked for, as its `Content-Range` says.
    OtherRange,
    /// 206 with the right bytes of a file of another length.
    OtherLength,
    /// 206 and the right bytes without saying which.
    NoContentRange,
    /// 206 and the first half, whatever was asked.
    PartUnasked,

    // No HTTP.
    /// What a mail server says.
    Garbage,
    /// A chunk whose length is no number.
    GarbageChunks,
    /// Two lengths that differ.
    TwoLengths,
    /// A head that never ends.
    EndlessHead,
}

/// The value of `Retry-After`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RetryAfter {
    Seconds(u64),
    /// As a date so many seconds after the answer.
    DateIn(u64),
    /// No value that RFC 9110 knows.
    Malformed,
}

/// Where a redirect leads.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// Where it came from.
    Itself,
    /// To an address never asked before that redirects again.
    Onward,
    /// To the honest file, by a relative reference.
    Relative,
    /// To the same path of another server.
    Server(SocketAddr),
    /// There.
    Address(&'static str),
    /// There is no `Location`.
    Missing,
}

/// How the server names the state of a file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Tag {
    #[default]
    Strong,
    Weak,
    Missing,
}
