//! Every variable: what a good value changes, and what is said of a bad one.
//!
//! Through the library, without a process each; the last test makes sure that no row of the table is missing.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use entrypoint::endpoint::Endpoint;
use entrypoint::java::{JavaCommand, ServerConfig};
use entrypoint::prepare::facts::{Facts, Found};
use entrypoint::prepare::history::History;
use entrypoint::prepare::mounts::Mounts;
use entrypoint::prepare::plan::Plan;
use entrypoint::release::{Installed, Release};
use entrypoint::variables::{Effect, Environment, Reading, TABLE, Value, Variable};

/// Name, good value, the line of [`outcome`] it leads to, bad value, what is said of it (nothing where every
/// value is good).
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const WHOLE: &str = "a whole number from 1";
const HOST: &str = "a host name or an address";
const YES_OR_NO: &str = "1, yes, true, on or 0, no, false, off";
const PORT: &str = "a port from 1 to 65535";
const PATH: &str = "an absolute path";

const ROWS: &[Row] = &[
    ("ZOO_TICK_TIME", "3000", "tickTime=3000", "0", WHOLE),
    (
        "ZOO_TICK_TIME",
        "2147483647",
        "tickTime=2147483647",
        "2147483648",
        WHOLE,
    ),
    ("ZOO_INIT_LIMIT", "20", "initLimit=20", "-1", WHOLE),
    ("ZOO_SYNC_LIMIT", "7", "syncLimit=7", "1.5", WHOLE),
    (
        "ZOO_DATA_DIR",
        "/数据//x/",
        "dataDir=/\\u6570\\u636E/x",
        "data",
        PATH,
    ),
    (
        "ZOO_DATA_LOG_DIR",
        "/datalog",
        "dataLogDir=/datalog",
        "./x",
        PATH,
    ),
    ("ZOO_PORT_NUMBER", "2182", "clientPort=2182", "0", PORT),
    ("ZOO_CLIENT_PORT", "2182", "clientPort=2182", "65536", PORT),
    (
        "ZOO_MAX_CLIENT_CNXNS",
        "0",
        "maxClientCnxns=0",
        "many",
        "a whole number from 0",
    ),
    (
        "ZOO_MAX_CNXNS",
        "9",
        "maxCnxns=9",
        "+9",
        "a whole number from 0",
    ),
    (
        "ZOO_STANDALONE_ENABLED",
        "YES",
        "standaloneEnabled=true",
        "maybe",
        YES_OR_NO,
    ),
    (
        "ZOO_ADMINSERVER_ENABLED",
        "Off",
        "admin.enableServer=false",
        "2",
        YES_OR_NO,
    ),
    (
        "ZOO_ENABLE_ADMIN_SERVER",
        "no",
        "admin.enableServer=false",
        "enabled",
        YES_OR_NO,
    ),
    (
        "ZOO_ADMIN_SERVER_PORT_NUMBER",
        "8081",
        "admin.serverPort=8081",
        "http",
        PORT,
    ),
    (
        "ZOO_AUTOPURGE_PURGEINTERVAL",
        "24",
        "autopurge.purgeInterval=24",
        "1h",
        "a whole number from 0",
    ),
    (
        "ZOO_AUTOPURGE_INTERVAL",
        "24",
        "autopurge.purgeInterval=24",
        "1h",
        "a whole number from 0",
    ),
    (
        "ZOO_AUTOPURGE_SNAPRETAINCOUNT",
        "5",
        "autopurge.snapRetainCount=5",
        "2",
        "a whole number from 3",
    ),
    (
        "ZOO_AUTOPURGE_RETAIN_COUNT",
        "5",
        "autopurge.snapRetainCount=5",
        "2",
        "a whole number from 3",
    ),
    (
        "ZOO_4LW_COMMANDS_WHITELIST",
        "RUOK,stat  srvr",
        "4lw.commands.whitelist=ruok, stat, srvr",
        "srvr, foo",
        "* or a list of conf, cons, crst, dirs, dump, envi, gtmk, hash, isro, mntr, ruok, srst, srvr, stat, stmk, wchc, \
         wchp, wchs",
    ),
    (
        "ZOO_4LW_COMMANDS_WHITELIST",
        "*",
        "4lw.commands.whitelist=*",
        "",
        "",
    ),
    ("ENV_DEBUG", "1", "value ENV_DEBUG=true", "debug", YES_OR_NO),
    (
        "ZOO_SERVER_ID",
        "2",
        "myid 2",
        "256",
        "a whole number from 1 to 255, or auto",
    ),
    (
        "ZOO_MY_ID",
        "2",
        "myid 2",
        "0",
        "a whole number from 1 to 255, or auto",
    ),
    (
        "ZOO_SERVER_ID_OFFSET",
        "2",
        "myid 2",
        "256",
        "a whole number from 0 to 255",
    ),
    (
        "ZOO_ADVERTISED_HOST",
        "zoo1.example",
        "value ZOO_ADVERTISED_HOST=zoo1.example",
        "zoo 1",
        HOST,
    ),
    (
        "ZOO_ADMIN_SERVER_ADDRESS",
        "127.0.0.1",
        "admin.serverAddress=127.0.0.1",
        "localhost:8080",
        HOST,
    ),
    (
        "ZOO_MAX_SESSION_TIMEOUT",
        "60000",
        "maxSessionTimeout=60000",
        "0",
        WHOLE,
    ),
    (
        "ZOO_PRE_ALLOC_SIZE",
        "1024",
        "preAllocSize=1024",
        "64MB",
        WHOLE,
    ),
    (
        "ZOO_SNAPCOUNT",
        "500",
        "snapCount=500",
        "1",
        "a whole number from 2",
    ),
    (
        "ZOO_RECONFIG_ENABLED",
        "yes",
        "reconfigEnabled=true",
        "maybe",
        YES_OR_NO,
    ),
    (
        "ZOO_LISTEN_ALLIPS_ENABLED",
        "yes",
        "quorumListenOnAllIPs=true",
        "maybe",
        YES_OR_NO,
    ),
    (
        "ZOO_PEER_TYPE",
        "Observer",
        "peerType=observer",
        "leader",
        "one of participant, observer",
    ),
    (
        "ZOO_ENABLE_PROMETHEUS_METRICS",
        "on",
        "metricsProvider.httpPort=7000",
        "prometheus",
        YES_OR_NO,
    ),
    (
        "ZOO_PROMETHEUS_METRICS_PORT_NUMBER",
        "7001",
        "metricsProvider.httpPort=7001",
        "70000",
        "a port from 1 to 65535",
    ),
    ("ZOO_CFG_EXTRA", "a.b=1 tickTime=7", "tickTime=7", "", ""),
    (
        "ZOO_LOG_FORMAT",
        "JSON",
        "value ZOO_LOG_FORMAT=json",
        "xml",
        "one of text, json",
    ),
    (
        "ZOO_HC_TIMEOUT",
        "2",
        "value ZOO_HC_TIMEOUT=2",
        "0",
        "a whole number from 1 to 3600",
    ),
    (
        "ZOO_STOP_TIMEOUT",
        "0",
        "value ZOO_STOP_TIMEOUT=0",
        "8s",
        "a whole number from 0 to 86400",
    ),
    (
        "ZOO_SUPER_USER_PASSWORD",
        "geheim",
        "value ZOO_SUPER_USER_PASSWORD=***",
        "",
        "",
    ),
    ("ZK_SERVER_HEAP", "256", "server -Xmx256m", "1g", WHOLE),
    ("ZK_CLIENT_HEAP", "256", "client -Xmx256m", "1g", WHOLE),
    ("JMXDISABLE", "yes", "value JMXDISABLE=true", "x", YES_OR_NO),
    (
        "JMXPORT",
        "9010",
        "server -Dcom.sun.management.jmxremote.port=9010",
        "0",
        "a port from 1 to 65535",
    ),
    (
        "JMXHOSTNAME",
        "zoo1",
        "server -Djava.rmi.server.hostname=zoo1",
        "zoo 1",
        HOST,
    ),
    (
        "JMXAUTH",
        "yes",
        "server -Dcom.sun.management.jmxremote.authenticate=true",
        "x",
        YES_OR_NO,
    ),
    (
        "JMXSSL",
        "yes",
        "server -Dcom.sun.management.jmxremote.ssl=true",
        "x",
        YES_OR_NO,
    ),
    (
        "JMXLOG4J",
        "no",
        "server -Dzookeeper.jmx.log4j.disable=false",
        "x",
        YES_OR_NO,
    ),
    (
        "JMXLOCALONLY",
        "no",
        "server -Dcom.sun.management.jmxremote.local.only=false",
        "x",
        YES_OR_NO,
    ),
    (
        "ZOO_SERVERS",
        "zoo1:2888:3888",
        "server.1=zoo1:2888:3888;2181",
        "",
        "",
    ),
    (
        "ZOO_BASE_DIR",
        "/opt/zk",
        "server /srv/conf/zookeeper:/etc/zookeeper:/opt/zk/lib/*",
        "zk",
        PATH,
    ),
    (
        "ZOO_CONF_DIR",
        "/conf",
        "server /conf:/etc/zookeeper:/usr/local/zookeeper/lib/*",
        "conf",
        PATH,
    ),
    (
        "ZOO_LOG_DIR",
        "/logs",
        "server -Dzookeeper.log.dir=/logs",
        "logs",
        PATH,
    ),
    (
        "ZOOPIDFILE",
        "/run/zk.pid",
        "value ZOOPIDFILE=/run/zk.pid",
        "zk.pid",
        PATH,
    ),
    (
        "ZOO_DAEMON_USER",
        "1000",
        "value ZOO_DAEMON_USER=1000",
        "a b",
        "a name or a number",
    ),
    (
        "ZOO_DAEMON_GROUP",
        "root",
        "value ZOO_DAEMON_GROUP=root",
        "-g",
        "a name or a number",
    ),
    (
        "ZOO_LOG_LEVEL",
        "warn",
        "server -Dzookeeper.console.threshold=WARN",
        "LOUD",
        "one of ALL, TRACE, DEBUG, INFO, WARN, ERROR, FATAL, OFF",
    ),
    (
        "ZOO_LOG4J_PROP",
        "INFO,ROLLINGFILE",
        "server -Dzookeeper.root.logger=INFO,ROLLINGFILE",
        "INFO",
        "a level and one or more of CONSOLE, ROLLINGFILE, TRACEFILE, such as INFO,CONSOLE",
    ),
    (
        "ZOO_ALLOW_ANONYMOUS_LOGIN",
        "yes",
        "value ZOO_ALLOW_ANONYMOUS_LOGIN=true",
        "si",
        YES_OR_NO,
    ),
    (
        "ALLOW_ANONYMOUS_LOGIN",
        "yes",
        "value ZOO_ALLOW_ANONYMOUS_LOGIN=true",
        "si",
        YES_OR_NO,
    ),
    (
        "ZOO_ENABLE_AUTH",
        "yes",
        "authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider",
        "SASL",
        YES_OR_NO,
    ),
    (
        "ZOO_SERVER_USERS",
        "user1",
        "value ZOO_SERVER_USERS=user1",
        "",
        "",
    ),
    (
        "ZOO_SERVER_PASSWORDS",
        "geheim",
        "value ZOO_SERVER_PASSWORDS=***",
        "",
        "",
    ),
    (
        "ZOO_CLIENT_USER",
        "user1",
        "value ZOO_CLIENT_USER=user1",
        "user 1",
        "a name of letters, digits, `_`, `-` and `.`",
    ),
    (
        "ZOO_CLIENT_PASSWORD",
        "geheim",
        "value ZOO_CLIENT_PASSWORD=***",
        "",
        "",
    ),
    (
        "ZOO_ENABLE_QUORUM_AUTH",
        "yes",
        "quorum.auth.enableSasl=true",
        "SASL",
        YES_OR_NO,
    ),
    (
        "ZOO_QUORUM_LEARNER_USER",
        "q",
        "value ZOO_QUORUM_LEARNER_USER=q",
        "q!r",
        "a name of letters, digits, `_`, `-` and `.`",
    ),
    (
        "ZOO_QUORUM_LEARNER_PASSWORD",
        "geheim",
        "value ZOO_QUORUM_LEARNER_PASSWORD=***",
        "",
        "",
    ),
    (
        "ZOO_QUORUM_SERVER_USERS",
        "q",
        "value ZOO_QUORUM_SERVER_USERS=q",
        "",
        "",
    ),
    (
        "ZOO_QUORUM_SERVER_PASSWORDS",
        "geheim",
        "value ZOO_QUORUM_SERVER_PASSWORDS=***",
        "",
        "",
    ),
    (
        "ZOO_TLS_CLIENT_ENABLE",
        "on",
        "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory",
        "TLS",
        YES_OR_NO,
    ),
    (
        "ZOO_TLS_PORT_NUMBER",
        "3182",
        "secureClientPort=3182",
        "0",
        PORT,
    ),
    (
        "ZOO_TLS_CLIENT_KEYSTORE_FILE",
        "/certs/own.p12",
        "ssl.keyStore.location=/certs/own.p12",
        "own.p12",
        PATH,
    ),
    (
        "ZOO_TLS_CLIENT_KEYSTORE_PASSWORD",
        "geheim",
        "secret -Dzookeeper.ssl.keyStore.password=***",
        "",
        "",
    ),
    (
        "ZOO_TLS_CLIENT_TRUSTSTORE_FILE",
        "/certs/own.p12",
        "ssl.trustStore.location=/certs/own.p12",
        "own.p12",
        PATH,
    ),
    (
        "ZOO_TLS_CLIENT_TRUSTSTORE_PASSWORD",
        "geheim",
        "secret -Dzookeeper.ssl.trustStore.password=***",
        "",
        "",
    ),
    (
        "ZOO_TLS_CLIENT_AUTH",
        "WANT",
        "ssl.clientAuth=want",
        "all",
        "one of none, want, need",
    ),
    (
        "ZOO_TLS_QUORUM_ENABLE",
        "1",
        "sslQuorum=true",
        "TLS",
        YES_OR_NO,
    ),
    (
        "ZOO_TLS_QUORUM_KEYSTORE_FILE",
        "/certs/own.p12",
        "ssl.quorum.keyStore.location=/certs/own.p12",
        "own.p12",
        PATH,
    ),
    (
        "ZOO_TLS_QUORUM_KEYSTORE_PASSWORD",
        "geheim",
        "secret -Dzookeeper.ssl.quorum.keyStore.password=***",
        "",
        "",
    ),
    (
        "ZOO_TLS_QUORUM_TRUSTSTORE_FILE",
        "/certs/own.p12",
        "ssl.quorum.trustStore.location=/certs/own.p12",
        "own.p12",
        PATH,
    ),
    (
        "ZOO_TLS_QUORUM_TRUSTSTORE_PASSWORD",
        "geheim",
        "secret -Dzookeeper.ssl.quorum.trustStore.password=***",
        "",
        "",
    ),
    (
        "ZOO_TLS_QUORUM_CLIENT_AUTH",
        "WANT",
        "ssl.quorum.clientAuth=want",
        "all",
        "one of none, want, need",
    ),
    ("ZOO_HEAP_SIZE", "256", "server -Xmx256m", "1g", WHOLE),
    ("SERVER_JVMFLAGS", "-Da=1", "server -Da=1", "", ""),
    ("CLIENT_JVMFLAGS", "-Da=1", "client -Da=1", "", ""),
    ("JVMFLAGS", "-Da=1", "server -Da=1", "", ""),
    ("ZOO_JVMFLAGS", "-Da=1", "client -Da=1", "", ""),
];

