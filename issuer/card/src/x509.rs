//! The two kinds of certificate of Doc 9303-12: country signing authorities (anchors) and the
//! document signers they vouch for. Two levels, never more: no path building.

use const_oid::{AssociatedOid, ObjectIdentifier};
use der::{Decode, Encode};
use x509_cert::Certificate;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, KeyUsage, SubjectKeyIdentifier,
};

use crate::algorithms::{PublicKey, SignatureAlgorithm};
use crate::error::CardError;
use crate::tlv::Objects;

/// Largest certificate read, in bytes; real ones have one to two thousand.
pub(crate) const MAX_CERTIFICATE: usize = 8192;

const MALFORMED: CardError = CardError::Malformed("certificate");

/// Critical extensions whose meaning is checked here or does not bear on the decision.
const UNDERSTOOD: [ObjectIdentifier; 5] = [
    KeyUsage::OID,
    BasicConstraints::OID,
    AuthorityKeyIdentifier::OID,
    SubjectKeyIdentifier::OID,
    // extendedKeyUsage is for master list and deviation list signers; refused in a document signer.
    ObjectIdentifier::new_unwrap("2.5.29.37"),
];

/// A certificate taken apart; its signature is **not** checked by parsing.
pub(crate) struct Parsed {
    certificate: Certificate,
    key: PublicKey,
    algorithm: SignatureAlgorithm,
    signed: Vec<u8>,
}

impl Parsed {
    /// Parses strict DER.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, CardError> {
        if der.len() > MAX_CERTIFICATE {
            return Err(CardError::TooLarge {
                what: "certificate",
                limit: MAX_CERTIFICATE,
            });
        }
        let certificate = Certificate::from_der(der).map_err(|_| MALFORMED)?;
        // The signature covers the octets as sent, which a re-encoding might not reproduce.
        let mut outer = Objects::new(der);
        let body = outer.expect(0x30, "certificate")?;
        let signed = Objects::new(body)
            .read()?
            .ok_or(MALFORMED)?
            .encoded
            .to_vec();
        let tbs = &certificate.tbs_certificate;
        if tbs.signature != certificate.signature_algorithm {
            return Err(MALFORMED);
        }
        let octets = |value: Result<Vec<u8>, der::Error>| value.map_err(|_| MALFORMED);
        let key = PublicKey::from_spki(&octets(tbs.subject_public_key_info.to_der())?)?;
        let algorithm =
            SignatureAlgorithm::parse(&octets(certificate.signature_algorithm.to_der())?)?;
        let parsed = Self {
            certificate,
            key,
            algorithm,
            signed,
        };
        parsed.check_critical_extensions()?;
        Ok(parsed)
    }

    /// RFC 5280 §4.2: what is critical and not understood must be refused.
    fn check_critical_extensions(&self) -> Result<(), CardError> {
        let extensions = self.certificate.tbs_certificate.extensions.iter().flatten();
        for extension in extensions {
            if extension.critical && !UNDERSTOOD.contains(&extension.extn_id) {
                return Err(CardError::Unsupported {
                    what: "critical extension",
                    name: extension.extn_id.to_string(),
                });
            }
        }
        Ok(())
    }

    fn extension<'a, T: Decode<'a> + AssociatedOid>(&'a self) -> Result<Option<T>, CardError> {
        let found = self.certificate.tbs_certificate.get::<T>();
        Ok(found
            .map_err(|_| MALFORMED)?
            .map(|(_, extension)| extension))
    }

    pub(crate) fn key(&self) -> &PublicKey {
        &self.key
    }

    pub(crate) fn issuer(&self) -> Result<Vec<u8>, CardError> {
        self.certificate
            .tbs_certificate
            .issuer
            .to_der()
            .map_err(|_| MALFORMED)
    }

    pub(crate) fn serial(&self) -> &[u8] {
        self.certificate.tbs_certificate.serial_number.as_bytes()
    }

    pub(crate) fn subject_key_identifier(&self) -> Result<Option<Vec<u8>>, CardError> {
        let found = self.extension::<SubjectKeyIdentifier>()?;
        Ok(found.map(|identifier| identifier.0.into_bytes()))
    }

    fn subject(&self) -> Result<Vec<u8>, CardError> {
        self.certificate
            .tbs_certificate
            .subject
            .to_der()
            .map_err(|_| MALFORMED)
    }

    fn check_validity(&self, whose: &'static str, now: i64) -> Result<(), CardError> {
        let validity = &self.certificate.tbs_certificate.validity;
        let seconds = |time: x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
        };
        let (not_before, not_after) = (seconds(validity.not_before), seconds(validity.not_after));
        if (not_before..=not_after).contains(&now) {
            Ok(())
        } else {
            Err(CardError::SignerNotValid {
                whose,
                not_before,
                not_after,
                now,
            })
        }
    }

    /// Whether `authority`'s key signed this certificate.
    fn signed_by(&self, authority: &Self) -> bool {
        let signature = self.certificate.signature.as_bytes();
        signature.is_some_and(|signature| {
            authority
                .key
                .verify(self.algorithm, &self.signed, signature)
        })
    }
}

