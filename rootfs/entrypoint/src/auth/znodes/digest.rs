//! Logging in by DIGEST-MD5, as ZooKeeper's server asks for it.
//!
//! Source: RFC 2831. The server is known by `zookeeper/zk-sasl-md5`, which ZooKeeper has fixed; of the kinds of
//! protection only `auth` is used. As Java does it, a text that ISO 8859-1 can hold counts in its bytes.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use data_encoding::HEXLOWER;
use md5::{Digest, Md5};

use crate::auth::users::User;

/// What ZooKeeper calls its servers.
const SERVICE: &str = "zookeeper/zk-sasl-md5";

/// The first answer to the only question of a session.
const COUNT: &str = "00000001";

/// No question is longer; RFC 2831 says so.
const LONGEST: usize = 2048;

/// The question of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    realm: Vec<u8>,
    nonce: Vec<u8>,
    is_utf8: bool,
}

/// The answer to it, and what the server must say to that: it knows the password, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What to send.
    pub text: Vec<u8>,
    expected: Vec<u8>,
}

impl Challenge {
    /// Reads a question; nothing where it is none that can be answered.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let directives = directives(text)?;
        let of = |name: &str| directives.get(name);
        let offers = |name: &str, wanted: &str, otherwise: bool| {
            of(name).map_or(otherwise, |list| {
                let list = String::from_utf8_lossy(list);
                list.split(',').any(|word| word.trim() == wanted)
            })
        };
        let can_be_answered = offers("qop", "auth", true) && offers("algorithm", "md5-sess", false);
        can_be_answered.then_some(())?;
        Some(Self {
            realm: of("realm").cloned().unwrap_or_default(),
            nonce: of("nonce").filter(|nonce| !nonce.is_empty())?.clone(),
            is_utf8: offers("charset", "utf-8", false),
        })
    }

    /// Answers it as `user`.
    pub fn answer(&self, user: &User) -> Answer {
        let random = || RandomState::new().hash_one(0);
        self.answer_with(user, &format!("{:016x}{:016x}", random(), random()))
    }

    fn answer_with(&self, user: &User, own_nonce: &str) -> Answer {
        let name = user.name.as_str();
        let password = self.bytes(user.password.reveal());
        let secret = Md5::new()
            .chain_update(name)
            .chain_update(b":")
            .chain_update(&self.realm)
            .chain_update(b":")
            .chain_update(password)
            .finalize();
        let session = Md5::new()
            .chain_update(secret)
            .chain_update(b":")
            .chain_update(&self.nonce)
            .chain_update(b":")
            .chain_update(own_nonce)
            .finalize();
        let session = HEXLOWER.encode(&session);
        let proof = |method: &str| {
            let what = hexadecimal(format!("{method}:{SERVICE}").as_bytes());
            let proof = Md5::new()
                .chain_update(&session)
                .chain_update(b":")
                .chain_update(&self.nonce)
                .chain_update(format!(":{COUNT}:{own_nonce}:auth:{what}"))
                .finalize();
            HEXLOWER.encode(&proof)
        };
        let mut text = Vec::new();
        if self.is_utf8 {
            text.extend_from_slice(b"charset=utf-8,");
        }
        for (directive, value) in [
            ("username", name.as_bytes()),
            ("realm", &self.realm),
            ("nonce", &self.nonce),
            ("cnonce", own_nonce.as_bytes()),
            ("digest-uri", SERVICE.as_bytes()),
        ] {
            text.extend_from_slice(directive.as_bytes());
            text.push(b'=');
            text.extend(quoted(value));
            text.push(b',');
        }
        let rest = format!("nc={COUNT},qop=auth,response={}", proof("AUTHENTICATE"));
        text.extend_from_slice(rest.as_bytes());
        Answer {
            text,
            expected: proof("").into_bytes(),
        }
    }

    fn bytes(&self, text: &str) -> Vec<u8> {
        let latin: Option<Vec<u8>> = text
            .chars()
            .map(|letter| u8::try_from(letter).ok())
            .collect();
        latin.unwrap_or_else(|| text.as_bytes().to_vec())
    }
}

impl Answer {
    /// Whether the server has shown that it knows the password.
    pub fn is_confirmed_by(&self, text: &[u8]) -> bool {
        directives(text).is_some_and(|directives| directives.get("rspauth") == Some(&self.expected))
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Md5::digest(bytes))
}

fn quoted(value: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'"'];
    for byte in value {
        if matches!(byte, b'"' | b'\\') {
            quoted.push(b'\\');
        }
        quoted.push(*byte);
    }
    quoted.push(b'"');
    quoted
}

