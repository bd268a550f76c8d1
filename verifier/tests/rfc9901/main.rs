//! The examples of RFC 9901: ours must read them as the text says. (RFC text: IETF Trust, Simplified BSD for code.)
#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::json;
use tessera_verifier::Timestamp;
use tessera_verifier::key::PublicKey;
use tessera_verifier::sd_jwt::{self, Disclosure, KeyBindingExpectation};

/// Appendix A.5.
fn issuer() -> PublicKey {
    PublicKey::from_jwk(&json!({"kty": "EC", "crv": "P-256",
        "x": "b28d4MwZMjw8-00CG4xfnn9SLMVMM19SlqZpVb_uNtQ", "y": "Xv5zWwuoaTgdS6hV43yI6gBwTnjukmFQQnJ_kCxzqk8"}))
    .unwrap()
}

/// §5.2: four disclosures, one of them an array element, and a key binding.
#[test]
fn presentation_of_section_5() {
    let text = include_str!("presentation.txt").trim();
    let verified = sd_jwt::parse(text)
        .unwrap()
        .verify_issuer(&issuer(), &["example+sd-jwt"])
        .unwrap();
    let expected = json!({
        "iss": "https://issuer.example.com", "iat": 1_683_000_000, "exp": 1_883_000_000, "sub": "user_42",
        "nationalities": ["US"],
        "cnf": {"jwk": {"kty": "EC", "crv": "P-256", "x": "TCAER19Zvu3OHF4j4W4vfSVoHIP1ILilDls7vCeGemc",
            "y": "ZxjiWWbZMQGHVWKVQ4hbSIirsVfuecCE6t4jT9F2HZQ"}},
        "family_name": "Doe", "given_name": "John",
        "address": {"street_address": "123 Main St", "locality": "Anytown", "region": "Anystate", "country": "US"},
    });
    assert_eq!(*verified.payload(), expected);
    let binding = KeyBindingExpectation {
        aud: "https://verifier.example.org",
        nonce: "1234567890",
        now: Timestamp::from_unix(1_748_361_941),
        max_age: 300,
        clock_skew: 0,
    };
    verified.verify_key_binding(&binding).unwrap();
    let other = verified.verify_key_binding(&KeyBindingExpectation {
        nonce: "1234567891",
        ..binding
    });
    assert_eq!(other.map_err(|error| error.code()), Err("nonce_mismatch"));
    // One disclosure fewer: sd_hash covers the very bytes.
    let fewer = text.replace("~WyJsa2x4RjVqTVlsR1RQVW92TU5JdkNBIiwgIlVTIl0", "");
    let fewer = sd_jwt::parse(&fewer)
        .unwrap()
        .verify_issuer(&issuer(), &["example+sd-jwt"])
        .unwrap();
    assert_eq!(
        fewer
            .verify_key_binding(&binding)
            .map_err(|error| error.code()),
        Err("holder_binding_invalid")
    );
}

/// Appendix A.4: a W3C credential with disclosures at three depths, and a key binding.
#[test]
fn presentation_of_appendix_a_4() {
    let text = include_str!("presentation-a4.txt").trim();
    let verified = sd_jwt::parse(text)
        .unwrap()
        .verify_issuer(&issuer(), &["example+sd-jwt"])
        .unwrap();
    let subject = json!({
        "vaccine": {"type": "Vaccine", "atcCode": "J07BX03", "medicinalProductName": "COVID-19 Vaccine Moderna"},
        "recipient": {"type": "VaccineRecipient"},
        "type": "VaccinationEvent", "order": "3/3", "dateOfVaccination": "2021-06-23T13:40:12Z"
    });
    assert_eq!(verified.payload()["credentialSubject"], subject);
    assert_eq!(verified.disclosed().len(), 4);
    verified
        .verify_key_binding(&KeyBindingExpectation {
            aud: "https://verifier.example.org",
            nonce: "1234567890",
            now: Timestamp::from_unix(1_748_361_941),
            max_age: 0,
            clock_skew: 0,
        })
        .unwrap();
    // The same in the JSON serialization (§8) and back.
    let in_json = sd_jwt::to_json(text).unwrap().to_string();
    assert_eq!(sd_jwt::from_json(in_json.as_bytes()).unwrap(), text);
}

/// §6.3: a disclosure that contains digests.
#[test]
fn recursive_disclosure_of_section_6() {
    let address = Disclosure::parse("WyJRZ19PNjR6cUF4ZTQxMmExMDhpcm9BIiwgImFkZHJlc3MiLCB7Il9zZCI6IFsiNnZoOWJxLXpTNEdLTV83R3BnZ1ZiWXp6dTZvT0dYcm1OVkdQSFA3NVVkMCIsICI5Z2pWdVh0ZEZST0NnUnJ0TmNHVVhtRjY1cmRlemlfNkVyX2o3NmttWXlNIiwgIktVUkRQaDRaQzE5LTN0aXotRGYzOVY4ZWlkeTFvVjNhM0gxRGEyTjBnODgiLCAiV045cjlkQ0JKOEhUQ3NTMmpLQVN4VGpFeVc1bTV4NjVfWl8ycm8yamZYTSJdfV0").unwrap();
    assert_eq!(
        address.digest(),
        "HvrKX6fPV0v9K_yCVFBiLFHsMaxcD_114Em6VT8x1lg"
    );
    let country =
        Disclosure::parse("WyJlSThaV205UW5LUHBOUGVOZW5IZGhRIiwgImNvdW50cnkiLCAiREUiXQ").unwrap();
    assert_eq!(address.value()["_sd"][3], country.digest());
    assert_eq!(
        (country.name(), country.value()),
        (Some("country"), &json!("DE"))
    );
}
