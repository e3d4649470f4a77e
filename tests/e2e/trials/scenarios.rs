//! docs/scenarios.md names every scenario, and for each the trials that there are.

use std::collections::BTreeSet;
use std::fs;

use libtest_mimic::Trial;

use crate::{Suite, same};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/scenarios.md");

/// How many there are.
const SCENARIOS: u32 = 37;

/// A trial that compares the page with the trials of this run.
pub(crate) fn trial(suite: &Suite, trials: &[Trial]) -> Trial {
    let there: BTreeSet<String> = (trials.iter())
        .filter_map(|trial| trial.name().split('/').next())
        .filter(|name| !scenarios_of(name).is_empty())
        .map(str::to_owned)
        .collect();
    suite.trial("scenarios_are_documented", &[], move |_| documented(there))
}

fn documented(there: BTreeSet<String>) -> anyhow::Result<()> {
    let page = fs::read_to_string(PAGE)?;
    let rows: Vec<(u32, &str)> = (page.lines())
        .filter_map(|line| {
            let (number, rest) = line.strip_prefix("| ")?.split_once(" |")?;
            Some((number.parse().ok()?, rest))
        })
        .collect();
    let numbers = rows.iter().map(|(number, _)| *number).collect();
    same("scenarios", (1..=SCENARIOS).collect::<Vec<_>>(), numbers)?;

    let named: BTreeSet<(u32, String)> = (rows.iter())
        .flat_map(|(number, row)| row.split('`').map(move |word| (*number, word)))
        .filter(|(_, word)| !scenarios_of(word).is_empty())
        .map(|(number, word)| (number, word.to_owned()))
        .collect();
    let names = named.iter().map(|(_, name)| name.clone()).collect();
    same("trials", there, names)?;
    // A trial may show more than its name says, but never less.
    let missing: Vec<_> = (named.iter())
        .flat_map(|(_, name)| {
            scenarios_of(name)
                .into_iter()
                .map(move |number| (number, name.clone()))
        })
        .filter(|pair| !named.contains(pair))
        .collect();
    same(
        "rows without a trial that bears their number",
        vec![],
        missing,
    )
}

/// The numbers that a name begins with: 6 and 9 of `s06_s09_exec_and_logs`.
fn scenarios_of(name: &str) -> Vec<u32> {
    (name.split('_'))
        .map_while(|word| {
            word.strip_prefix('s')
                .filter(|number| number.len() == 2)?
                .parse()
                .ok()
        })
        .collect()
}