/// `name=value` or `name="value"`, separated by commas; of equal names the first counts. Nothing where there is
/// something else.
fn directives(text: &[u8]) -> Option<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    if text.len() > LONGEST {
        return None;
    }
    let is_between = |byte: &u8| *byte == b',' || byte.is_ascii_whitespace();
    let mut rest = text.iter().copied().peekable();
    loop {
        while rest.next_if(is_between).is_some() {}
        let mut name = String::new();
        while let Some(byte) = rest.next_if(|byte| byte.is_ascii_alphanumeric() || *byte == b'-') {
            name.push(byte.to_ascii_lowercase().into());
        }
        if name.is_empty() {
            return rest.peek().is_none().then_some(found);
        }
        rest.next_if_eq(&b'=')?;
        let mut value = Vec::new();
        if rest.next_if_eq(&b'"').is_some() {
            loop {
                match rest.next()? {
                    b'"' => break,
                    b'\\' => value.push(rest.next()?),
                    byte => value.push(byte),
                }
            }
        } else {
            while let Some(byte) = rest.next_if(|byte| !is_between(byte)) {
                value.push(byte);
            }
        }
        found.entry(name).or_insert(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::UserName;
    use crate::variables::Secret;
    use proptest::prelude::*;

    fn user(name: &str, password: &str) -> User {
        User {
            name: UserName::parse(name).unwrap(),
            password: Secret::new(password),
        }
    }

    #[test]
    fn questions() {
        let asked = Challenge::parse(
            b"realm=\"zk-sasl-md5\",nonce=\"a\\\"b\",charset=utf-8,algorithm=md5-sess",
        );
        let expected = Challenge {
            realm: b"zk-sasl-md5".to_vec(),
            nonce: b"a\"b".to_vec(),
            is_utf8: true,
        };
        assert_eq!(asked, Some(expected));
        for bad in [
            &b""[..],
            b"nonce=\"a\"",
            b"realm=\"a\",algorithm=md5-sess",
            b"nonce=\"a\",algorithm=md5-sess,qop=\"auth-int,auth-conf\"",
            b"nonce=\"a,algorithm=md5-sess",
            b"nonce,algorithm=md5-sess",
            b"nonce=\"a\",algorithm=md5-sess,\0",
            &[b' '; 3000],
        ] {
            assert_eq!(Challenge::parse(bad), None, "{}", bad.escape_ascii());
        }
    }

    /// What Java's own client answers, made with
    /// `Sasl.createSaslClient(["DIGEST-MD5"], null, "zookeeper", "zk-sasl-md5", null, …)`.
    #[test]
    fn answers_are_javas() {
        for (name, password, nonce, own_nonce, response, confirmation) in [
            (
                "user1",
                "pass4user1",
                "UF51VQadwRhpFkl/dy/DH9Ccw6/kvHeRmsaWa/Cl",
                "mmdvobmQnD7CxaTzkpTsErSRX8S/5iOKb5DcwLo7",
                "f94bb54d97f7c58602893fb84a935d6c",
                "7a3849d5ca78f12d00ccfaf367c669e5",
            ),
            (
                "user2",
                "pä\"ss\\",
                "3V5tQiaFBPj2j4Mni5gJ42UR5tAMyqj8uEFlNGXW",
                "8TXBIjCttFvrUU6UQaLCkRfbj7uiJWznV/3HYKGy",
                "d5c811666ce46cec809eb670e1bb5ea4",
                "6efa2ee3cacbfbdef4a4dc5a47be0644",
            ),
            (
                "a",
                "密码",
                "b/KLhqQR5gaa0x1nAzDiBDuUWL5EX7f6gPpQ4TtY",
                "YAOHRKu+0SthAa87iVP2xUXXO37QSCSg0jsbdUx5",
                "c38e1ebfb7b7216a6258c7c28fe00264",
                "fbb08d0de860624d2f981259a932b7c9",
            ),
        ] {
            let question =
                format!("realm=\"zk-sasl-md5\",nonce=\"{nonce}\",charset=utf-8,algorithm=md5-sess");
            let challenge = Challenge::parse(question.as_bytes()).unwrap();
            let answer = challenge.answer_with(&user(name, password), own_nonce);
            let text = String::from_utf8(answer.text.clone()).unwrap();
            assert_eq!(
                text,
                format!(
                    "charset=utf-8,username=\"{name}\",realm=\"zk-sasl-md5\",nonce=\"{nonce}\",cnonce=\"{own_nonce}\",\
                     digest-uri=\"zookeeper/zk-sasl-md5\",nc=00000001,qop=auth,response={response}"
                )
            );
            assert!(answer.is_confirmed_by(format!("rspauth={confirmation}").as_bytes()));
            assert!(!answer.is_confirmed_by(format!("rspauth={response}").as_bytes()));
            assert!(!answer.is_confirmed_by(b""));
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(text: Vec<u8>) {
            if let Some(challenge) = Challenge::parse(&text) {
                challenge.answer(&user("a", "b")).is_confirmed_by(&text);
            }
        }

        #[test]
        fn an_answer_can_be_read(realm: Vec<u8>, nonce in prop::collection::vec(any::<u8>(), 1..99)) {
            let challenge = Challenge { realm: realm.clone(), nonce: nonce.clone(), is_utf8: true };
            let answer = challenge.answer(&user("a", "b"));
            let read = directives(&answer.text).unwrap();
            prop_assert_eq!(&read["realm"], &realm);
            prop_assert_eq!(&read["nonce"], &nonce);
            let mut confirmed = b"rspauth=".to_vec();
            confirmed.extend(&answer.expected);
            prop_assert!(answer.is_confirmed_by(&confirmed));
            prop_assert!(!answer.is_confirmed_by(&answer.text));
        }
    }
}
