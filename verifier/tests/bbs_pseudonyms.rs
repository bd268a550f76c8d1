//! Pseudonyms of the newer form (draft-irtf-cfrg-bbs-per-verifier-linkability-03): its test vectors, and what its form binds.
#![cfg(any(feature = "bbs", feature = "bbs-pure"))]
#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::Value;
use tessera_verifier::bbs::{
    BlindDisclosed, BlindProofInput, BlindSignInput, BlindSigned, Ciphersuite, Committed, Context,
    Disclosed, MAX_NYM_SECRETS, NymSecrets, ProofInput, Pseudonym, PseudonymForm, PublicKey,
    RandomScalars, Secret, SecretKey, Signature, blind_proof_gen, blind_proof_verify, blind_sign,
    blind_verify, commit,
};
use tessera_verifier::crypto::sha256;

fn unhex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    let octet = |index| u8::from_str_radix(&text[index..index + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(octet).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn all(value: &Value) -> Vec<Vec<u8>> {
    value.as_array().unwrap().iter().map(unhex).collect()
}

fn secret(octets: &[u8]) -> Secret {
    Secret::from_bytes(octets.try_into().unwrap()).unwrap()
}

fn slices(messages: &[Vec<u8>]) -> Vec<&[u8]> {
    messages.iter().map(Vec::as_slice).collect()
}

fn indexes(value: &Value) -> Vec<usize> {
    serde_json::from_value(value.clone()).unwrap()
}

/// What every vector shares.
struct Vectors {
    document: Value,
    key: SecretKey,
    header: Vec<u8>,
    presentation_header: Vec<u8>,
    context: Vec<u8>,
    entropy: Secret,
    messages: Vec<Vec<u8>>,
    committed: Vec<Vec<u8>>,
}

/// What the holder has after issuance.
struct Issued {
    suite: Ciphersuite,
    secrets: Vec<Secret>,
    blind: Secret,
    commitment: Vec<u8>,
    signature: Signature,
}

impl Vectors {
    fn read() -> Self {
        let document: Value =
            serde_json::from_str(include_str!("samples/bbs_pseudonyms.json")).unwrap();
        Self {
            key: SecretKey::from_bytes(&unhex(&document["secretKey"]).try_into().unwrap()).unwrap(),
            header: unhex(&document["header"]),
            presentation_header: unhex(&document["presentationHeader"]),
            context: unhex(&document["context"]),
            entropy: secret(&unhex(&document["entropy"])),
            messages: all(&document["messages"]),
            committed: all(&document["committed"]),
            document,
        }
    }

    fn public(&self) -> &PublicKey {
        self.key.public_key()
    }

    fn random(&self, suite: Ciphersuite, what: &str, count: usize) -> RandomScalars {
        let dst = format!("{}H2G_HM2S_{what}_MOCK_RANDOM_SCALARS_DST_", suite.id());
        let seed = self.document["seed"].as_str().unwrap();
        RandomScalars::mocked(suite, seed.as_bytes(), dst.as_bytes(), count).unwrap()
    }

    /// Commits, signs, and checks the signature as its holder.
    fn issue(&self, case: &Value, messages: &[&[u8]], committed: &[&[u8]]) -> Issued {
        let suite = match case["suite"].as_str().unwrap() {
            "sha" => Ciphersuite::Bls12381Sha256,
            _ => Ciphersuite::Bls12381Shake256,
        };
        let mut secrets: Vec<Secret> = all(&self.document["nyms"][case["nyms"].to_string()])
            .iter()
            .map(|octets| secret(octets))
            .collect();
        let request = Committed {
            messages: committed,
            nym: Some(NymSecrets::Vector(&secrets)),
        };
        let random = self.random(suite, "COMMIT", committed.len() + secrets.len() + 2);
        let (commitment, blind) = commit(suite, &request, random).unwrap();
        let form = PseudonymForm::SecretVector(secrets.len());
        let input = BlindSignInput {
            commitment_with_proof: &commitment,
            header: &self.header,
            messages,
            signer_nym_entropy: Some((form, &self.entropy)),
        };
        let signature = blind_sign(suite, &self.key, &input).unwrap();
        let last = secrets.pop().unwrap();
        secrets.push(last.plus(&self.entropy));
        let signed = BlindSigned {
            header: &self.header,
            messages,
            committed: Committed {
                messages: committed,
                nym: Some(NymSecrets::Vector(&secrets)),
            },
            blind: &blind,
        };
        blind_verify(suite, self.public(), &signature, &signed).unwrap();
        Issued {
            suite,
            secrets,
            blind,
            commitment,
            signature,
        }
    }

    fn issue_all(&self, case: &Value) -> Issued {
        self.issue(case, &slices(&self.messages), &slices(&self.committed))
    }

    fn show(
        &self,
        issued: &Issued,
        (indexes, committed_indexes): (&[usize], &[usize]),
        form: PseudonymForm,
    ) -> Result<(Vec<u8>, Option<Pseudonym>), tessera_verifier::Error> {
        let messages = slices(&self.messages);
        let committed = slices(&self.committed);
        let hidden = messages.len() + committed.len() + issued.secrets.len() + 1
            - indexes.len()
            - committed_indexes.len();
        let input = BlindProofInput {
            shown: ProofInput {
                header: &self.header,
                presentation_header: &self.presentation_header,
                messages: &messages,
                disclosed_indexes: indexes,
            },
            committed: Committed {
                messages: &committed,
                nym: Some(NymSecrets::Vector(&issued.secrets)),
            },
            disclosed_committed: committed_indexes,
            blind: &issued.blind,
            context: Some(Context {
                form,
                id: &self.context,
            }),
        };
        let random = self.random(issued.suite, "PROOF", 5 + hidden);
        blind_proof_gen(
            issued.suite,
            self.public(),
            &issued.signature,
            &input,
            random,
        )
    }
}

fn pick<'a>(messages: &'a [Vec<u8>], indexes: &[usize]) -> Vec<&'a [u8]> {
    indexes
        .iter()
        .map(|index| messages[*index].as_slice())
        .collect()
}

