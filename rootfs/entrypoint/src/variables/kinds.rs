//! What the value of a variable may be, and how its text becomes that value.

use std::path::PathBuf;

use super::secret::Secret;
use super::settings::{self, Setting};
use crate::auth::UserName;
use crate::auth::users::LETTERS;
use crate::servers::{Host, ServerId, ServerList};

/// Four-letter words of ZooKeeper 3.5 to 3.9 (`FourLetterCommands`), which the whitelist may name.
const FOUR_LETTER_WORDS: &[&str] = &[
    "conf", "cons", "crst", "dirs", "dump", "envi", "gtmk", "hash", "isro", "mntr", "ruok", "srst",
    "srvr", "stat", "stmk", "wchc", "wchp", "wchs",
];

/// The levels of log4j, which logback understands as well.
pub const LEVELS: &[&str] = &[
    "ALL", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "OFF",
];

/// The appenders of our log4j.properties and logback.xml.
const APPENDERS: &[&str] = &["CONSOLE", "ROLLINGFILE", "TRACEFILE"];

/// What a variable may be set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Yes or no, in the usual words.
    Boolean,
    /// A whole number in a range.
    Integer {
        /// The smallest allowed.
        least: u32,
        /// The largest allowed.
        most: u32,
    },
    /// A TCP port.
    Port,
    /// An absolute path.
    Path,
    /// One of these words, in any case.
    OneOf(&'static [&'static str]),
    /// A log level and appenders, as log4j's root logger takes them.
    RootLogger,
    /// Four-letter words, or `*` for all of them.
    FourLetterWords,
    /// The list of servers.
    Servers,
    /// The number of a server, or how to find it.
    ServerNumber,
    /// A host name or an address.
    Host,
    /// Lines for `zoo.cfg`.
    Settings,
    /// What must not be shown.
    Secret,
    /// A user or group, by name or number.
    Account,
    /// Somebody who logs in.
    User,
    /// All who may log in.
    Users,
    /// Arguments of the JVM, separated by blanks.
    Flags,
}

/// A validated value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Of [`Kind::Boolean`].
    Boolean(bool),
    /// Of [`Kind::Integer`].
    Integer(u32),
    /// Of [`Kind::Port`].
    Port(u16),
    /// Of [`Kind::Path`].
    Path(PathBuf),
    /// Of [`Kind::OneOf`], [`Kind::FourLetterWords`], [`Kind::Host`] and [`Kind::Account`], in its canonical form.
    Text(String),
    /// Of [`Kind::RootLogger`].
    RootLogger(RootLogger),
    /// Of [`Kind::Servers`].
    Servers(ServerList),
    /// Of [`Kind::ServerNumber`].
    ServerNumber(ServerNumber),
    /// Of [`Kind::Settings`].
    Settings(Vec<Setting>),
    /// Of [`Kind::Secret`].
    Secret(Secret),
    /// Of [`Kind::User`].
    User(UserName),
    /// Of [`Kind::Users`], all different.
    Users(Vec<UserName>),
    /// Of [`Kind::Flags`].
    Flags(Vec<String>),
}

/// How the number of this server is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerNumber {
    /// It was said.
    Fixed(ServerId),
    /// By the number at the end of the host name.
    OfHostName,
}

/// What `zookeeper.root.logger` is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootLogger {
    /// One of [`LEVELS`].
    pub level: String,
    /// Where the log goes; at least one.
    pub appenders: Vec<String>,
}

