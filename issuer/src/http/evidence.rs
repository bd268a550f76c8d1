//! `POST /terminal/evidence`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use tessera_card::ChipData;
use tessera_verifier::did;
use tessera_verifier::encoding::from_base64url;
use tessera_verifier::terminal::{
    ChipFiles, EvidenceParts, EvidenceRequest, EvidenceResponse, EvidenceStatement, RecordFiles,
    aa_challenge, evidence_digest,
};
use zeroize::Zeroizing;

use super::body;
use super::mutual::{Certified, stated};
use super::sessions::proof;
use crate::card::{AttestedCard, GenuineChip, Shown};
use crate::failure::{Code, Failure};
use crate::liveness::Answering;
use crate::proofing::machine::Event;
use crate::proofing::{CardPassed, Session};
use crate::secrets::fresh_tx_code;
use crate::service::{Service, blocking};
use crate::store::{Level, StatementUse, StoreError, TerminalRecord};
use crate::terminal::{believed, own_findings};

/// What was read of a card and a live photo, signed for by the terminal, verified here.
#[utoipa::path(post, path = "/terminal/evidence", tag = "terminal", request_body(content = Object, description = "`{\"statement\": JWT, \"chip\": {…}, \"photo\": base64url}`, or `record` in place of `chip`; `frames` and an empty photo where head movements are asked"), responses(
    (status = 200, description = "`{\"state\": \"face_matched_to_card\", \"tx_code\": …}`; `in_review` where the authority looks first", body = Object),
    (status = "default", description = "terminal_unknown, terminal_retired, terminal_statement_invalid, terminal_certificate_mismatch, counter_replayed, challenge_unknown, reader_unknown, sam_unknown, software_unknown, attendance_invalid, operator_unknown, operator_retired, evidence_mismatch, chip_not_authentic, csca_unknown, csca_of_another_state, dg_hash_mismatch, active_auth_failed, chip_auth_failed, legacy_algorithm, document_signer_not_valid, document_signer_revoked, revocation_unknown, signed_outside_validity, card_record_invalid, photo_decoder_unavailable, card_photo_unreadable, document_expired, document_not_of_person, face_mismatch, liveness_required and the other codes of the face check", body = super::Problem),
))]
pub(super) async fn submit(
    State(service): State<Arc<Service>>,
    certified: Option<Extension<Certified>>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Failure> {
    let most = service.config.limits.evidence_bytes;
    let request: EvidenceRequest = body::json(&service, &headers, body, most).await?;
    let now = service.now();
    let statement: EvidenceStatement =
        stated(&service, certified.as_deref(), &request.statement, now)?;
    let card = Card::decode(&request)?;
    let photo = Zeroizing::new(bytes(&request.photo)?);
    let frames = request
        .frames
        .as_deref()
        .map(bytes)
        .transpose()?
        .map(Zeroizing::new);
    drop(request);
    card.read_through(statement.sam.as_deref())?;
    let signed = EvidenceParts {
        frames: frames.as_ref().map_or(&[], |frames| frames.as_slice()),
        ..card.parts(&photo)
    };
    if evidence_digest(&signed) != statement.digest {
        return Err(Code::EvidenceMismatch.into());
    }
    let place = service.face.admit()?;
    let terminal = accept(&service, &statement).await?;
    let audience = service.issuer_url();
    let policy = (&service.config.terminals, audience.as_str(), now);
    let at = believed(&statement, &terminal, policy, &*service.store).await?;
    let session = service.store.session(&statement.session).await?;
    if session.level != Level::Full {
        return Err(Code::WrongState.into());
    }
    let shown = Shown {
        challenge: aa_challenge(&statement.nonce, &statement.iss, &statement.session),
        relay: service.store.take_relay(&statement.nonce).await?,
    };
    let lifetimes = service.config.assurance.lifetimes;
    let key = did::resolve(&statement.iss)
        .map_err(|_| Failure::from(Code::TerminalStatementInvalid))?
        .1
        .thumbprint();
    let judge = async {
        own_findings(&statement)?;
        let (card, portrait) = judge_card(&service, &session.person, card, shown).await?;
        let (store, step) = (&service.store, Event::CardFoundGenuine);
        store
            .advance(&session.id, step, service.now(), lifetimes)
            .await?;
        let face = match (service.demands_liveness(Level::Full), frames) {
            (false, None) => service.face.check(place, photo, Some(portrait)).await?,
            (true, Some(frames)) => {
                let answering = Answering {
                    id: &statement.nonce,
                    key: &key,
                };
                let answer = service.live_check(place, answering, frames, Some(portrait));
                answer.await?
            }
            (true, None) => return Err(Code::LivenessRequired.into()),
            (false, Some(_)) => return Err(Code::LivenessNotAsked.into()),
        };
        Ok((card, face))
    };
    let (record, (card_passed, face_passed)) = service
        .attempt(&session.id, Event::CardFoundGenuine, judge)
        .await?;

    let checked = Session::at_terminal(record, now)?
        .card_checked(card_passed, at, now)
        .face_matched(face_passed);
    let tx_code = fresh_tx_code(&*service.entropy);
    let passed = proof(&service, &checked, &tx_code).await?;
    let record = service.prove(passed).await?;
    let response = EvidenceResponse {
        state: record.state.as_str().to_owned(),
        tx_code,
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(response)))
}

