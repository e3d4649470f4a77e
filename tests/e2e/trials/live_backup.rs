//! A backup of a server that is written to all the time, by the command of `docs/operations/backup.md`.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use anyhow::{Context, ensure};
use e2e::engine::{Container, container};
use e2e::images::{ImageId, World};
use e2e::need::Need;
use e2e::wait::{Seen, until};
use e2e::znodes::Session;
use libtest_mimic::Trial;

use crate::Suite;
use crate::server::{BOTH, START, server};

const PAGE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/operations/backup.md"
);

/// As the page has it, to the letter.
const COPY: &str = "
  mkdir -p /backup/data/zookeeper/version-2 /backup/datalog/zookeeper/version-2
  cp -a /srv/data/zookeeper/version-2/* /backup/data/zookeeper/version-2/
  cp -a /srv/datalog/zookeeper/version-2/* /backup/datalog/zookeeper/version-2/
  chown -R 1000:1000 /backup/data /backup/datalog";

/// Copies, each of which may meet a snapshot or a log in another state.
const COPIES: usize = 3;

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    suite.each(
        "backup_while_written_to",
        BOTH,
        &[Need::Engine],
        while_written_to,
    )
}

fn while_written_to(world: &World, image: ImageId) -> anyhow::Result<()> {
    ensure!(
        fs::read_to_string(PAGE)?.contains(COPY),
        "{PAGE} has another command"
    );
    let top = world.directory(&format!("live-backup-{image}"))?;
    // A snapshot and another log every hundred or two of writes.
    let original = server(world, image)?
        .env("ZOO_SNAPCOUNT", "200")
        .env("ZOO_PRE_ALLOC_SIZE", "64")
        .start()?;
    original.mode(START)?;
    let (written, enough) = (AtomicU32::new(0), AtomicBool::new(false));
    let mut session = Session::open(original.address(2181)?)?;
    let copies: Vec<u32> = std::thread::scope(|scope| {
        let writer = scope.spawn(|| -> anyhow::Result<()> {
            while !enough.load(Ordering::Relaxed) {
                let number = written.load(Ordering::Relaxed) + 1;
                session.create(&node(number), b"written")?;
                written.store(number, Ordering::Relaxed);
            }
            Ok(())
        });
        let copied: anyhow::Result<Vec<u32>> = (0..COPIES)
            .map(|copy| {
                copy_later(
                    world,
                    image,
                    &original,
                    &top.join(copy.to_string()),
                    &written,
                )
            })
            .collect();
        enough.store(true, Ordering::Relaxed);
        let wrote = writer.join().expect("the writer does not panic");
        // Without a writer there is nothing to copy: its failure is the cause.
        original.explain(wrote.context("the writer"))?;
        original.explain(copied)
    })?;
    drop(original);
    let last = written.load(Ordering::Relaxed);
    for (copy, before) in copies.into_iter().enumerate() {
        restores(world, image, &top.join(copy.to_string()), (before, last))
            .with_context(|| format!("copy {copy}, begun after write {before} of {last}"))?;
    }
    Ok(())
}

/// Copies after some more writes; how many had an answer before.
fn copy_later(
    world: &World,
    image: ImageId,
    original: &Container,
    target: &Path,
    written: &AtomicU32,
) -> anyhow::Result<u32> {
    fs::create_dir(target)?;
    let start = written.load(Ordering::Relaxed);
    let before = until("there are 500 more nodes", START, || {
        let now = written.load(Ordering::Relaxed);
        Ok(match now - start {
            500.. => Seen::Yes(now),
            more => Seen::NotYet(more.to_string()),
        })
    })?;
    let copied = container(world.loaded(image)?)
        .options(["--volumes-from", original.name()])
        .bind(target, "/backup")
        .command(["sh", "-ec", COPY])
        .finish()?;
    ensure!(copied.code == 0, "cannot copy: {}", copied.said());
    Ok(before)
}

/// All that had an answer before is there, and of what came later a beginning: nothing is missing between.
fn restores(
    world: &World,
    image: ImageId,
    copy: &Path,
    (before, last): (u32, u32),
) -> anyhow::Result<()> {
    let restored = server(world, image)?
        .bind(&copy.join("data"), "/srv/data")
        .bind(&copy.join("datalog"), "/srv/datalog")
        .start()?;
    restored.mode(START)?;
    let mut session = Session::open(restored.address(2181)?)?;
    let mut there = Vec::new();
    for number in 1..=last {
        there.push(session.get(&node(number))?.is_some());
    }
    let beginning = there.iter().take_while(|there| **there).count();
    ensure!(
        beginning >= usize::try_from(before)?,
        "it ends at {beginning}"
    );
    let more = there[beginning..].iter().filter(|there| **there).count();
    ensure!(more == 0, "{more} nodes come after a gap at {beginning}");
    Ok(())
}

fn node(number: u32) -> String {
    format!("/live-{number}")
}
