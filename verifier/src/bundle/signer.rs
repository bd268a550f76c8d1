//! Whose key signed a credential, by what the bundle says: a listed issuer's, or one that a listed authority has certified.

use alloc::borrow::Cow;
use alloc::string::String;

use super::{Bundle, IssuingAuthority, TrustedIssuer};
use crate::claims::AssuranceLevel;
use crate::did;
use crate::error::Error;
use crate::json::flat::Node;
use crate::key::PublicKey;
use crate::sd_jwt::SdJwt;
use crate::time::Timestamp;
use crate::x509::{self, ChainPolicy};

/// The issuer that a credential names, bound to a key: not yet whether the credential is signed with it, nor whether the
/// issuer [may issue](Self::may_issue) it.
pub struct CredentialSigner<'b> {
    issuer: String,
    key: PublicKey,
    /// The bundle's line about the issuer's key, if there is one.
    listed: Option<&'b TrustedIssuer>,
    /// Its line about the authority that certified the key, if one did.
    authority: Option<&'b IssuingAuthority>,
}

impl CredentialSigner<'_> {
    /// The issuer: what `iss` says; without `iss` the name of the authority's that the certificate has.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The key whose signature the credential must have.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Holds that the issuer may issue at this level, both then and now: by its own line of the bundle and by that of the
    /// authority which certified its key, wherever there is one.
    ///
    /// # Errors
    /// `issuer_untrusted`.
    pub fn may_issue(
        &self,
        level: AssuranceLevel,
        issued_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        let untrusted = |why| Err(Error::IssuerUntrusted { why });
        let levels = [
            self.listed.map(|listed| &listed.assurance_levels),
            self.authority.map(|authority| &authority.assurance_levels),
        ];
        if !levels.into_iter().flatten().all(|all| all.contains(&level)) {
            return untrusted("not for this assurance level");
        }
        let trusted = |at| {
            self.listed.is_none_or(|listed| listed.trusted_at(at))
                && self
                    .authority
                    .is_none_or(|authority| authority.trusted_at(at))
        };
        if !trusted(issued_at) || !trusted(now) {
            return untrusted("not for this time");
        }
        Ok(())
    }
}

impl Bundle {
    /// The listed issuer with this DID: of a W3C credential the one that `issuer` names, which must be the controller of the
    /// key that made the proof.
    ///
    /// # Errors
    /// `issuer_untrusted`.
    pub fn listed_signer(&self, did: &str) -> Result<CredentialSigner<'_>, Error> {
        let index = self.0.by_did.get(did).copied();
        let line = |index: usize| Some((self.0.issuers.get(index)?, self.0.keys.get(index)?));
        let (listed, key) = index.and_then(line).ok_or(Error::IssuerUntrusted {
            why: "not in the bundle",
        })?;
        Ok(CredentialSigner {
            issuer: listed.did.clone(),
            key: key.clone(),
            listed: Some(listed),
            authority: None,
        })
    }

    /// Whose key must have signed an SD-JWT VC. Where its header has `x5c`, the certificates decide and nothing else does
    /// (SD-JWT VC §3.5, HAIP 1.0 §6.1.1): they must lead to an [authority](IssuingAuthority) of this bundle, and `iss` must
    /// be a name that the leaf has. Else `kid` is a verification method of a [listed](TrustedIssuer) issuer, which `iss`
    /// names.
    ///
    /// # Errors
    /// `issuer_untrusted` for an issuer or an authority that is not in the bundle; `issuer_key_mismatch` where `iss`, `kid`
    /// and the certificate do not agree; `malformed`; the errors of [`x509::validate`].
    pub fn signer(&self, sd_jwt: &SdJwt, now: Timestamp) -> Result<CredentialSigner<'_>, Error> {
        match sd_jwt.header().member("x5c") {
            Some(_) => self.certified(sd_jwt, now),
            None => self.by_key_id(sd_jwt),
        }
    }

    /// What the credential says of itself is no proof; what signed it must be in the bundle.
    fn by_key_id(&self, sd_jwt: &SdJwt) -> Result<CredentialSigner<'_>, Error> {
        let kid = sd_jwt
            .header()
            .kid
            .as_deref()
            .ok_or(Error::malformed("credential without kid"))?;
        // The keys of listed issuers were decoded when the bundle was opened; for others the reason is to be told.
        let issuer = match self.issuer_key(kid) {
            Some((issuer, _)) => Cow::Borrowed(issuer),
            None => Cow::Owned(did::resolve_method(kid)?.0),
        };
        // The key belongs to its DID by construction; the credential must name that DID and no other.
        let named = sd_jwt.payload()?.get("iss").and_then(Node::as_str);
        if named.as_deref() != Some(&*issuer) {
            return Err(Error::IssuerKeyMismatch);
        }
        self.listed_signer(&issuer)
    }

    fn certified(&self, sd_jwt: &SdJwt, now: Timestamp) -> Result<CredentialSigner<'_>, Error> {
        let untrusted = |why| Error::IssuerUntrusted { why };
        // An authority whose time is over vouches for nobody; its successor may have the same name and key.
        let authorities = self.0.issuing_authorities.iter();
        let in_force = authorities.filter(|(said, _)| said.trusted_at(now));
        let (chain, place) = x509::validate_among(
            &sd_jwt.certificates()?,
            in_force.clone().map(|(_, anchor)| anchor),
            &ChainPolicy { now, purposes: &[] },
        )?;
        let (authority, _) = { in_force }
            .nth(place)
            .ok_or(untrusted("no trust anchor has signed"))?;
        let key = chain.key();
        // Another reader may go by `kid` or by the DID in `iss`: they must not mean another key.
        let other_key = |url: &str| -> Result<bool, Error> {
            Ok(did::is_self_describing(url) && did::resolve(url)?.1 != *key)
        };
        if let Some(kid) = &sd_jwt.header().kid
            && other_key(kid)?
        {
            return Err(Error::IssuerKeyMismatch);
        }
        let listed = self.0.keys.iter().position(|listed| listed == key);
        let listed = listed.and_then(|index| self.0.issuers.get(index));
        let issuer = match sd_jwt.payload()?.get("iss").map(Node::as_str) {
            Some(None) => return Err(Error::malformed("iss")),
            Some(Some(iss)) => {
                if !chain.speaks_for(&iss) || other_key(&iss)? {
                    return Err(Error::IssuerKeyMismatch);
                }
                let by_name = authority.issuers.iter().any(|name| **name == *iss);
                if !by_name && listed.is_none_or(|listed| *listed.did != *iss) {
                    return Err(untrusted("not an issuer of this authority"));
                }
                iss.into_owned()
            }
            None => authority
                .issuers
                .iter()
                .find(|name| chain.speaks_for(name))
                .ok_or(untrusted("not an issuer of this authority"))?
                .clone(),
        };
        Ok(CredentialSigner {
            issuer,
            key: key.clone(),
            listed,
            authority: Some(authority),
        })
    }
}
