//! Names that a page gives to containers, volumes and networks, and those that they have here.
//!
//! `zoo1`, `zoo$n`, `zoo2-data` and so on get a word before them, and so does `app-tier`: pages are run beside
//! each other, on machines where somebody may have a `zoo1`. The names of images become the engine's own ids.

/// The network of all pages.
const NETWORK: &str = "app-tier";

/// What names of servers begin with; a number or a variable follows.
const SERVER: &str = "zoo";

/// Names of a page, and what they are here.
#[derive(Debug, Clone)]
pub struct Names {
    prefix: String,
    images: Vec<(String, String)>,
}

impl Names {
    /// With this before each name, in which no name of a page may be.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            images: Vec::new(),
        }
    }

    /// What a page calls an image, and what the engine does.
    #[must_use]
    pub fn image(mut self, documented: &str, own: &str) -> Self {
        self.images.push((documented.to_owned(), own.to_owned()));
        // A tag may begin with another.
        (self.images).sort_by_key(|(documented, _)| std::cmp::Reverse(documented.len()));
        self
    }

    /// What all names here begin with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A text of the page with the names that things have here.
    #[must_use]
    pub fn own(&self, text: &str) -> String {
        let text = self
            .images
            .iter()
            .fold(text.to_owned(), |text, (documented, own)| {
                text.replace(documented, own)
            });
        let mut own = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(character) = rest.chars().next() {
            // Engines call a container `zoo1.app-tier` where they are asked by its address.
            let begins =
                !own.ends_with(is_of_word) || own.ends_with('.') && !rest.starts_with(SERVER);
            if begins && is_name(rest) {
                own.push_str(&self.prefix);
                own.push('-');
            }
            own.push(character);
            rest = &rest[character.len_utf8()..];
        }
        own
    }

    /// What was printed here, with the names of the page.
    #[must_use]
    pub fn documented(&self, printed: &str) -> String {
        let text = printed.replace(&format!("{}-", self.prefix), "");
        self.images.iter().fold(text, |text, (documented, own)| {
            text.replace(own, documented)
        })
    }
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '-' | '_' | '.')
}

fn is_name(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix(NETWORK) {
        return !rest.starts_with(is_of_word);
    }
    (text.strip_prefix(SERVER))
        .is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit() || next == '$'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_page() {
        let names = Names::new("own")
            .image("zookiln/zookeeper:3.6.1", "sha256:1")
            .image("zookiln/zookeeper:3.6.1-distroless", "sha256:2");
        for (page, own) in [
            ("docker stop zoo1", "docker stop own-zoo1"),
            (
                "zoo1:2888:3888 zoo2:2888",
                "own-zoo1:2888:3888 own-zoo2:2888",
            ),
            ("-v zoo1-data:/srv/data", "-v own-zoo1-data:/srv/data"),
            ("server.1=zoo1:2888", "server.1=own-zoo1:2888"),
            ("--name zoo$n zoo${n}", "--name own-zoo$n own-zoo${n}"),
            ("$(docker inspect zoo1)", "$(docker inspect own-zoo1)"),
            ("zoo.cfg zookeeper ZOO_PORT", "zoo.cfg zookeeper ZOO_PORT"),
            ("my-zoo1 x.zoo1", "my-zoo1 x.zoo1"),
            ("--network app-tier", "--network own-app-tier"),
            ("DNS:zoo1.app-tier", "DNS:own-zoo1.own-app-tier"),
            ("app-tier-2", "app-tier-2"),
            ("zookiln/zookeeper:3.6.1 ls", "sha256:1 ls"),
            ("zookiln/zookeeper:3.6.1-distroless", "sha256:2"),
        ] {
            assert_eq!(names.own(page), own);
            assert_eq!(names.documented(own), page);
        }
    }
}
