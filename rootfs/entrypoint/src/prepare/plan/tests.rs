use super::*;
use crate::prepare::directories::NamedBy;
use crate::prepare::facts::{Kept, Reason};
use crate::prepare::history::History;
use crate::prepare::mounts::Mounts;
use crate::properties::Properties;
use crate::release::{Installed, Release};
use crate::stamp;
use crate::variables::Reading;
use std::path::Path;

const ALLOWED: (&str, &str) = ("ZOO_ALLOW_ANONYMOUS_LOGIN", "yes");

fn installed(major: u16, minor: u16, patch: u16) -> Installed {
    Installed {
        release: Release::new(major, minor, patch),
        has_metrics: minor > 5,
    }
}

fn facts() -> Facts {
    Facts {
        installed: installed(3, 6, 1),
        config: Found::Nothing,
        config_is_former: false,
        data_directory: "/srv/data/zookeeper".into(),
        data_log_directory: "/srv/datalog/zookeeper".into(),
        myid: None,
        config_is_mounted: false,
        host_name: "zoo".to_owned(),
        mounts: Mounts::default(),
        of_data: History::default(),
        of_data_log: History::default(),
        config_mode: None,
        unusable_stores: Vec::new(),
    }
}

fn kept(content: &[u8], reason: Reason) -> Found {
    Found::Kept(Kept {
        content: content.to_vec(),
        properties: Properties::parse(content),
        servers: crate::config::servers_of(&Properties::parse(content)),
        reason,
    })
}

fn made(pairs: &[(&str, &str)], facts: &Facts) -> Result<Plan, Vec<String>> {
    let environment: Environment = pairs.iter().copied().collect();
    let values = Reading::of(&environment).all().unwrap();
    let shown = |errors: Vec<PlanError>| errors.iter().map(ToString::to_string).collect();
    Plan::make(&environment, &values, facts).map_err(shown)
}

fn plan(pairs: &[(&str, &str)], facts: &Facts) -> Plan {
    made(pairs, facts).unwrap()
}

fn errors(pairs: &[(&str, &str)], facts: &Facts) -> Vec<String> {
    made(pairs, facts).unwrap_err()
}

#[test]
fn the_default_start() {
    let plan = plan(&[ALLOWED], &facts());
    assert_eq!(plan.config_path, Path::new("/srv/conf/zookeeper/zoo.cfg"));
    assert_eq!(
        stamp::owner(plan.config.unwrap().as_bytes()),
        stamp::Owner::Entrypoint
    );
    assert_eq!(plan.myid_path, Path::new("/srv/data/zookeeper/myid"));
    assert_eq!(plan.myid, ServerId::new(1));
    let directories: Vec<_> = plan
        .directories
        .iter()
        .map(|directory| (directory.path.to_str().unwrap(), directory.needed))
        .collect();
    assert_eq!(
        directories,
        [
            ("/srv/conf/zookeeper", true),
            ("/srv/data/zookeeper", true),
            ("/srv/datalog/zookeeper", true),
            ("/var/log/zookeeper", false),
            ("/var/run/zookeeper", false),
        ]
    );
    assert_eq!(plan.warnings.len(), 1);
}

#[test]
fn everything_in_the_way_is_said_at_once() {
    assert_eq!(
        errors(
            &[
                ("ZOO_ENABLE_AUTH", "yes"),
                ("ZOO_SERVER_ID", "4"),
                ("ZOO_SERVERS", "a:1:2|b:1:2")
            ],
            &Facts {
                installed: installed(3, 5, 7),
                ..facts()
            }
        ),
        [
            "ZOO_ENABLE_AUTH=yes needs ZOO_SERVER_USERS",
            "ZOO_SERVERS gives a server several addresses, which ZooKeeper knows from 3.6.0 on, this is 3.5.7",
            "this is server 4 by ZOO_SERVER_ID, and ZOO_SERVERS has no such server: server.1=a:1:2|b:1:2",
        ]
    );
}

