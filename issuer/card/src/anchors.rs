//! What an operator trusts: country signing authorities, their revocation lists, and what master
//! lists add. Two levels, never more: no path building.

use crate::country;
use crate::crl::RevocationList;
use crate::error::CardError;
use crate::master_list::MasterList;
use crate::name;
use crate::x509::Parsed;

/// The country signing authorities an operator trusts, each for the documents of one state: a
/// trusted authority vouches for its own state's documents and for no other's. Several may share a
/// subject name: states keep the name when they change the key.
#[derive(Default)]
pub struct CscaAnchors {
    anchors: Vec<Anchor>,
    lists: Vec<RevocationList>,
}

struct Anchor {
    certificate: Parsed,
    state: String,
}

/// What a master list brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// What is an anchor now: the state whose documents it may vouch for, and the certificate, DER.
    pub added: Vec<(String, Vec<u8>)>,
    /// Certificates left out, each with the code of the reason.
    pub skipped: Vec<(usize, &'static str)>,
}

/// When and how strictly a signer is judged.
pub(crate) struct Standing {
    /// Seconds since the epoch.
    pub(crate) now: i64,
    /// Whether SHA-1 is still taken.
    pub(crate) legacy: bool,
    /// Whether a current revocation list must be there.
    pub(crate) revocation: bool,
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
    /// may be added for several states. A link certificate (Doc 9303-12 §4.2.2: the new key signed
    /// with the old one) is taken when an anchor for the same state signed it.
    ///
    /// # Errors
    /// [`CardError::Malformed`] for another form of state, when the certificate is not a certificate
    /// that may sign certificates (Doc 9303-12 §7.1: basic constraints with `cA`, key usage with
    /// `keyCertSign`) or, being self-issued, is signed neither by itself nor by an anchor;
    /// [`CardError::CscaOfAnotherState`] when an anchor of another state has its name and another key;
    /// [`CardError::Unsupported`] for other algorithms.
    pub fn add(&mut self, der: &[u8], state: &str) -> Result<(), CardError> {
        if !is_state_code(state) {
            return Err(CardError::Malformed("state of an authority"));
        }
        let anchor = Parsed::from_der(der)?;
        if !anchor.is_authority()? {
            return Err(CardError::Malformed("not the certificate of an authority"));
        }
        if anchor.subject()? == anchor.issuer()?
            && !anchor.signed_by(&anchor)
            && !self.links(&anchor, state)
        {
            return Err(CardError::Malformed("self-signature of an authority"));
        }
        self.check_name(&anchor, state)?;
        self.anchors.push(Anchor {
            certificate: anchor,
            state: state.to_owned(),
        });
        Ok(())
    }

    /// Whether an anchor of this state signed the certificate, and not with SHA-1: a collision would link the key of
    /// somebody else.
    fn links(&self, certificate: &Parsed, state: &str) -> bool {
        let mut same_state = self.anchors.iter().filter(|known| known.state == state);
        certificate.digest().allowed(false).is_ok()
            && same_state.any(|known| certificate.signed_by(&known.certificate))
    }

    /// Revocation lists go by the name of an authority, so that a name belongs to one state, or to one key that signs for
    /// several: another state's authority of the same name could clear this one's revoked signers.
    fn check_name(&self, certificate: &Parsed, state: &str) -> Result<(), CardError> {
        let subject = certificate.subject()?;
        let mut of_others = false;
        for known in &self.anchors {
            if name::same(&known.certificate.subject()?, &subject) {
                if known.state == state || known.certificate.key() == certificate.key() {
                    return Ok(());
                }
                of_others = true;
            }
        }
        match of_others {
            true => Err(CardError::CscaOfAnotherState),
            false => Ok(()),
        }
    }

    /// Adds every authority of a verified master list, each for the state its country name stands
    /// for. What cannot be an anchor is left out and counted, not fatal: one list carries hundreds of
    /// certificates of dozens of states. Only self-signed certificates and link certificates whose
    /// signer is an anchor by then are taken.
    pub fn add_master_list(&mut self, list: &MasterList) -> Imported {
        let mut imported = Imported {
            added: Vec::new(),
            skipped: Vec::new(),
        };
        // Link certificates may stand before the certificates that vouch for them.
        let mut waiting: Vec<(usize, &[u8])> = list.certificates().enumerate().collect();
        for last in [false, true] {
            let mut again = Vec::new();
            for (index, der) in waiting {
                match self.add_of_country(der) {
                    Ok(state) => imported.added.push((state, der.to_vec())),
                    Err(_) if !last => again.push((index, der)),
                    Err(error) => imported.skipped.push((index, error.code())),
                }
            }
            waiting = again;
        }
        imported
    }

    /// Adds a self-signed or linked authority for the state of its country, which is returned.
    fn add_of_country(&mut self, der: &[u8]) -> Result<String, CardError> {
        const NAMELESS: CardError = CardError::Malformed("country of an authority");
        let parsed = Parsed::from_der(der)?;
        let country = parsed.country().ok_or(NAMELESS)?;
        let state = country::state_of(&country).ok_or(NAMELESS)?;
        if !parsed.signed_by(&parsed) && !self.links(&parsed, state) {
            return Err(CardError::CscaUnknown);
        }
        self.add(der, state)?;
        Ok(state.to_owned())
    }

