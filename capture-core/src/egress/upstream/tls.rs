//! TLS to `https://` proxies.

use std::{io, sync::Arc};

use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    rustls::{
        self, ClientConfig,
        pki_types::{CertificateDer, ServerName},
    },
};

use crate::{
    egress::{UpstreamFailure, host::Host, wire::Wire},
    tls,
};

/// The configuration that checks certificates of proxies.
#[derive(Debug)]
pub(in crate::egress) struct Tls {
    /// `None` if the TLS library was built without any protocol version.
    config: Option<Arc<ClientConfig>>,
}

impl Tls {
    /// Trusts Mozilla's roots and these certificates.
    pub(in crate::egress) fn trusting(more: &[CertificateDer<'static>]) -> Self {
        Self { config: tls::client_trusting(more) }
    }

    pub(super) async fn secure(&self, stream: TcpStream, host: &Host) -> Result<Wire, UpstreamFailure> {
        let name = match host {
            Host::Address(address) => ServerName::from(*address),
            Host::Name(name) => ServerName::try_from(name.as_str().to_owned()).or(Err(UpstreamFailure::Certificate))?,
        };
        let config = self.config.clone().ok_or(UpstreamFailure::Certificate)?;
        match TlsConnector::from(config).connect(name, stream).await {
            Ok(stream) => Ok(Wire::Tls(Box::new(stream))),
            Err(error) if is_about_certificate(&error) => Err(UpstreamFailure::Certificate),
            Err(_) => Err(UpstreamFailure::BadAnswer),
        }
    }
}

fn is_about_certificate(error: &io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    matches!(cause, Some(rustls::Error::InvalidCertificate(_)))
}
