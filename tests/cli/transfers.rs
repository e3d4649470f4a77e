//! How inputs come: the largest first, over few connections, and after a break only what is missing.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use crate::support::{
    Behaviour, Layout, Request, RetryAfter, Server, Target, Workspace, fixture, tarball_path,
};

const BUILD: [&str; 4] = ["--quiet", "build", "--version", "3.6.1"];
/// The largest package of the fixture.
const LARGE: &str = "openjdk-21-jdk-headless_21.0.9+10-1_amd64.deb";
/// More than the heads of a few answers.
const HEADS: usize = 4096;
/// Downloads of one archive under way at once.
const PARALLEL: usize = 6;

/// What an undisturbed build gives.
static UNDISTURBED: LazyLock<String> = LazyLock::new(|| {
    let workspace = Workspace::new();
    workspace.zookiln(BUILD).succeed();
    digest(&workspace)
});

fn digest(workspace: &Workspace) -> String {
    let layout = Layout::read(&workspace.project().join("images/zookeeper-3.6.1"));
    layout.digest().to_owned()
}

fn ranges(requests: &[Request]) -> Vec<Option<&str>> {
    let ranges = requests.iter().map(|request| request.header("range"));
    ranges.collect()
}

#[test]
fn after_a_break_only_the_rest_is_fetched_by_a_closed_range() {
    let workspace = Workspace::new();
    let path = fixture().path(LARGE);
    let size = fixture().bytes(path).len();
    let server = &workspace.server;
    server.answer_in_turn(path, &[Behaviour::Cut, Behaviour::Honest]);

    workspace.zookiln(BUILD).succeed();

    let rest = format!("bytes={}-{}", size / 2, size - 1);
    let requests = server.requests_for(path);
    assert_eq!(ranges(&requests), [None, Some(rest.as_str())]);
    let sent = server.sent(path);
    assert!((size..size + HEADS).contains(&sent), "{sent} of {size}");
    assert_eq!(digest(&workspace), *UNDISTURBED);
}

#[test]
fn a_mirror_that_breaks_off_again_and_again_gives_the_file_at_last() {
    let workspace = Workspace::new();
    let path = fixture().path(LARGE);
    let size = fixture().bytes(path).len();
    workspace.server.answer(path, Behaviour::CutOften);

    workspace.zookiln(BUILD).succeed();

    assert_eq!(workspace.server.count(path), 8);
    let sent = workspace.server.sent(path);
    assert!((size..size + HEADS).contains(&sent), "{sent} of {size}");
    assert_eq!(digest(&workspace), *UNDISTURBED);
}

#[test]
fn the_next_mirror_goes_on_where_one_broke_off() {
    let path = fixture().path(LARGE);
    let size = fixture().bytes(path).len();
    let rest = format!("bytes={}-{}", size / 2, size - 1);
    for behaviours in [
        [Behaviour::Cut, Behaviour::NotFound],
        [Behaviour::Cut, Behaviour::Status(503)],
        [Behaviour::Cut, Behaviour::Cut],
        [Behaviour::Stall, Behaviour::Stall],
    ] {
        let workspace = Workspace::new();
        let broken = Server::start();
        workspace.add_apt_mirror(&broken.url());
        broken.answer_in_turn(path, &behaviours);

        workspace
            .zookiln(BUILD)
            .env("ZOOKILN_HTTP_TIMEOUT", "2")
            .succeed();

        let requests = workspace.server.requests_for(path);
        assert_eq!(ranges(&requests), [Some(rest.as_str())], "{behaviours:?}");
        // The first mirror's tag says nothing about this one's file.
        assert_eq!(requests[0].header("if-range"), None, "{behaviours:?}");
        let sent = workspace.server.sent(path);
        assert!(sent < size - size / 2 + HEADS, "{behaviours:?}: {sent}");
        assert_eq!(digest(&workspace), *UNDISTURBED, "{behaviours:?}");
    }
}

/// The patience is for each wait: a line that is slow and steady is no silence.
#[test]
fn a_download_may_take_longer_than_any_wait() {
    let workspace = Workspace::new();
    let path = fixture().path(LARGE);
    workspace.server.answer(path, Behaviour::Slow);

    workspace
        .zookiln(BUILD)
        .env("ZOOKILN_HTTP_TIMEOUT", "2")
        .succeed();

    assert_eq!(ranges(&workspace.server.requests_for(path)), [None]);
}