/// What an environment leads to, one thing a line: the lines of `zoo.cfg`, `myid`, the arguments of Java for
/// the server and for `zkCli.sh`, and the value of every variable, in the words of messages.
///
/// Some variables mean something only beside others, which are set here as well.
fn outcome(pairs: &[(&str, &str)]) -> Vec<String> {
    let allowed = ("ZOO_ALLOW_ANONYMOUS_LOGIN", "yes");
    let servers = ("ZOO_SERVERS", "a:2888:3888 b:2888:3888");
    let beside = |(name, _): &(&str, &str)| match name.trim_end_matches("_FILE") {
        "ZOO_CLIENT_USER" => &[("ZOO_CLIENT_PASSWORD", "x")][..],
        "ZOO_CLIENT_PASSWORD" => &[("ZOO_CLIENT_USER", "x")],
        "ZOO_ENABLE_AUTH" => &[("ZOO_SERVER_USERS", "x"), ("ZOO_SERVER_PASSWORDS", "x")],
        "ZOO_ENABLE_QUORUM_AUTH" => &[
            ("ZOO_QUORUM_LEARNER_USER", "x"),
            ("ZOO_QUORUM_LEARNER_PASSWORD", "x"),
            ("ZOO_QUORUM_SERVER_USERS", "x"),
            ("ZOO_QUORUM_SERVER_PASSWORDS", "x"),
        ],
        "JMXAUTH" | "JMXSSL" | "JMXLOG4J" | "JMXHOSTNAME" => &[("JMXPORT", "9010")],
        "ZOO_PROMETHEUS_METRICS_PORT_NUMBER" => &[("ZOO_ENABLE_PROMETHEUS_METRICS", "yes")],
        "ZOO_SERVER_ID_OFFSET" => &[("ZOO_SERVER_ID", "auto")],
        name if name.starts_with("ZOO_TLS_QUORUM_") => &[
            ("ZOO_TLS_QUORUM_ENABLE", "yes"),
            ("ZOO_TLS_QUORUM_KEYSTORE_FILE", "/certs/zoo1.p12"),
            ("ZOO_TLS_QUORUM_TRUSTSTORE_FILE", "/certs/ca.pem"),
        ],
        name if name.starts_with("ZOO_TLS_") => &[
            ("ZOO_TLS_CLIENT_ENABLE", "yes"),
            ("ZOO_TLS_CLIENT_KEYSTORE_FILE", "/certs/zoo1.p12"),
            ("ZOO_TLS_CLIENT_TRUSTSTORE_FILE", "/certs/ca.pem"),
        ],
        _ => &[],
    };
    let given: BTreeMap<&str, &str> = [allowed, servers]
        .into_iter()
        .chain(
            pairs
                .iter()
                .filter(|(_, value)| !value.is_empty())
                .flat_map(beside)
                .copied(),
        )
        .chain(pairs.iter().copied())
        .collect();
    let environment: Environment = given.into_iter().collect();
    let values = Reading::of(&environment).all().unwrap();
    let facts = Facts {
        installed: Installed {
            release: Release::new(3, 6, 1),
            has_metrics: true,
        },
        config: Found::Nothing,
        config_is_former: false,
        data_directory: "/data".into(),
        data_log_directory: "/datalog".into(),
        myid: None,
        config_is_mounted: false,
        host_name: "zk-0".to_owned(),
        mounts: Mounts::default(),
        of_data: History::default(),
        of_data_log: History::default(),
        config_mode: None,
        unusable_stores: Vec::new(),
    };
    let plan = Plan::make(&environment, &values, &facts).unwrap();
    let config = ServerConfig {
        path: Path::new("/zoo.cfg"),
        properties: &plan.properties,
        release: facts.installed.release,
    };
    let server = JavaCommand::server(&environment, &values, &config);
    let client = JavaCommand::client(&environment, &values, &Endpoint::local(2181), Vec::new());
    let shown = |who: &'static str, command: JavaCommand| {
        let argument = move |argument: OsString| format!("{who} {}", argument.display());
        command.arguments.into_iter().map(argument)
    };
    let mut lines: Vec<String> = plan.config.unwrap().lines().map(str::to_owned).collect();
    lines.push(format!("myid {}", plan.myid.unwrap()));
    let secrets = server.secrets.iter();
    lines.extend(secrets.map(|secret| format!("secret {}", secret.shown())));
    lines.extend(shown("server", server).chain(shown("client", client)));
    let value = |(variable, value, _): (&Variable, &Value, bool)| {
        format!("value {}={}", variable.name, value.to_config())
    };
    lines.extend(values.iter().map(value));
    lines
}

