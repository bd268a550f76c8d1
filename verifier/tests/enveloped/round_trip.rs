//! What is secured here is verified here, in every form and with every kind of key.

use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::key::KeyType;
use tessera_verifier::sd_jwt;
use tessera_verifier::vc_jose_cose::{
    Inner, Kind, SigningKey, by_did, verify_envelope, verify_jwt, verify_sd_jwt,
};

use crate::code;
use crate::documents::{Desk, credential, expected, presentation};
use crate::keys::{KINDS, Signer};

/// P-521 has no did:key here: the caller vouches for the key.
fn verified_by(
    desk: &Desk,
) -> impl Fn(
    &tessera_verifier::vc_jose_cose::KeyReference<'_>,
) -> Result<SigningKey, tessera_verifier::Error> {
    |reference| {
        assert_eq!(reference.kid, Some(desk.kid.as_str()));
        Ok(SigningKey {
            key: desk.signer.public_key().clone(),
            controller: Some(desk.did.clone()),
        })
    }
}

#[test]
fn credentials_and_presentations_of_them_verify() {
    for kind in KINDS {
        let desk = Desk::new(Signer::fresh(kind));
        let document = credential(&desk.did);
        let envelopes = desk.envelopes(Kind::Credential, &document);
        for envelope in &envelopes {
            let verified =
                verify_envelope(envelope, &expected(Kind::Credential), &verified_by(&desk))
                    .unwrap();
            assert_eq!(*verified.document(), document, "{kind:?}");
            assert!(!verified.holder_bound());
        }
        let document = presentation(&desk.did, &envelopes);
        for envelope in desk.envelopes(Kind::Presentation, &document) {
            let verified = verify_envelope(
                &envelope,
                &expected(Kind::Presentation),
                &verified_by(&desk),
            )
            .unwrap();
            assert_eq!(*verified.document(), document);
            assert_eq!(verified.credentials().len(), 3);
            assert!(
                verified
                    .credentials()
                    .iter()
                    .all(|inner| *inner.document() == credential(&desk.did))
            );
        }
    }
}

#[test]
fn a_presentation_falls_with_one_of_its_credentials_unless_only_their_shape_is_asked_for() {
    let (issuer, holder) = (
        Desk::new(Signer::fresh(KeyType::Ed25519)),
        Desk::new(Signer::fresh(KeyType::P256)),
    );
    let [mut envelope, ..] = issuer.envelopes(Kind::Credential, &credential(&issuer.did));
    let url = envelope["id"].as_str().unwrap();
    // The last character of an Ed25519 signature in base64url has four spare bits: change the one before.
    let (head, tail) = url.split_at(url.len() - 2);
    let changed = if tail.starts_with('A') { "B" } else { "A" };
    envelope["id"] = format!("{head}{changed}{}", &tail[1..]).into();
    let text = holder.jwt(Kind::Presentation, &presentation(&holder.did, &[envelope]));
    let mut expectation = expected(Kind::Presentation);
    assert_eq!(
        code(verify_jwt(&text, &expectation, &by_did).map(|_| ())),
        Err("invalid_signature")
    );
    expectation.inner = Inner::Shape;
    assert!(
        verify_jwt(&text, &expectation, &by_did)
            .unwrap()
            .credentials()
            .is_empty()
    );
}

#[test]
fn a_holder_leaves_out_what_may_be_left_out() {
    let desk = Desk::new(Signer::fresh(KeyType::P256));
    let document = credential(&desk.did);
    let paths = [
        "credentialSubject.degree.name",
        "/credentialSubject/alumniOf/0",
    ]
    .map(|path| sd_jwt::parse_path(path, &document).unwrap());
    let text = desk.sd_jwt(Kind::Credential, &document, &paths);
    let expectation = expected(Kind::Credential);
    assert_eq!(
        *verify_sd_jwt(&text, &expectation, &by_did)
            .unwrap()
            .document(),
        document
    );
    let selection = sd_jwt::parse(&text)
        .unwrap()
        .select(&[ClaimPath::keys(&["credentialSubject", "degree"])])
        .unwrap();
    let shown = verify_sd_jwt(selection.as_str(), &expectation, &by_did).unwrap();
    let mut less = document;
    less["credentialSubject"]["alumniOf"]
        .as_array_mut()
        .unwrap()
        .remove(0);
    assert_eq!(*shown.document(), less);
}

/// What suites expect of holders that may be disclosed or not.
#[test]
fn the_holder_of_a_presentation_may_be_disclosable() {
    let desk = Desk::new(Signer::fresh(KeyType::P384));
    let credentials = desk.envelopes(Kind::Credential, &credential(&desk.did));
    let document = presentation(&desk.did, &credentials);
    let paths = ["holder", "verifiableCredential[0]"]
        .map(|path| sd_jwt::parse_path(path, &document).unwrap());
    let text = desk.sd_jwt(Kind::Presentation, &document, &paths);
    let verified = verify_sd_jwt(&text, &expected(Kind::Presentation), &by_did).unwrap();
    assert_eq!(*verified.document(), document);
    assert_eq!(verified.credentials().len(), 3);
}
