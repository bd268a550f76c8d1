//! An issuer as the terminal sees it: it checks statement, digest and raw chip data for real.

#![expect(dead_code, reason = "each test file uses a part")]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tessera_card::{
    ChipAuthentication, ChipData, CscaAnchors, Policy, Proof, Resumed, evidence, sam,
};
use tessera_terminal::{IssuerApi, IssuerError};
use tessera_verifier::Timestamp;
use tessera_verifier::did;
use tessera_verifier::liveness::{self, Answer, Movement};
use tessera_verifier::terminal::{
    ChallengeStatement, EvidenceParts, EvidenceRequest, EvidenceStatement, OperatorStatement,
    RelayStatement, ResumeStatement, aa_challenge, evidence_digest, verify,
};

pub(crate) const URL: &str = "https://issuer.example";
pub(crate) const SESSION: &str = "session-1";
pub(crate) const TX_CODE: &str = "493817";
/// Begins the chain of frames.
const MOVE: &str = "begin here";
pub(crate) const NOW: i64 = 1_790_000_000;

pub(crate) struct Issuer {
    terminal: String,
    anchors: CscaAnchors,
    nonces: Cell<u32>,
    open: RefCell<Option<String>>,
    relayed: RefCell<Vec<Vec<u8>>>,
    seen: RefCell<Vec<(u64, String)>>,
    answered: RefCell<Option<String>>,
    counter: Cell<u64>,
    attended: RefCell<Option<String>>,
    fates: RefCell<VecDeque<Fate>>,
    movements: RefCell<Vec<Movement>>,
    filmed: RefCell<Vec<Vec<u8>>>,
}

/// What the network does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It arrives, and the answer does.
    Arrives,
    /// It never arrives.
    Lost,
    /// It arrives, and the answer is lost.
    AnswerLost,
}

impl Issuer {
    pub(crate) fn new(terminal: &str, authority: &[u8]) -> Self {
        let mut anchors = CscaAnchors::new();
        anchors.add(authority, "UTO").unwrap();
        Self {
            terminal: terminal.to_owned(),
            anchors,
            nonces: Cell::new(0),
            open: RefCell::new(None),
            relayed: RefCell::new(Vec::new()),
            seen: RefCell::new(Vec::new()),
            answered: RefCell::new(None),
            counter: Cell::new(0),
            attended: RefCell::new(None),
            fates: RefCell::new(VecDeque::new()),
            movements: RefCell::new(Vec::new()),
            filmed: RefCell::new(Vec::new()),
        }
    }

    /// What becomes of the next calls; after them all arrive.
    pub(crate) fn fates(&self, fates: &[Fate]) {
        self.fates.replace(fates.iter().copied().collect());
    }

    /// From now on a photograph is not enough.
    pub(crate) fn ask_to_move(&self, movements: &[Movement]) {
        self.movements.replace(movements.to_vec());
    }

    /// The pictures of the last recording.
    pub(crate) fn filmed(&self) -> Vec<Vec<u8>> {
        self.filmed.borrow().clone()
    }

    /// The frames where movements are asked, signed by the terminal, in place of a photograph.
    fn frames(&self, request: &EvidenceRequest) -> Result<Vec<u8>, String> {
        if self.movements.borrow().is_empty() {
            assert!(request.frames.is_none());
            return Ok(Vec::new());
        }
        assert_eq!(request.photo, "");
        let frames = request.frames.as_ref().ok_or("liveness_required")?;
        let bytes = URL_SAFE_NO_PAD.decode(frames).unwrap();
        let answer = Answer::parse(&bytes).unwrap();
        let key = liveness::verify(&answer, URL, MOVE, Timestamp::from_unix(NOW))
            .map_err(|_| "liveness_proof_invalid")?;
        assert_eq!(did::did_key(&key), self.terminal);
        let pictures = answer.frames.iter().map(|frame| frame.image.to_vec());
        self.filmed.replace(pictures.collect());
        Ok(bytes)
    }

    /// The operator who signed the last evidence.
    pub(crate) fn operator(&self) -> Option<String> {
        self.attended.borrow().clone()
    }

