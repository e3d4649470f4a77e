//! Histories that must be taken, and such that must be refused: made by hand and by a model.

use proptest::prelude::*;

use super::model;
use super::{Violation, check, unread};
use crate::chaos::history::{
    Created, Event, Found, Moment, Operation, OperationId, Outcome, Stat, Zxid,
};

fn stat(made: i64, written: i64, version: i32) -> Stat {
    Stat {
        czxid: Zxid(made),
        mzxid: Zxid(written),
        version,
    }
}

/// Operation `number` of `client`, from `10 * start` to `10 * end`, answered at a transaction.
fn told(
    (client, number): (u32, u32),
    (start, end): (u64, u64),
    zxid: i64,
    operation: Operation,
) -> Event {
    Event {
        id: OperationId { client, number },
        session: i64::from(client),
        auditor_of: None,
        start: Moment(start * 10),
        end: Moment(end * 10),
        zxid: Zxid(zxid),
        operation,
    }
}

fn make(stat: Stat) -> Operation {
    Operation::Create {
        path: "/r".to_owned(),
        sequential: false,
        outcome: Outcome::Done(Created {
            path: "/r".to_owned(),
            stat,
        }),
    }
}

fn append(number: u32, zxid: i64) -> Operation {
    Operation::Create {
        path: "/q/n-".to_owned(),
        sequential: true,
        outcome: Outcome::Done(Created {
            path: format!("/q/n-{number:010}"),
            stat: stat(zxid, zxid, 0),
        }),
    }
}

fn append_unknown() -> Operation {
    Operation::Create {
        path: "/q/n-".to_owned(),
        sequential: true,
        outcome: Outcome::Unknown("ConnectionLoss".to_owned()),
    }
}

fn set(outcome: Outcome<Stat>) -> Operation {
    Operation::Set {
        path: "/r".to_owned(),
        expected: None,
        outcome,
    }
}

fn set_if(version: i32, outcome: Outcome<Stat>) -> Operation {
    Operation::Set {
        path: "/r".to_owned(),
        expected: Some(version),
        outcome,
    }
}

fn lost<T>() -> Outcome<T> {
    Outcome::Unknown("ConnectionLoss".to_owned())
}

fn get(value: &str, stat: Stat) -> Operation {
    Operation::Get {
        path: "/r".to_owned(),
        outcome: Outcome::Done(Some(Found {
            value: value.to_owned(),
            stat,
        })),
    }
}

fn get_nothing(path: &str) -> Operation {
    Operation::Get {
        path: path.to_owned(),
        outcome: Outcome::Done(None),
    }
}

fn list(numbers: &[u32]) -> Operation {
    Operation::Children {
        path: "/q".to_owned(),
        outcome: Outcome::Done(numbers.iter().map(|one| format!("n-{one:010}")).collect()),
    }
}

fn delete(number: u32, outcome: Outcome<()>) -> Operation {
    Operation::Delete {
        path: format!("/q/n-{number:010}"),
        outcome,
    }
}

fn sync() -> Operation {
    Operation::Sync {
        path: "/r".to_owned(),
        outcome: Outcome::Done(()),
    }
}

/// Client 0 has made `/r` as transaction 1, in no time.
fn after_make(rest: impl IntoIterator<Item = Event>) -> Vec<Event> {
    let mut history = vec![told((0, 0), (0, 1), 1, make(stat(1, 1, 0)))];
    history.extend(rest);
    history
}

/// What is refused must be refused for this and for nothing else.
fn only(history: &[Event], expected: fn(&Violation) -> bool) {
    let violations = check(history);
    assert!(
        !violations.is_empty() && violations.iter().all(expected),
        "{violations:#?}"
    );
}

fn fine(history: &[Event]) {
    let violations = check(history);
    assert!(violations.is_empty(), "{violations:#?}");
}

#[test]
fn writes_and_reads_in_their_order() {
    fine(&after_make([
        told((1, 0), (2, 5), 2, set(Outcome::Done(stat(1, 2, 1)))),
        // At the same time, on a server that has not heard of it yet, then on one that has.
        told((2, 0), (3, 6), 1, get("0-0", stat(1, 1, 0))),
        told((2, 1), (6, 7), 2, get("1-0", stat(1, 2, 1))),
        told((1, 1), (6, 8), 3, set_if(1, Outcome::Done(stat(1, 3, 2)))),
        // A stale read is allowed,
        told((3, 0), (9, 10), 2, get("1-0", stat(1, 2, 1))),
        // and a sync puts an end to it.
        told((3, 1), (11, 12), 3, sync()),
        told((3, 2), (13, 14), 3, get("1-1", stat(1, 3, 2))),
    ]));
}