#[test]
fn ports_must_not_clash() {
    for (pairs, expected) in [
        (
            &[("ZOO_PORT_NUMBER", "8080")][..],
            "ZOO_PORT_NUMBER and ZOO_ADMIN_SERVER_PORT_NUMBER are both on port 8080",
        ),
        (
            &[("ZOO_PORT_NUMBER", "2888")],
            "ZOO_PORT_NUMBER and the quorum port of this server are both on port 2888",
        ),
        (
            &[("ZOO_SERVERS", "a:2888:3888;2182")],
            "ZOO_SERVERS gives this server the client port 2182, ZOO_PORT_NUMBER is 2181",
        ),
        (
            &[("ZOO_SERVERS", "a:2888:8080")],
            "ZOO_ADMIN_SERVER_PORT_NUMBER and the election port of this server are both on port 8080",
        ),
    ] {
        assert_eq!(errors(&[&[ALLOWED], pairs].concat(), &facts()), [expected]);
    }
    for pairs in [
        &[
            ("ZOO_PORT_NUMBER", "8080"),
            ("ZOO_ADMINSERVER_ENABLED", "no"),
        ][..],
        &[
            ("ZOO_PORT_NUMBER", "2888"),
            ("ZOO_STANDALONE_ENABLED", "yes"),
        ],
        &[("ZOO_SERVERS", "a:2888:3888 b:2181:8080")],
        &[("ZOO_SERVERS", "a:2888:3888|b:2888:3888")],
    ] {
        plan(&[&[ALLOWED], pairs].concat(), &facts());
    }
}

#[test]
fn an_existing_myid_wins() {
    let there = Facts {
        myid: Some("7\n".to_owned()),
        ..facts()
    };
    let servers = ("ZOO_SERVERS", "server.7=a:1:2");
    let plan = plan(&[ALLOWED, servers, ("ZOO_SERVER_ID", "1")], &there);
    assert_eq!(plan.myid, None);
    assert!(
        plan.warnings.contains(
            &"/srv/data/zookeeper/myid says 7 and wins, ZOO_SERVER_ID is ignored".to_owned()
        ),
        "{:?}",
        plan.warnings
    );
    // The default is nobody's wish.
    assert_eq!(made(&[ALLOWED, servers], &there).unwrap().warnings.len(), 1);
    let unlisted = errors(&[ALLOWED], &there);
    assert_eq!(
        unlisted,
        [
            "this is server 7 by its myid, and ZOO_SERVERS has no such server: server.1=0.0.0.0:2888:3888"
        ]
    );
    let broken = Facts {
        myid: Some("seven".to_owned()),
        ..facts()
    };
    assert_eq!(
        errors(&[ALLOWED], &broken),
        ["/srv/data/zookeeper/myid holds no number from 1 to 255"]
    );
    let empty = Facts {
        myid: Some("\n".to_owned()),
        ..facts()
    };
    assert_eq!(made(&[ALLOWED], &empty).unwrap().myid, ServerId::new(1));
}

#[test]
fn a_number_beyond_ours_stays_with_a_configuration_that_was_brought_along() {
    let brought = |myid: &str| Facts {
        config: kept(b"clientPort=2181\n", Reason::Brought),
        myid: Some(myid.to_owned()),
        ..facts()
    };
    for pairs in [&[][..], &[("ZOO_SERVER_ID", "auto")]] {
        for myid in ["0\n", "256"] {
            let plan = plan(pairs, &brought(myid));
            assert_eq!(plan.myid, None);
            assert_eq!(
                plan.warnings,
                [
                    "/srv/data/zookeeper/myid holds a number that is not from 1 to 255, and stays as it is because \
                     zoo.cfg does"
                ]
            );
        }
    }
    let refused = ["/srv/data/zookeeper/myid holds no number from 1 to 255"];
    assert_eq!(errors(&[], &brought("seven")), refused);
    let generated = Facts {
        myid: Some("0".to_owned()),
        ..facts()
    };
    assert_eq!(errors(&[ALLOWED], &generated), refused);
}

