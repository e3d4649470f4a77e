use std::collections::BTreeMap;

use super::*;
use crate::prepare::mounts::ANONYMOUS;
use crate::variables::{Environment, Reading};

/// The `zoo.cfg` of directories, and the names in `version-2` of directories.
#[derive(Clone, Debug, Default)]
struct Files {
    configs: BTreeMap<PathBuf, String>,
    histories: BTreeMap<PathBuf, History>,
    owners: BTreeMap<PathBuf, Account>,
}

impl Disk for Files {
    fn history(&self, directory: &Path) -> History {
        self.histories.get(directory).copied().unwrap_or_default()
    }

    fn config(&self, directory: &Path) -> Found {
        let content = self.configs.get(directory).cloned();
        let of = |content: String| {
            Found::of(
                content.into_bytes(),
                &directory.join("zoo.cfg"),
                &Mounts::default(),
            )
        };
        content.map_or(Found::Nothing, of)
    }

    fn owner(&self, directory: &Path) -> Option<Account> {
        self.owners.get(directory).copied()
    }
}

const SNAPSHOTS: History = History {
    newest_snapshot: Some(7),
    snapshot_of_writes: true,
    logs: false,
    hidden: false,
};
const LOGS: History = History {
    newest_snapshot: None,
    snapshot_of_writes: false,
    logs: true,
    hidden: false,
};
const ALL: History = History {
    logs: true,
    ..SNAPSHOTS
};

/// What an engine mounts when nobody asks for anything.
const OURS: &[(&str, &str)] = &[
    ("/", "/"),
    ("/srv/conf", ANONYMOUS),
    ("/srv/data", ANONYMOUS),
    ("/srv/datalog", ANONYMOUS),
    ("/var/log", ANONYMOUS),
];
const NAMED: &str = "/var/lib/docker/volumes/zk/_data";
const HOST: &str = "/home/me/zk";

fn values(variables: &[(&str, &str)]) -> Values {
    Reading::of(&variables.iter().copied().collect::<Environment>())
        .all()
        .unwrap()
}

fn files(histories: &[(&str, History)]) -> Files {
    Files {
        histories: histories
            .iter()
            .map(|(path, history)| (path.into(), *history))
            .collect(),
        ..Files::default()
    }
}

/// Data, transaction logs, configuration and log files in force.
#[derive(Debug, PartialEq, Eq)]
struct InForce(PathBuf, PathBuf, PathBuf, PathBuf);

fn in_force(values: &Values, adoption: &Adoption) -> InForce {
    let mut values = values.clone();
    for (id, path) in &adoption.changes {
        values.adopt(*id, path);
    }
    let path = |id| values.path(id).to_owned();
    InForce(
        path(DATA_DIR),
        path(DATA_LOG_DIR),
        path(CONF_DIR),
        path(LOG_DIR),
    )
}

struct Case<'a> {
    variables: &'a [(&'a str, &'a str)],
    mounts: &'a [(&'a str, &'a str)],
    files: Files,
}

impl Case<'_> {
    fn decide(&self) -> (InForce, Adoption) {
        let mounts = Mounts::of(&[OURS, self.mounts].concat());
        let values = values(self.variables);
        let adoption = decide(&values, &mounts, &self.files);
        let found = in_force(&values, &adoption);
        (found, adoption)
    }

    /// A server runs there, and the container is started again: nothing moves.
    fn is_stable(&self) {
        let (first, adoption) = self.decide();
        if !adoption.refusals.is_empty() {
            return;
        }
        let mut files = self.files.clone();
        let add = |files: &mut Files, path: &PathBuf, more: History| {
            let there = files.histories.entry(path.clone()).or_default();
            there.newest_snapshot = there.newest_snapshot.max(more.newest_snapshot);
            there.logs |= more.logs;
        };
        add(&mut files, &first.0, SNAPSHOTS);
        add(&mut files, &first.1, LOGS);
        let again = Case { files, ..*self }.decide().0;
        assert_eq!(again, first);
    }
}

