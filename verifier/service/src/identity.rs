//! Who asks: the signing key, and how wallets know it.

use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tessera_verifier::Timestamp;
use tessera_verifier::crypto::{LocalSigner, SignError, Signature};
use tessera_verifier::did::did_key;
use tessera_verifier::json::Limits;
use tessera_verifier::jws;
use tessera_verifier::key::PublicKey;
use tessera_verifier::request::{RequestBuilder, RequestClient};
use tessera_verifier::x509::{self, ChainPolicy, TrustAnchor};
use url::Url;
use zeroize::Zeroizing;

use crate::config::{Client, Config, ConfigError, Identifier};

/// The most bytes of a key, certificate or registration file.
const FILE_MAX: u64 = 64 * 1024;

/// The signing key and its names. No `Debug`: it is secret.
pub struct Identity {
    key: Key,
    client: RequestClient,
    signs: bool,
    /// All names, where there are several.
    several: Vec<RequestClient>,
}

impl Identity {
    /// Reads the files of the configuration. A certificate chain must lead to the authority that is named, be valid
    /// now, and be of the signing key, and so must an attestation: what a wallet would refuse is refused here.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn read(config: &Config, now: Timestamp) -> Result<Self, ConfigError> {
        let key = Key::read(&config.client.key_file)?;
        let registration = config.client.registration_file.as_deref();
        let registration = registration.map(text).transpose()?;
        let registration = registration.as_deref().map(str::trim);
        let known_as = |identifier: Identifier| {
            let client = client(config, &key, identifier, now)?;
            Ok(client.registered(registration))
        };
        let first = known_as(config.client.identifier)?;
        let mut several = Vec::new();
        if !config.client.also.is_empty() {
            several.push(first.clone());
            for identifier in &config.client.also {
                several.push(known_as(*identifier)?);
            }
        }
        Ok(Self {
            key,
            client: first,
            signs: config.client.identifier != Identifier::RedirectUri,
            several,
        })
    }

    /// A builder that asks as this client.
    #[must_use]
    pub fn ask<'a>(&self, builder: RequestBuilder<'a>) -> RequestBuilder<'a> {
        builder.by(self.client.clone())
    }

    /// Whether requests are signed.
    #[must_use]
    pub fn signs(&self) -> bool {
        self.signs
    }

    /// Every name of the client, where requests over the Digital Credentials API are signed for several; else none.
    #[must_use]
    pub fn several(&self) -> &[RequestClient] {
        &self.several
    }

    /// The key that signs.
    #[must_use]
    pub fn signer(&self) -> &dyn LocalSigner {
        &self.key
    }
}

fn client(
    config: &Config,
    key: &Key,
    identifier: Identifier,
    now: Timestamp,
) -> Result<RequestClient, ConfigError> {
    let client = &config.client;
    Ok(match identifier {
        Identifier::Did => RequestClient::did(&did_key(key.public_key())),
        Identifier::X509Hash => RequestClient::x509_hash(&chain(client, key, now)?.0),
        Identifier::X509SanDns => {
            let (chain, names) = chain(client, key, now)?;
            let url = Url::parse(&config.public_url()).map_err(ConfigError::invalid)?;
            let host = url.host_str().unwrap_or_default();
            // OpenID4VP 1.0 §5.9.3: a wallet holds the host of the response URI against the client identifier.
            if !names.iter().any(|name| name.eq_ignore_ascii_case(host)) {
                return Err(ConfigError::invalid(
                    "the certificate does not name the host of public_url",
                ));
            }
            RequestClient::x509_san_dns(host, &chain)
        }
        Identifier::VerifierAttestation => attested(client, key, now)?,
        Identifier::RedirectUri => RequestClient::response_uri(),
    })
}

/// §12: who attests is for wallets to judge; that it is of this key and in time is seen here.
fn attested(client: &Client, key: &Key, now: Timestamp) -> Result<RequestClient, ConfigError> {
    let file = client.attestation_file.as_deref().ok_or_else(|| {
        ConfigError::invalid("client: attestation_file is needed for verifier_attestation")
    })?;
    let text = text(file)?;
    let attestation = text.trim();
    let limits = Limits {
        bytes: 16 * 1024,
        depth: 8,
    };
    let read = jws::parse(attestation, limits).map_err(|_| unusable(file, "a JWT of ES256"))?;
    let said = read.payload_unverified();
    let subject = said["sub"].as_str().unwrap_or_default();
    let confirmed = PublicKey::from_jwk(&said["cnf"]["jwk"]);
    if subject.is_empty() || !confirmed.is_ok_and(|confirmed| confirmed == *key.public_key()) {
        return Err(ConfigError::invalid(
            "client: the attestation is of another key",
        ));
    }
    if said["exp"].as_i64().is_none_or(|until| now.unix() >= until) {
        return Err(ConfigError::invalid("client: the attestation has ended"));
    }
    Ok(RequestClient::verifier_attestation(subject, attestation))
}

