//! The address of a server, as a person writes it.

use std::fmt;
use std::net::IpAddr;

use quell_http::{Allow, Egress, Range, range_of};
use url::{Host, Url};

use crate::ClientError;

/// The address of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Url);

impl Address {
    /// Reads an address: `http://127.0.0.1:8420`, `https://quell.example`, with a path where the
    /// server stands behind one.
    ///
    /// # Errors
    /// When it is none, holds a user or password, or leads where no server can be.
    pub fn parse(text: &str) -> Result<Self, ClientError> {
        let shown: String = text.chars().filter(|c| !c.is_control()).take(120).collect();
        let odd = || ClientError::Address(shown.clone());
        let mut url = Url::parse(text.trim()).map_err(|_| odd())?;
        let known = matches!(url.scheme(), "http" | "https") && url.has_host();
        let secret = !url.username().is_empty() || url.password().is_some();
        if secret {
            return Err(ClientError::Credentials);
        }
        if !known || url.query().is_some() || url.fragment().is_some() {
            return Err(odd());
        }
        let path = format!("{}/", url.path().trim_end_matches('/'));
        url.set_path(&path);
        let address = Self(url);
        match address.literal().map(range_of) {
            Some(range) if range != Range::Public && !range.opens_to_networks() => {
                Err(ClientError::Forbidden(shown, range.name()))
            }
            Some(_) | None => Ok(address),
        }
    }

    fn literal(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
        }
    }

    /// The address of something at the server.
    pub(crate) fn join(&self, path: &str) -> Result<Url, ClientError> {
        self.0.join(path).map_err(|_| ClientError::Address(self.to_string()))
    }

    /// What may be reached: this server and nothing else. Its loopback or private address is the
    /// word of who runs the program.
    pub(crate) fn egress(&self) -> Egress {
        let host = self.0.host_str().unwrap_or_default();
        let scheme = self.0.scheme();
        let rule = format!("{scheme}://{host}");
        let with_port = match self.0.port() {
            Some(port) => format!("{rule}:{port}"),
            None => rule,
        };
        Egress::new(with_port.parse::<Allow>().into_iter().collect())
    }

    /// Whether a token would go over a network unencrypted.
    #[must_use]
    pub fn is_open_to_listeners(&self) -> bool {
        let loopback = match self.0.host() {
            Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        self.0.scheme() == "http" && !loopback
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_as_people_write_them() {
        for (text, shown) in [
            ("http://127.0.0.1:8420", "http://127.0.0.1:8420"),
            (" https://quell.example/ ", "https://quell.example"),
            ("https://tools.example/quell", "https://tools.example/quell"),
            ("http://[::1]:8420", "http://[::1]:8420"),
            ("http://10.1.2.3", "http://10.1.2.3"),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.to_string(), shown);
            let path = address.join("api/v1/jobs").unwrap();
            assert_eq!(path.as_str(), format!("{shown}/api/v1/jobs"));
            let checked = address.egress().check_url(&path);
            assert!(checked.is_ok(), "{text}: {checked:?}");
        }
    }

    #[test]
    fn what_is_no_server_is_refused_with_the_next_step() {
        for text in ["", "quell", "localhost:8420", "ftp://a.example", "http://", "http://a/?q=1"] {
            let error = Address::parse(text).unwrap_err();
            assert!(error.to_string().contains("http://127.0.0.1:8420"), "{text}: {error}");
        }
        let error = Address::parse("https://user:hunter2@a.example").unwrap_err().to_string();
        assert!(error.contains("--token-file") && !error.contains("hunter2"), "{error}");
        for text in ["http://169.254.169.254", "http://0.0.0.0:8420", "http://224.0.0.1"] {
            let error = Address::parse(text).unwrap_err();
            assert!(matches!(error, ClientError::Forbidden(..)), "{text}: {error}");
        }
    }

    #[test]
    fn only_the_server_itself_may_be_reached() {
        let egress = Address::parse("http://127.0.0.1:8420").unwrap().egress();
        for other in ["http://127.0.0.1:8421", "http://127.0.0.2:8420", "http://10.0.0.1:8420"] {
            assert!(egress.check_url(&Url::parse(other).unwrap()).is_err(), "{other}");
        }
    }

    #[test]
    fn a_token_over_a_network_in_the_open_is_told() {
        let open = |text| Address::parse(text).unwrap().is_open_to_listeners();
        assert!(open("http://quell.example") && open("http://10.0.0.7:8420"));
        assert!(
            !open("http://localhost:1") && !open("http://127.0.0.9") && !open("https://a.example")
        );
    }
}
