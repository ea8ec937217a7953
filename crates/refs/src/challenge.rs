//! The challenge of a registry: where a token is given, and for what.

/// What `WWW-Authenticate: Bearer …` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// The address that gives tokens.
    pub(crate) realm: String,
    /// What the token is for.
    pub(crate) service: Option<String>,
}

impl Challenge {
    /// Reads a header; none where it asks for something else than a token.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let (scheme, mut rest) = header.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut found = Self::default();
        while let Some((name, value)) = rest.split_once('=') {
            let name = name.trim_matches([' ', ',']).to_ascii_lowercase();
            let (value, after) = match value.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => value.split_once(',').unwrap_or((value, "")),
            };
            match name.as_str() {
                "realm" => value.clone_into(&mut found.realm),
                "service" => found.service = Some(value.to_owned()),
                _ => {}
            }
            rest = after;
        }
        (!found.realm.is_empty()).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn challenges_are_read() {
        let one = Challenge::parse(
            "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",\
             scope=\"repository:library/nginx:pull\"",
        );
        let one = one.unwrap();
        assert_eq!(one.realm, "https://auth.docker.io/token");
        assert_eq!(one.service.as_deref(), Some("registry.docker.io"));
        let bare = Challenge::parse("bearer service=x, realm=https://a.example/t").unwrap();
        assert_eq!(
            (bare.realm.as_str(), bare.service.as_deref()),
            ("https://a.example/t", Some("x"))
        );
        for none in ["", "Basic realm=\"x\"", "Bearer", "Bearer service=\"x\"", "Bearer realm=\"x"]
        {
            assert_eq!(Challenge::parse(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in ".{0,200}") {
            drop(Challenge::parse(&format!("Bearer {text}")));
        }
    }
}
