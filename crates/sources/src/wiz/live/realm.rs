//! Where a tenant is: its login, and the endpoint of its data centre.

use crate::live::LiveError;

/// Which login a tenant has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Realm {
    /// Tenants of `app.wiz.io`.
    Commercial,
    /// Tenants of `app.wiz.us`, for government.
    Gov,
    /// Tenants that still log in at `auth.wiz.io`.
    Legacy,
    /// Tenants that still log in at `auth0.gov.wiz.io`.
    LegacyGov,
}

impl Realm {
    /// The realm of a name; `fedramp` is another word for `gov`.
    ///
    /// # Errors
    /// No realm is called so.
    pub(super) fn of(name: Option<&str>) -> Result<Self, LiveError> {
        match name.unwrap_or("commercial") {
            "commercial" => Ok(Self::Commercial),
            "gov" | "fedramp" => Ok(Self::Gov),
            "legacy" => Ok(Self::Legacy),
            "legacy_gov" => Ok(Self::LegacyGov),
            _ => Err(LiveError::Setting {
                name: "realm",
                why: "is none of commercial, gov, legacy and legacy_gov".to_owned(),
            }),
        }
    }

    /// Where tokens are had.
    pub(super) const fn login_at(self) -> &'static str {
        match self {
            Self::Commercial => "https://auth.app.wiz.io/oauth/token",
            Self::Gov => "https://auth.app.wiz.us/oauth/token",
            Self::Legacy => "https://auth.wiz.io/oauth/token",
            Self::LegacyGov => "https://auth0.gov.wiz.io/oauth/token",
        }
    }

    /// Whom a token is for.
    pub(super) const fn audience(self) -> &'static str {
        match self {
            Self::Commercial | Self::Gov => "wiz-api",
            Self::Legacy | Self::LegacyGov => "beyond-api",
        }
    }

    const fn domain(self) -> &'static str {
        match self {
            Self::Commercial | Self::Legacy => "app.wiz.io",
            Self::Gov => "app.wiz.us",
            Self::LegacyGov => "gov.wiz.io",
        }
    }

    /// The endpoint of a data centre; `None` where the name is none that a host could have.
    pub(super) fn endpoint(self, data_center: &str) -> Option<String> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits = (1..=32).contains(&data_center.len()) && data_center.bytes().all(plain);
        fits.then(|| format!("https://api.{data_center}.{}/graphql", self.domain()))
    }
}

/// An endpoint as people write it, with the path that it has to have.
pub(super) fn with_path(url: &str) -> String {
    let url = url.trim_end_matches('/');
    if url.ends_with("/graphql") { url.to_owned() } else { format!("{url}/graphql") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_realm_has_its_login_and_its_hosts() {
        for (name, endpoint, audience) in [
            ("commercial", "https://api.us17.app.wiz.io/graphql", "wiz-api"),
            ("gov", "https://api.us17.app.wiz.us/graphql", "wiz-api"),
            ("fedramp", "https://api.us17.app.wiz.us/graphql", "wiz-api"),
            ("legacy", "https://api.us17.app.wiz.io/graphql", "beyond-api"),
            ("legacy_gov", "https://api.us17.gov.wiz.io/graphql", "beyond-api"),
        ] {
            let realm = Realm::of(Some(name)).unwrap();
            assert_eq!(realm.endpoint("us17").as_deref(), Some(endpoint));
            assert_eq!(realm.audience(), audience);
        }
        assert!(Realm::of(Some("moon")).is_err());
    }

    #[test]
    fn a_data_centre_cannot_name_another_host() {
        for name in
            ["", "evil.example/", "a.b", "us1@x", "US1", "169.254.169.254#", &"x".repeat(33)]
        {
            assert_eq!(Realm::Commercial.endpoint(name), None, "{name}");
        }
    }

    #[test]
    fn an_endpoint_may_be_given_without_its_path() {
        for url in ["https://a.example", "https://a.example/", "https://a.example/graphql"] {
            assert_eq!(with_path(url), "https://a.example/graphql");
        }
    }
}