#[test]
fn a_good_value_changes_what_it_should() {
    for (name, good, expected, _, _) in ROWS {
        let found = outcome(&[(name, good)]);
        assert!(
            found.iter().any(|line| line == expected),
            "{name}={good} does not lead to `{expected}` in\n{}",
            found.join("\n")
        );
    }
}

#[test]
fn a_value_may_be_quoted_or_come_from_a_file() {
    let directory = tempfile::tempdir().unwrap();
    for (name, good, ..) in ROWS {
        let plain = outcome(&[(name, good)]);
        assert_eq!(outcome(&[(name, &format!("\"{good}\""))]), plain, "{name}");
        let path = directory.path().join(name);
        std::fs::write(&path, format!("{good}\n")).unwrap();
        let (file, path) = (format!("{name}_FILE"), path.display().to_string());
        assert_eq!(outcome(&[(name, ""), (&file, &path)]), plain, "{file}");
    }
}

#[test]
fn a_bad_value_is_refused_with_what_is_allowed() {
    for (name, _, _, bad, allowed) in ROWS.iter().filter(|row| !row.4.is_empty()) {
        let environment: Environment = [(*name, *bad)].into_iter().collect();
        let problems: Vec<_> = Reading::of(&environment)
            .all()
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            problems,
            [format!("{name} is `{bad}`: allowed is {allowed}")]
        );
    }
}

#[test]
fn an_empty_value_is_an_unset_one() {
    let unset = outcome(&[]);
    let asked_for = ["ZOO_ALLOW_ANONYMOUS_LOGIN", "ZOO_SERVERS"];
    for (name, ..) in ROWS.iter().filter(|row| !asked_for.contains(&row.0)) {
        assert_eq!(outcome(&[(name, "")]), unset, "{name}");
    }
}

#[test]
fn every_name_and_alias_is_tried() {
    for variable in TABLE {
        for name in std::iter::once(&variable.name).chain(variable.aliases) {
            assert!(
                ROWS.iter().any(|row| row.0 == *name),
                "{name} has no row in this test"
            );
        }
        if let Effect::Key(key) | Effect::KeySince(key, _) = variable.effect {
            let row = ROWS.iter().find(|row| row.0 == variable.name).unwrap();
            assert!(
                row.2.starts_with(&format!("{key}=")),
                "{} is not tried for {key}",
                variable.name
            );
        }
    }
}