/// Consumes challenge and counter: after this line the statement cannot be used again, whatever it shows.
async fn accept(
    service: &Service,
    statement: &EvidenceStatement,
) -> Result<TerminalRecord, Failure> {
    let used = StatementUse {
        nonce: statement.nonce.clone(),
        terminal: statement.iss.clone(),
        session: statement.session.clone(),
        counter: statement.counter,
    };
    match service.store.accept_statement(used, service.now()).await {
        Ok(terminal) => Ok(terminal),
        Err(StoreError::NotFound) => Err(Code::ChallengeUnknown.into()),
        Err(other) => Err(other.into()),
    }
}

/// Judges the card, each kind by its own rules, and yields the portrait on it.
async fn judge_card(
    service: &Service,
    person: &str,
    card: Card,
    shown: Shown,
) -> Result<(CardPassed, Zeroizing<Vec<u8>>), Failure> {
    let now = service.now();
    let person = service.person(person).await?;
    match card {
        Card::Chip(chip) => {
            let (anchors, policy) = (service.anchors.current(), service.config.card.policy());
            blocking(move || {
                let genuine = GenuineChip::verify(&chip, &anchors, &shown, &policy, now)?;
                genuine.belongs_to(person.as_deref())
            })
            .await
        }
        Card::Record { text, photo } => {
            let decoder = Arc::clone(&service.decoder);
            blocking(move || {
                let attested = AttestedCard::verify(&text, &photo, now)?;
                attested.belongs_to(person.as_deref())?.decode(&*decoder)
            })
            .await
        }
    }
}

/// What was read, and how.
enum Card {
    Chip(ChipData),
    Record {
        text: Zeroizing<Vec<u8>>,
        photo: Zeroizing<Vec<u8>>,
    },
}

impl Card {
    fn decode(request: &EvidenceRequest) -> Result<Self, Failure> {
        match (&request.chip, &request.record) {
            (Some(files), None) => chip(files).map(Self::Chip),
            (None, Some(RecordFiles { text, photo })) => Ok(Self::Record {
                text: Zeroizing::new(bytes(text)?),
                photo: Zeroizing::new(bytes(photo)?),
            }),
            _ => Err(Failure::with(Code::Malformed, "either a chip or a record")),
        }
    }

    /// A record comes out of a security module and nowhere else; a chip is read directly.
    fn read_through(&self, sam: Option<&str>) -> Result<(), Failure> {
        match (self, sam) {
            (Self::Chip(_), None) | (Self::Record { .. }, Some(_)) => Ok(()),
            _ => Err(Code::SamUnknown.into()),
        }
    }

    fn parts<'a>(&'a self, photo: &'a [u8]) -> EvidenceParts<'a> {
        match self {
            Self::Chip(chip) => EvidenceParts {
                com: chip.com.as_deref().unwrap_or_default(),
                sod: &chip.sod,
                dg1: &chip.dg1,
                dg2: &chip.dg2,
                dg14: chip.dg14.as_deref().unwrap_or_default(),
                dg15: chip.dg15.as_deref().unwrap_or_default(),
                aa_signature: chip.aa_signature.as_deref().unwrap_or_default(),
                photo,
                ..EvidenceParts::default()
            },
            Self::Record {
                text,
                photo: record_photo,
            } => EvidenceParts {
                record: text,
                record_photo,
                photo,
                ..EvidenceParts::default()
            },
        }
    }
}

fn chip(files: &ChipFiles) -> Result<ChipData, Failure> {
    let optional = |text: &Option<String>| text.as_deref().map(bytes).transpose();
    Ok(ChipData {
        com: optional(&files.com)?,
        sod: bytes(&files.sod)?,
        dg1: bytes(&files.dg1)?,
        dg2: bytes(&files.dg2)?,
        dg14: optional(&files.dg14)?,
        // Empty is absent: so the digest counts it, and so the check of the chip must see it.
        dg15: Some(bytes(&files.dg15)?).filter(|file| !file.is_empty()),
        aa_signature: Some(bytes(&files.aa_signature)?).filter(|file| !file.is_empty()),
    })
}

fn bytes(text: &str) -> Result<Vec<u8>, Failure> {
    from_base64url(text).map_err(|_| Code::Malformed.into())
}