/// The chain that is sent, and the DNS names of its leaf.
fn chain(
    client: &Client,
    key: &Key,
    now: Timestamp,
) -> Result<(Vec<Vec<u8>>, Vec<String>), ConfigError> {
    let (Some(certificates), Some(authority)) = (&client.certificate_file, &client.authority_file)
    else {
        return Err(ConfigError::invalid(
            "client: certificate_file and authority_file are needed for X.509",
        ));
    };
    let chain = pem(&text(certificates)?, "CERTIFICATE")
        .ok_or_else(|| unusable(certificates, "certificates in PEM"))?;
    let anchors = pem(&text(authority)?, "CERTIFICATE")
        .and_then(|all| {
            let read = all.iter().map(|der| TrustAnchor::from_certificate(der));
            read.collect::<Result<Vec<_>, _>>().ok()
        })
        .ok_or_else(|| unusable(authority, "a certification authority in PEM"))?;
    // HAIP 1.0 §5: the trust anchor is not sent along.
    if pem(&text(authority)?, "CERTIFICATE")
        .is_some_and(|anchors| anchors.iter().any(|anchor| chain.contains(anchor)))
    {
        return Err(ConfigError::invalid(
            "client: certificate_file holds the authority's own certificate; leave it out",
        ));
    }
    let policy = ChainPolicy { now, purposes: &[] };
    let valid = x509::validate(&chain, &anchors, &policy)
        .map_err(|error| ConfigError::invalid(format!("client: certificate_file: {error}")))?;
    if valid.key().to_uncompressed() != key.public_key().to_uncompressed() {
        return Err(ConfigError::invalid(
            "client: the certificate is of another key",
        ));
    }
    Ok((chain, valid.dns_names().to_vec()))
}

/// A P-256 key of this process. No `Debug`: it is secret.
struct Key {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl Key {
    fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = Zeroizing::new(text(path)?);
        let wrong = || unusable(path, "a P-256 private key, PKCS#8 in PEM");
        let mut blocks = pem(&text, "PRIVATE KEY").ok_or_else(wrong)?;
        let der = Zeroizing::new(blocks.pop().ok_or_else(wrong)?);
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der)
            .map_err(|_| wrong())?;
        let public =
            PublicKey::from_uncompressed(pair.public_key().as_ref()).map_err(|_| wrong())?;
        Ok(Self { pair, public })
    }
}

impl LocalSigner for Key {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let signature = self
            .pair
            .sign(&SystemRandom::new(), message)
            .map_err(|_| SignError)?;
        Signature::from_bytes(signature.as_ref()).map_err(|_| SignError)
    }
}

/// The blocks of a PEM file (RFC 7468) that holds nothing else; at least one.
fn pem(text: &str, label: &str) -> Option<Vec<Vec<u8>>> {
    let (begin, end) = (
        format!("-----BEGIN {label}-----"),
        format!("-----END {label}-----"),
    );
    let mut blocks = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (body, after) = rest.strip_prefix(&begin)?.split_once(&end)?;
        let body: Zeroizing<String> = Zeroizing::new(body.split_whitespace().collect());
        blocks.push(STANDARD.decode(body.as_bytes()).ok()?);
        rest = after.trim();
    }
    (!blocks.is_empty()).then_some(blocks)
}

/// A short text file.
pub(crate) fn text(path: &Path) -> Result<String, ConfigError> {
    use std::io::Read as _;
    let mut text = String::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(FILE_MAX).read_to_string(&mut text))
        .map_err(|error| ConfigError::Unreadable {
            path: path.to_owned(),
            error,
        })?;
    match read as u64 == FILE_MAX {
        true => Err(unusable(path, "a short text")),
        false => Ok(text),
    }
}

fn unusable(path: &Path, what: &str) -> ConfigError {
    ConfigError::invalid(format!("{} is not {what}", path.display()))
}