#[test]
fn a_write_without_an_answer_may_have_happened_or_not_or_later() {
    let unknown = || told((1, 0), (2, 5), 1, set(lost()));
    fine(&after_make([unknown()]));
    fine(&after_make([
        unknown(),
        told((2, 0), (8, 9), 4, get("1-0", stat(1, 3, 1))),
    ]));
    // Overwritten before anybody saw it: a version is missing.
    fine(&after_make([
        unknown(),
        told((2, 0), (8, 9), 4, set(Outcome::Done(stat(1, 4, 2)))),
    ]));
    fine(&[
        told((1, 0), (2, 3), 1, append_unknown()),
        told((2, 0), (4, 5), 2, append(1, 2)),
        told((2, 1), (6, 7), 2, list(&[0, 1])),
    ]);
}

#[test]
fn an_acknowledged_value_is_lost() {
    only(
        &after_make([
            told((1, 0), (2, 5), 2, set(Outcome::Done(stat(1, 2, 1)))),
            told((2, 0), (8, 9), 3, get("0-0", stat(1, 1, 0))),
        ]),
        |violation| matches!(violation, Violation::NotTheState { newer: Zxid(2), .. }),
    );
}

#[test]
fn an_acknowledged_node_is_lost() {
    let made = || told((1, 0), (2, 5), 2, append(0, 2));
    let lost = |violation: &Violation| matches!(violation, Violation::Lost { since: Zxid(2), .. });
    only(&[made(), told((2, 0), (8, 9), 3, list(&[]))], lost);
    let gone = get_nothing("/q/n-0000000000");
    only(&[made(), told((2, 0), (8, 9), 3, gone)], lost);
    // On a server that has not come so far it is only not yet there.
    fine(&[made(), told((2, 0), (8, 9), 1, list(&[]))]);
}

#[test]
fn a_node_that_was_seen_is_lost_even_if_nobody_promised_it() {
    only(
        &[
            told((1, 0), (2, 5), 1, append_unknown()),
            told((2, 0), (6, 7), 3, list(&[0])),
            told((2, 1), (8, 9), 4, list(&[])),
        ],
        |violation| {
            matches!(
                violation,
                Violation::Lost { .. } | Violation::CameBack { .. }
            )
        },
    );
}

#[test]
fn a_deleted_node_stays_away() {
    let history = |deleted: Outcome<()>, last: &[u32]| {
        [
            told((1, 0), (2, 3), 2, append(0, 2)),
            told((1, 1), (4, 5), 3, delete(0, deleted)),
            told((2, 0), (6, 7), 2, list(&[0])),
            told((2, 1), (8, 9), 3, list(last)),
        ]
    };
    fine(&history(Outcome::Done(()), &[]));
    fine(&history(lost(), &[]));
    fine(&history(lost(), &[0]));
    only(&history(Outcome::Done(()), &[0]), |violation| {
        matches!(violation, Violation::CameBack { gone: Zxid(3), .. })
    });
    // Gone once, gone for good, whoever did it.
    let mut back = history(lost(), &[]).to_vec();
    back.push(told((2, 2), (10, 11), 4, list(&[0])));
    only(&back, |violation| {
        matches!(violation, Violation::CameBack { .. })
    });
    // Nobody had asked for it yet.
    only(
        &[
            told((1, 0), (2, 3), 2, append(0, 2)),
            told((2, 0), (4, 5), 3, list(&[])),
            told((1, 1), (6, 7), 3, delete(0, lost())),
        ],
        |violation| matches!(violation, Violation::Lost { .. }),
    );
}

#[test]
fn a_value_from_nowhere() {
    for value in ["7-7", "", "a-b"] {
        only(
            &after_make([told((2, 0), (8, 9), 3, get(value, stat(1, 2, 1)))]),
            |violation| matches!(violation, Violation::Invented { .. }),
        );
    }
}

#[test]
fn a_value_of_another_node() {
    let mut read = told((2, 0), (8, 9), 3, get("1-0", stat(1, 2, 1)));
    if let Operation::Get { path, .. } = &mut read.operation {
        *path = "/s".to_owned();
    }
    let written = told((1, 0), (2, 3), 2, set(Outcome::Done(stat(1, 2, 1))));
    only(&after_make([written, read]), |violation| {
        matches!(violation, Violation::Invented { .. })
    });
}

#[test]
fn a_value_that_was_refused() {
    let refused = Outcome::Refused("BadVersionError".to_owned());
    only(
        &after_make([
            told((1, 0), (2, 5), 2, set_if(8, refused)),
            told((2, 0), (8, 9), 3, get("1-0", stat(1, 3, 9))),
        ]),
        |violation| matches!(violation, Violation::RefusedButThere { .. }),
    );
}