#[test]
fn a_configuration_that_was_brought_along_stays_and_needs_no_gate() {
    let brought = Facts {
        config: kept(
            b"tickTime=3000\nclientPort=2181\ndataDir=/data\n",
            Reason::Brought,
        ),
        data_directory: "/data".into(),
        data_log_directory: "/data".into(),
        ..facts()
    };
    let plan = plan(
        &[
            ("ZOO_TICK_TIME", "2000"),
            ("ZOO_PORT_NUMBER", "2181"),
            ("ZOO_SERVER_ID", "9"),
        ],
        &brought,
    );
    assert_eq!(plan.config, None);
    assert_eq!(plan.myid_path, Path::new("/data/myid"));
    assert_eq!(plan.myid, ServerId::new(9));
    assert_eq!(
        plan.warnings,
        [
            "/srv/conf/zookeeper/zoo.cfg was brought along or edited and wins; ignored: ZOO_TICK_TIME"
        ]
    );
    let directories: Vec<_> = plan
        .directories
        .iter()
        .map(|directory| (directory.path.to_str().unwrap(), directory.needed))
        .collect();
    assert_eq!(
        directories,
        [
            ("/srv/conf/zookeeper", false),
            ("/data", true),
            ("/var/log/zookeeper", false),
            ("/var/run/zookeeper", false)
        ]
    );
}

#[test]
fn our_own_is_written_again_only_where_it_changes() {
    let first = plan(&[ALLOWED], &facts()).config.unwrap();
    let ours = Facts {
        config: Found::Ours(first.clone().into_bytes()),
        myid: Some("1\n".to_owned()),
        ..facts()
    };
    let again = plan(&[ALLOWED], &ours);
    assert_eq!((again.config, again.myid), (None, None));
    assert!(
        again.directories.iter().all(|directory| directory.path
            != Path::new("/srv/conf/zookeeper")
            || !directory.needed)
    );
    let other = plan(&[ALLOWED, ("ZOO_TICK_TIME", "1")], &ours)
        .config
        .unwrap();
    assert_eq!(other.lines().count(), first.lines().count());
    assert!(other.contains("\ntickTime=1\n"));
    assert!(made(&[], &ours).is_err(), "the gate is asked again");
}

#[test]
fn logs_in_files_need_their_directory() {
    let plan = plan(&[ALLOWED, ("ZOO_LOG4J_PROP", "INFO,ROLLINGFILE")], &facts());
    assert!(
        plan.directories
            .iter()
            .any(|directory| directory.path == Path::new("/var/log/zookeeper") && directory.needed)
    );
}

#[test]
fn a_number_by_the_host_name() {
    let automatic = ("ZOO_SERVER_ID", "auto");
    let servers = ("ZOO_SERVERS", "a:1:2 b:1:2 c:1:2");
    let pod = Facts {
        host_name: "zk-2".to_owned(),
        ..facts()
    };
    assert_eq!(
        plan(&[ALLOWED, automatic, servers], &pod).myid,
        ServerId::new(3)
    );
    assert_eq!(
        errors(&[ALLOWED, automatic, servers], &facts()),
        ["ZOO_SERVER_ID is `auto`, and the host name `zoo` plus 1 gives no number from 1 to 255"]
    );
    let there = Facts {
        myid: Some("2\n".to_owned()),
        ..facts()
    };
    assert_eq!(
        plan(&[ALLOWED, automatic, servers], &there).myid,
        None,
        "a myid needs no host name"
    );
}

#[test]
fn an_old_release_reads_a_copy_with_its_own_name() {
    let old = Facts {
        installed: installed(3, 5, 7),
        host_name: "zoo1".to_owned(),
        ..facts()
    };
    let servers = ("ZOO_SERVERS", "0.0.0.0:1:2 b:1:2");
    let copy = |pairs: &[(&str, &str)], facts: &Facts| {
        let plan = plan(&[&[ALLOWED, servers], pairs].concat(), facts);
        match plan.start_from {
            StartFrom::Copy(content) => {
                assert_eq!(plan.notes.len(), 1, "it is said");
                String::from_utf8(content).unwrap()
            }
            _ => "none".to_owned(),
        }
    };
    let own = |host| format!("server.1={host}:1:2;2181\nquorumListenOnAllIPs=true\n");
    assert!(copy(&[], &old).ends_with(&own("zoo1")));
    assert!(copy(&[("ZOO_ADVERTISED_HOST", "zoo1.example")], &old).ends_with(&own("zoo1.example")));
    let new = Facts {
        installed: installed(3, 6, 2),
        ..facts()
    };
    assert_eq!(copy(&[], &new), "none");
    // The file itself stays as people write it.
    let written = plan(&[ALLOWED, servers], &old).config.unwrap();
    assert!(written.contains("\nserver.1=0.0.0.0:1:2;2181\n"));
}

