//! What the certificates of others are checked against: Mozilla's roots, the same on every machine and in images without certificates.

use std::sync::Arc;

use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer};

/// A client that trusts Mozilla's roots; `None` where the library was built without any protocol version.
pub fn client() -> Option<Arc<ClientConfig>> {
    client_trusting(&[])
}

/// The same with these roots beside them; `None` where the library was built without any protocol version.
pub(crate) fn client_trusting(more: &[CertificateDer<'static>]) -> Option<Arc<ClientConfig>> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(more.iter().cloned());
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map(|config| config.with_root_certificates(roots).with_no_client_auth());
    config.ok().map(Arc::new)
}
