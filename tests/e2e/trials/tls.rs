//! Encrypted connections of clients and between servers, judged by clients of all kinds.

use std::fs;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::certificates::{Authority, Certificate, Form};
use e2e::command::{Finished, call};
use e2e::engine::{Container, Network, Run, container};
use e2e::images::{ImageId, VERSIONS, World, distroless};
use e2e::need::{KAZOO, KEYTOOL, Need, OPENSSL_TOOL, PS};
use e2e::wait::{Seen, until};
use libtest_mimic::Trial;

use crate::exposure::tells_nobody;
use crate::server::{BOTH, START, has_lines, keeps, refused, server, small, write};
use crate::{Suite, contains, same};

const NEEDS: &[Need] = &[Need::Engine, Need::Root, OPENSSL_TOOL, KEYTOOL, KAZOO, PS];

/// Before 3.6 a server shakes hands with one other at a time, and lets the rest wait until they give up.
const FORMATION: Duration = Duration::from_secs(180);

/// What is in every password here, and must be nowhere else.
const SECRET: &str = "sesame";

/// The encrypted port.
const PORT: u16 = 3181;

/// A session over TLS by the Python client; what the node holds.
const KAZOO_GETS: &str = r#"
import sys
from kazoo.client import KazooClient
from kazoo.retry import KazooRetry
host, authority, certificate, key, path = sys.argv[1:]
client = KazooClient(hosts=host, use_ssl=True, verify_certs=True, ca=authority, certfile=certificate or None,
                     keyfile=key or None, connection_retry=KazooRetry(max_tries=2))
client.start(timeout=20)
print(client.get(path)[0].decode())
client.stop()
"#;

