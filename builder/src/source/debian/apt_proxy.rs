//! The proxy that apt would use for an address (apt-transport-http(1), apt-transport-https(1)).
//!
//! `https:` has settings of its own and falls back to those of `http:`; a setting for a host goes
//! before the general one, even if it is one of `http:`. What apt's configuration leaves open, the
//! environment decides. Options that take the security from TLS (`Verify-Peer`) are not honoured.

use url::Url;

use super::apt_configuration::{AptConfiguration, Setting};
use super::apt_file::AptProblem;
use super::control::excerpt;

/// What apt is told about the way to an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AptProxy {
    /// Nothing: what the environment says about proxies holds.
    Environment,
    /// No proxy, whatever the environment says. Also every `file:` address.
    Direct,
    /// This one, of `http:`, `https:` or `socks5h:`; can carry a user and a password. As for apt,
    /// hosts in the environment's `no_proxy` are exempt from it.
    Through(Url),
}

/// The setting that decides about the proxy to a host.
pub(super) fn setting<'configuration>(
    configuration: &'configuration AptConfiguration,
    scheme: &str,
    host: &str,
) -> Option<&'configuration Setting> {
    let transports: &[&'static str] = match scheme {
        "https" => &["https", "http"],
        _ => &["http"],
    };
    let host = host.to_ascii_lowercase();
    let host: &str = &host;
    let first = |name: &dyn Fn(&'static str) -> Option<&'configuration Setting>| {
        transports.iter().find_map(|transport| name(transport))
    };
    first(&|transport| configuration.find(&["acquire", transport, "proxy", host]))
        // Not in the manual, but apt looks for every option of its transports in this way too.
        .or_else(|| first(&|transport| configuration.find(&["acquire", transport, host, "proxy"])))
        .or_else(|| first(&|transport| configuration.find(&["acquire", transport, "proxy"])))
}

/// The setting that names a program which would find the proxy to a host.
pub(super) fn program<'configuration>(
    configuration: &'configuration AptConfiguration,
    scheme: &str,
    host: &str,
) -> Option<&'configuration Setting> {
    let host = host.to_ascii_lowercase();
    if configuration
        .find(&["acquire", scheme, "proxy", &host])
        .is_some()
    {
        return None;
    }
    ["proxy-auto-detect", "proxyautodetect"]
        .into_iter()
        .find_map(|name| configuration.find(&["acquire", scheme, name]))
}