#[test]
fn a_value_from_the_future() {
    only(
        &after_make([
            told((2, 0), (2, 3), 2, get("1-0", stat(1, 2, 1))),
            told((1, 0), (4, 5), 2, set(lost())),
        ]),
        |violation| matches!(violation, Violation::BeforeItWasAsked { .. }),
    );
}

#[test]
fn one_write_that_happens_twice() {
    only(
        &after_make([
            told((1, 0), (2, 3), 2, set(lost())),
            told((2, 0), (4, 5), 2, get("1-0", stat(1, 2, 1))),
            told((2, 1), (6, 7), 3, get("1-0", stat(1, 3, 2))),
        ]),
        |violation| matches!(violation, Violation::Moved { .. }),
    );
}

#[test]
fn two_values_of_one_transaction() {
    only(
        &after_make([
            told((1, 0), (2, 5), 2, set(lost())),
            told((3, 0), (2, 5), 2, set(lost())),
            told((2, 0), (6, 7), 2, get("1-0", stat(1, 2, 1))),
            told((4, 0), (6, 7), 2, get("3-0", stat(1, 2, 1))),
        ]),
        |violation| matches!(violation, Violation::Contradiction { .. }),
    );
}

#[test]
fn two_acknowledged_writes_with_one_version() {
    only(
        &after_make([
            told((1, 0), (2, 5), 2, set(Outcome::Done(stat(1, 2, 1)))),
            told((2, 0), (2, 5), 3, set(Outcome::Done(stat(1, 3, 1)))),
        ]),
        |violation| matches!(violation, Violation::VersionsOutOfOrder { .. }),
    );
}

#[test]
fn a_version_that_nobody_made() {
    only(
        &after_make([told((1, 0), (2, 5), 3, set(Outcome::Done(stat(1, 3, 2))))]),
        |violation| matches!(violation, Violation::VersionGap { missing: 1, .. }),
    );
    // One that was asked for afterwards explains nothing.
    only(
        &after_make([
            told((1, 0), (2, 5), 3, set(Outcome::Done(stat(1, 3, 2)))),
            told((2, 0), (6, 7), 3, set(lost())),
        ]),
        |violation| matches!(violation, Violation::VersionGap { missing: 1, .. }),
    );
}

#[test]
fn a_condition_that_was_not_kept() {
    only(
        &after_make([told(
            (1, 0),
            (2, 5),
            2,
            set_if(4, Outcome::Done(stat(1, 2, 1))),
        )]),
        |violation| matches!(violation, Violation::WrongVersion { .. }),
    );
    let refused = Outcome::Refused("BadVersionError".to_owned());
    only(
        &after_make([told((1, 0), (2, 5), 2, set_if(0, refused))]),
        |violation| matches!(violation, Violation::ConditionHeld { version: 0, .. }),
    );
}

#[test]
fn a_node_that_is_made_again() {
    only(
        &after_make([
            told((1, 0), (2, 3), 2, set(lost())),
            told((2, 0), (4, 5), 9, get("1-0", stat(8, 9, 1))),
        ]),
        |violation| matches!(violation, Violation::MadeTwice { .. }),
    );
}

#[test]
fn a_client_that_goes_back() {
    only(
        &after_make([
            told((1, 0), (2, 5), 2, set(Outcome::Done(stat(1, 2, 1)))),
            told((2, 0), (6, 7), 2, get("1-0", stat(1, 2, 1))),
            told((2, 1), (8, 9), 1, get("0-0", stat(1, 1, 0))),
        ]),
        |violation| matches!(violation, Violation::WentBack { .. }),
    );
    // Its own write is no longer there.
    only(
        &after_make([
            told((1, 0), (2, 5), 2, set(Outcome::Done(stat(1, 2, 1)))),
            told((1, 1), (8, 9), 1, get("0-0", stat(1, 1, 0))),
        ]),
        |violation| matches!(violation, Violation::WentBack { .. }),
    );
}

#[test]
fn an_answer_behind_its_content() {
    only(
        &after_make([
            told((1, 0), (2, 5), 2, set(Outcome::Done(stat(1, 2, 1)))),
            told((2, 0), (6, 7), 1, get("1-0", stat(1, 2, 1))),
        ]),
        |violation| matches!(violation, Violation::ReplyBehindContent { .. }),
    );
}

