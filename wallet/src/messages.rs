//! Every sentence a holder reads, by code, in English and Chinese.
//!
//! `{0}`, `{1}` … are filled in by the caller. Codes are stable; sentences are not.

mod errors;
mod labels;

/// Languages the wallet speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Chinese, simplified script.
    Chinese,
}

/// One message. `hint` is what the person can do next; empty when there is nothing to add.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// Stable code.
    pub code: &'static str,
    /// English sentence.
    pub en: &'static str,
    /// Chinese sentence.
    pub zh: &'static str,
    /// English hint.
    pub hint_en: &'static str,
    /// Chinese hint.
    pub hint_zh: &'static str,
}

/// All messages, errors first.
pub fn all() -> impl Iterator<Item = &'static Message> {
    errors::TABLE.iter().chain(labels::TABLE)
}

/// Whether the table has this code.
#[must_use]
pub fn knows(code: &str) -> bool {
    find(code).is_some()
}

/// The sentence for `code` with `arguments` filled in; the code itself when the table lacks it.
#[must_use]
pub fn fill(code: &str, language: Language, arguments: &[&str]) -> String {
    let Some(message) = find(code) else {
        return code.to_owned();
    };
    let template = match language {
        Language::English => message.en,
        Language::Chinese => message.zh,
    };
    arguments
        .iter()
        .enumerate()
        .fold(template.to_owned(), |text, (n, argument)| {
            text.replace(&format!("{{{n}}}"), argument)
        })
}

/// The hint for `code`, when there is one.
#[must_use]
pub fn hint(code: &str, language: Language) -> Option<&'static str> {
    let message = find(code)?;
    let text = match language {
        Language::English => message.hint_en,
        Language::Chinese => message.hint_zh,
    };
    (!text.is_empty()).then_some(text)
}

fn find(code: &str) -> Option<&'static Message> {
    all().find(|message| message.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_every_sentence_exists_in_both_languages() {
        let mut seen = BTreeSet::new();
        for message in all() {
            assert!(seen.insert(message.code), "{} twice", message.code);
            assert!(
                !message.en.is_empty() && !message.zh.is_empty(),
                "{}",
                message.code
            );
            assert_eq!(
                message.hint_en.is_empty(),
                message.hint_zh.is_empty(),
                "{}",
                message.code
            );
            assert!(!message.zh.is_ascii(), "{} is not translated", message.code);
            for place in ["{0}", "{1}", "{2}", "{3}"] {
                assert_eq!(
                    message.en.contains(place),
                    message.zh.contains(place),
                    "{}",
                    message.code
                );
            }
        }
    }

    #[test]
    fn every_code_a_holder_may_meet_has_a_sentence() {
        // The codes of the verifier and of the issuer's face, card and session checks.
        let foreign = "malformed too_large unsupported_format unsupported_algorithm unsupported_suite \
            unknown_context undefined_term work_budget_exceeded issuer_untrusted issuer_key_mismatch \
            invalid_signature disclosure_invalid base_proof_refused proof_purpose_mismatch not_yet_valid expired \
            revoked status_undetermined bundle_stale bundle_untrusted holder_binding_missing \
            holder_binding_invalid nonce_mismatch audience_mismatch presentation_too_old presentation_from_future \
            request_invalid request_expired requester_unregistered over_asking query_not_satisfied \
            over_disclosure assurance_too_low wrong_credential_type face_none face_several face_too_small \
            face_blurred face_too_dark face_too_bright face_turned_away face_cropped face_eyes_covered \
            face_mouth_covered pad_failed liveness_required liveness_not_asked liveness_challenge_unknown \
            liveness_proof_invalid liveness_frames liveness_too_slow liveness_wrong_movement liveness_incomplete \
            liveness_jump liveness_other_face liveness_replayed image_unreadable image_too_large face_mismatch too_many_attempts invalid_grant \
            invalid_request invalid_proof invalid_nonce device_proof_invalid invalid_token unauthorized wrong_state \
            not_found busy timeout internal liveness_unavailable credential_request_denied access_denied invalid_client \
            unauthorized_client invalid_client_attestation use_attestation_challenge invalid_key_attestation \
            invalid_dpop_proof use_dpop_nonce unsupported_grant_type invalid_scope invalid_authorization_details \
            unknown_credential_configuration unknown_credential_identifier invalid_credential_request \
            invalid_encryption_parameters request_not_encrypted server_error temporarily_unavailable";
        for code in foreign.split_whitespace() {
            assert!(knows(code), "{code} has no sentence");
        }
    }

    #[test]
    fn arguments_are_filled_in() {
        let text = fill("requester_refused", Language::English, &["503"]);
        assert!(text.contains("503") && !text.contains('{'), "{text}");
        assert_eq!(fill("no_such_code", Language::English, &[]), "no_such_code");
    }
}