#[test]
fn published_signatures() {
    let vectors = Vectors::read();
    for case in vectors.document["signatures"].as_array().unwrap() {
        let few = |all: &[Vec<u8>], count: &Value| all[..count.as_u64().unwrap() as usize].to_vec();
        let messages = few(&vectors.messages, &case["messages"]);
        let committed = few(&vectors.committed, &case["committed"]);
        let issued = vectors.issue(case, &slices(&messages), &slices(&committed));
        assert_eq!(
            hex(&sha256(&issued.commitment)),
            case["commitment"],
            "{case}"
        );
        assert_eq!(
            hex(&issued.signature.to_bytes()),
            case["signature"],
            "{case}"
        );
    }
}

#[test]
fn published_proofs() {
    let vectors = Vectors::read();
    for case in vectors.document["proofs"].as_array().unwrap() {
        let issued = vectors.issue_all(case);
        let form = PseudonymForm::SecretVector(issued.secrets.len());
        let (shown, committed) = (
            indexes(&case["indexes"]),
            indexes(&case["committedIndexes"]),
        );
        let (proof, pseudonym) = vectors.show(&issued, (&shown, &committed), form).unwrap();
        let pseudonym = pseudonym.unwrap();
        assert_eq!(hex(&pseudonym.to_bytes()), case["pseudonym"], "{case}");
        assert_eq!(hex(&sha256(&proof)), case["proof"], "{case}");
        let messages = pick(&vectors.messages, &shown);
        let committed_messages = pick(&vectors.committed, &committed);
        let context = Context {
            form,
            id: &vectors.context,
        };
        let disclosed = BlindDisclosed {
            shown: Disclosed {
                header: &vectors.header,
                presentation_header: &vectors.presentation_header,
                messages: &messages,
                indexes: &shown,
            },
            signer_messages: vectors.messages.len(),
            committed_messages: &committed_messages,
            committed_indexes: &committed,
            pseudonym: Some((context, &pseudonym)),
        };
        let verify = |disclosed: &BlindDisclosed<'_>| {
            blind_proof_verify(issued.suite, vectors.public(), &proof, disclosed)
                .map_err(|error| error.code())
        };
        assert_eq!(verify(&disclosed), Ok(()), "{case}");

        // Another number of secrets, the older form, another context.
        let as_context = |form, id| BlindDisclosed {
            pseudonym: Some((Context { form, id }, &pseudonym)),
            ..disclosed
        };
        let count = issued.secrets.len();
        for form in [
            PseudonymForm::SecretVector(count + 1),
            PseudonymForm::SecretVector(if count == 1 { 2 } else { 1 }),
            PseudonymForm::SingleSecret,
        ] {
            let refused = verify(&as_context(form, &vectors.context)).unwrap_err();
            assert!(
                matches!(
                    refused,
                    "invalid_signature" | "disclosure_invalid" | "malformed"
                ),
                "{refused} {case}"
            );
        }
        assert_eq!(
            verify(&as_context(form, b"elsewhere")),
            Err("invalid_signature")
        );
        for (wrong, code) in [
            (PseudonymForm::SecretVector(0), "malformed"),
            (
                PseudonymForm::SecretVector(MAX_NYM_SECRETS + 1),
                "too_large",
            ),
            (PseudonymForm::SecretVector(usize::MAX), "too_large"),
        ] {
            assert_eq!(verify(&as_context(wrong, &vectors.context)), Err(code));
        }
        // A committed message that was not there, and one of the secrets as if it were a message.
        for wrong in [&[0][..], &[1, 0], &[4], &[5], &[usize::MAX]] {
            if wrong == committed {
                continue;
            }
            let wrong = BlindDisclosed {
                committed_messages: &vec![&b"another"[..]; wrong.len()],
                committed_indexes: wrong,
                ..disclosed
            };
            assert!(verify(&wrong).is_err(), "{case}");
        }
    }
}