#[test]
fn a_write_into_the_past() {
    only(
        &[
            told((1, 0), (2, 3), 5, append(0, 5)),
            told((2, 0), (4, 5), 5, set(Outcome::Done(stat(1, 4, 1)))),
        ],
        |violation| matches!(violation, Violation::WrittenIntoThePast { .. }),
    );
    // Also before what had only been read.
    only(
        &after_make([
            told((1, 0), (2, 3), 5, sync()),
            told((2, 0), (4, 5), 5, set(Outcome::Done(stat(1, 4, 1)))),
        ]),
        |violation| matches!(violation, Violation::WrittenIntoThePast { .. }),
    );
}

#[test]
fn a_sync_that_is_worth_nothing() {
    only(
        &after_make([
            told((1, 0), (2, 3), 2, set(Outcome::Done(stat(1, 2, 1)))),
            told((2, 0), (4, 5), 1, sync()),
            told((2, 1), (6, 7), 1, get("0-0", stat(1, 1, 0))),
        ]),
        |violation| matches!(violation, Violation::StaleAfterSync { zxid: Zxid(2), .. }),
    );
    // The write was not promised when the sync began.
    fine(&after_make([
        told((1, 0), (2, 5), 2, set(Outcome::Done(stat(1, 2, 1)))),
        told((2, 0), (4, 5), 1, sync()),
        told((2, 1), (6, 7), 1, get("0-0", stat(1, 1, 0))),
    ]));
}

#[test]
fn numbers_that_repeat_run_back_or_leave_one_out() {
    let out_of_order =
        |violation: &Violation| matches!(violation, Violation::NumbersOutOfOrder { .. });
    only(
        &[
            told((1, 0), (2, 3), 2, append(1, 2)),
            told((2, 0), (2, 4), 3, append(0, 3)),
        ],
        out_of_order,
    );
    only(
        &[
            told((1, 0), (2, 3), 2, append(0, 2)),
            told((2, 0), (4, 5), 3, append(0, 3)),
        ],
        |violation| matches!(violation, Violation::MadeTwice { .. }),
    );
    only(&[told((1, 0), (2, 3), 2, append(2, 2))], |violation| {
        matches!(violation, Violation::NumberGap { missing: 2, .. })
    });
}

#[test]
fn a_refusal_without_a_reason() {
    let refused = Operation::Create {
        path: "/q/n-".to_owned(),
        sequential: true,
        outcome: Outcome::Refused("NodeExistsError".to_owned()),
    };
    only(&[told((1, 0), (2, 3), 2, refused)], |violation| {
        matches!(violation, Violation::Refusal { .. })
    });
}

#[test]
fn a_name_that_is_taken_by_nobody() {
    let taken = Operation::Create {
        path: "/r".to_owned(),
        sequential: false,
        outcome: Outcome::Refused("NodeExistsError".to_owned()),
    };
    let taken = told((1, 0), (2, 3), 2, taken);
    fine(&after_make([taken.clone()]));
    only(&[taken], |violation| {
        matches!(violation, Violation::Refusal { .. })
    });
}

#[test]
fn a_record_that_cannot_be() {
    only(
        &after_make([
            told((1, 0), (2, 6), 1, sync()),
            told((1, 1), (5, 7), 1, sync()),
        ]),
        |violation| matches!(violation, Violation::Disorder { .. }),
    );
}

#[test]
fn what_was_not_read_at_the_end_is_named() {
    let audit = |number, operation| {
        let mut event = told(
            (9, number),
            (50 + u64::from(number) * 2, 51 + u64::from(number) * 2),
            9,
            operation,
        );
        event.auditor_of = Some("zoo1".to_owned());
        event
    };
    let history = after_make([
        told((1, 0), (2, 3), 2, append(0, 2)),
        audit(0, sync()),
        audit(1, list(&[0])),
    ]);
    let missing: Vec<String> = (unread(&history, &["zoo1"]).iter())
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        missing,
        [
            "nobody read /q/n-0000000000 on zoo1 at the end",
            "nobody read /r on zoo1 at the end"
        ]
    );
    assert_eq!(unread(&history, &["zoo2"]).len(), 3);
    // What was read before the sync is worth nothing.
    let unsynced: Vec<Event> = history
        .into_iter()
        .filter(|event| !matches!(event.operation, Operation::Sync { .. }))
        .collect();
    assert_eq!(unread(&unsynced, &["zoo1"]).len(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn what_the_model_shows_is_taken(seed: u64, steps in 10..1500_usize) {
        let history = model::history(seed, steps);
        let mut violations = check(&history);
        violations.extend(unread(&history, &model::SERVERS));
        prop_assert!(violations.is_empty(), "{violations:#?}");
    }
}
