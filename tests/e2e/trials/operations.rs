//! The pages of `docs/operations`: what they tell their readers to type is typed here, from the top of each
//! page to its end. How a page is read is in [`e2e::page`].
//!
//! The English pages are run. The Chinese ones have the same blocks to the letter, comments above them
//! included, and the same headings.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use e2e::engine::unique;
use e2e::images::{IMAGES, World};
use e2e::markdown::fences;
use e2e::need::{Need, OPENSSL_TOOL};
use e2e::page::{Names, Page, Stage};
use libtest_mimic::Trial;

use crate::{Suite, same};

/// Every page, and what a machine must have to run it.
const PAGES: [(&str, &[Need]); 10] = [
    ("backup", &[Need::Engine, Need::Root]),
    ("growing", &[Need::Engine]),
    ("kubernetes", &[Need::Engine]),
    ("monitoring", &[Need::Engine]),
    ("moving", &[Need::Engine]),
    ("sasl", &[Need::Engine, Need::Root, OPENSSL_TOOL]),
    ("swarm", &[]),
    ("thread-dumps", &[Need::Engine]),
    ("tls", &[Need::Engine, Need::Root, OPENSSL_TOOL]),
    ("upgrade", &[Need::Engine]),
];

/// Pages that are not run: an index.
const OTHERS: [&str; 1] = ["README"];

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let mut trials: Vec<Trial> = (PAGES.into_iter())
        .map(|(page, needs)| {
            let name = format!("operations_{}", page.replace('-', "_"));
            suite.trial(name, needs, move |world| run(world, page))
        })
        .collect();
    trials.push(suite.trial("operations_pages_are_run", &[], |_| all_are_run()));
    trials.push(suite.trial("operations_in_two_languages", &[], |_| two_languages()));
    trials.push(suite.trial("operations_links", &[], |_| links()));
    trials
}

fn run(world: &World, page: &str) -> anyhow::Result<()> {
    let text = fs::read_to_string(english(page))?;
    let read = Page::read(&text).with_context(|| page.to_owned())?;
    let mut names = Names::new(&format!("{}-page", unique("docs")));
    for image in IMAGES {
        let documented = format!("zookiln/zookeeper:{image}");
        if text.contains(&documented) {
            names = names.image(&documented, world.loaded(image)?);
        }
    }
    let directory = world.directory(&format!("operations-{page}"))?;
    let stage = Stage::new(names, &directory)?;
    (stage.run(&read)).with_context(|| format!("docs/operations/{page}.md"))?;
    eprintln!(
        "operations_{page}: {} steps run, {} blocks not run",
        read.steps.len(),
        read.skipped.len()
    );
    for block in &read.skipped {
        eprintln!("  line {}: {}", block.line, block.reason);
    }
    Ok(())
}

/// A page that nobody runs is as good as none.
fn all_are_run() -> anyhow::Result<()> {
    let run = PAGES.map(|(page, _)| page);
    let expected: BTreeSet<String> = (run.iter().chain(&OTHERS))
        .flat_map(|page| [format!("{page}.md"), format!("{page}.zh-CN.md")])
        .collect();
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(directory())? {
        found.insert(entry?.file_name().to_string_lossy().into_owned());
    }
    same("pages", expected, found)
}

fn two_languages() -> anyhow::Result<()> {
    let run = PAGES.map(|(page, _)| page);
    for page in run.iter().chain(&OTHERS) {
        let (english, chinese) = (english(page), chinese(page));
        let (english, chinese) = (fs::read_to_string(english)?, fs::read_to_string(chinese)?);
        let blocks = |text: &str| -> anyhow::Result<Vec<_>> {
            let fences = fences(text)?.into_iter();
            Ok(fences
                .map(|fence| (fence.language, fence.text, fence.comment))
                .collect())
        };
        let (english_blocks, chinese_blocks) = (blocks(&english)?, blocks(&chinese)?);
        for (number, pair) in english_blocks.iter().zip(&chinese_blocks).enumerate() {
            ensure!(
                pair.0 == pair.1,
                "{page}: block {number} differs: {pair:#?}"
            );
        }
        same(
            &format!("blocks of {page}"),
            english_blocks.len(),
            chinese_blocks.len(),
        )?;
        let (english, chinese) = (headings(&english)?, headings(&chinese)?);
        same(&format!("levels of headings of {page}"), english, chinese)?;
    }
    Ok(())
}

/// How deep each heading is.
fn headings(text: &str) -> anyhow::Result<Vec<usize>> {
    let mut text = text.to_owned();
    for fence in fences(&text)? {
        text = text.replace(&fence.text, "\n");
    }
    let levels = text.lines().filter(|line| line.starts_with('#'));
    Ok(levels
        .map(|line| line.len() - line.trim_start_matches('#').len())
        .collect())
}

/// What the pages and the documents beside them refer to is there, headings included.
fn links() -> anyhow::Result<()> {
    let mut documents = BTreeMap::new();
    let mut places = vec![top(), top().join("docs"), directory()];
    for place in places.drain(..) {
        for entry in fs::read_dir(place)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "md") {
                documents.insert(path.canonicalize()?, fs::read_to_string(&path)?);
            }
        }
    }
    for (path, text) in &documents {
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            if target.contains("://") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let found = match file {
                "" => path.clone(),
                file => path
                    .with_file_name("")
                    .join(file)
                    .canonicalize()
                    .with_context(|| format!("{} refers to `{target}`", path.display()))?,
            };
            let Some(text) = documents.get(&found).filter(|_| !heading.is_empty()) else {
                continue;
            };
            let there = (text.lines())
                .filter(|line| line.starts_with('#'))
                .any(|line| anchor(line) == heading);
            ensure!(there, "{} refers to `{target}`", path.display());
        }
    }
    Ok(())
}

/// What a heading is called in a link, as forges make it.
fn anchor(heading: &str) -> String {
    (heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars())
    .filter(|&character| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_'))
    .map(|character| if character == ' ' { '-' } else { character })
    .collect()
}

fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn directory() -> PathBuf {
    top().join("docs/operations")
}

fn english(page: &str) -> PathBuf {
    directory().join(format!("{page}.md"))
}

fn chinese(page: &str) -> PathBuf {
    directory().join(format!("{page}.zh-CN.md"))
}
