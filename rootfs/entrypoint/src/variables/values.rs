//! The validated value of every variable.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::environment::{Environment, Problem};
use super::ids::Id;
use super::kinds::{Kind, RootLogger, ServerNumber, Value};
use super::secret::Secret;
use super::settings::{self, Setting};
use super::table::{TABLE, Variable};
use crate::auth::UserName;
use crate::servers::ServerList;

/// One value per row of the table, and the settings that have no row.
#[derive(Clone, Debug)]
pub struct Values {
    rows: Vec<Row>,
    settings: Vec<Setting>,
}

#[derive(Clone, Debug)]
struct Row {
    value: Option<Value>,
    given_as: Option<String>,
}

/// What reading the environment led to.
#[derive(Debug)]
pub struct Reading {
    /// The values; rows with a problem have their default.
    values: Values,
    /// What to warn of.
    pub warnings: Vec<String>,
    /// The problems, by row.
    problems: Vec<(usize, Problem)>,
}

/// The rows that have a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(BTreeSet<usize>);

impl Broken {
    /// Whether all is well.
    pub fn is_nothing(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any of these rows has a problem.
    pub fn is_any_of(&self, rows: &[usize]) -> bool {
        rows.iter().any(|row| self.0.contains(row))
    }

    /// Whether some setting of `zoo.cfg` cannot be read, by which name soever.
    pub fn is_a_setting(&self) -> bool {
        let is_setting =
            |row: &usize| (TABLE.get(*row)).is_none_or(|variable| variable.kind == Kind::Settings);
        self.0.iter().any(is_setting)
    }
}

impl Reading {
    /// Reads every row of the table.
    pub fn of(environment: &Environment) -> Self {
        let mut reading = Self {
            values: Values {
                rows: Vec::new(),
                settings: Vec::new(),
            },
            warnings: Vec::new(),
            problems: Vec::new(),
        };
        for (index, variable) in TABLE.iter().enumerate() {
            let row = reading.row(environment, variable, index);
            reading.values.rows.push(row);
        }
        let (settings, problems) = settings::of_environment(environment);
        reading.values.settings = settings;
        let problems = problems.into_iter().map(|problem| (TABLE.len(), problem));
        reading.problems.extend(problems);
        reading
    }

    /// The values if all of them are valid.
    pub fn all(self) -> Result<Values, Vec<Problem>> {
        let (values, problems) = self.parts();
        if problems.is_empty() {
            Ok(values)
        } else {
            Err(problems)
        }
    }

    /// The problems, and the values with the default wherever there is one: good for looking for further
    /// problems, not for starting anything.
    pub fn parts(self) -> (Values, Vec<Problem>) {
        (
            self.values,
            self.problems
                .into_iter()
                .map(|(_, problem)| problem)
                .collect(),
        )
    }

    /// The values, with the default wherever there is a problem.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Which rows have a problem.
    pub fn broken(&self) -> Broken {
        Broken(self.problems.iter().map(|(row, _)| *row).collect())
    }

    /// The values if these rows are valid: a tool does not mind what only concerns the server.
    pub fn only(self, rows: &[usize]) -> Result<Values, Vec<Problem>> {
        let problems = self
            .problems
            .into_iter()
            .filter(|(row, _)| rows.contains(row))
            .collect();
        Self { problems, ..self }.all()
    }

    fn row(&mut self, environment: &Environment, variable: &Variable, index: usize) -> Row {
        let default = || {
            variable
                .default
                .and_then(|text| variable.kind.parse(text).ok())
        };
        match environment.given(variable, &mut self.warnings) {
            Ok(None) => Row {
                value: default(),
                given_as: None,
            },
            Ok(Some(given)) => {
                let value = variable.kind.parse(&given.text).map_err(|reasons| {
                    self.problems.extend(reasons.into_iter().map(|reason| {
                        let name = given.name.clone();
                        let problem = match variable.kind {
                            // The good ones among them may be passwords.
                            Kind::Settings | Kind::Users => Problem::Malformed { name, reason },
                            Kind::User => Problem::NotAllowed {
                                name,
                                value: without_password(&given.text),
                                reason,
                            },
                            _ => Problem::NotAllowed {
                                name,
                                value: given.text.clone(),
                                reason,
                            },
                        };
                        (index, problem)
                    }));
                });
                Row {
                    value: value.ok().or_else(default),
                    given_as: Some(given.name),
                }
            }
            Err(problem) => {
                self.problems.push((index, problem));
                Row {
                    value: default(),
                    given_as: None,
                }
            }
        }
    }
}

/// A user as it may be shown: what follows `:` is a password as a rule.
fn without_password(text: &str) -> String {
    (text.split_once(':')).map_or_else(|| text.to_owned(), |(user, _)| format!("{user}:…"))
}

/// A lookup that the compiler has checked: `ids` refuses rows of another kind.
macro_rules! lookup {
    ($name:ident, $variant:ident, $type:ty, $result:ty, |$found:ident| $convert:expr, $doc:literal) => {
        #[doc = $doc]
        pub fn $name(&self, id: Id<$type>) -> $result {
            match self.value(id) {
                Some(Value::$variant($found)) => $convert,
                other => unreachable!("{} has the value {other:?}", TABLE[id.row()].name),
            }
        }
    };
}

/// The same for a row without a default.
macro_rules! optional {
    ($name:ident, $variant:ident, $type:ty, $result:ty, |$found:ident| $convert:expr, $doc:literal) => {
        #[doc = $doc]
        pub fn $name(&self, id: Id<$type>) -> Option<$result> {
            match self.value(id)? {
                Value::$variant($found) => Some($convert),
                other => unreachable!("{} has the value {other:?}", TABLE[id.row()].name),
            }
        }
    };
}

impl Values {
    lookup!(boolean, Boolean, bool, bool, |value| *value, "A yes or no.");
    lookup!(integer, Integer, u32, u32, |value| *value, "A number.");
    lookup!(port, Port, u16, u16, |value| *value, "A port.");
    lookup!(path, Path, Path, &Path, |value| value, "A path.");
    lookup!(text, Text, str, &str, |value| value, "A word.");
    lookup!(
        flags,
        Flags,
        [String],
        &[String],
        |value| value,
        "Arguments."
    );
    lookup!(
        servers,
        Servers,
        ServerList,
        &ServerList,
        |value| value,
        "The servers."
    );

