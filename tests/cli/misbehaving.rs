//! A mirror that misbehaves in every way, as a table: what comes of a build that has no other one,
//! what of a build that has an honest one, too, and what the mirror was asked for meanwhile.
//!
//! One package is served badly and the rest honestly. A build that fails leaves nothing half-written
//! behind; one that does not fail is the same bytes as ever.

mod check;

use snapbox::{assert_data_eq, str};

use crate::support::Behaviour::*;
use crate::support::{RetryAfter, Tag, Target};
use check::Mirror::{All, File, Parts, Refused, Tagged};
use check::check;

#[test]
fn a_mirror_that_says_no() {
    let table = check(&[
        ("404", File(&[Status(404)])),
        ("410", File(&[Status(410)])),
        ("403", File(&[Status(403)])),
        ("401", File(&[Status(401)])),
        ("416, whatever is asked", File(&[Status(416)])),
        ("204", File(&[Status(204)])),
        ("500 for ever", File(&[Status(500)])),
        ("500, then fine", File(&[Status(500), Honest])),
        (
            "502, 504, then fine",
            File(&[Status(502), Status(504), Honest]),
        ),
        ("503 for ever", File(&[Status(503)])),
        ("408, then fine", File(&[Status(408), Honest])),
        ("429 for ever", File(&[Status(429)])),
        ("429, then fine", File(&[Status(429), Honest])),
        (
            "429 and 1 s, then fine",
            File(&[Later(429, RetryAfter::Seconds(1)), Honest]),
        ),
        (
            "503 and a date, then fine",
            File(&[Later(503, RetryAfter::DateIn(2)), Honest]),
        ),
        (
            "429 and an hour",
            File(&[Later(429, RetryAfter::Seconds(3600)), Honest]),
        ),
        (
            "429 and a date in an hour",
            File(&[Later(429, RetryAfter::DateIn(3600)), Honest]),
        ),
        (
            "429 and for ever",
            File(&[Later(429, RetryAfter::Seconds(u64::MAX)), Honest]),
        ),
        (
            "429 and no time",
            File(&[Later(429, RetryAfter::Malformed), Honest]),
        ),
    ]);
    assert_data_eq!(
        table,
        str![[r#"
404
  alone: answered 404 Not Found (whole)
  beside an honest one: builds (whole)
410
  alone: answered 410 Gone (whole)
  beside an honest one: builds (whole)
403
  alone: answered 403 Forbidden (whole)
  beside an honest one: builds (whole)
401
  alone: answered 401 Unauthorized (whole)
  beside an honest one: builds (whole)
416, whatever is asked
  alone: answered 416 Range Not Satisfiable (2 x whole)
  beside an honest one: builds (2 x whole)
204
  alone: expected [size] bytes, found 0 bytes (whole)
  beside an honest one: builds, warning: expected [size] bytes, found 0 bytes (whole)
500 for ever
  alone: answered 500 Internal Server Error (asked 3 times) (3 x whole)
  beside an honest one: builds (whole)
500, then fine
  alone: builds (2 x whole)
  beside an honest one: builds (whole)
502, 504, then fine
  alone: builds (3 x whole)
  beside an honest one: builds (whole)
503 for ever
  alone: answered 503 Service Unavailable (asked 3 times) (3 x whole)
  beside an honest one: builds (whole)
408, then fine
  alone: builds (2 x whole)
  beside an honest one: builds (whole)
429 for ever
  alone: answered 429 Too Many Requests (asked 3 times) (3 x whole)
  beside an honest one: builds (whole)
429, then fine
  alone: builds (2 x whole)
  beside an honest one: builds (whole)
429 and 1 s, then fine
  alone: builds (2 x whole)
  beside an honest one: builds (whole)
503 and a date, then fine
  alone: builds (2 x whole)
  beside an honest one: builds (whole)
429 and an hour
  alone: answered 429 Too Many Requests, to be asked again in [hour] s (whole)
  beside an honest one: builds (whole)
429 and a date in an hour
  alone: answered 429 Too Many Requests, to be asked again in [hour] s (whole)
  beside an honest one: builds (whole)
429 and for ever
  alone: answered 429 Too Many Requests, to be asked again in 18446744073709551615 s (whole)
  beside an honest one: builds (whole)
429 and no time
  alone: builds (2 x whole)
  beside an honest one: builds (whole)

"#]]
    );
}

#[test]
fn a_mirror_that_sends_elsewhere() {
    let table = check(&[
        ("redirect to itself", File(&[Redirect(Target::Itself)])),
        ("redirects without end", File(&[Redirect(Target::Onward)])),
        (
            "redirect to a relative reference",
            File(&[Redirect(Target::Relative)]),
        ),
        (
            "redirect to nobody",
            File(&[Redirect(Target::Address("http://127.0.0.1:1/a.deb"))]),
        ),
        (
            "redirect to a file",
            File(&[Redirect(Target::Address("file:///etc/os-release"))]),
        ),
        (
            "redirect to FTP",
            File(&[Redirect(Target::Address("ftp://mirror.example/a.deb"))]),
        ),
        (
            "redirect to no address",
            File(&[Redirect(Target::Address("http://["))]),
        ),
        ("redirect to nowhere", File(&[Redirect(Target::Missing)])),
    ]);
    assert_data_eq!(
        table,
        str![[r#"
redirect to itself
  alone: too many redirects (11 x whole)
  beside an honest one: builds (11 x whole)
redirects without end
  alone: too many redirects (11 x whole)
  beside an honest one: builds (11 x whole)
redirect to a relative reference
  alone: builds (2 x whole)
  beside an honest one: builds (2 x whole)
redirect to nobody
  alone: Connection refused (os error 111) (asked 3 times) (6 x whole)
  beside an honest one: builds (2 x whole)
redirect to a file
  alone: answered 302 Found (whole)
  beside an honest one: builds (whole)
redirect to FTP
  alone: URL scheme is not allowed (whole)
  beside an honest one: builds (whole)
redirect to no address
  alone: answered 302 Found (whole)
  beside an honest one: builds (whole)
redirect to nowhere
  alone: answered 302 Found (whole)
  beside an honest one: builds (whole)

"#]]
    );
}

#[test]
fn a_mirror_that_gives_other_bytes() {
    let table = check(&[
        ("one bit is another", File(&[Flipped])),
        ("every byte is another", File(&[Replaced])),
        ("too short", File(&[Short])),
        ("too long", File(&[Long])),
        ("compressed without being asked", File(&[Gzipped])),
        ("endless", File(&[Endless])),
        ("endless in chunks", File(&[EndlessChunks])),
        ("part of it, unasked", File(&[PartUnasked])),
        ("without a length", File(&[WithoutLength])),
        ("in chunks", File(&[Chunks])),
    ]);
    assert_data_eq!(
        table,
        str![[r#"
one bit is another
  alone: expected [digest], found [another] (whole)
  beside an honest one: builds, warning: expected [digest], found [another] (whole)
every byte is another
  alone: expected [digest], found [another] (whole)
  beside an honest one: builds, warning: expected [digest], found [another] (whole)
too short
  alone: expected [size] bytes, found [half] bytes (whole)
  beside an honest one: builds, warning: expected [size] bytes, found [half] bytes (whole)
too long
  alone: expected [size] bytes, found [size + 1] bytes (whole)
  beside an honest one: builds, warning: expected [size] bytes, found [size + 1] bytes (whole)
compressed without being asked
  alone: expected [size] bytes, found [some] bytes (whole)
  beside an honest one: builds, warning: expected [size] bytes, found [some] bytes (whole)
endless
  alone: expected [size] bytes, found more (whole)
  beside an honest one: builds, warning: expected [size] bytes, found more (whole)
endless in chunks
  alone: expected [size] bytes, found more (whole)
  beside an honest one: builds, warning: expected [size] bytes, found more (whole)
part of it, unasked
  alone: gave another part than was asked for (2 x whole)
  beside an honest one: builds (2 x whole)
without a length
  alone: builds (whole)
  beside an honest one: builds (whole)
in chunks
  alone: builds (whole)
  beside an honest one: builds (whole)

"#]]
    );
}

#[test]
fn a_mirror_that_breaks_off() {
    let table = check(&[
        ("closes instead of an answer", File(&[Closed])),
        ("closes once", File(&[Closed, Honest])),
        ("resets instead of an answer", File(&[Reset])),
        ("resets once", File(&[Reset, Honest])),
        ("ends in the middle", File(&[Cut])),
        ("ends in the middle once", File(&[Cut, Honest])),
        ("resets in the middle", File(&[CutByReset])),
        ("resets in the middle once", File(&[CutByReset, Honest])),
        ("ends in the middle of chunks", File(&[CutChunks])),
        (
            "ends in the middle of chunks once",
            File(&[CutChunks, Honest]),
        ),
        (
            "ends in the middle without a length",
            File(&[CutWithoutLength]),
        ),
        (
            "ends in the middle without a length once",
            File(&[CutWithoutLength, Honest]),
        ),
        (
            "fails in the middle, then 503, then goes on",
            File(&[Cut, Status(503), Honest]),
        ),
        ("fails in the middle, then 404", File(&[Cut, Status(404)])),
    ]);
    assert_data_eq!(
        table,
        str![[r#"
closes instead of an answer
  alone: connection closed before message completed (asked 3 times) (3 x whole)
  beside an honest one: builds (whole)
closes once
  alone: builds (2 x whole)
  beside an honest one: builds (whole)
resets instead of an answer
  alone: Connection reset by peer (os error 104) (asked 3 times) (3 x whole)
  beside an honest one: builds (whole)
resets once
  alone: builds (2 x whole)
  beside an honest one: builds (whole)
ends in the middle
  alone: end of file before message length reached (asked 3 times) (whole, 3 x rest if unchanged)
  beside an honest one: builds (whole, rest if unchanged)
ends in the middle once
  alone: builds (whole, rest if unchanged)
  beside an honest one: builds (whole, rest if unchanged)
resets in the middle
  alone: Connection reset by peer (os error 104) (asked 3 times) (whole, 3 x rest if unchanged)
  beside an honest one: builds (whole, rest if unchanged)
resets in the middle once
  alone: builds (whole, rest if unchanged)
  beside an honest one: builds (whole, rest if unchanged)
ends in the middle of chunks
  alone: ended [half] bytes too early (asked 3 times) (whole, 3 x rest if unchanged)
  beside an honest one: builds (whole, rest if unchanged)
ends in the middle of chunks once
  alone: builds (whole, rest if unchanged)
  beside an honest one: builds (whole, rest if unchanged)
ends in the middle without a length
  alone: ended [half] bytes too early (asked 3 times) (whole, 3 x rest if unchanged)
  beside an honest one: builds (whole, rest if unchanged)
ends in the middle without a length once
  alone: builds (whole, rest if unchanged)
  beside an honest one: builds (whole, rest if unchanged)
fails in the middle, then 503, then goes on
  alone: builds (whole, 2 x rest if unchanged)
  beside an honest one: builds (whole, rest if unchanged)
fails in the middle, then 404
  alone: answered 404 Not Found (whole, rest if unchanged)
  beside an honest one: builds (whole, rest if unchanged)

"#]]
    );
}

#[test]
fn a_mirror_that_falls_silent() {
    let table = check(&[
        ("does not answer", File(&[Hang])),
        ("answers by drops", File(&[HeadByDrops])),
        ("stops in the middle", File(&[Stall])),
        ("stops in the middle once", File(&[Stall, Honest])),
        ("gives the rest by drops", File(&[Drops])),
        ("gives the rest by drops once", File(&[Drops, Honest])),
    ]);
    assert_data_eq!(
        table,
        str![[r#"
does not answer
  alone: operation timed out (whole)
  beside an honest one: builds (whole)
answers by drops
  alone: operation timed out (whole)
  beside an honest one: builds (whole)
stops in the middle
  alone: operation timed out (whole, rest if unchanged)
  beside an honest one: builds (whole)
stops in the middle once
  alone: builds (whole, rest if unchanged)
  beside an honest one: builds (whole)
gives the rest by drops
  alone: less than 1024 bytes per second (asked 3 times) (whole, 2 x some rest if unchanged)
  beside an honest one: builds (whole)
gives the rest by drops once
  alone: builds (whole, some rest if unchanged)
  beside an honest one: builds (whole)

"#]]
    );
}

#[test]
fn a_mirror_that_cannot_go_on_where_it_broke_off() {
    let table = check(&[
        ("ranges ignored", Parts(&[Cut, Honest], &[Whole])),
        (
            "ranges ignored, always broken off",
            Parts(&[Cut], &[Cut, Whole]),
        ),
        (
            "ranges refused by 416",
            Parts(&[Cut, Honest], &[Status(416)]),
        ),
        (
            "ranges refused by 416, always broken off",
            Parts(&[Cut], &[Status(416)]),
        ),
        ("another range", Parts(&[Cut, Honest], &[OtherRange])),
        (
            "another range, always broken off",
            Parts(&[Cut], &[OtherRange]),
        ),
        (
            "the range of a longer file",
            Parts(&[Cut, Honest], &[OtherLength]),
        ),
        (
            "a range without a name",
            Parts(&[Cut, Honest], &[NoContentRange]),
        ),
        (
            "the first half for the second",
            Parts(&[Cut, Honest], &[PartUnasked]),
        ),
        ("a broken range", Parts(&[Cut, Honest], &[Cut])),
        (
            "a range of other bytes",
            Parts(&[Cut, Honest], &[ReplacedUnderOneTag]),
        ),
        ("an endless range", Parts(&[Cut, Honest], &[Endless])),
    ]);
    assert_data_eq!(
        table,
        str![[r#"
ranges ignored
  alone: builds (whole, rest if unchanged)
  beside an honest one: builds (whole, rest if unchanged)
ranges ignored, always broken off
  alone: builds (whole, 2 x rest if unchanged)
  beside an honest one: builds (whole, rest if unchanged)
ranges refused by 416
  alone: builds (whole, rest if unchanged, whole)
  beside an honest one: builds (whole, rest if unchanged, whole)
ranges refused by 416, always broken off
  alone: end of file before message length reached (asked 3 times) (whole, rest if unchanged, whole, rest if unchanged, whole, rest if unchanged, whole)
  beside an honest one: builds (whole, rest if unchanged, whole)
another range
  alone: builds (whole, rest if unchanged, whole)
  beside an honest one: builds (whole, rest if unchanged, whole)
another range, always broken off
  alone: end of file before message length reached (asked 3 times) (whole, rest if unchanged, whole, rest if unchanged, whole, rest if unchanged, whole)
  beside an honest one: builds (whole, rest if unchanged, whole)
the range of a longer file
  alone: builds (whole, rest if unchanged, whole)
  beside an honest one: builds (whole, rest if unchanged, whole)
a range without a name
  alone: builds (whole, rest if unchanged, whole)
  beside an honest one: builds (whole, rest if unchanged, whole)
the first half for the second
  alone: builds (whole, rest if unchanged, whole)
  beside an honest one: builds (whole, rest if unchanged, whole)
a broken range
  alone: end of file before message length reached (asked 3 times) (whole, 3 x rest if unchanged)
  beside an honest one: builds (whole, rest if unchanged)
a range of other bytes
  alone: builds (whole, rest if unchanged, whole)
  beside an honest one: builds (whole, rest if unchanged, whole)
an endless range
  alone: builds (whole, rest if unchanged, whole)
  beside an honest one: builds (whole, rest if unchanged, whole)

"#]]
    );
}

#[test]
fn a_mirror_whose_file_changes_meanwhile() {
    let table = check(&[
        ("replaced by another", File(&[Cut, Replaced])),
        ("replaced under one tag", File(&[Cut, ReplacedUnderOneTag])),
        (
            "replaced without a tag",
            Tagged(Tag::Missing, &[Cut, Replaced]),
        ),
        (
            "replaced under a weak tag",
            Tagged(Tag::Weak, &[Cut, Replaced]),
        ),
        (
            "another replaced by the right one",
            File(&[CutReplaced, Honest]),
        ),
        (
            "another replaced by the right one without a tag",
            Tagged(Tag::Missing, &[CutReplaced, Honest]),
        ),
        ("another and always broken off", File(&[CutReplaced])),
    ]);
    assert_data_eq!(
        table,
        str![[r#"
replaced by another
  alone: expected [digest], found [another] (whole, rest if unchanged)
  beside an honest one: builds, warning: expected [digest], found [another] (whole, rest if unchanged)
replaced under one tag
  alone: expected [digest], found [another] (whole, rest if unchanged, whole)
  beside an honest one: builds, warning: expected [digest], found [another] (whole, rest if unchanged, whole)
replaced without a tag
  alone: expected [digest], found [another] (whole, rest, whole)
  beside an honest one: builds, warning: expected [digest], found [another] (whole, rest, whole)
replaced under a weak tag
  alone: expected [digest], found [another] (whole, rest, whole)
  beside an honest one: builds, warning: expected [digest], found [another] (whole, rest, whole)
another replaced by the right one
  alone: builds (whole, rest if unchanged)
  beside an honest one: builds (whole, rest if unchanged)
another replaced by the right one without a tag
  alone: builds (whole, rest, whole)
  beside an honest one: builds (whole, rest, whole)
another and always broken off
  alone: end of file before message length reached (asked 3 times) (whole, 3 x rest if unchanged)
  beside an honest one: builds (whole, rest if unchanged)

"#]]
    );
}

#[test]
fn a_mirror_that_does_not_speak_http() {
    let table = check(&[
        ("another protocol", File(&[Garbage])),
        ("chunks of no length", File(&[GarbageChunks])),
        ("two lengths", File(&[TwoLengths])),
        ("an endless head", File(&[EndlessHead])),
    ]);
    assert_data_eq!(
        table,
        str![[r#"
another protocol
  alone: invalid HTTP version parsed (asked 3 times) (3 x whole)
  beside an honest one: builds (whole)
chunks of no length
  alone: ended [half] bytes too early (asked 3 times) (whole, 3 x rest if unchanged)
  beside an honest one: builds (whole, rest if unchanged)
two lengths
  alone: invalid content-length parsed (asked 3 times) (3 x whole)
  beside an honest one: builds (whole)
an endless head
  alone: message head is too large (asked 3 times) (3 x whole)
  beside an honest one: builds (whole)

"#]]
    );
}

#[test]
fn a_mirror_that_is_not_there() {
    let table = check(&[
        ("nobody listens", Refused),
        ("nothing is answered", All(Hang)),
        ("every connection is reset", All(Reset)),
        ("everything is 503", All(Status(503))),
        (
            "everything is a redirect to itself",
            All(Redirect(Target::Itself)),
        ),
        ("everything is another protocol", All(Garbage)),
    ]);
    assert_data_eq!(
        table,
        str![[r#"
nobody listens
  alone: Connection refused (os error 111)
  beside an honest one: builds
nothing is answered
  alone: operation timed out (whole)
  beside an honest one: builds
every connection is reset
  alone: Connection reset by peer (os error 104) (asked 3 times) (3 x whole)
  beside an honest one: builds
everything is 503
  alone: answered 503 Service Unavailable (asked 3 times) (3 x whole)
  beside an honest one: builds
everything is a redirect to itself
  alone: too many redirects (11 x whole)
  beside an honest one: builds
everything is another protocol
  alone: invalid HTTP version parsed (asked 3 times) (3 x whole)
  beside an honest one: builds

"#]]
    );
}
