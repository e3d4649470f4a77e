//! Proxies as the environment names them.

use snapbox::{assert_data_eq, str};

use crate::support::{Authority, Behaviour, Server, Workspace, Zookiln};

/// Nobody knows these hosts: only a proxy can lead there.
const UNKNOWN: &str = "http://mirror.invalid";
const UNKNOWN_TLS: &str = "https://mirror.invalid";
/// An address of this host that nobody listens on.
const REFUSED: &str = "http://127.0.0.1:1";

/// A build that says little when it fails.
fn build(workspace: &Workspace) -> Zookiln<'_> {
    workspace.zookiln([
        "--quiet",
        "build",
        "--version",
        "3.6.1",
        "--source",
        "tarball",
    ])
}

/// Where only the tarball is not to be had.
fn move_tarball(workspace: &Workspace, address: &str) {
    let line = format!("mirrors = [\"{}/dist\"]", workspace.server.url());
    workspace.edit_catalog(&line, &line.replace(&workspace.server.url(), address));
}

#[test]
fn everything_comes_by_the_proxy() {
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        let workspace = Workspace::new();
        workspace.move_catalog(UNKNOWN);
        let proxy = &workspace.server;

        build(&workspace).env(name, proxy.url()).succeed();

        assert!(proxy.requests().len() > 10, "{name}");
    }
}

#[test]
fn what_is_near_is_asked_without_the_proxy() {
    let workspace = Workspace::new();
    let proxy = Server::start();

    build(&workspace)
        .env("http_proxy", proxy.url())
        .env("no_proxy", "localhost,127.0.0.1")
        .succeed();

    assert_eq!(proxy.requests(), Vec::<String>::new());
    assert!(workspace.server.requests().len() > 10);
}

#[test]
fn without_an_exception_the_proxy_is_asked_for_what_is_near_too() {
    let workspace = Workspace::new();
    let proxy = Server::start();

    build(&workspace)
        .env("http_proxy", proxy.url())
        .env("no_proxy", "mirror.example")
        .succeed();

    assert_eq!(workspace.server.requests(), Vec::<String>::new());
    assert!(proxy.requests().len() > 10);
}

#[test]
fn a_proxy_is_told_the_password_and_nobody_else_is() {
    let workspace = Workspace::new();
    workspace.move_catalog(UNKNOWN);
    let proxy = &workspace.server;
    proxy.answer_all(Behaviour::Status(407));

    let run = build(&workspace)
        .env("http_proxy", proxy.url().replace("//", "//user:secret@"))
        .fail();

    assert!(!run.stderr.contains("secret"), "{}", run.stderr);
    let path = &proxy.requests()[0];
    let request = &proxy.requests_for(path)[0];
    let header = request.header("proxy-authorization");
    assert_eq!(header, Some("Basic dXNlcjpzZWNyZXQ="));
    assert_eq!(request.header("authorization"), None);
}

#[test]
fn a_proxy_that_refuses() {
    let workspace = Workspace::new();
    let proxy = Server::start();
    proxy.answer_all(Behaviour::Status(403));
    move_tarball(&workspace, UNKNOWN);

    let run = build(&workspace)
        .env("http_proxy", proxy.url())
        .env("no_proxy", "127.0.0.1")
        .fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --source tarball
! error: cannot fetch `apache-zookeeper-3.6.1-bin.tar.gz`
!   `http://mirror.invalid/dist/zookeeper/zookeeper-3.6.1/apache-zookeeper-3.6.1-bin.tar.gz`: answered 403 Forbidden
! hint: check the network and the proxy that `http_proxy` names, or take the same jars one by one with `--source maven`
[exit 1]

"#]]
    );
}

#[test]
fn a_proxy_that_is_not_there() {
    let workspace = Workspace::new();
    move_tarball(&workspace, UNKNOWN);

    let run = build(&workspace)
        .env("http_proxy", REFUSED)
        .env("no_proxy", "127.0.0.1")
        .fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --source tarball
! error: cannot fetch `apache-zookeeper-3.6.1-bin.tar.gz`
!   `http://mirror.invalid/dist/zookeeper/zookeeper-3.6.1/apache-zookeeper-3.6.1-bin.tar.gz`: Connection refused (os error 111)
! hint: check the network and the proxy that `http_proxy` names, or take the same jars one by one with `--source maven`
[exit 1]

"#]]
    );
}

#[test]
fn a_tunnel_through_the_proxy() {
    let workspace = Workspace::new();
    let authority = Authority::get();
    let server = Server::start_with_tls(authority.server("mirror.invalid"));
    workspace.move_catalog(UNKNOWN_TLS);
    let proxy = Server::start();
    proxy.tunnel_to(&server);
    let certificates = workspace.path("authority.pem");
    std::fs::write(&certificates, authority.pem()).unwrap();

    build(&workspace)
        .env("https_proxy", proxy.url())
        .env("SSL_CERT_FILE", certificates)
        .succeed();

    assert!(server.requests().len() > 10);
    // The proxy hears of nothing but the host.
    let mut asked = proxy.requests();
    asked.dedup();
    assert_eq!(asked, ["mirror.invalid:443"]);
}

#[test]
fn a_proxy_that_gives_no_tunnel() {
    let workspace = Workspace::new();
    move_tarball(&workspace, UNKNOWN_TLS);
    let proxy = Server::start();
    proxy.answer_all(Behaviour::Status(403));

    let run = build(&workspace).env("https_proxy", proxy.url()).fail();

    assert_data_eq!(
        run.transcript(),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --source tarball
! error: cannot fetch `apache-zookeeper-3.6.1-bin.tar.gz`
!   `https://mirror.invalid/dist/zookeeper/zookeeper-3.6.1/apache-zookeeper-3.6.1-bin.tar.gz`: tunnel error: unsuccessful
! hint: check the network and the proxy that `https_proxy` names, or take the same jars one by one with `--source maven`
[exit 1]

"#]]
    );
}