/// Data and logs in force, and the warnings.
fn stored(
    variables: &[(&str, &str)],
    mounts: &[(&str, &str)],
    histories: &[(&str, History)],
) -> (String, String, Vec<String>) {
    let case = Case {
        variables,
        mounts,
        files: files(histories),
    };
    case.is_stable();
    let (found, adoption) = case.decide();
    let said = adoption
        .warnings
        .into_iter()
        .chain(adoption.refusals.iter().map(ToString::to_string));
    let text = |path: PathBuf| path.to_str().unwrap().to_owned();
    (text(found.0), text(found.1), said.collect())
}

const DEFAULT: (&str, &str) = ("/srv/data/zookeeper", "/srv/datalog/zookeeper");

#[test]
fn without_anything_of_others_ours_are_used() {
    for mounts in [&[][..], &[("/srv/data", NAMED)], &[("/database", NAMED)]] {
        let case = Case {
            variables: &[],
            mounts,
            files: files(&[(DEFAULT.0, SNAPSHOTS), (DEFAULT.1, LOGS)]),
        };
        let (_, adoption) = case.decide();
        assert!(adoption.changes.is_empty() && adoption.notes.is_empty());
        assert!(adoption.warnings.is_empty() && adoption.refusals.is_empty());
    }
    let (_, adoption) = Case {
        variables: &[],
        mounts: &[],
        files: files(&[]),
    }
    .decide();
    assert!(adoption.changes.is_empty());
}

#[test]
fn the_official_image_moves_over() {
    let case = Case {
        variables: &[],
        mounts: &[
            ("/data", NAMED),
            ("/datalog", NAMED),
            ("/conf", HOST),
            ("/logs", ANONYMOUS),
        ],
        files: files(&[("/data", SNAPSHOTS), ("/datalog", LOGS)]),
    };
    let (found, adoption) = case.decide();
    assert_eq!(
        found,
        InForce(
            "/data".into(),
            "/datalog".into(),
            "/conf".into(),
            "/logs".into()
        )
    );
    assert_eq!(
        adoption.notes,
        [
            "using /conf for the configuration, as the official image does: it is mounted",
            "using /data for data, as the official image does: it is mounted",
            "using /datalog for transaction logs, as the official image does: it is mounted",
            "using /logs for log files, as the official image does: it is mounted",
        ]
    );
    assert_eq!(adoption.warnings, [""; 0]);
    case.is_stable();
}

#[test]
fn bitnami_moves_over() {
    for point in ["/bitnami/zookeeper", "/bitnami", "/bitnami/zookeeper/data"] {
        for history in [History::default(), ALL] {
            let found = stored(
                &[],
                &[(point, NAMED)],
                &[("/bitnami/zookeeper/data", history)],
            );
            let data = "/bitnami/zookeeper/data".to_owned();
            assert_eq!(found, (data.clone(), data, vec![]), "{point} {history:?}");
        }
    }
    // A directory for the logs that somebody has chosen is used as long as that is possible.
    for (history, logs, said) in [
        (History::default(), DEFAULT.1, 0),
        (ALL, "/bitnami/zookeeper/data", 0),
    ] {
        let (_, found, warnings) = stored(
            &[],
            &[("/bitnami/zookeeper", NAMED), ("/srv/datalog", NAMED)],
            &[("/bitnami/zookeeper/data", history)],
        );
        assert_eq!(
            (found.as_str(), warnings.len()),
            (logs, said),
            "{warnings:?}"
        );
    }
}

#[test]
fn the_configuration_of_bitnami() {
    let place = "/opt/bitnami/zookeeper/conf";
    let file = format!("{place}/zoo.cfg");
    for point in [file.as_str(), place] {
        let mut files = files(&[("/bitnami/zookeeper/data", ALL)]);
        let config = "dataDir=/bitnami/zookeeper/data\n".to_owned();
        files.configs.insert(place.into(), config);
        let case = Case {
            variables: &[],
            mounts: &[(point, HOST), ("/bitnami/zookeeper", NAMED)],
            files,
        };
        let (found, adoption) = case.decide();
        assert_eq!(found.2, Path::new(place), "{point}");
        assert_eq!(adoption.warnings, [""; 0]);
        assert_eq!(
            adoption.notes,
            [
                "using /opt/bitnami/zookeeper/conf for the configuration, as Bitnami's image does: it is mounted"
            ]
        );
    }
    // Of two the one with a file in it.
    let mut files = Files::default();
    files.configs.insert(place.into(), "# mine\n".to_owned());
    let case = Case {
        variables: &[],
        mounts: &[("/conf", NAMED), (place, NAMED)],
        files,
    };
    assert_eq!(case.decide().0.2, Path::new(place));
}