impl Kind {
    /// Validates `text`; on failure the reasons, each to be put after the variable and its value.
    pub fn parse(&self, text: &str) -> Result<Value, Vec<String>> {
        let value = match self {
            Self::Boolean => boolean(text).map(Value::Boolean),
            Self::Integer { least, most } => whole(text)
                .filter(|number| (*least..=*most).contains(number))
                .map(Value::Integer),
            Self::Port => whole(text)
                .and_then(|number| u16::try_from(number).ok())
                .filter(|port| *port > 0)
                .map(Value::Port),
            Self::Path => {
                let absolute = text.starts_with('/') && !text.chars().any(char::is_control);
                absolute.then(|| Value::Path(normal(text)))
            }
            Self::OneOf(words) => one_of(words, text).map(|word| Value::Text(word.to_owned())),
            Self::ServerNumber => server_number(text).map(Value::ServerNumber),
            Self::Host => Host::parse(text).map(|host| Value::Text(host.unbracketed())),
            Self::Secret => Some(Value::Secret(Secret::new(text))),
            Self::Settings => return settings::parse(text).map(Value::Settings),
            Self::RootLogger => root_logger(text).map(Value::RootLogger),
            Self::FourLetterWords => four_letter_words(text).map(Value::Text),
            Self::Account => account(text).then(|| Value::Text(text.to_owned())),
            Self::User => UserName::parse(text).map(Value::User),
            Self::Users => return UserName::parse_list(text).map(Value::Users),
            Self::Flags => Some(Value::Flags(
                text.split_whitespace().map(str::to_owned).collect(),
            )),
            Self::Servers => {
                return ServerList::parse(text)
                    .map(Value::Servers)
                    .map_err(|problems| problems.iter().map(ToString::to_string).collect());
            }
        };
        value.ok_or_else(|| vec![format!("allowed is {}", self.allowed())])
    }

    /// What is allowed, in English, for messages and the reference page.
    pub fn allowed(&self) -> String {
        match self {
            Self::Boolean => "1, yes, true, on or 0, no, false, off".to_owned(),
            Self::Integer { least, most: MOST } => format!("a whole number from {least}"),
            Self::Integer { least, most } => format!("a whole number from {least} to {most}"),
            Self::Port => "a port from 1 to 65535".to_owned(),
            Self::Path => "an absolute path".to_owned(),
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
            Self::ServerNumber => "a whole number from 1 to 255, or auto".to_owned(),
            Self::Host => "a host name or an address".to_owned(),
            Self::Secret => "any text".to_owned(),
            Self::Settings => "a list of key=value, separated by blanks".to_owned(),
            Self::RootLogger => format!(
                "a level and one or more of {}, such as INFO,CONSOLE",
                APPENDERS.join(", ")
            ),
            Self::FourLetterWords => format!("* or a list of {}", FOUR_LETTER_WORDS.join(", ")),
            Self::Servers => {
                "a list of [server.N=]host:quorum-port:election-port[:role][;client-port]"
                    .to_owned()
            }
            Self::Account => "a name or a number".to_owned(),
            Self::User => format!("a name of {LETTERS}"),
            Self::Users => {
                format!("names of {LETTERS}, separated by `,`, `;` or blanks")
            }
            Self::Flags => "arguments separated by blanks".to_owned(),
        }
    }

    /// What is allowed, in Chinese, for the reference page.
    pub fn allowed_chinese(&self) -> String {
        match self {
            Self::Boolean => "1、yes、true、on 或 0、no、false、off".to_owned(),
            Self::Integer { least, most: MOST } => format!("不小于 {least} 的整数"),
            Self::Integer { least, most } => format!("{least} 至 {most} 的整数"),
            Self::Port => "1 至 65535 的端口号".to_owned(),
            Self::Path => "绝对路径".to_owned(),
            Self::OneOf(words) => words.join("、"),
            Self::ServerNumber => "1 至 255 的整数，或 auto".to_owned(),
            Self::Host => "主机名或地址".to_owned(),
            Self::Secret => "任意文本".to_owned(),
            Self::Settings => "以空格分隔的 key=value 列表".to_owned(),
            Self::RootLogger => format!(
                "级别及 {} 中的一个或多个，如 INFO,CONSOLE",
                APPENDERS.join("、")
            ),
            Self::FourLetterWords => {
                format!("* 或以下命令的列表：{}", FOUR_LETTER_WORDS.join("、"))
            }
            Self::Servers => {
                "[server.N=]主机:通信端口:选举端口[:角色][;客户端口] 的列表".to_owned()
            }
            Self::Account => "名称或数字".to_owned(),
            Self::User => "由字母、数字、`_`、`-`、`.` 组成的名称".to_owned(),
            Self::Users => {
                "由字母、数字、`_`、`-`、`.` 组成的名称的列表，以 `,`、`;` 或空格分隔".to_owned()
            }
            Self::Flags => "以空格分隔的参数".to_owned(),
        }
    }
}

