//! TLS in which the terminal shows its own certificate, with the key where it is: in a token, a TPM or a file.

use std::fmt;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::alg_id;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::{CertifiedKey, Signer, SigningKey, SingleCertAndKey, public_key_to_spki};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, SignatureAlgorithm, SignatureScheme, StreamOwned,
};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

use crate::error::TerminalError;
use crate::key::TerminalKey;

/// A certificate and its authority are a few kilobytes.
const MAX_PEM: u64 = 64 * 1024;

/// TLS 1.3 with the terminal's certificate, trusting one certificate authority and no other.
///
/// # Errors
/// [`TerminalError::Certificate`] when a file holds no certificate, or `certificate` is not this key's.
pub(crate) fn config(
    authority: &Path,
    certificate: &Path,
    key: Arc<dyn TerminalKey>,
) -> Result<ClientConfig, TerminalError> {
    let mut roots = RootCertStore::empty();
    for anchor in certificates(authority)? {
        roots
            .add(anchor)
            .map_err(|_| TerminalError::Certificate("the authority's is not one"))?;
    }
    let certified = CertifiedKey::new(certificates(certificate)?, Arc::new(TokenKey(key)));
    certified
        .keys_match()
        .map_err(|_| TerminalError::Certificate("is another key's"))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|_| TerminalError::Certificate("TLS 1.3 is not available"))?
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    Ok(config)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TerminalError> {
    let unusable = |_| TerminalError::Certificate("the file cannot be read or is too large");
    let length = std::fs::metadata(path).map_err(unusable)?.len();
    let pem = std::fs::read(path).map_err(unusable)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    found
        .ok()
        .filter(|found| !found.is_empty() && length <= MAX_PEM)
        .ok_or(TerminalError::Certificate("the file holds no certificate"))
}

/// The terminal's key as TLS uses it.
struct TokenKey(Arc<dyn TerminalKey>);

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(..)")
    }
}

impl SigningKey for TokenKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered
            .contains(&SignatureScheme::ECDSA_NISTP256_SHA256)
            .then(|| Box::new(Self(Arc::clone(&self.0))) as _)
    }

    fn public_key(&self) -> Option<rustls::pki_types::SubjectPublicKeyInfoDer<'_>> {
        let point = self.0.public_key().to_uncompressed();
        Some(public_key_to_spki(&alg_id::ECDSA_P256, point))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for TokenKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let signature = self
            .0
            .sign(message)
            .map_err(|_| rustls::Error::General("the terminal's key could not sign".to_owned()))?;
        Ok(der(&signature))
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP256_SHA256
    }
}

/// ECDSA-Sig-Value of r ‖ s (RFC 3279 §2.2.3): two INTEGERs, shortest form, positive.
fn der(signature: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let mut value = number.get(zeros..).unwrap_or_default().to_vec();
        if value.first().is_none_or(|first| first & 0x80 != 0) {
            value.insert(0, 0);
        }
        let mut tlv = vec![0x02, u8::try_from(value.len()).unwrap_or(u8::MAX)];
        tlv.append(&mut value);
        tlv
    };
    let (r, s) = signature.split_at(signature.len() / 2);
    let body = [integer(r), integer(s)].concat();
    let mut sequence = vec![0x30, u8::try_from(body.len()).unwrap_or(u8::MAX)];
    sequence.extend(body);
    sequence
}

/// Wraps a connection in TLS with this configuration.
pub(crate) struct MutualTls(pub(crate) Arc<ClientConfig>);

impl fmt::Debug for MutualTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MutualTls")
    }
}

impl<In: Transport> Connector<In> for MutualTls {
    type Out = TlsTransport;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let transport = chained.ok_or(ureq::Error::ConnectionFailed)?;
        // Never in the clear, whatever the address says.
        let host = details.uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| ureq::Error::Tls("the host's name is not one"))?;
        let mut conn = ClientConnection::new(Arc::clone(&self.0), name)?;
        let mut sock = TransportAdapter::new(transport.boxed(), details.current_time.clone());
        sock.set_timeout(details.timeout);
        conn.complete_io(&mut sock)?;
        let buffers = LazyBuffers::new(
            details.config.input_buffer_size(),
            details.config.output_buffer_size(),
        );
        let stream = StreamOwned { conn, sock };
        Ok(Some(TlsTransport { buffers, stream }))
    }
}

/// One connection.
pub(crate) struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsTransport")
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        self.stream.write_all(output)?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_shortest_and_positive() {
        let mut signature = [0; 64];
        (signature[31], signature[32]) = (0x7F, 0x80);
        let mut expected = vec![0x30, 0x26, 0x02, 0x01, 0x7F, 0x02, 0x21, 0x00, 0x80];
        expected.resize(40, 0);
        assert_eq!(der(&signature), expected);
        assert_eq!(
            der(&[0; 64]),
            [0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00]
        );
    }
}