#[test]
fn the_owner_of_bitnamis_data_keeps_it() {
    const THEIRS: Account = Account { uid: 1001, gid: 0 };
    let data = Path::new("/bitnami/zookeeper/data");
    let run_by = |variables: &[(&str, &str)], owner: Account, config: Option<&str>| {
        let mut files = files(&[("/bitnami/zookeeper/data", ALL), ("/data", SNAPSHOTS)]);
        files.owners.insert(data.into(), owner);
        files.owners.insert("/data".into(), owner);
        let configs = config.map(|config| ("/srv/conf/zookeeper".into(), config.to_owned()));
        files.configs.extend(configs);
        let case = Case {
            variables,
            mounts: &[("/bitnami/zookeeper", NAMED)],
            files,
        };
        case.decide().1
    };
    let adoption = run_by(&[], THEIRS, None);
    assert_eq!(adoption.owner, Some(THEIRS));
    assert_eq!(
        adoption.notes.last().unwrap(),
        "running as 1001:0, the owner of /bitnami/zookeeper/data"
    );
    let named = run_by(&[], THEIRS, Some("dataDir=/bitnami/zookeeper/data\n"));
    assert_eq!(named.owner, Some(THEIRS));
    // Root's is a new volume. Somebody has chosen. The official image hands over what it finds, as we do.
    for (variables, owner, config) in [
        (&[][..], Account { uid: 0, gid: 0 }, None),
        (&[("ZOO_DAEMON_USER", "1000")], THEIRS, None),
        (&[("ZOO_DAEMON_GROUP", "1000")], THEIRS, None),
        (&[], THEIRS, Some("dataDir=/data\n")),
    ] {
        let adoption = run_by(variables, owner, config);
        assert_eq!(adoption.owner, None, "{variables:?} {owner:?} {config:?}");
    }
}

#[test]
fn who_wins_where_both_are_there() {
    let nothing = History::default();
    for (ours, of_ours, theirs, of_theirs, expected, said) in [
        // Ours is only what the image declares.
        (ANONYMOUS, nothing, NAMED, nothing, "/data", ""),
        (ANONYMOUS, nothing, ANONYMOUS, nothing, "/data", ""),
        (ANONYMOUS, nothing, NAMED, SNAPSHOTS, "/data", ""),
        ("tmpfs", nothing, NAMED, SNAPSHOTS, "/data", ""),
        // A container that was started before.
        (
            ANONYMOUS,
            SNAPSHOTS,
            NAMED,
            nothing,
            DEFAULT.0,
            "/data is mounted and not used",
        ),
        (
            ANONYMOUS,
            SNAPSHOTS,
            NAMED,
            SNAPSHOTS,
            DEFAULT.0,
            "/data is mounted and not used",
        ),
        // Ours is chosen.
        (
            NAMED,
            nothing,
            NAMED,
            nothing,
            DEFAULT.0,
            "/data is mounted and not used",
        ),
        (
            HOST,
            SNAPSHOTS,
            NAMED,
            nothing,
            DEFAULT.0,
            "/data is mounted and not used",
        ),
        (
            HOST,
            SNAPSHOTS,
            NAMED,
            SNAPSHOTS,
            DEFAULT.0,
            "/data is mounted and not used",
        ),
        (
            NAMED,
            nothing,
            NAMED,
            SNAPSHOTS,
            DEFAULT.0,
            "/srv/data/zookeeper and /data are both mounted",
        ),
    ] {
        let (data, _, warnings) = stored(
            &[],
            &[("/srv/data", ours), ("/data", theirs)],
            &[(DEFAULT.0, of_ours), ("/data", of_theirs)],
        );
        let case = format!("{ours} {of_ours:?} {theirs} {of_theirs:?}: {warnings:?}");
        assert_eq!(data, expected, "{case}");
        assert_eq!(warnings.is_empty(), said.is_empty(), "{case}");
        assert!(warnings.iter().all(|line| line.starts_with(said)), "{case}");
    }
}

