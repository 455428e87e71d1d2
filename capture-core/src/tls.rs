//! TLS client configurations that trust Mozilla's root certificates. The roots are compiled in, so they do not depend
//! on the machine or image.

use std::sync::Arc;

use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer};

/// A client configuration that trusts Mozilla's roots; `None` if the TLS library was built without any protocol
/// version.
pub fn client() -> Option<Arc<ClientConfig>> {
    client_trusting(&[])
}

/// A client configuration that also trusts these roots; `None` if the TLS library was built without any protocol
/// version.
pub(crate) fn client_trusting(more: &[CertificateDer<'static>]) -> Option<Arc<ClientConfig>> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(more.iter().cloned());
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map(|config| config.with_root_certificates(roots).with_no_client_auth());
    config.ok().map(Arc::new)
}
