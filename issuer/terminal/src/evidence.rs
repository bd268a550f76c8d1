//! The evidence on its way to the issuer: its digest and its body.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tessera_card::{ChipData, sam};
use tessera_verifier::terminal::{EvidenceParts, evidence_digest};
use zeroize::Zeroizing;

/// The person's face, as it was taken for this session: a photograph, or else frames.
#[derive(Clone, Copy)]
pub(crate) enum Live<'a> {
    /// JPEG or PNG.
    Photo(&'a [u8]),
    /// The answer to a liveness challenge.
    Frames(&'a [u8]),
}

impl<'a> Live<'a> {
    fn photo(self) -> &'a [u8] {
        match self {
            Self::Photo(bytes) => bytes,
            Self::Frames(_) => &[],
        }
    }

    fn frames(self) -> Option<&'a [u8]> {
        match self {
            Self::Photo(_) => None,
            Self::Frames(bytes) => Some(bytes),
        }
    }
}

/// What was read of a card.
pub(crate) enum Reading {
    /// The files of a travel document's chip.
    Chip(ChipData),
    /// The record of a resident card.
    Record(sam::Reading),
}

impl Reading {
    /// The security module that read it, if one did.
    pub(crate) fn sam(&self) -> Option<&str> {
        match self {
            Self::Chip(_) => None,
            Self::Record(reading) => Some(&reading.sam_id),
        }
    }

    /// What the statement says about card and face.
    pub(crate) fn digest(&self, live: Live<'_>) -> String {
        let (photo, frames) = (live.photo(), live.frames().unwrap_or_default());
        evidence_digest(&match self {
            Self::Chip(chip) => EvidenceParts {
                com: chip.com.as_deref().unwrap_or_default(),
                sod: &chip.sod,
                dg1: &chip.dg1,
                dg2: &chip.dg2,
                dg14: chip.dg14.as_deref().unwrap_or_default(),
                dg15: chip.dg15.as_deref().unwrap_or_default(),
                aa_signature: chip.aa_signature.as_deref().unwrap_or_default(),
                photo,
                frames,
                ..EvidenceParts::default()
            },
            Self::Record(reading) => EvidenceParts {
                record: &reading.record,
                record_photo: &reading.photo,
                photo,
                frames,
                ..EvidenceParts::default()
            },
        })
    }

    /// The body of `POST /terminal/evidence`
    /// ([`EvidenceRequest`](tessera_verifier::terminal::EvidenceRequest)).
    pub(crate) fn body(&self, statement: &str, live: Live<'_>) -> Zeroizing<String> {
        match self {
            Self::Chip(chip) => {
                // Always there on the wire; empty says that the chip had none.
                let (dg15, signature) = (chip.dg15.as_deref(), chip.aa_signature.as_deref());
                body(
                    statement,
                    "chip",
                    &[
                        ("sod", Some(chip.sod.as_slice())),
                        ("dg1", Some(&chip.dg1)),
                        ("dg2", Some(&chip.dg2)),
                        ("com", chip.com.as_deref()),
                        ("dg14", chip.dg14.as_deref()),
                        ("dg15", Some(dg15.unwrap_or_default())),
                        ("aa_signature", Some(signature.unwrap_or_default())),
                    ],
                    live,
                )
            }
            Self::Record(reading) => body(
                statement,
                "record",
                &[
                    ("text", Some(reading.record.as_slice())),
                    ("photo", Some(&reading.photo)),
                ],
                live,
            ),
        }
    }
}