#[test]
fn a_refusal_says_how_to_choose() {
    let (_, _, said) = stored(
        &[],
        &[("/srv/data/zookeeper", HOST), ("/bitnami/zookeeper", NAMED)],
        &[("/bitnami/zookeeper/data", ALL)],
    );
    assert_eq!(
        said,
        [
            "/srv/data/zookeeper and /bitnami/zookeeper/data are both mounted, and only the second holds data: choose with \
             ZOO_DATA_DIR"
        ]
    );
    let (data, _, said) = stored(
        &[("ZOO_DATA_DIR", "/bitnami/zookeeper/data")],
        &[("/srv/data", HOST), ("/bitnami/zookeeper", NAMED)],
        &[("/bitnami/zookeeper/data", ALL)],
    );
    assert_eq!((data.as_str(), said.len()), ("/bitnami/zookeeper/data", 0));
}

#[test]
fn of_two_others_the_one_with_data_is_meant() {
    let mounts = &[("/data", NAMED), ("/bitnami/zookeeper", NAMED)];
    let found = |histories| stored(&[], mounts, histories).0;
    assert_eq!(found(&[]), "/data");
    assert_eq!(
        found(&[("/bitnami/zookeeper/data", ALL)]),
        "/bitnami/zookeeper/data"
    );
    assert_eq!(
        found(&[("/bitnami/zookeeper/data", ALL), ("/data", ALL)]),
        "/data"
    );
}

#[test]
fn variables_win() {
    let variables = &[
        ("ZOO_DATA_DIR", "/srv/data/zookeeper"),
        ("ZOO_DATA_LOG_DIR", "/srv/datalog/zookeeper"),
        ("ZOO_CONF_DIR", "/etc/zk"),
        ("ZOO_LOG_DIR", "/log"),
    ];
    let case = Case {
        variables,
        mounts: &[
            ("/data", NAMED),
            ("/datalog", NAMED),
            ("/conf", HOST),
            ("/logs", HOST),
        ],
        files: files(&[("/data", SNAPSHOTS)]),
    };
    let (found, adoption) = case.decide();
    assert_eq!(
        found,
        InForce(
            DEFAULT.0.into(),
            DEFAULT.1.into(),
            "/etc/zk".into(),
            "/log".into()
        )
    );
    assert_eq!(
        adoption.warnings,
        [
            "/data holds data and is not used: the data directory was set to /srv/data/zookeeper, which is empty"
        ]
    );
    // The official image's own way to say it.
    let (data, logs, said) = stored(
        &[("ZOO_DATA_DIR", "/data")],
        &[("/data", NAMED), ("/datalog", NAMED)],
        &[],
    );
    assert_eq!(
        (data.as_str(), logs.as_str(), said.len()),
        ("/data", "/datalog", 0)
    );
}

#[test]
fn a_configuration_that_is_kept_wins_over_other_data() {
    let mut files = files(&[("/data", ALL)]);
    files
        .configs
        .insert("/conf".into(), "dataDir=/mine\n".to_owned());
    let case = Case {
        variables: &[],
        mounts: &[("/conf/zoo.cfg", HOST), ("/data", NAMED)],
        files,
    };
    let (found, adoption) = case.decide();
    assert_eq!(found.2, Path::new("/conf"));
    assert_eq!(adoption.changes.len(), 1);
    assert_eq!(
        adoption.warnings,
        ["/data holds data and is not used: the data directory was set to /mine, which is empty"]
    );
}