#[test]
fn reconfiguration_needs_the_file_itself() {
    let on = ("ZOO_RECONFIG_ENABLED", "yes");
    let first = plan(&[ALLOWED, on], &facts());
    assert_eq!(first.start_from, StartFrom::Itself);
    assert!(
        first
            .warnings
            .iter()
            .any(|warning| warning.contains("0.0.0.0")),
        "{:?}",
        first.warnings
    );
    let mounted = Facts {
        config_is_mounted: true,
        ..facts()
    };
    assert_eq!(
        errors(&[ALLOWED, on], &mounted),
        [
            "reconfiguration is on, and /srv/conf/zookeeper/zoo.cfg is mounted as a single file, which ZooKeeper cannot \
             replace: mount its directory"
        ]
    );
    let again = Facts {
        config: kept(
            b"reconfigEnabled=true\ntickTime=1\n",
            Reason::Reconfigurable,
        ),
        ..facts()
    };
    let again = plan(&[("ZOO_TICK_TIME", "2")], &again);
    assert_eq!(
        (again.config, again.start_from),
        (None, StartFrom::Itself),
        "it is not made again"
    );
    assert_eq!(
        again.warnings,
        [
            "/srv/conf/zookeeper/zoo.cfg has reconfiguration on and is ZooKeeper's own from now on; ignored: ZOO_TICK_TIME"
        ]
    );
    assert!(
        again.directories.iter().any(|directory| directory.path
            == Path::new("/srv/conf/zookeeper")
            && directory.needed),
        "ZooKeeper must be able to write beside it"
    );
    let old = Facts {
        installed: installed(3, 5, 7),
        host_name: "zoo1".to_owned(),
        ..facts()
    };
    let servers = ("ZOO_SERVERS", "0.0.0.0:1:2 b:1:2");
    let named = plan(&[ALLOWED, on, servers], &old);
    assert!(
        named
            .warnings
            .iter()
            .any(|warning| warning.contains("is written into zoo.cfg as zoo1")),
        "{:?}",
        named.warnings
    );
    let advertised = ("ZOO_ADVERTISED_HOST", "zoo1.example");
    let chosen = plan(&[ALLOWED, on, servers, advertised], &old);
    assert_eq!(chosen.warnings.len(), named.warnings.len() - 1);
    assert!(named.config.unwrap().contains("\nserver.1=zoo1:1:2;2181\n"));
}

#[test]
fn a_directory_of_a_kept_file_is_not_one_that_the_start_names() {
    let kept = Facts {
        config: kept(b"dataDir=/mine\ndataLogDir=/logs\n", Reason::Brought),
        data_directory: "/mine".into(),
        data_log_directory: "/logs".into(),
        ..facts()
    };
    let named = |pairs: &[(&str, &str)], facts: &Facts| -> Vec<NamedBy> {
        let directories = plan(pairs, facts).directories;
        directories[1..3]
            .iter()
            .map(|directory| directory.named_by)
            .collect()
    };
    assert_eq!(named(&[ALLOWED], &facts()), [NamedBy::Start; 2]);
    assert_eq!(named(&[], &kept), [NamedBy::File; 2]);
    assert_eq!(
        named(&[("ZOO_DATA_DIR", "/mine")], &kept),
        [NamedBy::Start, NamedBy::File]
    );
}

#[test]
fn storage_is_judged_by_the_servers_in_force() {
    let empty = |plan: &Plan| {
        plan.warnings
            .iter()
            .filter(|line| line.contains("is empty and there are"))
            .count()
    };
    let three = ("ZOO_SERVERS", "a:1:2 b:1:2 c:1:2");
    assert_eq!(empty(&plan(&[ALLOWED], &facts())), 0);
    assert_eq!(empty(&plan(&[ALLOWED, three], &facts())), 1);
    let one = Facts {
        config: kept(b"server.1=a:1:2\n", Reason::Brought),
        ..facts()
    };
    assert_eq!(empty(&plan(&[three], &one)), 0);
    let two = Facts {
        config: kept(b"server.1=a:1:2\nserver.2=b:1:2\n", Reason::Brought),
        ..facts()
    };
    assert_eq!(empty(&plan(&[], &two)), 1);
}