    /// Adds an authority's revocation list (Doc 9303-12 §7.1.4), DER, and forgets an older one of the
    /// same authority. Returns the name of the authority, DER: there is one list to a name.
    ///
    /// # Errors
    /// [`CardError::CscaUnknown`] when no anchor that may sign lists signed it;
    /// [`CardError::ListNotValid`] when it is of the future or older than the one that is there;
    /// [`CardError::Malformed`], [`CardError::TooLarge`], [`CardError::Unsupported`] for what cannot be
    /// read.
    pub fn add_crl(&mut self, der: &[u8], now: i64) -> Result<Vec<u8>, CardError> {
        let list = RevocationList::parse(der)?;
        let mut signed = false;
        for anchor in &self.anchors {
            let authority = &anchor.certificate;
            signed |= name::same(&authority.subject()?, list.issuer())
                && authority.may_sign_crls()?
                && list.signed_by(authority);
        }
        if !signed {
            return Err(CardError::CscaUnknown);
        }
        if list.this_update() > now {
            return Err(CardError::ListNotValid("it is of the future"));
        }
        let same = |known: &RevocationList| name::same(known.issuer(), list.issuer());
        if self
            .lists
            .iter()
            .any(|known| same(known) && known.newer_than(&list))
        {
            return Err(CardError::ListNotValid("a newer one is there"));
        }
        self.lists.retain(|known| !same(known));
        let issuer = list.issuer().to_vec();
        self.lists.push(list);
        Ok(issuer)
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

    /// The anchors whose name and key identifier `signer` names **and** whose key signed it.
    fn vouching(&self, signer: &Parsed) -> Result<Vec<&Anchor>, CardError> {
        let issuer = signer.issuer()?;
        let wanted = signer.authority_key_identifier()?;
        let mut vouching = Vec::new();
        for anchor in &self.anchors {
            let authority = &anchor.certificate;
            let identified = match (&wanted, authority.subject_key_identifier()?) {
                (Some(wanted), Some(own)) => *wanted == own,
                // Without identifiers on both sides the signature alone decides.
                _ => true,
            };
            if name::same(&authority.subject()?, &issuer)
                && identified
                && signer.signed_by(authority)
            {
                vouching.push(anchor);
            }
        }
        if vouching.is_empty() {
            return Err(CardError::CscaUnknown);
        }
        Ok(vouching)
    }

    /// Finds who vouches for a document signer, and that signer may sign documents now; returns the
    /// states whose documents those authorities are trusted for.
    ///
    /// # Errors
    /// [`CardError::CscaUnknown`] unless an anchor has the name and (where both give one) the key
    /// identifier the certificate names, **and** the key that signed it; [`CardError::SignerNotValid`]
    /// outside a validity period; [`CardError::SignerRevoked`] and [`CardError::RevocationUnknown`];
    /// [`CardError::ChipNotAuthentic`] for a certificate that may not sign documents.
    pub(crate) fn check(
        &self,
        signer: &Parsed,
        standing: &Standing,
    ) -> Result<Vec<&str>, CardError> {
        let vouching = self.vouching(signer)?;
        signer.check_document_signer()?;
        self.check_signer(signer, "document signer", &vouching, standing)
    }

    /// As [`CscaAnchors::check`] for the signer of a master list.
    pub(crate) fn check_master_list_signer(
        &self,
        signer: &Parsed,
        standing: &Standing,
    ) -> Result<(), CardError> {
        let vouching = self.vouching(signer)?;
        signer.check_master_list_signer()?;
        self.check_signer(signer, "master list signer", &vouching, standing)
            .map(drop)
    }

    fn check_signer<'a>(
        &self,
        signer: &Parsed,
        whose: &'static str,
        vouching: &[&'a Anchor],
        standing: &Standing,
    ) -> Result<Vec<&'a str>, CardError> {
        signer.digest().allowed(standing.legacy)?;
        signer.key().allowed(standing.legacy)?;
        signer.check_validity(whose, standing.now)?;
        self.check_revocation(signer, standing)?;
        let mut states = Vec::new();
        let mut refusal = CardError::CscaUnknown;
        for anchor in vouching {
            let authority = &anchor.certificate;
            // Doc 9303-12 §7.1.1: where both name a country, it is the same.
            if let (Some(own), Some(theirs)) = (signer.country(), authority.country())
                && own != theirs
            {
                refusal = CardError::CscaOfAnotherState;
                continue;
            }
            if let Err(error) = authority.key().allowed(standing.legacy) {
                refusal = error;
                continue;
            }
            // The signer's certificate was issued while its authority was valid.
            let issued = signer.validity().0;
            // A key may have been certified again: one certificate of it that is valid is enough.
            let valid = authority
                .check_validity("country signing authority", standing.now)
                .and_then(|()| authority.check_validity("country signing authority", issued));
            match valid {
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

    /// Doc 9303-12 §4.3: one list a state, for everything issued under its name.
    fn check_revocation(&self, signer: &Parsed, standing: &Standing) -> Result<(), CardError> {
        let issuer = signer.issuer()?;
        let list = self
            .lists
            .iter()
            .find(|list| name::same(list.issuer(), &issuer));
        if let Some(list) = list
            && let Some((reason, since)) = list.entry(signer.serial())
        {
            return Err(CardError::SignerRevoked { reason, since });
        }
        let current = list.is_some_and(|list| list.current(standing.now));
        if standing.revocation && !current {
            return Err(CardError::RevocationUnknown);
        }
        Ok(())
    }
}