#[test]
fn configurations_of_both() {
    let generated = crate::stamp::stamped("tickTime=2000\n");
    for (ours, in_ours, in_theirs, expected, warned) in [
        (ANONYMOUS, None, None, "/conf", false),
        (ANONYMOUS, Some(generated.as_str()), None, "/conf", false),
        (
            ANONYMOUS,
            Some("# edited\n"),
            Some("# mine\n"),
            "/srv/conf/zookeeper",
            true,
        ),
        (NAMED, None, Some("# mine\n"), "/srv/conf/zookeeper", true),
    ] {
        let config = |path: &str, content: Option<&str>| Some((path.into(), content?.to_owned()));
        let configs = [
            config("/srv/conf/zookeeper", in_ours),
            config("/conf", in_theirs),
        ];
        let case = Case {
            variables: &[],
            mounts: &[("/srv/conf", ours), ("/conf", HOST)],
            files: Files {
                configs: configs.into_iter().flatten().collect(),
                ..Files::default()
            },
        };
        let (found, adoption) = case.decide();
        assert_eq!(found.2, Path::new(expected), "{ours} {in_ours:?}");
        assert_eq!(
            !adoption.warnings.is_empty(),
            warned,
            "{:?}",
            adoption.warnings
        );
    }
    // A file mapped into our directory is a choice as well.
    let case = Case {
        variables: &[],
        mounts: &[("/srv/conf/zookeeper/zoo.cfg", HOST), ("/conf", HOST)],
        files: Files::default(),
    };
    assert_eq!(case.decide().0.2, Path::new("/srv/conf/zookeeper"));
}

#[test]
fn logs_that_lie_with_the_data_stay_there() {
    for (mounts, data) in [
        (&[][..], DEFAULT.0),
        (&[("/srv/datalog", NAMED)], DEFAULT.0),
        (&[("/data", NAMED)], "/data"),
        (&[("/data", NAMED), ("/datalog", NAMED)], "/data"),
    ] {
        let (found, logs, said) = stored(&[], mounts, &[(data, ALL)]);
        assert_eq!((found.as_str(), logs.as_str()), (data, data));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].starts_with(&format!(
                "the transaction logs stay where they are, in {data}/version-2: "
            )),
            "{said:?}"
        );
    }
    // Somebody has said otherwise, or there are logs where they belong.
    let explicit = stored(&[("ZOO_DATA_LOG_DIR", "/x")], &[], &[(DEFAULT.0, ALL)]);
    assert_eq!((explicit.1.as_str(), explicit.2.len()), ("/x", 0));
    let both = stored(&[], &[], &[(DEFAULT.0, ALL), (DEFAULT.1, LOGS)]);
    assert_eq!((both.1.as_str(), both.2.len()), (DEFAULT.1, 0));
}

#[test]
fn the_content_of_another_image_in_our_volume() {
    let (data, logs, said) = stored(
        &[],
        &[("/srv/data", NAMED), ("/srv/datalog", NAMED)],
        &[("/srv/data", SNAPSHOTS), ("/srv/datalog", LOGS)],
    );
    assert_eq!(
        (data.as_str(), logs.as_str(), said.len()),
        ("/srv/data", "/srv/datalog", 0)
    );
    // Bitnami's, with the logs in it.
    let (data, logs, said) = stored(&[], &[("/srv/data", NAMED)], &[("/srv/data", ALL)]);
    assert_eq!(
        (data.as_str(), logs.as_str(), said.len()),
        ("/srv/data", "/srv/data", 1)
    );
    // Ours, once it is in use, and nothing that only looks like it.
    for histories in [
        &[("/srv/data", ALL), (DEFAULT.0, SNAPSHOTS)][..],
        &[("/srv", ALL)],
    ] {
        assert_eq!(stored(&[], &[("/srv/data", NAMED)], histories).0, DEFAULT.0);
    }
}

#[test]
fn what_cannot_be_looked_into_counts_as_data() {
    let hidden = History {
        hidden: true,
        ..History::default()
    };
    let (data, ..) = stored(&[], &[("/data", NAMED)], &[(DEFAULT.0, hidden)]);
    assert_eq!(data, DEFAULT.0);
}
