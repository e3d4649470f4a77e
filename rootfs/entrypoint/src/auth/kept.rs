//! What a `zoo.cfg` must have where authentication is asked for: nothing that protects may be missing silently,
//! neither in a file that is kept nor in one that further settings have changed.

use super::sasl::{self, Line, PROVIDER};
use crate::properties::Properties;
use crate::release::Release;
use crate::variables::Values;

/// The lines that are asked for and not there.
pub fn lacking(values: &Values, release: Release, config: &Properties) -> Vec<Line> {
    let lines = sasl::lines(values, release).into_iter();
    lines
        .filter(|line| line.protects && !says(config, line))
        .collect()
}

fn says(config: &Properties, line: &Line) -> bool {
    if line.value == PROVIDER {
        // Which of them it is does not matter.
        return config
            .with_prefix("authProvider")
            .any(|(_, class)| class == PROVIDER);
    }
    // As `Boolean.parseBoolean` has it.
    config
        .get(line.key)
        .is_some_and(|value| value.eq_ignore_ascii_case(line.value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::{Environment, Reading};

    fn missing(pairs: &[(&str, &str)], config: &str) -> Vec<&'static str> {
        let environment: Environment = pairs.iter().copied().collect();
        let values = Reading::of(&environment).all().unwrap();
        let config = Properties::parse(config.as_bytes());
        let lines = lacking(&values, Release::new(3, 6, 1), &config);
        lines.iter().map(|line| line.key).collect()
    }

    #[test]
    fn nothing_that_protects_is_missing_silently() {
        let auth = ("ZOO_ENABLE_AUTH", "yes");
        let anonymous = ("ZOO_ALLOW_ANONYMOUS_LOGIN", "yes");
        let provider = format!("authProvider.7 = {PROVIDER}\n");
        let session = "sessionRequireClientSASLAuth=True\n";
        assert_eq!(missing(&[], ""), [""; 0]);
        assert_eq!(
            missing(&[auth], ""),
            ["authProvider.1", "sessionRequireClientSASLAuth"]
        );
        assert_eq!(missing(&[auth, anonymous], ""), ["authProvider.1"]);
        assert_eq!(
            missing(&[auth], &provider),
            ["sessionRequireClientSASLAuth"]
        );
        let off = session.replace("True", "no");
        assert_eq!(missing(&[auth], &(provider.clone() + &off)).len(), 1);
        assert_eq!(missing(&[auth], &(provider + session)), [""; 0]);
        let quorum = ("ZOO_ENABLE_QUORUM_AUTH", "yes");
        assert_eq!(
            missing(&[quorum], "quorum.auth.enableSasl=true"),
            [
                "quorum.auth.learnerRequireSasl",
                "quorum.auth.serverRequireSasl"
            ]
        );
    }
}