const AUTH: [(&str, &str); 3] = [
    ("ZOO_ENABLE_AUTH", "yes"),
    ("ZOO_SERVER_USERS", "user1"),
    ("ZOO_SERVER_PASSWORDS", "geheim"),
];

#[test]
fn authentication_is_in_the_file_or_there_is_no_start() {
    let provider = "authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider";
    let made_anew = plan(&AUTH, &facts());
    let config = made_anew.config.unwrap();
    assert!(config.contains(provider) && config.contains("\nsessionRequireClientSASLAuth=true\n"));
    assert!(!config.contains("geheim") && made_anew.warnings.is_empty());
    assert!(made_anew.logins.clients.is_some());

    for (reason, content) in [
        (Reason::Brought, "dataDir=/srv/data/zookeeper\n"),
        (Reason::Reconfigurable, "reconfigEnabled=true\n"),
    ] {
        let facts = Facts {
            config: kept(content.as_bytes(), reason),
            ..facts()
        };
        let refused = errors(&AUTH, &facts);
        assert_eq!(
            refused,
            [format!(
                "ZOO_ENABLE_AUTH=yes, and /srv/conf/zookeeper/zoo.cfg, which wins, has no `{provider}`, no \
                 `sessionRequireClientSASLAuth=true`: add it there, or remove the file to have it made from the \
                 variables"
            )]
        );
        let with = format!("{content}{provider}\nsessionRequireClientSASLAuth=true\n");
        let facts = Facts {
            config: kept(with.as_bytes(), reason),
            ..facts
        };
        assert_eq!(plan(&AUTH, &facts).config, None);
    }

    let taken_back = ("ZOO_CFG_sessionRequireClientSASLAuth", "false");
    assert_eq!(
        errors(&[&AUTH[..], &[taken_back]].concat(), &facts()),
        [
            "ZOO_ENABLE_AUTH=yes, and zoo.cfg with the settings of ZOO_CFG_… has `sessionRequireClientSASLAuth=false` \
             instead of `sessionRequireClientSASLAuth=true`: take that out of ZOO_CFG_EXTRA or ZOO_CFG_…"
        ]
    );

    // The same by whatever name.
    for skipped in [
        ("ZOO_CFG_skipACL", "yes"),
        ("ZOO_CFG_EXTRA", "skipACL=yes"),
        ("SERVER_JVMFLAGS", "-Dzookeeper.skipACL=yes"),
    ] {
        let refused = errors(&[&AUTH[..], &[skipped]].concat(), &facts());
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert!(refused[0].contains("skipACL=yes`: take "), "{refused:?}");
        assert!(made(&[ALLOWED, skipped], &facts()).is_ok());
    }
}

#[test]
fn passwords_of_clients_do_not_close_the_ports_between_servers() {
    let own_only = "\nserver.1=127.0.0.1:2888:3888;2181\n";
    let open = "reads and writes everything without a password";
    let list = ("ZOO_SERVERS", "zoo:2888:3888");
    let quorum_auth = [
        ("ZOO_ENABLE_QUORUM_AUTH", "yes"),
        ("ZOO_QUORUM_LEARNER_USER", "q"),
        ("ZOO_QUORUM_LEARNER_PASSWORD", "geheim"),
        ("ZOO_QUORUM_SERVER_USERS", "q"),
        ("ZOO_QUORUM_SERVER_PASSWORDS", "geheim"),
    ];
    for (more, is_own_only, is_warned_of) in [
        (&[][..], true, false),
        (&[list][..], false, true),
        (&[("ZOO_RECONFIG_ENABLED", "yes")], false, true),
        (&[("ZOO_CFG_quorumListenOnAllIPs", "true")], true, true),
        (&quorum_auth, false, false),
        (&[("ZOO_STANDALONE_ENABLED", "yes")], false, false),
    ] {
        let plan = plan(&[&AUTH[..], more].concat(), &facts());
        let config = plan.config.unwrap();
        assert_eq!(config.contains(own_only), is_own_only, "{more:?} {config}");
        let is_said = plan.warnings.iter().any(|warning| warning.contains(open));
        assert_eq!(is_said, is_warned_of, "{more:?} {:?}", plan.warnings);
    }
    let without = plan(&[ALLOWED], &facts()).config.unwrap();
    assert!(without.contains("\nserver.1=0.0.0.0:2888:3888;2181\n"));
}
