//! A good history that three clients of three real servers recorded while the leader was killed, changed in
//! one place at a time: each rule must see the change that it is for.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::model::SERVERS;
use super::{Violation, check, unread};
use crate::chaos::history::{End, Event, Line, line};

const RECORDED: &str = include_str!("recorded.jsonl");

/// The rules, to see that none is left out.
const RULES: &str = include_str!("violation.rs");

/// A change of the record, and the broken promise that it shows.
struct Tampering {
    name: &'static str,
    rule: &'static str,
    edits: Vec<Edit>,
}

/// A change of one operation, by the value that names it.
enum Edit {
    Drop(&'static str),
    Put(&'static str, &'static str, Value),
}

use Edit::{Drop, Put};

/// The number of a transaction before the kill.
const fn before(counter: i64) -> i64 {
    (1 << 32) + counter
}

#[rustfmt::skip]
fn tamperings() -> Vec<Tampering> {
    const OUTCOME: &str = "/operation/outcome";
    const DONE: &str = "/operation/outcome/done";
    let of = |rule, name, edits| Tampering { name, rule, edits };
    vec![
        of("Disorder", "one operation twice",
            vec![Put("2-8", "/number", json!(7))]),
        of("Refusal", "a read is refused for no reason",
            vec![Put("1-0", OUTCOME, json!({"refused": "NoAuthError"}))]),
        of("ConditionHeld", "a condition that held is refused",
            vec![Put("1-12", "/operation/expected", json!(3))]),
        of("Invented", "a value of nobody",
            vec![Put("2-8", "/operation/outcome/done/value", json!("9-9"))]),
        of("Invented", "a write that was read is not in the record",
            vec![Drop("2-11")]),
        of("RefusedButThere", "the value of a refused write",
            vec![Put("1-16", "/operation/outcome/done/value", json!("1-12"))]),
        of("BeforeItWasAsked", "the value of a later write",
            vec![Put("2-2", "/operation/outcome/done/value", json!("2-11"))]),
        of("Moved", "the value of an earlier write in the place of a later one",
            vec![Put("1-16", "/operation/outcome/done/value", json!("2-1"))]),
        of("Contradiction", "two acknowledged writes are one transaction",
            vec![Put("1-12", OUTCOME, json!({"done":
                {"czxid": before(0xa), "mzxid": before(0x27), "version": 3}}))]),
        of("MadeTwice", "two sequential nodes have one name",
            vec![Put("2-10", "/operation/outcome/done/path", json!("/chaos/a/q/n-0000000004"))]),
        of("WrongVersion", "a conditional write makes another version",
            vec![Put("1-5", "/operation/outcome/done/version", json!(2))]),
        of("VersionsOutOfOrder", "two writes make one version",
            vec![Put("3-1", "/operation/outcome/done/version", json!(1))]),
        of("VersionGap", "somebody else has written",
            vec![Drop("1-5")]),
        of("NumbersOutOfOrder", "the later node has the smaller number",
            vec![Put("2-10", "/operation/outcome/done/path", json!("/chaos/a/q/n-0000000006")),
                Put("3-10", "/operation/outcome/done/path", json!("/chaos/a/q/n-0000000005"))]),
        of("NumberGap", "somebody else has made a node",
            vec![Drop("1-14")]),
        of("ReplyBehindContent", "an answer is older than the value in it",
            vec![Put("2-2", "/zxid", json!(before(0x16)))]),
        of("WentBack", "a session goes back",
            vec![Put("1-10", "/zxid", json!(before(0x20)))]),
        of("WrittenIntoThePast", "somebody knew of a transaction before it was asked for",
            vec![Put("2-14", "/zxid", json!(before(0x2a)))]),
        of("StaleAfterSync", "a read after a sync lacks what was acknowledged before",
            vec![Put("2-7", "/zxid", json!(before(0x1e))), Put("2-8", "/zxid", json!(before(0x1e)))]),
        of("NotTheState", "an acknowledged write is lost, the value before it is there",
            vec![Put("1-28", DONE, json!({"value": "2-11", "stat":
                {"czxid": before(0xa), "mzxid": before(0x27), "version": 3}}))]),
        of("Lost", "a node is not there on one server at the end",
            vec![Put("1000-5", DONE, json!(null))]),
        of("Lost", "a node is in no listing of one server at the end",
            vec![Put("1001-12", DONE, json!([]))]),
        of("CameBack", "a deleted node is listed",
            vec![Put("1000-12", "/operation/outcome/done/2", json!("n-0000000002"))]),
        of("NotYetMade", "a node is listed before it is made",
            vec![Put("1-27", "/operation/outcome/done/9", json!("n-0000000010"))]),
        of("NotAudited", "a node is not read on one server at the end",
            vec![Drop("1001-20")]),
    ]
}

fn recorded() -> Vec<Event> {
    (RECORDED.lines())
        .filter_map(|text| match line(text).unwrap() {
            Line::Event(event) => Some(*event),
            Line::Ready(_) => None,
        })
        .collect()
}

fn apply(edit: Edit, history: &mut Vec<Event>) {
    let (Drop(name) | Put(name, ..)) = edit;
    let index = (history.iter()).position(|event| event.id.to_string() == name);
    let index = index.unwrap_or_else(|| panic!("no {name}"));
    match edit {
        Drop(_) => drop(history.remove(index)),
        Put(_, place, new) => {
            let mut event = serde_json::to_value(&history[index]).unwrap();
            let old = event.pointer_mut(place);
            let old = old.unwrap_or_else(|| panic!("no {place} in {name}"));
            assert_ne!(*old, new, "{place} of {name} is the same");
            *old = new;
            history[index] = serde_json::from_value(event).unwrap();
        }
    }
}

/// All that is wrong, with the names of the rules.
fn judged(history: &[Event]) -> Vec<(String, Violation)> {
    let violations = check(history).into_iter().chain(unread(history, &SERVERS));
    let name = |violation: &Violation| {
        let text = format!("{violation:?}");
        text.split(' ').next().unwrap_or_default().to_owned()
    };
    violations
        .map(|violation| (name(&violation), violation))
        .collect()
}

#[test]
fn what_was_recorded_is_taken() {
    let history = recorded();
    let violations = judged(&history);
    assert!(violations.is_empty(), "{violations:#?}");
    let unknown = |event: &Event| event.operation.end() == End::Unknown;
    assert!(history.iter().any(unknown), "the kill was felt");
}

#[test]
fn every_change_of_what_was_recorded_is_seen() {
    for Tampering { name, rule, edits } in tamperings() {
        let mut history = recorded();
        for edit in edits {
            apply(edit, &mut history);
        }
        let violations = judged(&history);
        let seen = violations.iter().any(|(broken, _)| broken == rule);
        assert!(seen, "{name}: no {rule}; instead {violations:#?}");
    }
}

#[test]
fn no_rule_is_left_out() {
    let (_, rules) = RULES.split_once("pub enum Violation {").unwrap();
    let (rules, _) = rules.split_once("\n}").unwrap();
    let rules: BTreeSet<&str> = (rules.lines())
        .filter_map(|line| line.strip_prefix("    ")?.strip_suffix(" {"))
        .filter(|name| name.starts_with(|first: char| first.is_ascii_uppercase()))
        .collect();
    let shown: BTreeSet<&str> = tamperings()
        .iter()
        .map(|tampering| tampering.rule)
        .collect();
    assert!(rules.len() > 20, "{rules:?}");
    assert_eq!(rules, shown);
}
