//! Whether a suite's `Release` is the one that was asked for, and still to be believed.
//!
//! A good signature says that Debian made a file once. It does not say that the file is of the suite
//! that was asked for, nor that it is not an old one: whoever serves last year's file withholds a
//! year's repairs. So these must be right, too: Origin, Codename, Date not in the future and not
//! before the one of the lock, Valid-Until where there is one (the security suites have one).

use std::time::{Duration, SystemTime};

use super::release::Release;

/// Debian writes it itself; derived distributions write their own.
const ORIGIN: &str = "Debian";

/// By how much the clock of this host may be slow, as for the signature itself.
const SLOW_CLOCK: Duration = Duration::from_secs(signatures::CLOCK_TOLERANCE);

/// What was asked for, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// `trixie-security`: a codename, never `stable`, which means another one every two years.
    pub(super) suite: &'a str,
    /// By the clock of this host.
    pub(super) now: SystemTime,
    /// The date of the one that was believed last.
    pub(super) newest: Option<SystemTime>,
}

/// The dates of a file that is the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dates {
    /// When it was made.
    pub(super) date: SystemTime,
    /// The day it had to be replaced, where that is past.
    pub(super) expired: Option<SystemTime>,
}

/// Why a signed file is not the right one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// Somebody else's.
    #[error("its origin is {}, not `{ORIGIN}`", shown(.0))]
    Origin(Option<String>),
    /// Of another suite.
    #[error("its codename is {}, not `{wanted}`", shown(.found))]
    Codename {
        /// As asked for.
        wanted: String,
        /// As signed.
        found: Option<String>,
    },
    /// Without a date nobody can tell how old it is.
    #[error("it has no `Date`")]
    NoDate,
    /// Not in the form that Debian writes.
    #[error("its `{field}` is no date: `{text}`")]
    NotADate {
        /// `Date` or `Valid-Until`.
        field: &'static str,
        /// As signed.
        text: String,
    },
    /// Made after now.
    #[error("it is of {}, and the clock of this host says {}", time(.date), time(.now))]
    Future {
        /// As signed.
        date: SystemTime,
        /// By the clock.
        now: SystemTime,
    },
    /// Debian has made a newer one, which was seen before.
    #[error("it is of {}, older than the one of {} that `versions.lock` was written from", time(.date), time(.newest))]
    Older {
        /// As signed.
        date: SystemTime,
        /// By the lock.
        newest: SystemTime,
    },
}

/// Compares what was signed with what was asked for.
pub(super) fn accept(release: &Release, wanted: Wanted<'_>) -> Result<Dates, Refusal> {
    if release.origin.as_deref() != Some(ORIGIN) {
        return Err(Refusal::Origin(release.origin.clone()));
    }
    if release.codename.as_deref() != Some(wanted.suite) {
        return Err(Refusal::Codename {
            wanted: wanted.suite.to_owned(),
            found: release.codename.clone(),
        });
    }
    let date = release.date.as_deref().ok_or(Refusal::NoDate)?;
    let date = parse_date("Date", date)?;
    let now = wanted.now;
    if date > now + SLOW_CLOCK {
        return Err(Refusal::Future { date, now });
    }
    if let Some(newest) = wanted.newest.filter(|newest| date < *newest) {
        return Err(Refusal::Older { date, newest });
    }
    let until = release.valid_until.as_deref();
    let until = until.map(|text| parse_date("Valid-Until", text));
    Ok(Dates {
        date,
        expired: until.transpose()?.filter(|until| *until < now),
    })
}

/// Debian writes the dates of HTTP with `UTC` for `GMT`.
fn parse_date(field: &'static str, text: &str) -> Result<SystemTime, Refusal> {
    let utc = text.strip_suffix(" UTC").map(|text| format!("{text} GMT"));
    httpdate::parse_http_date(utc.as_deref().unwrap_or(text)).map_err(|_| Refusal::NotADate {
        field,
        text: super::control::excerpt(text),
    })
}

fn shown(found: &Option<String>) -> String {
    match found {
        Some(text) => format!("`{}`", super::control::excerpt(text)),
        None => "not named".to_owned(),
    }
}

fn time(time: &SystemTime) -> humantime::Rfc3339Timestamp {
    humantime::format_rfc3339_seconds(*time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SystemTime {
        humantime::parse_rfc3339(text).unwrap()
    }

    fn text() -> String {
        "Origin: Debian\nCodename: trixie-security\nDate: Sat, 21 Nov 2026 00:53:03 UTC\n\
         Valid-Until: Sat, 28 Nov 2026 00:53:03 UTC\nSHA256:\n"
            .to_owned()
    }

    fn judge(text: &str, now: &str, newest: Option<&str>) -> Result<Dates, String> {
        let wanted = Wanted {
            suite: "trixie-security",
            now: at(now),
            newest: newest.map(at),
        };
        accept(&Release::parse(text).unwrap(), wanted).map_err(|error| error.to_string())
    }

    #[test]
    fn dates_decide_until_when_a_file_is_believed() {
        let made = at("2026-11-21T00:53:03Z");
        let fresh = Dates {
            date: made,
            expired: None,
        };
        let table = [
            ("2026-11-23T00:00:00Z", None, Ok(fresh)),
            (
                "2026-11-28T00:53:03Z",
                Some("2026-11-21T00:53:03Z"),
                Ok(fresh),
            ),
            // An hour is what a slow clock may lack.
            ("2026-11-20T23:53:03Z", None, Ok(fresh)),
            (
                "2026-11-20T23:53:02Z",
                None,
                Err(
                    "it is of 2026-11-21T00:53:03Z, and the clock of this host says 2026-11-20T23:53:02Z",
                ),
            ),
            (
                "2026-11-28T00:53:04Z",
                None,
                Ok(Dates {
                    date: made,
                    expired: Some(at("2026-11-28T00:53:03Z")),
                }),
            ),
            (
                "2026-11-23T00:00:00Z",
                Some("2026-11-21T00:53:04Z"),
                Err(
                    "it is of 2026-11-21T00:53:03Z, older than the one of 2026-11-21T00:53:04Z that `versions.lock` was written from",
                ),
            ),
        ];
        for (now, newest, expected) in table {
            let expected = expected.map_err(str::to_owned);
            assert_eq!(judge(&text(), now, newest), expected, "{now} {newest:?}");
        }
    }

    #[test]
    fn another_file_of_debian_is_not_the_one() {
        let table = [
            (
                "Origin: Debian",
                "Origin: Ubuntu",
                "its origin is `Ubuntu`, not `Debian`",
            ),
            (
                "Origin: Debian\n",
                "",
                "its origin is not named, not `Debian`",
            ),
            (
                "Codename: trixie-security",
                "Codename: trixie",
                "its codename is `trixie`, not `trixie-security`",
            ),
            (
                "Codename: trixie-security",
                "Suite: trixie-security",
                "its codename is not named, not `trixie-security`",
            ),
            (
                "Date: Sat, 21 Nov 2026 00:53:03 UTC\n",
                "",
                "it has no `Date`",
            ),
            (
                "Date: Sat, 21 Nov 2026 00:53:03 UTC",
                "Date: soon",
                "its `Date` is no date: `soon`",
            ),
            (
                "Valid-Until: Sat, 28 Nov 2026 00:53:03 UTC",
                "Valid-Until: x",
                "its `Valid-Until` is no date: `x`",
            ),
        ];
        for (from, to, message) in table {
            let text = text().replace(from, to);
            let verdict = judge(&text, "2026-11-23T00:00:00Z", None);
            assert_eq!(verdict, Err(message.to_owned()), "{to}");
        }
    }
}