    lookup!(
        server_number,
        ServerNumber,
        ServerNumber,
        ServerNumber,
        |value| *value,
        "How the number of this server is found."
    );
    optional!(
        optional_integer,
        Integer,
        Option<u32>,
        u32,
        |value| *value,
        "A number, if it was set."
    );
    optional!(
        optional_port,
        Port,
        Option<u16>,
        u16,
        |value| *value,
        "A port, if it was set."
    );
    optional!(
        optional_path,
        Path,
        Option<PathBuf>,
        &Path,
        |value| value,
        "A path, if it was set."
    );
    optional!(
        optional_text,
        Text,
        Option<String>,
        &str,
        |value| value,
        "A word, if it was set."
    );
    optional!(
        root_logger,
        RootLogger,
        Option<RootLogger>,
        &RootLogger,
        |value| value,
        "The root logger, if it was set."
    );
    optional!(
        secret,
        Secret,
        Option<Secret>,
        &Secret,
        |value| value,
        "A secret, if it was set."
    );

    optional!(
        user,
        User,
        Option<UserName>,
        &UserName,
        |value| value,
        "Who logs in, if it was set."
    );

    /// Who may log in; nobody if it was not set.
    pub fn users(&self, id: Id<[UserName]>) -> &[UserName] {
        match self.value(id) {
            None => &[],
            Some(Value::Users(names)) => names,
            other => unreachable!("{} has the value {other:?}", TABLE[id.row()].name),
        }
    }

    /// Lines of `zoo.cfg` that have no variable of their own: of the list, then one by one.
    pub fn settings(&self) -> impl Iterator<Item = &Setting> {
        let listed = self.rows.iter().filter_map(|row| match &row.value {
            Some(Value::Settings(settings)) => Some(settings),
            _ => None,
        });
        listed.flatten().chain(&self.settings)
    }

    /// What the last of the settings for this key says.
    pub fn setting(&self, key: &str) -> Option<&str> {
        let settings = self.settings().filter(|setting| setting.key == key);
        settings.last().map(|setting| setting.value.as_str())
    }

    /// Puts a path in the place of a default; what the user has set stays.
    pub fn adopt(&mut self, id: Id<Path>, path: &Path) {
        let row = &mut self.rows[id.row()];
        if row.given_as.is_none() {
            row.value = Some(Value::Path(path.to_owned()));
        }
    }

    /// The same with the number of a user or of a group.
    pub fn adopt_account(&mut self, id: Id<str>, number: u32) {
        let row = &mut self.rows[id.row()];
        if row.given_as.is_none() {
            row.value = Some(Value::Text(number.to_string()));
        }
    }

    /// The name under which the user set this row, if so.
    pub fn given_as<T: ?Sized>(&self, id: Id<T>) -> Option<&str> {
        self.rows[id.row()].given_as.as_deref()
    }

    /// Every row with its value and whether the user set it.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Variable, &Value, bool)> {
        TABLE.iter().zip(&self.rows).filter_map(|(variable, row)| {
            Some((variable, row.value.as_ref()?, row.given_as.is_some()))
        })
    }

    fn value<T: ?Sized>(&self, id: Id<T>) -> Option<&Value> {
        self.rows[id.row()].value.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::ids;

    #[test]
    fn every_default_is_valid() {
        for variable in TABLE {
            if let Some(default) = variable.default {
                assert!(
                    variable.kind.parse(default).is_ok(),
                    "{} {default:?}",
                    variable.name
                );
            }
        }
    }

    #[test]
    fn all_problems_are_reported_and_tools_see_only_theirs() {
        let environment = [
            ("ZOO_TICK_TIME", "abc"),
            ("ZOO_CONF_DIR", "conf"),
            ("ZOO_SERVERS", "a b"),
            (
                "ZOO_CFG_EXTRA",
                "ssl.keyStore.password=geheim auch; clientPort=1",
            ),
        ];
        let read = || Reading::of(&environment.into_iter().collect());
        let shown =
            |problems: Vec<Problem>| problems.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            shown(read().all().unwrap_err()),
            [
                "ZOO_TICK_TIME is `abc`: allowed is a whole number from 1",
                "ZOO_CFG_EXTRA: what follows `ssl.keyStore.password` is not of the form key=value",
                "ZOO_CFG_EXTRA: `clientPort` is set by ZOO_PORT_NUMBER",
                "ZOO_SERVERS is `a b`: entry `a`: not of the form host:quorum-port:election-port",
                "ZOO_SERVERS is `a b`: entry `b`: not of the form host:quorum-port:election-port",
                "ZOO_CONF_DIR is `conf`: allowed is an absolute path",
            ]
        );
        assert!(read().only(&[ids::DATA_DIR.row()]).is_ok());
        let problems = shown(read().only(&[ids::CONF_DIR.row()]).unwrap_err());
        assert_eq!(
            problems,
            ["ZOO_CONF_DIR is `conf`: allowed is an absolute path"]
        );
    }
}
