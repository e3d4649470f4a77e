//! Servers whose certificates are signed by an authority of one's own.

use std::fs;

use snapbox::{assert_data_eq, str};

use crate::support::{Authority, Run, Server, Workspace};

/// A workspace whose tarball is at a server that the authority vouches for under `name`.
fn workspace(name: &str) -> (Workspace, Server) {
    let workspace = Workspace::new();
    let authority = Authority::get();
    let server = Server::start_with_tls(authority.server(name));
    let line = format!("mirrors = [\"{}/dist\"]", workspace.server.url());
    workspace.edit_catalog(&line, &line.replace(&workspace.server.url(), &server.url()));
    fs::write(workspace.project().join("authority.pem"), authority.pem()).unwrap();
    (workspace, server)
}

const BUILD: [&str; 6] = [
    "--quiet",
    "build",
    "--version",
    "3.6.1",
    "--source",
    "tarball",
];

fn transcript(run: Run, server: &Server) -> String {
    run.name(&server.url(), "https://mirror.example")
        .transcript()
}

#[test]
fn an_authority_of_ones_own_is_trusted_where_it_is_named() {
    let (workspace, server) = workspace("127.0.0.1");
    workspace
        .zookiln([
            "--quiet",
            "build",
            "--version",
            "3.6.1",
            "--source",
            "tarball",
            "--ca-file",
            "authority.pem",
        ])
        .succeed();
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn an_authority_of_the_environment_is_trusted() {
    let (workspace, server) = workspace("127.0.0.1");
    let certificates = workspace.project().join("authority.pem");
    workspace
        .zookiln(BUILD)
        .env("SSL_CERT_FILE", certificates)
        .succeed();
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn an_unknown_authority_is_an_error_that_says_what_to_do() {
    let (workspace, server) = workspace("127.0.0.1");
    let run = workspace.zookiln(BUILD).fail();
    assert_eq!(server.requests(), Vec::<String>::new());
    let hint = run.lines("hint: ")[0];
    assert!(hint.contains("`--ca-file`"), "{hint}");
    assert_data_eq!(
        transcript(run, &server),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --source tarball
! error: cannot fetch `apache-zookeeper-3.6.1-bin.tar.gz`
!   `https://mirror.example/dist/zookeeper/zookeeper-3.6.1/apache-zookeeper-3.6.1-bin.tar.gz`: invalid peer certificate: UnknownIssuer
! hint: name the certificates to be trusted by `--ca-file`, or install the host's (`apt-get install ca-certificates`)
[exit 1]

"#]]
    );
}

#[test]
fn a_certificate_for_another_name_is_an_error() {
    let (workspace, server) = workspace("mirror.example");
    let certificates = workspace.project().join("authority.pem");
    let run = workspace
        .zookiln(BUILD)
        .env("SSL_CERT_FILE", certificates)
        .fail();
    assert_eq!(server.requests(), Vec::<String>::new());
    assert_data_eq!(
        transcript(run, &server),
        str![[r#"
$ zookiln --quiet build --version 3.6.1 --source tarball
! error: cannot fetch `apache-zookeeper-3.6.1-bin.tar.gz`
!   `https://mirror.example/dist/zookeeper/zookeeper-3.6.1/apache-zookeeper-3.6.1-bin.tar.gz`: invalid peer certificate: certificate not valid for name "127.0.0.1"; certificate is only valid for DnsName("mirror.example")
! hint: name the certificates to be trusted by `--ca-file`, or install the host's (`apt-get install ca-certificates`)
[exit 1]

"#]]
    );
}

#[test]
fn a_file_of_certificates_that_has_none() {
    let (workspace, server) = workspace("127.0.0.1");
    fs::write(workspace.project().join("empty.pem"), "nothing\n").unwrap();
    let run = workspace
        .zookiln(["build", "--version", "3.6.1", "--ca-file", "empty.pem"])
        .run();
    assert_data_eq!(
        transcript(run, &server),
        str![[r#"
$ zookiln build --version 3.6.1 --ca-file empty.pem
! error: `empty.pem` is no file of certificates in PEM form
! hint: `--ca-file` names a file with `-----BEGIN CERTIFICATE-----` in it
[exit 1]

"#]]
    );
}

#[test]
fn a_file_of_certificates_that_is_not_there() {
    let (workspace, server) = workspace("127.0.0.1");
    let run = workspace
        .zookiln(["build", "--version", "3.6.1", "--ca-file", "missing.pem"])
        .run();
    assert_data_eq!(
        transcript(run, &server),
        str![[r#"
$ zookiln build --version 3.6.1 --ca-file missing.pem
! error: cannot read the certificates of `missing.pem`: No such file or directory (os error 2)
! hint: `--ca-file` names a file with `-----BEGIN CERTIFICATE-----` in it
[exit 1]

"#]]
    );
}

/// A host without certificates has no use for https, but for the rest it has.
#[test]
fn a_host_without_certificates_can_ask_without_tls() {
    let workspace = Workspace::new();
    let none = workspace.path("none.pem");
    fs::write(&none, "").unwrap();
    workspace
        .zookiln(BUILD)
        .env("SSL_CERT_FILE", none)
        .succeed();
}