pub(crate) fn trials(suite: &Suite) -> Vec<Trial> {
    let [old, middle] = BOTH;
    // From 3.8 on passwords take another way.
    let new = distroless("3.9.5");
    let forms = [old, middle, distroless(VERSIONS[1]), new];
    let ways = [old, middle, new];
    [
        suite.each("s20_s35_tls_for_clients", forms, NEEDS, s20_clients),
        suite.each("s20_only_the_encrypted_port", BOTH, NEEDS, s20_only_port),
        suite.each(
            "s20_stores_that_are_missing",
            [old, distroless(VERSIONS[1])],
            NEEDS,
            s20_missing,
        ),
        suite.each("s21_s35_tls_between_servers", ways, NEEDS, s21_servers),
        suite.each("s31_tls_taken_out", BOTH, NEEDS, s31_taken_out),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Each image has its own, so that all of them are tried.
fn form_of(image: ImageId) -> Form {
    if image == BOTH[0] {
        Form::Jks
    } else if image == distroless(VERSIONS[1]) {
        Form::Pem
    } else {
        Form::Pkcs12
    }
}

/// As hard as Java lets it be: it takes letters beyond ASCII only for its own stores.
fn password(form: Form) -> String {
    match form {
        Form::Jks => format!(" {SECRET} \"öffne\\dich\" 密码 $x "),
        Form::Pem | Form::Pkcs12 => format!(" {SECRET} \"open\\you\" $x "),
    }
}

/// An authority, and a directory with its stores that containers see as `/certs`.
struct Stores {
    directory: PathBuf,
    authority: Authority,
    form: Form,
}

impl Stores {
    fn create(directory: PathBuf, form: Form) -> anyhow::Result<Self> {
        let authority = Authority::create(&directory, "authority")?;
        authority.trust_store(form, &password(form))?;
        // By a file, as secrets are mounted. Who else might read that is not what this is about.
        fs::write(directory.join("password"), password(form) + "\n")?;
        Ok(Self {
            directory,
            authority,
            form,
        })
    }

    fn issue(&self, name: &str, names: &[&str]) -> anyhow::Result<Certificate> {
        let certificate = self.authority.issue(name, names)?;
        certificate.key_store(self.form, &password(self.form))?;
        Ok(certificate)
    }

    /// The variables of one side (`CLIENT`, `QUORUM`), with the certificate of this name.
    fn given_to(&self, run: Run, side: &str, name: &str) -> Run {
        let extension = self.form.extension();
        let variable = |rest: &str| format!("ZOO_TLS_{side}_{rest}");
        run.bind_read_only(&self.directory, "/certs")
            .env(&variable("ENABLE"), "yes")
            .env(
                &variable("KEYSTORE_FILE"),
                &format!("/certs/{name}.{extension}"),
            )
            .env(&variable("KEYSTORE_PASSWORD_FILE"), "/certs/password")
            .env(
                &variable("TRUSTSTORE_FILE"),
                &format!("/certs/authority-trust.{extension}"),
            )
            .env(&variable("TRUSTSTORE_PASSWORD"), &password(self.form))
    }

    /// `srvr` over TLS from outside, with or without a certificate.
    fn srvr(&self, server: &Container, shown: Option<&Certificate>) -> anyhow::Result<Finished> {
        let mut word = tempfile::tempfile()?;
        word.write_all(b"srvr")?;
        word.rewind()?;
        let mut client = call("openssl")
            .through(["timeout", "30"])
            .args(["s_client", "-quiet", "-verify_return_error", "-connect"])
            .arg(server.address(PORT)?.to_string())
            .arg("-CAfile")
            .arg(self.authority.certificate())
            .input(word);
        if let Some(certificate) = shown {
            client = client.arg("-cert").arg(certificate.certificate());
            client = client.arg("-key").arg(certificate.key());
        }
        client.finish()
    }

    /// The value of a node by kazoo.
    fn kazoo(
        &self,
        server: &Container,
        shown: Option<&Certificate>,
        path: &str,
    ) -> anyhow::Result<Finished> {
        let file = |of: fn(&Certificate) -> PathBuf| shown.map(of).unwrap_or_default();
        // Debian's own, whatever else is called so.
        call("/usr/bin/python3")
            .args(["-c", KAZOO_GETS])
            .arg(server.address(PORT)?.to_string())
            .arg(self.authority.certificate())
            .arg(file(Certificate::certificate))
            .arg(file(Certificate::key))
            .arg(path)
            .finish()
    }
}

fn s20_clients(world: &World, image: ImageId) -> anyhow::Result<()> {
    let form = form_of(image);
    let stores = Stores::create(world.directory(&format!("s20-{image}"))?, form)?;
    let names = ["DNS:zoo1", "DNS:localhost", "IP:127.0.0.1"];
    stores.issue("zoo1", &names)?;
    let client = stores.issue("client", &["DNS:client"])?;
    let network = Network::create()?;
    let run = stores.given_to(server(world, image)?, "CLIENT", "zoo1");
    let one = run.network(&network, "zoo1").start()?;
    one.mode(START)?;
    write(&one, "/s20", "by-the-plain-port")?;

    let told = stores.srvr(&one, Some(&client))?;
    contains(&told.said(), "Mode: ")?;
    let refused = stores.srvr(&one, None)?;
    ensure!(!refused.said().contains("Mode: "), "{}", refused.said());
    let read = stores.kazoo(&one, Some(&client), "/s20")?;
    same("what kazoo reads", "by-the-plain-port\n", &read.stdout).context(read.said())?;
    let refused = stores.kazoo(&one, None, "/s20")?;
    ensure!(
        refused.code != 0,
        "kazoo needs no certificate: {}",
        refused.said()
    );

    let get = ["zkCli.sh", "-server", "zoo1:3181", "get", "/s20"];
    zk_cli_gets("in the container", || one.exec(get))?;
    zk_cli_gets("in another container", || {
        let run = container(world.loaded(image)?).network(&network, "client");
        stores
            .given_to(run, "CLIENT", "client")
            .command(get)
            .finish()
    })?;
    tells_nobody(&one, SECRET)?;

    // Another certificate is in force after a restart.
    let renewed = stores.issue("zoo1", &names)?;
    one.restart()?;
    one.mode(START)?;
    let told = call("openssl")
        .args(["s_client", "-showcerts", "-connect"])
        .arg(one.address(PORT)?.to_string())
        .arg("-cert")
        .arg(client.certificate())
        .arg("-key")
        .arg(client.key())
        .finish()?;
    let certificate = fs::read_to_string(renewed.certificate())?;
    contains(&told.stdout, certificate.trim())?;
    keeps(&one, "/s20", "by-the-plain-port")?;
    drop(one);

    // Where nobody has to show a certificate, nobody has to be trusted.
    let run = stores.given_to(server(world, image)?, "CLIENT", "zoo1");
    let open = run
        .env("ZOO_TLS_CLIENT_AUTH", "none")
        .env("ZOO_TLS_CLIENT_TRUSTSTORE_FILE", "")
        .start()?;
    open.mode(START)?;
    contains(&stores.srvr(&open, None)?.said(), "Mode: ")
}

/// Its first attempt may come too early for a busy server, and it makes no second one.
fn zk_cli_gets(place: &str, call: impl Fn() -> anyhow::Result<Finished>) -> anyhow::Result<()> {
    until(&format!("zkCli.sh {place} reads the node"), START, || {
        let read = call()?;
        Ok(if read.stdout.contains("by-the-plain-port") {
            Seen::Yes(())
        } else {
            Seen::NotYet(read.said())
        })
    })
}

/// As it is configured by hand where nothing is to go unencrypted.
fn s20_only_port(world: &World, image: ImageId) -> anyhow::Result<()> {
    let form = form_of(image);
    let stores = Stores::create(world.directory(&format!("s20-only-{image}"))?, form)?;
    stores.issue("zoo1", &["DNS:zoo1", "DNS:localhost", "IP:127.0.0.1"])?;
    let extension = form.extension();
    let config = stores.directory.join("zoo.cfg");
    let theirs = format!(
        "tickTime=2000\n\
         dataDir=/srv/data/zookeeper\n\
         dataLogDir=/srv/datalog/zookeeper\n\
         4lw.commands.whitelist=srvr\n\
         secureClientPort=3181\n\
         serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\n\
         ssl.keyStore.location=/certs/zoo1.{extension}\n\
         ssl.trustStore.location=/certs/authority-trust.{extension}\n"
    );
    fs::write(&config, &theirs)?;
    let run = stores.given_to(small(world, image)?, "CLIENT", "zoo1");
    let server = run.bind(&config, "/srv/conf/zookeeper/zoo.cfg").start()?;
    let mode = server.mode(START)?;
    same("mode", "standalone", mode.as_str())?;
    let status = server.exec(["zkServer.sh", "status"])?;
    has_lines(
        &status.stdout,
        &["Client port found: 3181. Client address: localhost. Client SSL: true."],
    )?;
    for words in [&["healthcheck", "--liveness"][..], &["healthcheck"]] {
        let checked = e2e::engine::docker(["exec", server.name()])
            .args(words)
            .finish()?;
        same("exit status", 0, checked.code).context(checked.said())?;
    }
    let listed = server.exec(["zkCli.sh", "ls", "/"])?;
    contains(&listed.stdout, "[zookeeper]")?;
    tells_nobody(&server, SECRET)?;
    same("zoo.cfg", theirs, fs::read_to_string(&config)?)
}

fn s20_missing(world: &World, image: ImageId) -> anyhow::Result<()> {
    let directory = world.directory(&format!("s20-missing-{image}"))?;
    let private = directory.join("private.pem");
    fs::write(&private, "x")?;
    fs::set_permissions(
        &private,
        std::os::unix::fs::PermissionsExt::from_mode(0o600),
    )?;
    let run = server(world, image)?
        .bind_read_only(&directory, "/certs")
        .env("ZOO_TLS_CLIENT_ENABLE", "yes")
        .env("ZOO_TLS_CLIENT_KEYSTORE_FILE", "/certs/none.p12")
        .env("ZOO_TLS_CLIENT_TRUSTSTORE_FILE", "/certs/private.pem")
        .env("ZOO_TLS_QUORUM_ENABLE", "yes")
        .env("ZOO_TLS_QUORUM_KEYSTORE_FILE", "/certs/store.pfx")
        .env("ZOO_ADMIN_SERVER_PORT_NUMBER", "3181");
    let errors = refused(
        run,
        &[
            "ZOO_TLS_CLIENT_KEYSTORE_FILE is /certs/none.p12, which uid 1000 cannot read",
            "ZOO_TLS_CLIENT_TRUSTSTORE_FILE is /certs/private.pem, which uid 1000 cannot read",
            "ZOO_TLS_QUORUM_KEYSTORE_FILE is /certs/store.pfx",
            "ZOO_TLS_QUORUM_ENABLE=yes needs ZOO_TLS_QUORUM_TRUSTSTORE_FILE",
            "ZOO_TLS_PORT_NUMBER are both on port 3181",
        ],
    )?;
    // The last store has a wrong name and is missing.
    same("errors", 6, errors.len()).context(format!("{errors:#?}"))
}

/// Member `number` of three.
fn member(world: &World, image: ImageId, network: &Network, number: usize) -> anyhow::Result<Run> {
    let servers = (1..=3).map(|other| {
        let host = if other == number {
            "0.0.0.0".to_owned()
        } else {
            format!("zoo{other}")
        };
        format!("server.{other}={host}:2888:3888")
    });
    Ok(server(world, image)?
        .network(network, &format!("zoo{number}"))
        .env("ZOO_SERVER_ID", &number.to_string())
        .env("ZOO_SERVERS", &servers.collect::<Vec<_>>().join(" ")))
}

fn s21_servers(world: &World, image: ImageId) -> anyhow::Result<()> {
    const CHOSEN: &str = "Using TLS encrypted quorum communication";
    let top = world.directory(&format!("s21-{image}"))?;
    let stores = Stores::create(top.join("own"), form_of(image))?;
    let network = Network::create()?;
    // The second name is what the engine's name server makes of the address of whoever connects.
    let issue = |stores: &Stores, number: usize| {
        let own = format!("DNS:zoo{number}");
        let reverse = format!("DNS:*.{}", network.name());
        stores.issue(&format!("zoo{number}"), &[&own, &reverse])
    };
    let start = |stores: &Stores, number: usize| -> anyhow::Result<Container> {
        let run = member(world, image, &network, number)?;
        stores
            .given_to(run, "QUORUM", &format!("zoo{number}"))
            .start()
    };
    for number in 1..=3 {
        issue(&stores, number)?;
    }
    let mut members = (1..=3)
        .map(|number| start(&stores, number))
        .collect::<anyhow::Result<Vec<_>>>()?;
    for member in &members {
        member.mode(FORMATION)?;
        contains(&member.logs()?, CHOSEN)?;
        tells_nobody(member, SECRET)?;
    }
    write(&members[0], "/s21", "kept")?;
    keeps(&members[2], "/s21", "kept")?;

    // One after the other gets another certificate.
    for (number, member) in (1..).zip(&members) {
        issue(&stores, number)?;
        member.restart()?;
        (member.mode(FORMATION)).with_context(|| format!("zoo{number} does not rejoin"))?;
    }

    // In the place of the third: somebody whose certificate the others do not trust, then nobody's at all.
    drop(members.pop());
    let strangers = Stores::create(top.join("strangers"), form_of(image))?;
    issue(&strangers, 3)?;
    stays_outside("a stranger", &start(&strangers, 3)?)?;
    stays_outside("plain text", &member(world, image, &network, 3)?.start()?)?;
    let back = start(&stores, 3)?;
    back.mode(FORMATION)?;
    keeps(&back, "/s21", "kept")
}

/// It has looked for the others for some time, of whom there are enough, and has not heard of them.
fn stays_outside(who: &str, server: &Container) -> anyhow::Result<()> {
    until(&format!("{who} hears of nobody"), FORMATION, || {
        let logs = server.logs()?;
        Ok(if logs.contains("Notification time out: 3200") {
            Seen::Yes(())
        } else {
            Seen::NotYet(logs.lines().last().unwrap_or_default().to_owned())
        })
    })?;
    let status = server.exec(["zkServer.sh", "status"])?;
    ensure!(
        !status.stdout.contains("Mode: "),
        "{who} is let in: {}",
        status.said()
    );
    Ok(())
}

fn s31_taken_out(world: &World, image: ImageId) -> anyhow::Result<()> {
    let stores = Stores::create(
        world.directory(&format!("s31-tls-{image}"))?,
        form_of(image),
    )?;
    stores.issue("zoo1", &["DNS:zoo1"])?;
    let conf = world.directory(&format!("s31-tls-conf-{image}"))?;
    let run = || -> anyhow::Result<Run> {
        Ok(stores.given_to(
            server(world, image)?.bind(&conf, "/srv/conf"),
            "CLIENT",
            "zoo1",
        ))
    };
    let first = run()?.start()?;
    first.mode(START)?;
    drop(first);

    let path = conf.join("zookeeper/zoo.cfg");
    let edited = edit(&path, "secureClientPort=3181\n", "")?;
    let errors = refused(run()?, &["ZOO_TLS_CLIENT_ENABLE"])?;
    for part in ["/srv/conf/zookeeper/zoo.cfg", "secureClientPort"] {
        contains(&errors[0], part)?;
    }
    same("zoo.cfg", edited, fs::read_to_string(&path)?)?;

    edit(
        &path,
        "ssl.clientAuth=need",
        "secureClientPort=3181\nssl.clientAuth=none",
    )?;
    let weaker = run()?.env("ZOO_TLS_CLIENT_AUTH", "need");
    refused(weaker, &["ssl.clientAuth=none"])?;
    // Nobody has said so, and the file decides.
    let last = run()?.start()?;
    last.mode(START)?;
    contains(&stores.srvr(&last, None)?.said(), "Mode: ")
}

fn edit(path: &Path, from: &str, to: &str) -> anyhow::Result<String> {
    let text = fs::read_to_string(path)?;
    contains(&text, from)?;
    let edited = text.replace(from, to);
    fs::write(path, &edited)?;
    Ok(edited)
}