/// The country signing authorities an operator trusts, each for the documents of one state: a
/// trusted authority vouches for its own state's documents and for no other's. Several may share a
/// subject name: states keep the name when they change the key.
#[derive(Default)]
pub struct CscaAnchors {
    anchors: Vec<Anchor>,
}

struct Anchor {
    certificate: Parsed,
    state: String,
}

/// Whether `text` has the form of an issuing state in a machine readable zone (Doc 9303-3 §5),
/// without fillers: one to three capital letters, such as `UTO` or `D`.
#[must_use]
pub fn is_state_code(text: &str) -> bool {
    (1..=3).contains(&text.len()) && text.bytes().all(|letter| letter.is_ascii_uppercase())
}

impl CscaAnchors {
    /// No anchors: everything is refused.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one anchor: a DER certificate of an authority, and the state whose documents it may
    /// vouch for, as their machine readable zone names it ([`is_state_code`]). The same certificate
    /// may be added for several states.
    ///
    /// # Errors
    /// [`CardError::Malformed`] for another form of state, when the certificate is not a certificate that may sign certificates (Doc 9303-12
    /// §7.1: basic constraints with `cA`, key usage with `keyCertSign`) or, being self-issued, its
    /// signature is not its own; [`CardError::Unsupported`] for other algorithms.
    pub fn add(&mut self, der: &[u8], state: &str) -> Result<(), CardError> {
        if !is_state_code(state) {
            return Err(CardError::Malformed("state of an authority"));
        }
        let anchor = Parsed::from_der(der)?;
        let authority = anchor
            .extension::<BasicConstraints>()?
            .is_some_and(|basic| basic.ca);
        let signs = anchor
            .extension::<KeyUsage>()?
            .is_some_and(|usage| usage.key_cert_sign());
        if !authority || !signs {
            return Err(CardError::Malformed("not the certificate of an authority"));
        }
        if anchor.subject()? == anchor.issuer()? && !anchor.signed_by(&anchor) {
            return Err(CardError::Malformed("self-signature of an authority"));
        }
        self.anchors.push(Anchor {
            certificate: anchor,
            state: state.to_owned(),
        });
        Ok(())
    }

    /// How many anchors there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.anchors.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.anchors.is_empty()
    }

    /// Checks that an anchor vouches for a document signer at `now`, and returns the states of all
    /// that do: never none.
    ///
    /// # Errors
    /// [`CardError::CscaUnknown`] when no anchor has the issuer's name, the key identifier the
    /// certificate names, **and** the key that signed it; [`CardError::SignerNotValid`] outside a
    /// validity period; [`CardError::ChipNotAuthentic`] for a certificate that may not sign
    /// documents.
    pub(crate) fn check(&self, signer: &Parsed, now: i64) -> Result<Vec<&str>, CardError> {
        let issuer = signer.issuer()?;
        let wanted = signer
            .extension::<AuthorityKeyIdentifier>()?
            .and_then(|authority| authority.key_identifier);
        let mut vouching = Vec::new();
        for anchor in &self.anchors {
            let authority = &anchor.certificate;
            let identified = match (&wanted, authority.subject_key_identifier()?) {
                (Some(wanted), Some(own)) => wanted.as_bytes() == own,
                // Without identifiers on both sides the signature alone decides.
                _ => true,
            };
            if authority.subject()? == issuer && identified && signer.signed_by(authority) {
                vouching.push(anchor);
            }
        }
        if vouching.is_empty() {
            return Err(CardError::CscaUnknown);
        }
        check_document_signer(signer)?;
        signer.check_validity("document signer", now)?;
        let mut states = Vec::new();
        let mut refusal = CardError::CscaUnknown;
        for anchor in vouching {
            // A key may have been certified again: one certificate of it that is valid is enough.
            let authority = &anchor.certificate;
            match authority.check_validity("country signing authority", now) {
                Ok(()) => states.push(anchor.state.as_str()),
                Err(error) => refusal = error,
            }
        }
        if states.is_empty() {
            Err(refusal)
        } else {
            Ok(states)
        }
    }
}

/// Doc 9303-12 §7.1, table 6: key usage is `digitalSignature`; never an authority itself.
fn check_document_signer(signer: &Parsed) -> Result<(), CardError> {
    let usage = signer.extension::<KeyUsage>()?;
    if !usage.is_some_and(|usage| usage.digital_signature() && !usage.key_cert_sign()) {
        return Err(CardError::ChipNotAuthentic(
            "key usage of the document signer",
        ));
    }
    if signer
        .extension::<BasicConstraints>()?
        .is_some_and(|basic| basic.ca)
    {
        return Err(CardError::ChipNotAuthentic(
            "an authority signed the document",
        ));
    }
    if signer
        .extension::<x509_cert::ext::pkix::ExtendedKeyUsage>()?
        .is_some()
    {
        return Err(CardError::ChipNotAuthentic(
            "extended key usage of the document signer",
        ));
    }
    Ok(())
}