/// Written by hand into one buffer of the final size: a growing buffer or a JSON tree would leave copies of a portrait
/// behind that nothing wipes.
fn body(
    statement: &str,
    kind: &str,
    files: &[(&str, Option<&[u8]>)],
    live: Live<'_>,
) -> Zeroizing<String> {
    let encoded = |bytes: &[u8]| bytes.len().div_ceil(3) * 4;
    let size: usize = files
        .iter()
        .map(|(name, bytes)| bytes.map_or(0, |b| encoded(b) + name.len() + 6))
        .sum();
    let pictures = encoded(live.photo()) + live.frames().map_or(0, encoded);
    let capacity = size + statement.len() + pictures + 64;
    let mut json = Zeroizing::new(String::with_capacity(capacity));
    // A compact JWS and base64url need no escaping in JSON.
    json.push_str("{\"statement\":\"");
    json.push_str(statement);
    json.push_str("\",\"");
    json.push_str(kind);
    json.push_str("\":{");
    let mut separator = "\"";
    for (name, bytes) in files {
        let Some(bytes) = bytes else { continue };
        json.push_str(separator);
        separator = ",\"";
        json.push_str(name);
        json.push_str("\":\"");
        URL_SAFE_NO_PAD.encode_string(bytes, &mut json);
        json.push('"');
    }
    json.push_str("},\"photo\":\"");
    URL_SAFE_NO_PAD.encode_string(live.photo(), &mut json);
    if let Some(frames) = live.frames() {
        json.push_str("\",\"frames\":\"");
        URL_SAFE_NO_PAD.encode_string(frames, &mut json);
    }
    json.push_str("\"}");
    debug_assert!(json.len() <= capacity, "the buffer grew");
    json
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use tessera_verifier::terminal::EvidenceRequest;

    fn digest(chip: &ChipData, photo: &[u8]) -> String {
        let mut copy = self::chip();
        copy.dg1.clone_from(&chip.dg1);
        copy.dg2.clone_from(&chip.dg2);
        Reading::Chip(copy).digest(Live::Photo(photo))
    }

    fn chip() -> ChipData {
        let mut chip = ChipData::default();
        chip.sod = vec![1; 7];
        chip.dg1 = vec![2; 3];
        chip.dg2 = vec![3; 1000];
        chip.dg15 = Some(vec![4; 90]);
        chip
    }

    #[test]
    fn the_issuer_reads_every_part_out_of_the_body() {
        let photo = [9; 100];
        let text = Reading::Chip(chip()).body("a.b.c", Live::Photo(&photo));
        let mut request: EvidenceRequest = serde_json::from_str(&text).unwrap();
        assert_eq!(request.statement, "a.b.c");
        let files = request.chip.take().unwrap();
        assert!(request.record.is_none());
        assert_eq!(files.sod, URL_SAFE_NO_PAD.encode([1; 7]));
        assert_eq!(files.dg2, URL_SAFE_NO_PAD.encode([3; 1000]));
        assert_eq!(files.dg15, URL_SAFE_NO_PAD.encode([4; 90]));
        assert_eq!(files.aa_signature, "");
        assert!(files.com.is_none() && files.dg14.is_none());
        assert_eq!(request.photo, URL_SAFE_NO_PAD.encode(photo));
        assert!(request.frames.is_none());
    }

    #[test]
    fn frames_take_the_place_of_a_photograph_and_are_signed_for() {
        let text = Reading::Chip(chip()).body("a.b.c", Live::Frames(&[7; 50]));
        let request: EvidenceRequest = serde_json::from_str(&text).unwrap();
        assert_eq!(request.photo, "");
        assert_eq!(request.frames, Some(URL_SAFE_NO_PAD.encode([7; 50])));
        let signed = |live| Reading::Chip(chip()).digest(live);
        assert_ne!(
            signed(Live::Frames(&[7; 50])),
            signed(Live::Photo(&[7; 50]))
        );
        assert_ne!(
            signed(Live::Frames(&[7; 50])),
            signed(Live::Frames(&[8; 50]))
        );
    }

    #[test]
    fn neighbouring_parts_do_not_run_together() {
        let mut moved = chip();
        moved.dg1.push(3);
        moved.dg2.pop();
        assert_ne!(digest(&chip(), b"x"), digest(&moved, b"x"));
        assert_ne!(digest(&chip(), b"x"), digest(&chip(), b"y"));
    }
}