#[test]
fn nobody_is_asked_again_before_the_time_that_it_names() {
    for (time, wait) in [
        (RetryAfter::Seconds(2), Duration::from_secs(2)),
        // Dates have whole seconds.
        (RetryAfter::DateIn(3), Duration::from_secs(2)),
    ] {
        let workspace = Workspace::new();
        let path = tarball_path("3.6.1");
        let answers = [Behaviour::Later(503, time), Behaviour::Honest];
        workspace.server.answer_in_turn(&path, &answers);

        let run = workspace.zookiln(BUILD).succeed();

        assert!(run.stdout().contains("(tarball, written)"));
        let requests = workspace.server.requests_for(&path);
        let times: Vec<SystemTime> = requests.iter().map(|request| request.at).collect();
        let waited = times[1].duration_since(times[0]).unwrap();
        assert_eq!(times.len(), 2, "{time:?}");
        assert!(waited >= wait, "{time:?}: {waited:?}");
    }
}

#[test]
fn whoever_wants_to_be_left_alone_for_long_is_not_waited_for() {
    let workspace = Workspace::new();
    let busy = Server::start();
    workspace.add_apt_mirror(&busy.url());
    let path = fixture().path(LARGE);
    let hour = Behaviour::Later(429, RetryAfter::Seconds(3600));
    busy.answer(path, hour);
    // The honest one has its troubles, too: there is a second round.
    let answers = [Behaviour::Status(503), Behaviour::Honest];
    workspace.server.answer_in_turn(path, &answers);

    workspace.zookiln(BUILD).succeed();

    assert_eq!(busy.count(path), 1);
    assert_eq!(workspace.server.count(path), 2);
}

#[test]
fn many_inputs_come_over_few_connections() {
    let workspace = Workspace::new();

    workspace.zookiln(BUILD).succeed();

    let requests = workspace.server.requests().len();
    let connections = workspace.server.connections();
    assert!(requests > 2 * PARALLEL, "{requests}");
    assert!(connections <= 2 * PARALLEL, "{connections} for {requests}");
}

#[test]
fn the_largest_inputs_come_first() {
    let workspace = Workspace::new();
    let server = &workspace.server;
    let packages = fixture().files.iter();
    let packages = packages.filter(|(path, _)| path.ends_with(".deb"));
    for (path, _) in packages {
        server.answer(path, Behaviour::Held);
    }

    let build = workspace.zookiln(BUILD).start();
    server.wait_for_any(|path| path.ends_with(".deb"), PARALLEL);
    let asked = server.requests();
    server.release();
    build.succeed();

    let size = |path: &String| fixture().bytes(path).len();
    let is_package = |path: &&String| path.ends_with(".deb");
    let first = asked.iter().filter(is_package).map(size).min().unwrap();
    let all = server.requests();
    let later = all.iter().filter(is_package).skip(PARALLEL).map(size);
    let later = later.max().unwrap();
    assert!(first >= later, "{first} bytes before {later}");
}

#[test]
fn a_redirect_leads_to_another_server_and_gives_no_password_away() {
    let workspace = Workspace::new();
    let redirecting = Server::start();
    let other = Server::start();
    let path = fixture().path(LARGE);
    redirecting.answer(path, Behaviour::Redirect(Target::Server(other.address())));
    let with_password = redirecting.url().replace("//", "//user:secret@");
    workspace.add_apt_mirror(&with_password);

    workspace.zookiln(BUILD).succeed();

    let header = |server: &Server| {
        let requests = server.requests_for(path);
        assert_eq!(requests.len(), 1);
        requests[0].header("authorization").map(str::to_owned)
    };
    assert_eq!(header(&redirecting).unwrap(), "Basic dXNlcjpzZWNyZXQ=");
    assert_eq!(header(&other), None);
    assert_eq!(workspace.server.count(path), 0);
}

#[test]
fn a_redirect_to_a_liar_is_a_lie() {
    let workspace = Workspace::new();
    let redirecting = Server::start();
    let lying = Server::start();
    let path = fixture().path(LARGE);
    redirecting.answer(path, Behaviour::Redirect(Target::Server(lying.address())));
    lying.answer(path, Behaviour::Flipped);
    workspace.add_apt_mirror(&redirecting.url());

    let run = workspace.zookiln(BUILD).succeed();

    let warnings = run.lines("warning: ");
    assert_eq!(warnings.len(), 1, "{}", run.stderr);
    assert!(warnings[0].contains(&redirecting.url()), "{}", run.stderr);
    assert_eq!(digest(&workspace), *UNDISTURBED);
}
