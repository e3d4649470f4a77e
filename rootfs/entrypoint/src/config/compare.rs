//! How a `zoo.cfg` that others wrote differs from the environment.

use super::{METRICS_CLASS, METRICS_PORT, METRICS_PORT_KEY, METRICS_SWITCH};
use crate::properties::Properties;
use crate::servers::ServerList;
use crate::tls;
use crate::variables::ids::PORT_NUMBER;
use crate::variables::{Effect, Kind, Setting, Value, Values};

/// The variables that were set, shape `zoo.cfg`, and say something else than `kept` with its `servers`.
pub fn ignored_variables(
    values: &Values,
    kept: &Properties,
    servers: Option<&ServerList>,
) -> Vec<&'static str> {
    let says = |kind: Kind, key: &str, value: &Value| {
        kept.get(key)
            .and_then(|text| kind.parse(text).ok())
            .as_ref()
            == Some(value)
    };
    let has_all = |settings: &[Setting]| {
        settings
            .iter()
            .all(|setting| kept.get(&setting.key) == Some(setting.value.trim()))
    };
    let differs =
        |variable: &crate::variables::Variable, value: &Value| match (variable.effect, value) {
            (Effect::Key(key) | Effect::KeySince(key, _), value) => {
                !says(variable.kind, key, value)
            }
            (_, Value::Servers(asked_for)) => {
                servers.is_none_or(|servers| !servers.means(asked_for, values.port(PORT_NUMBER)))
            }
            (_, Value::Settings(settings)) => !has_all(settings),
            (_, Value::Boolean(asked_for)) if variable.name == METRICS_SWITCH => {
                kept.get(METRICS_CLASS).is_some() != *asked_for
            }
            (_, Value::Port(_)) if variable.name == METRICS_PORT => {
                kept.get(METRICS_CLASS).is_some() && !says(variable.kind, METRICS_PORT_KEY, value)
            }
            _ => tls::lines::differs(values, variable.name, kept),
        };
    let one_by_one = || {
        let said = |setting: &Setting| kept.get(&setting.key) == Some(setting.value.trim());
        (!values.settings().all(said)).then_some("ZOO_CFG_…")
    };
    let mut ignored: Vec<&'static str> = values
        .iter()
        .filter(|(variable, value, given)| *given && differs(variable, value))
        .map(|(variable, _, _)| variable.name)
        .collect();
    if !ignored.contains(&"ZOO_CFG_EXTRA") {
        ignored.extend(one_by_one());
    }
    ignored
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::servers_of;
    use crate::variables::{Environment, Reading};

    fn values(pairs: &[(&str, &str)]) -> Values {
        Reading::of(&pairs.iter().copied().collect::<Environment>())
            .all()
            .unwrap()
    }

    #[test]
    fn metrics_that_a_kept_file_overrules() {
        let kept =
            Properties::parse(b"metricsProvider.className=x\nmetricsProvider.httpPort=7000\n");
        for (pair, expected) in [
            (("ZOO_ENABLE_PROMETHEUS_METRICS", "yes"), &[][..]),
            (
                ("ZOO_ENABLE_PROMETHEUS_METRICS", "no"),
                &["ZOO_ENABLE_PROMETHEUS_METRICS"],
            ),
            (("ZOO_PROMETHEUS_METRICS_PORT_NUMBER", "7000"), &[]),
            (
                ("ZOO_PROMETHEUS_METRICS_PORT_NUMBER", "7001"),
                &["ZOO_PROMETHEUS_METRICS_PORT_NUMBER"],
            ),
        ] {
            let found = ignored_variables(&values(&[pair]), &kept, None);
            assert_eq!(found, expected, "{pair:?}");
        }
    }

    #[test]
    fn variables_that_a_kept_file_overrules() {
        let kept = Properties::parse(
            b"tickTime=3000\nsyncLimit=05\nserver.1=a:1:2;2181\nserver.2=b:1:2\n",
        );
        for (pairs, expected) in [
            (&[][..], &[][..]),
            (&[("ZOO_TICK_TIME", "3000"), ("ZOO_SYNC_LIMIT", "5")], &[]),
            (
                &[("ZOO_TICK_TIME", "2000"), ("ZOO_HEAP_SIZE", "64")],
                &["ZOO_TICK_TIME"],
            ),
            (&[("ZOO_INIT_LIMIT", "10")], &["ZOO_INIT_LIMIT"]),
            (&[("ZOO_SERVERS", "a:1:2;2181,b:1:2")], &[]),
            (&[("ZOO_SERVERS", "a:1:2")], &["ZOO_SERVERS"]),
            (&[("ZOO_CFG_EXTRA", "tickTime=3000")], &[]),
            (&[("ZOO_CFG_EXTRA", "a=1")], &["ZOO_CFG_EXTRA"]),
            (&[("ZOO_CFG_a", "1")], &["ZOO_CFG_…"]),
            (
                &[("ZOO_ENABLE_PROMETHEUS_METRICS", "yes")],
                &["ZOO_ENABLE_PROMETHEUS_METRICS"],
            ),
            (&[("ZOO_PROMETHEUS_METRICS_PORT_NUMBER", "7001")], &[]),
        ] {
            assert_eq!(
                ignored_variables(&values(pairs), &kept, servers_of(&kept).as_ref()),
                expected,
                "{pairs:?}"
            );
        }
    }
}