/// ZooKeeper reads its numbers as Java's `int`.
pub const MOST: u32 = i32::MAX as u32;

impl Value {
    /// The value as `zoo.cfg` has it.
    pub fn to_config(&self) -> String {
        match self {
            // Exactly so: `admin.enableServer=TRUE` counts as false.
            Self::Boolean(value) => value.to_string(),
            Self::Integer(number) => number.to_string(),
            Self::Port(port) => port.to_string(),
            Self::Path(path) => path.to_string_lossy().into_owned(),
            Self::Text(text) => text.clone(),
            Self::RootLogger(logger) => logger.to_string(),
            Self::Servers(servers) => servers.to_string(),
            Self::ServerNumber(ServerNumber::Fixed(id)) => id.to_string(),
            Self::ServerNumber(ServerNumber::OfHostName) => AUTOMATIC.to_owned(),
            Self::Settings(settings) => settings::shown(settings),
            Self::Secret(secret) => secret.to_string(),
            Self::User(name) => name.to_string(),
            Self::Users(names) => {
                let names: Vec<&str> = names.iter().map(UserName::as_str).collect();
                names.join(",")
            }
            Self::Flags(flags) => flags.join(" "),
        }
    }
}

impl std::fmt::Display for RootLogger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{},{}", self.level, self.appenders.join(","))
    }
}

/// Reads the words for yes and no, in any case.
pub fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "yes" | "true" | "on" => Some(true),
        "0" | "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

/// Digits only: `parse` alone would take `+1` as well.
fn whole(text: &str) -> Option<u32> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

/// Without `//`, `/.` and a slash at the end, so that paths can be compared.
fn normal(text: &str) -> PathBuf {
    PathBuf::from(text).components().collect()
}

fn one_of(words: &[&'static str], text: &str) -> Option<&'static str> {
    words
        .iter()
        .copied()
        .find(|word| word.eq_ignore_ascii_case(text))
}

/// The word for a number by the host name.
const AUTOMATIC: &str = "auto";

fn server_number(text: &str) -> Option<ServerNumber> {
    if text.eq_ignore_ascii_case(AUTOMATIC) {
        return Some(ServerNumber::OfHostName);
    }
    ServerId::parse(text).map(ServerNumber::Fixed)
}

fn root_logger(text: &str) -> Option<RootLogger> {
    let mut parts = text.split(',').map(str::trim);
    let level = one_of(LEVELS, parts.next()?)?.to_owned();
    let appenders: Vec<String> = parts
        .map(|part| one_of(APPENDERS, part).map(str::to_owned))
        .collect::<Option<_>>()?;
    (!appenders.is_empty()).then_some(RootLogger { level, appenders })
}

fn four_letter_words(text: &str) -> Option<String> {
    let words: Vec<&str> = text
        .split(|letter: char| letter == ',' || letter.is_whitespace())
        .filter(|word| !word.is_empty())
        .map(|word| one_of(FOUR_LETTER_WORDS, word).or((word == "*").then_some("*")))
        .collect::<Option<_>>()?;
    (!words.is_empty()).then(|| words.join(", "))
}

/// The portable form of names, with the letters that `useradd` also lets through.
fn account(text: &str) -> bool {
    !text.starts_with('-')
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.'))
}
