//! TLS by rustls with ring, and whose certificates are trusted.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::error::HttpError;
use crate::policy::Roots;

/// The settings of every TLS connection.
pub(crate) fn config(roots: &Roots) -> Result<ClientConfig, HttpError> {
    let store = match roots {
        Roots::System => system(),
        Roots::SystemAnd(pem) => with_bundle(system(), pem)?,
        Roots::Only(pem) => with_bundle(RootCertStore::empty(), pem)?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpError::Setup(format!("TLS cannot be set up ({error})")))?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(config)
}

/// The system's certificates; what cannot be read is left out, as other programs do.
fn system() -> RootCertStore {
    let mut store = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (_, ignored) = store.add_parsable_certificates(found.certs);
    if store.is_empty() {
        tracing::warn!(
            errors = found.errors.len(),
            "the system has no list of trusted certificates; name one with `egress.ca_file`"
        );
    } else if ignored > 0 {
        tracing::debug!(ignored, "certificates of the system that cannot be read are left out");
    }
    store
}

fn with_bundle(mut store: RootCertStore, pem: &[u8]) -> Result<RootCertStore, HttpError> {
    let fault = |what: String| {
        HttpError::Setup(format!(
            "the CA bundle {what}; give a PEM file of certificates as `egress.ca_file`"
        ))
    };
    let mut added = 0_usize;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| fault(format!("is damaged ({error})")))?;
        store.add(certificate).map_err(|error| fault(format!("holds no CA ({error})")))?;
        added += 1;
    }
    if added == 0 {
        return Err(fault("holds no certificate".to_owned()));
    }
    Ok(store)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_without_a_certificate_is_refused_with_the_next_step() {
        for pem in
            [&b""[..], b"no pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
        {
            let error = config(&Roots::Only(pem.to_vec())).unwrap_err().to_string();
            assert!(error.contains("egress.ca_file"), "{error}");
        }
    }
}