/// The pseudonym shown must be that of the secrets which were signed, in the form that was.
#[test]
fn a_context_of_another_form_than_the_secrets_makes_no_proof() {
    let vectors = Vectors::read();
    let case = &vectors.document["proofs"][0];
    let issued = vectors.issue_all(case);
    for form in [PseudonymForm::SingleSecret, PseudonymForm::SecretVector(2)] {
        let refused = vectors.show(&issued, (&[], &[]), form).map(drop);
        assert_eq!(refused.unwrap_err().code(), "malformed", "{form:?}");
    }
    let form = PseudonymForm::SecretVector(1);
    for wrong in [(&[10][..], &[][..]), (&[], &[5])] {
        let refused = vectors.show(&issued, wrong, form).map(drop);
        assert_eq!(refused.unwrap_err().code(), "disclosure_invalid");
    }
}

#[test]
fn signers_refuse_more_secrets_than_were_committed_to() {
    let vectors = Vectors::read();
    let issued = vectors.issue(&vectors.document["proofs"][0], &[], &[]);
    for (count, code) in [
        (0, "malformed"),
        (2, "malformed"),
        (MAX_NYM_SECRETS + 1, "too_large"),
    ] {
        let input = BlindSignInput {
            commitment_with_proof: &issued.commitment,
            header: &[],
            messages: &[],
            signer_nym_entropy: Some((PseudonymForm::SecretVector(count), &vectors.entropy)),
        };
        let refused = blind_sign(issued.suite, &vectors.key, &input).map(drop);
        assert_eq!(refused.unwrap_err().code(), code, "{count}");
    }
}
