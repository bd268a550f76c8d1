//! A terminal's desk: a simulated chip, a reader and a terminal's key.

use rand_core::OsRng;
use serde_json::{Value, json};
use tessera_card::{AccessKey, ChipData, read_chip};
use tessera_cardsim::{Chip, Csca, Profile};
use tessera_issuer::admin::Command;
use tessera_issuer::keys::{Signer as _, SoftwareKey};
use tessera_issuer::store::TerminalRegistration;
use tessera_verifier::encoding::base64url;
use tessera_verifier::terminal::{
    self, ChallengeStatement, EvidenceParts, EvidenceStatement, LivenessFinding, OperatorStatement,
    ResumeStatement, aa_challenge, evidence_digest,
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
    pub(crate) operator: SoftwareKey,
}

impl Desk {
    pub(crate) fn open() -> Self {
        Self::of(Issuer::start())
    }

    pub(crate) fn of(issuer: Issuer) -> Self {
        let csca = Csca::throwaway(&mut OsRng, NOW).unwrap();
        trust(&issuer, &csca, "UTO");
        let key = key();
        let operator = super::key();
        let desk = Self {
            issuer,
            csca,
            key,
            operator,
        };
        desk.register(&desk.key, |_| {});
        desk.hire(&desk.operator);
        desk
    }

    /// Registers a terminal like the desk's own, but for what `differ` changes.
    pub(crate) fn register(
        &self,
        key: &SoftwareKey,
        differ: impl FnOnce(&mut TerminalRegistration),
    ) {
        let mut terminal = TerminalRegistration {
            did: key.did().to_owned(),
            name: "Desk".to_owned(),
            organisation: "Town hall".to_owned(),
            place: "Utopia City".to_owned(),
            readers: vec!["simulated".to_owned()],
            sams: Vec::new(),
            attended: true,
        };
        differ(&mut terminal);
        self.issuer.admin(Command::TerminalAdd(terminal));
    }

    /// Registers an operator of the desk's organisation.
    pub(crate) fn hire(&self, key: &SoftwareKey) {
        self.issuer.admin(Command::OperatorAdd {
            did: key.did().to_owned(),
            staff: "S-0001".to_owned(),
            organisation: "Town hall".to_owned(),
            reviewer: false,
        });
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
        let once = tessera_verifier::crypto::sha256(self.issuer.nonce().as_bytes());
        self.challenge_by(session, key, &base64url(&once))
    }

    /// Asks for a challenge by a statement of this name.
    pub(crate) fn challenge_by(&self, session: &str, key: &SoftwareKey, jti: &str) -> Answer {
        let statement = ChallengeStatement {
            iss: key.did().to_owned(),
            aud: self.issuer.url.clone(),
            session: session.to_owned(),
            iat: self.issuer.time().unix(),
            jti: jti.to_owned(),
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
        self.evidence_with(chip, photo, about, |_| {})
    }

    /// Evidence whose statement says something else than it should.
    pub(crate) fn evidence_with(
        &self,
        chip: &ChipData,
        photo: &[u8],
        about: (&str, &str, u64),
        differ: impl FnOnce(&mut EvidenceStatement),
    ) -> Value {
        self.evidence_of(chip, (photo, None), about, differ)
    }

    /// Evidence with the frames of a moving head in place of a photo.
    pub(crate) fn evidence_live(
        &self,
        chip: &ChipData,
        frames: &[u8],
        about: (&str, &str, u64),
    ) -> Value {
        self.evidence_of(chip, (&[], Some(frames)), about, |_| {})
    }

    fn evidence_of(
        &self,
        chip: &ChipData,
        (photo, frames): (&[u8], Option<&[u8]>),
        about: (&str, &str, u64),
        differ: impl FnOnce(&mut EvidenceStatement),
    ) -> Value {
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
            frames: frames.unwrap_or(empty),
            ..EvidenceParts::default()
        };
        let mut statement = self.statement(about, evidence_digest(&parts));
        differ(&mut statement);
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
        let mut body = json!({"statement": jwt, "chip": files, "photo": base64url(photo)});
        if let Some(frames) = frames {
            body["frames"] = json!(base64url(frames));
        }
        body
    }

    /// The statement of an attended visit over a digest.
    pub(crate) fn statement(
        &self,
        (session, nonce, counter): (&str, &str, u64),
        digest: String,
    ) -> EvidenceStatement {
        EvidenceStatement {
            iss: self.key.did().to_owned(),
            aud: self.issuer.url.clone(),
            session: session.to_owned(),
            nonce: nonce.to_owned(),
            iat: self.issuer.time().unix(),
            counter,
            reader: "simulated".to_owned(),
            sam: None,
            attended: true,
            approval: Some(self.approve(session, nonce, &digest, |_| {})),
            digest,
            face: None,
            liveness: LivenessFinding::NotChecked,
            software: "release 1".to_owned(),
        }
    }

    /// The operator's word, but for what `differ` changes.
    pub(crate) fn approve(
        &self,
        session: &str,
        nonce: &str,
        digest: &str,
        differ: impl FnOnce(&mut OperatorStatement),
    ) -> String {
        let mut statement = OperatorStatement {
            iss: self.operator.did().to_owned(),
            aud: self.issuer.url.clone(),
            terminal: self.key.did().to_owned(),
            session: session.to_owned(),
            nonce: nonce.to_owned(),
            iat: self.issuer.time().unix(),
            digest: digest.to_owned(),
        };
        differ(&mut statement);
        terminal::prepare(self.operator.public_key(), &statement)
            .sign(&self.operator)
            .unwrap()
    }

    pub(crate) fn submit(&self, evidence: &Value) -> Answer {
        self.issuer.post_json("/terminal/evidence", None, evidence)
    }

    /// Asks what became of evidence.
    pub(crate) fn resume(
        &self,
        key: &SoftwareKey,
        (session, nonce, counter): (&str, &str, u64),
    ) -> Answer {
        let statement = ResumeStatement {
            iss: key.did().to_owned(),
            aud: self.issuer.url.clone(),
            session: session.to_owned(),
            nonce: nonce.to_owned(),
            iat: self.issuer.time().unix(),
            counter,
        };
        let jwt = terminal::prepare(key.public_key(), &statement)
            .sign(key)
            .unwrap();
        self.issuer
            .post_json("/terminal/resume", None, &json!({"statement": jwt}))
    }

    /// Redeems the code of a session that was proved here.
    pub(crate) fn redeem(&self, session: &(String, String), tx_code: &str) -> Answer {
        let path = format!("/sessions/{}", session.0);
        let shown = self.issuer.get(&path, Some(&session.1)).body;
        let grants = &shown["credential_offer"]["grants"];
        let code = &grants[tessera_verifier::vci::PRE_AUTHORIZED_CODE]["pre-authorized_code"];
        self.issuer.redeem(code.as_str().unwrap(), tx_code)
    }

    /// One full credential in the W3C format.
    pub(crate) fn full_credential(&self, session: &(String, String), tx_code: &str) -> Value {
        let token = self.redeem(session, tx_code).text("access_token");
        let answer = self.issuer.credentials(&token, "identity_full_ldp", 1);
        answer.body["credentials"][0]["credential"].clone()
    }

    /// The terminal's part of a session: the answer to its evidence.
    pub(crate) fn serve(&self, session: &str, photo: &[u8], counter: u64) -> Answer {
        let nonce = self.challenge(session, &self.key).text("nonce");
        let chip = self.read(&self.profile(), &self.csca, session, &nonce);
        self.submit(&self.evidence(&chip, photo, (session, &nonce, counter)))
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
