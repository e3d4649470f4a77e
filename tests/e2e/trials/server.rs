//! The servers that trials start: what they are started with, what is put into them, what they say.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::ask::{self, Page};
use e2e::engine::{Container, Run, container};
use e2e::images::{ImageId, VERSIONS, World, full};
use e2e::wait::{Seen, until};
use e2e::znodes::Session;

use crate::same;

/// A JVM beside others on a busy machine.
pub(crate) const START: Duration = Duration::from_secs(60);

/// What is refused is refused before there is a JVM.
const REFUSAL: Duration = Duration::from_secs(30);

/// Both versions, in the variant that people take.
pub(crate) const BOTH: [ImageId; 2] = [full(VERSIONS[0]), full(VERSIONS[1])];

/// A server that anybody may use, and that takes no more memory than it needs.
pub(crate) fn server(world: &World, image: ImageId) -> anyhow::Result<Run> {
    Ok(small(world, image)?.anonymous())
}

/// The same, while nobody has said who may use it.
pub(crate) fn small(world: &World, image: ImageId) -> anyhow::Result<Run> {
    Ok(container(world.loaded(image)?).env("ZOO_HEAP_SIZE", "128"))
}

/// Writes a node.
pub(crate) fn write(server: &Container, path: &str, value: &str) -> anyhow::Result<()> {
    Session::open(server.address(2181)?)?.create(path, value.as_bytes())
}

/// Reads a node, after everything that was written before.
pub(crate) fn read(server: &Container, path: &str) -> anyhow::Result<Option<String>> {
    let value = Session::open(server.address(2181)?)?.get(path)?;
    Ok(value.map(String::from_utf8).transpose()?)
}

/// The node is there, and is what was written.
pub(crate) fn keeps(server: &Container, path: &str, value: &str) -> anyhow::Result<()> {
    same(path, Some(value.to_owned()), read(server, path)?)
}

/// A page of the AdminServer, which starts beside the quorum and may be a moment later.
pub(crate) fn page(address: SocketAddr, path: &str) -> anyhow::Result<Page> {
    until("the AdminServer answers", START, || {
        Ok(match ask::page(address, path) {
            Ok(page) => Seen::Yes(page),
            Err(error) => Seen::NotYet(format!("{error:#}")),
        })
    })
}

/// The container ends with 1, has said nothing but lines of the entrypoint, and for each of the texts there
/// is an error that has it. Gives the errors.
pub(crate) fn refused(run: Run, texts: &[&str]) -> anyhow::Result<Vec<String>> {
    let container = run.start()?;
    same("exit status", 1, container.ended(REFUSAL)?)?;
    let notes = container.notes()?;
    let logs = container.logs()?;
    same("foreign lines", notes.len(), logs.lines().count()).context(logs)?;
    let errors: Vec<String> = (notes.iter())
        .filter_map(|note| note.strip_prefix("error: "))
        .map(str::to_owned)
        .collect();
    for text in texts {
        ensure!(
            errors.iter().any(|error| error.contains(text)),
            "no error says `{text}`: {notes:#?}"
        );
    }
    Ok(errors)
}

/// One warning has all of the texts.
pub(crate) fn warns(server: &Container, texts: &[&str]) -> anyhow::Result<()> {
    let warnings = server.warnings()?;
    ensure!(
        (warnings.iter()).any(|warning| texts.iter().all(|text| warning.contains(text))),
        "no warning says {texts:?}: {warnings:#?}"
    );
    Ok(())
}

/// No warning has the text.
pub(crate) fn does_not_warn(server: &Container, text: &str) -> anyhow::Result<()> {
    let warnings = server.warnings()?;
    ensure!(
        !warnings.iter().any(|warning| warning.contains(text)),
        "a warning says `{text}`: {warnings:#?}"
    );
    Ok(())
}

/// The text has these lines.
pub(crate) fn has_lines(text: &str, lines: &[&str]) -> anyhow::Result<()> {
    for line in lines {
        ensure!(
            text.lines().any(|found| found == *line),
            "no line `{line}` in:\n{text}"
        );
    }
    Ok(())
}