/// What the value of a setting means.
pub(super) fn parse(value: &str) -> Result<AptProxy, AptProblem> {
    // `DIRECT` by the manual, but to apt any word is an address without a host: people write
    // `false`, and it works.
    let Some((scheme, _)) = value.split_once(':') else {
        return Ok(AptProxy::Direct);
    };
    let scheme = scheme.to_ascii_lowercase();
    if !["http", "https", "socks5h"].contains(&scheme.as_str()) {
        return Err(AptProblem::ProxyScheme(excerpt(&scheme)));
    }
    let url = Url::parse(value).map_err(AptProblem::Proxy)?;
    match url.has_host() {
        true => Ok(AptProxy::Through(url)),
        false => Err(AptProblem::Proxy(url::ParseError::EmptyHost)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The value of the setting for a host.
    fn value(text: &str, scheme: &str) -> String {
        setting(&AptConfiguration::of(text), scheme, "Host.example")
            .map_or_else(|| "none".to_owned(), |setting| setting.value.clone())
    }

    // Each row was held against what apt 2.6.1 does with it on loopback.
    #[test]
    fn finds_the_setting_that_apt_takes() {
        let table = [
            ("", "none", "none"),
            ("Acquire::http::Proxy \"a\";", "a", "a"),
            ("Acquire::https::Proxy \"a\";", "none", "a"),
            (
                "Acquire { http { Proxy \"a\"; }; https { Proxy \"b\"; }; };",
                "a",
                "b",
            ),
            (
                "acquire::HTTP::proxy \"a\"; Acquire::https::Proxy \"\";",
                "a",
                "a",
            ),
            (
                "Acquire::http::Proxy \"a\"; Acquire::http::Proxy::HOST.example \"b\";",
                "b",
                "b",
            ),
            (
                "Acquire::http::Proxy \"a\"; Acquire::https::Proxy::host.example \"b\";",
                "a",
                "b",
            ),
            (
                "Acquire::https::Proxy \"a\"; Acquire::http::Proxy::host.example \"b\";",
                "b",
                "b",
            ),
            (
                "Acquire::https::Proxy \"a\"; Acquire::http::host.example::Proxy \"b\";",
                "b",
                "b",
            ),
            (
                "Acquire::http::Proxy::host.example \"a\"; Acquire::http::host.example::Proxy \"b\";",
                "a",
                "a",
            ),
            (
                "Acquire::http::Proxy \"a\"; Acquire::http::Proxy::other.example \"b\";",
                "a",
                "a",
            ),
            (
                "Acquire::http { Proxy \"a\"; Proxy { host.example \"b\"; \"c\"; }; };",
                "b",
                "b",
            ),
        ];
        for (text, http, https) in table {
            assert_eq!(value(text, "http"), http, "{text}");
            assert_eq!(value(text, "https"), https, "{text}");
        }
    }

    #[test]
    fn knows_when_a_program_would_be_asked() {
        let table = [
            ("Acquire::http::Proxy-Auto-Detect \"/a\";", Some("/a"), None),
            ("Acquire::http::ProxyAutoDetect \"/a\";", Some("/a"), None),
            (
                "Acquire::https::ProxyAutoDetect \"/a\"; Acquire::https::Proxy-Auto-Detect \"/b\";",
                None,
                Some("/b"),
            ),
            (
                "Acquire::http::ProxyAutoDetect \"/a\"; Acquire::http::Proxy::host.example \"b\";",
                None,
                None,
            ),
        ];
        for (text, http, https) in table {
            let configuration = AptConfiguration::of(text);
            let found = |scheme| {
                program(&configuration, scheme, "host.example").map(|it| it.value.as_str())
            };
            assert_eq!((found("http"), found("https")), (http, https), "{text}");
        }
    }

    #[test]
    fn understands_the_value_as_apt_does() {
        let table = [
            ("DIRECT", "direct"),
            ("false", "direct"),
            ("http://127.0.0.1:3142", "http://127.0.0.1:3142/"),
            ("http://proxy.example:3128/", "http://proxy.example:3128/"),
            (
                "https://us%40er:p@proxy.example",
                "https://us%40er:p@proxy.example/",
            ),
            ("socks5h://127.0.0.1:9050", "socks5h://127.0.0.1:9050"),
            (
                "socks5://127.0.0.1:9050",
                "a proxy is spoken to by `http:`, `https:` or `socks5h:`, not by `socks5:`",
            ),
            (
                "proxy.example:3128",
                "a proxy is spoken to by `http:`, `https:` or `socks5h:`, not by `proxy.example:`",
            ),
            ("http://", "address of the proxy is malformed"),
            ("socks5h:", "address of the proxy is malformed"),
            ("http://a:b:c", "address of the proxy is malformed"),
        ];
        for (value, expected) in table {
            let found = match parse(value) {
                Ok(AptProxy::Environment) => "environment".to_owned(),
                Ok(AptProxy::Direct) => "direct".to_owned(),
                Ok(AptProxy::Through(url)) => url.to_string(),
                Err(problem) => problem.to_string(),
            };
            assert_eq!(found, expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn a_proxy_has_a_host(value in "(https?|socks5h|[a-z]{0,3}):[a-z/:@\\[\\].]{0,12}|.*") {
            if let Ok(AptProxy::Through(url)) = parse(&value) {
                prop_assert!(url.host_str().is_some_and(|host| !host.is_empty()), "{}", value);
            }
        }
    }
}
