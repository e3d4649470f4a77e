//! THE table of variables. Parsing, validation, `zoo.cfg`, the reference page and the table tests are made
//! from its rows, and the order of the rows is the order of the keys in `zoo.cfg`.

use super::kinds::{Kind, MOST};
use crate::release::Release;

/// A variable that users may set.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What other images call it; `name` wins over them, and the first over the others.
    pub aliases: &'static [&'static str],
    /// The value when nothing is set, as a user would write it; `None` where unset means something of its own.
    pub default: Option<&'static str>,
    /// What it may be set to.
    pub kind: Kind,
    /// What it changes.
    pub effect: Effect,
    /// The chapter of the reference page.
    pub group: Group,
    /// What it is for, in English.
    pub english: &'static str,
    /// What it is for, in Chinese.
    pub chinese: &'static str,
}

/// What a variable changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The line `key=value` of `zoo.cfg`.
    Key(&'static str),
    /// The same, from a release on; on older ones a warning unless the value is the default.
    KeySince(&'static str, Release),
    /// Something else, described for the reference page.
    Other(&'static str),
    /// Nothing yet: asking for it ends the start, since what protects must not be missing silently.
    NotYet,
}

/// A chapter of the reference page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// 常规配置参数
    Common,
    /// 集群配置参数
    Cluster,
    /// 可选配置参数
    Optional,
    /// 安全
    Security,
    /// Java
    Java,
}

const fn from(least: u32) -> Kind {
    Kind::Integer { least, most: MOST }
}

/// Every variable.
pub static TABLE: &[Variable] = &[
    Variable {
        name: "ZOO_TICK_TIME",
        aliases: &[],
        default: Some("2000"),
        kind: from(1),
        effect: Effect::Key("tickTime"),
        group: Group::Common,
        english: "The length of a tick in milliseconds, ZooKeeper's unit of heartbeats and time limits.",
        chinese: "一个 Tick 的时间长度，以毫秒为单位；用于心跳、超时等控制的基础单位。",
    },
    Variable {
        name: "ZOO_INIT_LIMIT",
        aliases: &[],
        default: Some("10"),
        kind: from(1),
        effect: Effect::Key("initLimit"),
        group: Group::Common,
        english: "Ticks that a follower may take to connect to the leader and copy its data.",
        chinese: "从服务器与 Leader 连接及同步的时间上限，以 ticks 为单位；数据量较大时可适当增大。",
    },
    Variable {
        name: "ZOO_SYNC_LIMIT",
        aliases: &[],
        default: Some("5"),
        kind: from(1),
        effect: Effect::Key("syncLimit"),
        group: Group::Common,
        english: "Ticks that a follower may lag behind the leader before it is dropped.",
        chinese: "从服务器落后于 Leader 的时间上限，以 ticks 为单位；超过后将会被剔除。",
    },
    Variable {
        name: "ZOO_DATA_DIR",
        aliases: &[],
        default: Some("/srv/data/zookeeper"),
        kind: Kind::Path,
        effect: Effect::Key("dataDir"),
        group: Group::Optional,
        english: "The directory of `myid` and the snapshots.",
        chinese: "`myid` 与快照的存储目录。",
    },
    Variable {
        name: "ZOO_DATA_LOG_DIR",
        aliases: &[],
        default: Some("/srv/datalog/zookeeper"),
        kind: Kind::Path,
        effect: Effect::Key("dataLogDir"),
        group: Group::Optional,
        english: "The directory of the transaction logs; they are data, back them up with the snapshots.",
        chinese: "事务日志的存储目录；事务日志也是数据，需要与快照一起备份。",
    },
    Variable {
        name: "ZOO_PORT_NUMBER",
        aliases: &["ZOO_CLIENT_PORT"],
        default: Some("2181"),
        kind: Kind::Port,
        effect: Effect::Key("clientPort"),
        group: Group::Optional,
        english: "The port for clients.",
        chinese: "客户端访问端口。",
    },
    Variable {
        name: "ZOO_MAX_CLIENT_CNXNS",
        aliases: &[],
        default: Some("60"),
        kind: from(0),
        effect: Effect::Key("maxClientCnxns"),
        group: Group::Common,
        english: "Connections that one client address may hold; 0 is no limit.",
        chinese: "每个客户端（以 IP 地址识别）允许的同时连接数；0 为无限制。",
    },
    Variable {
        name: "ZOO_MAX_CNXNS",
        aliases: &[],
        default: Some("0"),
        kind: from(0),
        effect: Effect::KeySince("maxCnxns", Release::new(3, 6, 0)),
        group: Group::Optional,
        english: "Connections that the server holds in all; 0 is no limit.",
        chinese: "当前服务器的最大连接数；0 为无限制。",
    },
    Variable {
        name: "ZOO_STANDALONE_ENABLED",
        aliases: &[],
        default: Some("false"),
        kind: Kind::Boolean,
        effect: Effect::Key("standaloneEnabled"),
        group: Group::Common,
        english: "Whether a single server runs standalone; otherwise it is a quorum of one, which can grow.",
        chinese: "单个服务器是否以 Standalone 模式运行；否则为一个成员的集群，后续可扩展。",
    },
    Variable {
        name: "ZOO_ADMINSERVER_ENABLED",
        aliases: &["ZOO_ENABLE_ADMIN_SERVER"],
        default: Some("true"),
        kind: Kind::Boolean,
        effect: Effect::Key("admin.enableServer"),
        group: Group::Common,
        english: "Whether the AdminServer answers `http://host:8080/commands/…`.",
        chinese: "是否启用 AdminServer，访问方式为 `http://host:8080/commands/…`。",
    },
    Variable {
        name: "ZOO_ADMIN_SERVER_PORT_NUMBER",
        aliases: &[],
        default: Some("8080"),
        kind: Kind::Port,
        effect: Effect::Key("admin.serverPort"),
        group: Group::Common,
        english: "The port of the AdminServer.",
        chinese: "AdminServer 的端口。",
    },
    Variable {
        name: "ZOO_AUTOPURGE_PURGEINTERVAL",
        aliases: &["ZOO_AUTOPURGE_INTERVAL"],
        default: Some("0"),
        kind: from(0),
        effect: Effect::Key("autopurge.purgeInterval"),
        group: Group::Common,
        english: "Hours between two purges of old snapshots and logs; 0 is never.",
        chinese: "自动清理快照及日志的周期，以小时为单位；0 为不启用。",
    },
    Variable {
        name: "ZOO_AUTOPURGE_SNAPRETAINCOUNT",
        aliases: &["ZOO_AUTOPURGE_RETAIN_COUNT"],
        default: Some("3"),
        kind: from(3),
        effect: Effect::Key("autopurge.snapRetainCount"),
        group: Group::Common,
        english: "Snapshots that a purge keeps, with their logs.",
        chinese: "自动清理时保留的最新快照（及对应日志）数量。",
    },
    Variable {
        name: "ZOO_4LW_COMMANDS_WHITELIST",
        aliases: &[],
        default: Some("srvr, mntr"),
        kind: Kind::FourLetterWords,
        effect: Effect::Key("4lw.commands.whitelist"),
        group: Group::Common,
        english: "The four-letter words that are answered. `zkServer.sh status` and the health check use `srvr`.",
        chinese: "允许的四字命令，以逗号分隔。`zkServer.sh status` 与健康检查使用 `srvr`。",
    },
    Variable {
        name: "ENV_DEBUG",
        aliases: &[],
        default: Some("false"),
        kind: Kind::Boolean,
        effect: Effect::Other("debug lines of the entrypoint"),
        group: Group::Common,
        english: "Whether the entrypoint says what it does, step by step.",
        chinese: "是否输出容器调试信息。",
    },
    Variable {
        name: "ZOO_SERVER_ID",
        aliases: &["ZOO_MY_ID"],
        default: Some("1"),
        kind: Kind::Integer {
            least: 1,
            most: 255,
        },
        effect: Effect::Other("`myid`"),
        group: Group::Cluster,
        english: "The number of this server in ZOO_SERVERS. A `myid` that exists already wins.",
        chinese: "服务器 ID，在 ZOO_SERVERS 中唯一。已存在的 `myid` 文件优先。",
    },
    Variable {
        name: "ZOO_SERVERS",
        aliases: &[],
        default: Some("server.1=0.0.0.0:2888:3888"),
        kind: Kind::Servers,
        effect: Effect::Other("`server.N=…`"),
        group: Group::Cluster,
        english: "All servers of the ensemble, separated by blanks or commas; this server's own address is `0.0.0.0`.",
        chinese: "集群的服务器列表，以空格或逗号分隔；当前服务器的地址使用 `0.0.0.0`。",
    },
    Variable {
        name: "ZOO_BASE_DIR",
        aliases: &[],
        default: Some("/usr/local/zookeeper"),
        kind: Kind::Path,
        effect: Effect::Other("class path"),
        group: Group::Optional,
        english: "The directory of ZooKeeper itself; its jars are in `lib`.",
        chinese: "应用的基础目录，jar 包位于其 `lib` 子目录。",
    },
    Variable {
        name: "ZOO_CONF_DIR",
        aliases: &[],
        default: Some("/srv/conf/zookeeper"),
        kind: Kind::Path,
        effect: Effect::Other("place of `zoo.cfg`, class path"),
        group: Group::Optional,
        english: "The directory of `zoo.cfg`, `log4j.properties` and `logback.xml`.",
        chinese: "配置文件（`zoo.cfg`、`log4j.properties`、`logback.xml`）的目录。",
    },
    Variable {
        name: "ZOO_LOG_DIR",
        aliases: &[],
        default: Some("/var/log/zookeeper"),
        kind: Kind::Path,
        effect: Effect::Other("`-Dzookeeper.log.dir`"),
        group: Group::Optional,
        english: "The directory of log files, written only where ZOO_LOG4J_PROP asks for them.",
        chinese: "日志文件的目录；仅在 ZOO_LOG4J_PROP 要求时写入。",
    },
    Variable {
        name: "ZOO_DAEMON_USER",
        aliases: &[],
        default: Some("zookeeper"),
        kind: Kind::Account,
        effect: Effect::Other("user of the server"),
        group: Group::Optional,
        english: "Whom the server runs as when the container starts as root.",
        chinese: "以 root 启动容器时，应用的运行用户。",
    },
    Variable {
        name: "ZOO_DAEMON_GROUP",
        aliases: &[],
        default: Some("zookeeper"),
        kind: Kind::Account,
        effect: Effect::Other("group of the server"),
        group: Group::Optional,
        english: "The group that goes with ZOO_DAEMON_USER.",
        chinese: "以 root 启动容器时，应用的运行用户组。",
    },
    Variable {
        name: "ZOO_LOG_LEVEL",
        aliases: &[],
        default: Some("INFO"),
        kind: Kind::Level,
        effect: Effect::Other("`-Dzookeeper.root.logger`, `-Dzookeeper.console.threshold`"),
        group: Group::Optional,
        english: "How much the server logs.",
        chinese: "日志输出级别。",
    },
    Variable {
        name: "ZOO_LOG4J_PROP",
        aliases: &[],
        default: None,
        kind: Kind::RootLogger,
        effect: Effect::Other("`-Dzookeeper.root.logger`"),
        group: Group::Optional,
        english: "Level and places of the log; wins over ZOO_LOG_LEVEL. `INFO,ROLLINGFILE` writes `zookeeper.log` in ZOO_LOG_DIR.",
        chinese: "日志级别与输出目标，优先于 ZOO_LOG_LEVEL。`INFO,ROLLINGFILE` 输出至 ZOO_LOG_DIR 中的 `zookeeper.log`。",
    },
    Variable {
        name: "ZOO_ALLOW_ANONYMOUS_LOGIN",
        aliases: &["ALLOW_ANONYMOUS_LOGIN"],
        default: Some("no"),
        kind: Kind::Boolean,
        effect: Effect::Other("whether a server without authentication starts"),
        group: Group::Security,
        english: "Whether anybody may connect. Must be yes as long as ZOO_ENABLE_AUTH is not.",
        chinese: "是否允许匿名连接。如果没有设置 ZOO_ENABLE_AUTH，则必须设置为 yes。",
    },
    Variable {
        name: "ZOO_ENABLE_AUTH",
        aliases: &[],
        default: Some("no"),
        kind: Kind::Boolean,
        effect: Effect::NotYet,
        group: Group::Security,
        english: "Whether clients must log in.",
        chinese: "是否启用认证。",
    },
    Variable {
        name: "ZOO_ENABLE_QUORUM_AUTH",
        aliases: &[],
        default: Some("no"),
        kind: Kind::Boolean,
        effect: Effect::NotYet,
        group: Group::Security,
        english: "Whether servers must log in at each other.",
        chinese: "服务器之间是否启用认证。",
    },
    Variable {
        name: "ZOO_TLS_CLIENT_ENABLE",
        aliases: &[],
        default: Some("false"),
        kind: Kind::Boolean,
        effect: Effect::NotYet,
        group: Group::Security,
        english: "Whether there is an encrypted port for clients.",
        chinese: "是否启用客户端加密端口。",
    },
    Variable {
        name: "ZOO_TLS_QUORUM_ENABLE",
        aliases: &[],
        default: Some("false"),
        kind: Kind::Boolean,
        effect: Effect::NotYet,
        group: Group::Security,
        english: "Whether servers talk to each other encrypted.",
        chinese: "服务器之间是否加密通信。",
    },
    Variable {
        name: "ZOO_HEAP_SIZE",
        aliases: &[],
        default: Some("1024"),
        kind: from(1),
        effect: Effect::Other("`-Xms`, `-Xmx`"),
        group: Group::Java,
        english: "The heap of the server in MB. Flags that size the heap win over it. Never for `zkCli.sh`.",
        chinese: "以 MB 为单位的服务 Java Heap 大小；JVM 参数中已设置时忽略。不作用于 `zkCli.sh`。",
    },
    Variable {
        name: "SERVER_JVMFLAGS",
        aliases: &[],
        default: Some(""),
        kind: Kind::Flags,
        effect: Effect::Other("arguments of the server's JVM"),
        group: Group::Java,
        english: "Flags for the server only.",
        chinese: "仅用于服务的 JVM 参数。",
    },
    Variable {
        name: "CLIENT_JVMFLAGS",
        aliases: &[],
        default: Some(""),
        kind: Kind::Flags,
        effect: Effect::Other("arguments of `zkCli.sh`'s JVM"),
        group: Group::Java,
        english: "Flags for `zkCli.sh` only.",
        chinese: "仅用于 `zkCli.sh` 的 JVM 参数。",
    },
    Variable {
        name: "JVMFLAGS",
        aliases: &["ZOO_JVMFLAGS"],
        default: Some(""),
        kind: Kind::Flags,
        effect: Effect::Other("arguments of every JVM, after all others"),
        group: Group::Java,
        english: "Flags for the server and `zkCli.sh`, which does not take those that size the heap.",
        chinese: "服务与 `zkCli.sh` 的 JVM 参数；其中的 Heap 参数不作用于 `zkCli.sh`。",
    },
];
