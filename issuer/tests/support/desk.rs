//! A terminal's desk: a simulated chip, a reader and a terminal's key.

use rand_core::OsRng;
use serde_json::{Value, json};
use tessera_card::{AccessKey, ChipData, read_chip};
use tessera_cardsim::{Chip, Csca, Profile};
use tessera_issuer::admin::Command;
use tessera_issuer::keys::{Signer as _, SoftwareKey};
use tessera_verifier::encoding::base64url;
use tessera_verifier::terminal::{
    self, ChallengeStatement, EvidenceParts, EvidenceStatement, aa_challenge, evidence_digest,
};

use super::{Answer, Issuer, NOW, NUMBER, key};

/// The portrait in the chip; a photo "shows the same face" when it begins with the same four bytes.
pub(crate) const PORTRAIT: &[u8] = &[0xFF, 0xD8, 0xFF, 0xD9];

pub(crate) fn trust(issuer: &Issuer, csca: &Csca, state: &str) {
    let file = issuer.data.path().join("trusted.cer");
    std::fs::write(&file, csca.certificate()).unwrap();
    issuer.admin(Command::CscaAdd {
        state: state.to_owned(),
        files: vec![file],
    });
}

/// An issuer, a state whose documents it trusts, and a registered terminal.
pub(crate) struct Desk {
    pub(crate) issuer: Issuer,
    pub(crate) csca: Csca,
    pub(crate) key: SoftwareKey,
}

impl Desk {
    pub(crate) fn open() -> Self {
        Self::of(Issuer::start())
    }

    pub(crate) fn of(issuer: Issuer) -> Self {
        let csca = Csca::throwaway(&mut OsRng, NOW).unwrap();
        trust(&issuer, &csca, "UTO");
        let key = key();
        issuer.admin(Command::TerminalAdd {
            did: key.did().to_owned(),
            name: "Desk".to_owned(),
        });
        Self { issuer, csca, key }
    }

    pub(crate) fn profile(&self) -> Profile {
        self.profile_showing(PORTRAIT)
    }

    pub(crate) fn profile_showing(&self, portrait: &[u8]) -> Profile {
        let mut profile = Profile::specimen(portrait, NOW);
        profile.holder.document_number = "UTO000009".to_owned();
        profile.holder.birth = "900101".to_owned();
        profile
    }

    pub(crate) fn challenge(&self, session: &str, key: &SoftwareKey) -> Answer {
        let statement = ChallengeStatement {
            iss: key.did().to_owned(),
            aud: self.issuer.url.clone(),
            session: session.to_owned(),
            iat: self.issuer.time().unix(),
            jti: base64url(&tessera_verifier::crypto::sha256(
                self.issuer.nonce().as_bytes(),
            )),
        };
        let jwt = terminal::prepare(key.public_key(), &statement)
            .sign(key)
            .unwrap();
        self.issuer
            .post_json("/terminal/challenge", None, &json!({"statement": jwt}))
    }

    pub(crate) fn read(
        &self,
        profile: &Profile,
        csca: &Csca,
        session: &str,
        nonce: &str,
    ) -> ChipData {
        let mut chip = Chip::personalise(profile, csca, &mut OsRng).unwrap();
        let challenge = aa_challenge(nonce, self.key.did(), session);
        let access = AccessKey::Can(profile.can.clone());
        read_chip(&mut chip, &access, &challenge, &mut OsRng).unwrap()
    }

    pub(crate) fn evidence(
        &self,
        chip: &ChipData,
        photo: &[u8],
        about: (&str, &str, u64),
    ) -> Value {
        let (session, nonce, counter) = about;
        let empty: &[u8] = &[];
        let parts = EvidenceParts {
            com: chip.com.as_deref().unwrap_or(empty),
            sod: &chip.sod,
            dg1: &chip.dg1,
            dg2: &chip.dg2,
            dg14: chip.dg14.as_deref().unwrap_or(empty),
            dg15: chip.dg15.as_deref().unwrap_or(empty),
            aa_signature: chip.aa_signature.as_deref().unwrap_or(empty),
            photo,
        };
        let statement = EvidenceStatement {
            iss: self.key.did().to_owned(),
            aud: self.issuer.url.clone(),
            session: session.to_owned(),
            nonce: nonce.to_owned(),
            iat: self.issuer.time().unix(),
            counter,
            reader: "simulated".to_owned(),
            attended: true,
            operator: None,
            digest: evidence_digest(&parts),
        };
        let jwt = terminal::prepare(self.key.public_key(), &statement)
            .sign(&self.key)
            .unwrap();
        let mut files = json!({
            "sod": base64url(parts.sod), "dg1": base64url(parts.dg1), "dg2": base64url(parts.dg2),
            "dg15": base64url(parts.dg15), "aa_signature": base64url(parts.aa_signature),
        });
        if let Some(com) = &chip.com {
            files["com"] = json!(base64url(com));
        }
        if let Some(dg14) = &chip.dg14 {
            files["dg14"] = json!(base64url(dg14));
        }
        json!({"statement": jwt, "chip": files, "photo": base64url(photo)})
    }

    pub(crate) fn submit(&self, evidence: &Value) -> Answer {
        self.issuer.post_json("/terminal/evidence", None, evidence)
    }

    /// A whole visit: session, challenge, read, evidence.
    pub(crate) fn visit(
        &self,
        profile: &Profile,
        csca: &Csca,
        photo: &[u8],
        counter: u64,
    ) -> Answer {
        let session = self.issuer.session(NUMBER, "full");
        let nonce = self.challenge(&session.0, &self.key).text("nonce");
        let chip = self.read(profile, csca, &session.0, &nonce);
        self.submit(&self.evidence(&chip, photo, (&session.0, &nonce, counter)))
    }
}