    fn raised(&self, counter: u64) -> Result<(), String> {
        if counter <= self.counter.get() {
            return Err("counter_replayed".to_owned());
        }
        self.counter.set(counter);
        Ok(())
    }

    fn resume(&self, body: &Value) -> Result<Value, String> {
        let compact = body["statement"].as_str().unwrap();
        let statement: ResumeStatement = verify(compact, URL, Timestamp::from_unix(NOW))
            .map_err(|_| "terminal_statement_invalid")?;
        self.raised(statement.counter)?;
        if self.answered.borrow().as_deref() != Some(&statement.nonce) {
            return Err("challenge_unknown".to_owned());
        }
        match self.seen.borrow().is_empty() {
            true => Ok(json!({"state": "started"})),
            false => Ok(json!({"state": "face_matched_to_card", "tx_code": TX_CODE})),
        }
    }

    /// Counter and reader of every accepted statement.
    pub(crate) fn statements(&self) -> Vec<(u64, String)> {
        self.seen.borrow().clone()
    }

    fn challenge(&self, body: &Value) -> Result<Value, &'static str> {
        let compact = body["statement"]
            .as_str()
            .ok_or("terminal_statement_invalid")?;
        let statement: ChallengeStatement = verify(compact, URL, Timestamp::from_unix(NOW))
            .map_err(|_| "terminal_statement_invalid")?;
        if statement.iss != self.terminal || statement.session != SESSION {
            return Err("terminal_unknown");
        }
        self.nonces.set(self.nonces.get() + 1);
        let nonce = format!("nonce-{}", self.nonces.get());
        *self.open.borrow_mut() = Some(nonce.clone());
        let mut answer = json!({"nonce": nonce, "expires_at": "2026-09-21T20:00:00Z"});
        let movements = self.movements.borrow();
        if !movements.is_empty() {
            answer["liveness"] = json!({"nonce": MOVE, "movements": *movements, "seconds": 90,
                "expires_at": "2026-09-21T20:00:00Z"});
        }
        Ok(answer)
    }

    fn resumed(&self) -> Result<Resumed, String> {
        let messages = self.relayed.borrow();
        let (dg14, answers) = messages.split_first().ok_or("challenge_unknown")?;
        ChipAuthentication::resume(&[9; 32], dg14, answers).map_err(|e| e.code().to_owned())
    }

    fn relay(&self, body: &Value) -> Result<Value, String> {
        let compact = body["statement"].as_str().unwrap();
        let statement: RelayStatement =
            verify(compact, URL, Timestamp::from_unix(NOW)).map_err(|e| e.code().to_owned())?;
        assert_eq!(Some(statement.nonce), *self.open.borrow());
        assert_eq!(usize::from(statement.round), self.relayed.borrow().len());
        let message = URL_SAFE_NO_PAD.decode(statement.message).unwrap();
        self.relayed.borrow_mut().push(message);
        Ok(match self.resumed()? {
            Resumed::Relay(command) => {
                json!({"command": URL_SAFE_NO_PAD.encode(command.to_bytes())})
            }
            Resumed::Done(_) => json!({}),
        })
    }

    fn evidence(&self, request: EvidenceRequest) -> Result<Value, String> {
        let statement: EvidenceStatement =
            verify(&request.statement, URL, Timestamp::from_unix(NOW))
                .map_err(|e| e.code().to_owned())?;
        let nonce = self.open.borrow_mut().take().ok_or("challenge_unknown")?;
        if statement.nonce != nonce || statement.iss != self.terminal {
            return Err("challenge_unknown".to_owned());
        }
        self.raised(statement.counter)?;
        self.answered.replace(Some(nonce.clone()));
        let approval = statement.approval.as_deref().map(|signed| {
            let approval: OperatorStatement =
                verify(signed, URL, Timestamp::from_unix(NOW)).unwrap();
            assert_eq!(
                (approval.nonce, approval.digest, approval.terminal),
                (
                    nonce.clone(),
                    statement.digest.clone(),
                    statement.iss.clone()
                )
            );
            approval.iss
        });
        assert_eq!(approval.is_some(), statement.attended);
        self.attended.replace(approval);
        let bytes = |text: &str| {
            URL_SAFE_NO_PAD
                .decode(text)
                .map_err(|_| "malformed".to_owned())
        };
        let frames = self.frames(&request)?;
        if let Some(record) = &request.record {
            let (text, photo) = (bytes(&record.text)?, bytes(&record.photo)?);
            let digest = evidence_digest(&EvidenceParts {
                record: &text,
                record_photo: &photo,
                photo: &bytes(&request.photo)?,
                frames: &frames,
                ..EvidenceParts::default()
            });
            assert_eq!(digest, statement.digest);
            assert!(request.chip.is_none());
            sam::TextRecord::parse(text.as_slice().try_into().unwrap()).unwrap();
            let sam = statement.sam.ok_or("sam_unknown")?;
            self.seen.borrow_mut().push((statement.counter, sam));
            return Ok(json!({"state": "face_matched_to_card", "tx_code": TX_CODE}));
        }
        let optional = |text: &Option<String>| text.as_deref().map(bytes).transpose();
        let files = request.chip.as_ref().unwrap();
        let chip = ChipData {
            com: optional(&files.com)?,
            sod: bytes(&files.sod)?,
            dg1: bytes(&files.dg1)?,
            dg2: bytes(&files.dg2)?,
            dg14: optional(&files.dg14)?,
            dg15: Some(bytes(&files.dg15)?).filter(|file| !file.is_empty()),
            aa_signature: Some(bytes(&files.aa_signature)?).filter(|file| !file.is_empty()),
        };
        let digest = evidence_digest(&EvidenceParts {
            com: chip.com.as_deref().unwrap_or_default(),
            sod: &chip.sod,
            dg1: &chip.dg1,
            dg2: &chip.dg2,
            dg14: chip.dg14.as_deref().unwrap_or_default(),
            dg15: chip.dg15.as_deref().unwrap_or_default(),
            aa_signature: chip.aa_signature.as_deref().unwrap_or_default(),
            photo: &bytes(&request.photo)?,
            frames: &frames,
            ..EvidenceParts::default()
        });
        if digest != statement.digest {
            return Err("evidence_mismatch".to_owned());
        }
        let challenge = aa_challenge(&nonce, &statement.iss, &statement.session);
        let run = match self.relayed.borrow().is_empty() {
            true => None,
            false => match self.resumed()? {
                Resumed::Done(done) => Some(done),
                Resumed::Relay(_) => return Err("chip_auth_failed".to_owned()),
            },
        };
        let proof = match &run {
            Some(done) => Proof::ChipAuthentication(done),
            None => Proof::ActiveAuthentication(&challenge),
        };
        evidence::verify_with(&chip, &self.anchors, &proof, &Policy::default(), NOW)
            .map_err(|e| e.code().to_owned())?;
        self.seen
            .borrow_mut()
            .push((statement.counter, statement.reader));
        Ok(json!({"state": "face_matched_to_card", "tx_code": TX_CODE}))
    }
}

impl IssuerApi for Issuer {
    fn post(&self, path: &str, body: &[u8]) -> Result<Value, IssuerError> {
        let fate = self.fates.borrow_mut().pop_front().unwrap_or(Fate::Arrives);
        let lost = || IssuerError::Unreachable("lost".to_owned());
        if fate == Fate::Lost {
            return Err(lost());
        }
        let answer = match path {
            "/terminal/challenge" => self
                .challenge(&serde_json::from_slice(body).unwrap())
                .map_err(str::to_owned),
            "/terminal/resume" => self.resume(&serde_json::from_slice(body).unwrap()),
            "/terminal/chip-authentication" => self.relay(&serde_json::from_slice(body).unwrap()),
            "/terminal/evidence" => self.evidence(serde_json::from_slice(body).unwrap()),
            other => panic!("{other} is not called by a terminal"),
        };
        if fate == Fate::AnswerLost {
            return Err(lost());
        }
        answer.map_err(|code| IssuerError::refused(422, &json!({"code": code})))
    }
}
