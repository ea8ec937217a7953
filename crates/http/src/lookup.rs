//! Names become addresses here, and those that may not be reached are left out, so that a name
//! that changes its address between check and connection gains nothing.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::egress::{Egress, Refusal};

/// The addresses of a name, some time later.
pub type Found = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Where addresses of names come from.
pub trait Lookup: fmt::Debug + Send + Sync {
    /// All addresses of a name.
    fn lookup(&self, name: &str) -> Found;
}

/// The system's own resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, name: &str) -> Found {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// A resolver that hands on only what the rules allow.
pub(crate) struct Guarded {
    pub(crate) lookup: Arc<dyn Lookup>,
    pub(crate) egress: Arc<Egress>,
    /// The proxy's own host, which the operator named by naming the proxy.
    pub(crate) proxy: Option<String>,
}

/// Carries a refusal through the connector's errors.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Denied(pub(crate) Refusal);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().trim_end_matches('.').to_ascii_lowercase();
        let found = self.lookup.lookup(&host);
        let egress = Arc::clone(&self.egress);
        let is_proxy = self.proxy.as_deref() == Some(host.as_str());
        Box::pin(async move {
            let addresses = found.await?;
            let allowed = if is_proxy { addresses } else { filter(&egress, &host, &addresses)? };
            let sockets: Addrs =
                Box::new(allowed.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(sockets)
        })
    }
}

/// The addresses that may be reached, or why none may.
pub(crate) fn filter(
    egress: &Egress,
    host: &str,
    addresses: &[IpAddr],
) -> Result<Vec<IpAddr>, Denied> {
    let mut allowed = Vec::new();
    let mut refused = None;
    for address in addresses {
        match egress.check_address(host, *address) {
            Ok(()) => allowed.push(*address),
            Err(refusal) => refused = Some(refusal),
        }
    }
    match refused {
        Some(refusal) if allowed.is_empty() => Err(Denied(refusal)),
        Some(_) | None => Ok(allowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_addresses_are_left_out_and_alone_refused() {
        let egress = Egress::default();
        let inner: IpAddr = "10.0.0.1".parse().unwrap();
        let outer: IpAddr = "1.1.1.1".parse().unwrap();
        assert_eq!(filter(&egress, "h", &[inner, outer]).unwrap(), [outer]);
        assert!(filter(&egress, "h", &[inner]).is_err());
        assert!(filter(&egress, "h", &[]).unwrap().is_empty());
    }
}
