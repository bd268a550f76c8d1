//! What a hostile client can do at the issuer, against the running service: each gets its code and nothing else.
#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::Value;
use tessera_tests::authority::Authority;
use tessera_tests::keys::Key;
use tessera_tests::lean_holder::{LIMITED_SD_JWT, LeanHolder};
use tessera_tests::programs::Programs;
use tessera_tests::registry::{MEI, crowd_number, photo};

/// A pre-authorized code is good for one token, in sequence and in a race; a token for one use of a configuration; a
/// batch for as many keys as the issuer says, each its own; a nonce for one request.
#[test]
fn hostile_single_use_and_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let programs = Programs::beside_this_one().unwrap();
    let mut authority = Authority::found(&programs, folder.path(), 3).unwrap();
    authority.start().unwrap();
    let holder = LeanHolder::new(&authority.url()).unwrap();
    let selfie = std::fs::read(photo(MEI.selfie)).unwrap();

    code_redeemed_twice(&holder, &selfie);
    wrong_transaction_code(&holder, &selfie);
    let access = holder.enrol(&crowd_number(2), &selfie).unwrap();

    // Class 8: a batch beyond the limit, and one key twice in a batch.
    let keys: Vec<Key> = (0..11).map(|_| Key::generate().unwrap()).collect();
    let hostile = access.prepare(LIMITED_SD_JWT, &keys).unwrap();
    refused_with(access.send(&hostile), "batch_too_large");
    let mut doubled = access.prepare(LIMITED_SD_JWT, &keys[..1]).unwrap();
    let proof = doubled["proofs"]["jwt"][0].clone();
    doubled["proofs"]["jwt"] = Value::Array(vec![proof.clone(), proof]);
    refused_with(access.send(&doubled), "duplicate_key");
    let nobody_has_it = access.prepare("identity_full_sd_jwt", &keys[..1]).unwrap();
    assert!(
        access.send(&nobody_has_it).is_err(),
        "a limited session must not earn the full credential"
    );

    // After the refusals the honest request still works, once.
    let honest = access.prepare(LIMITED_SD_JWT, &keys[..2]).unwrap();
    assert_eq!(access.send(&honest).unwrap().len(), 2);
    assert!(access.send(&honest).is_err(), "the same request again");
    let again = access.prepare(LIMITED_SD_JWT, &keys[2..3]).unwrap();
    assert!(access.send(&again).is_err(), "the same configuration again");
    let issued = authority.issuances().unwrap();
    assert_eq!(
        issued
            .iter()
            .filter(|record| record["state"] == "issued")
            .count(),
        2
    );
}

/// Class 7: sixteen clients redeem one code at once; one wins.
fn code_redeemed_twice(holder: &LeanHolder, selfie: &[u8]) {
    let granted = holder.prove(&crowd_number(0), selfie).unwrap();
    let won = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| holder.redeem(&granted).is_ok()))
            .collect();
        racers
            .into_iter()
            .filter_map(|racer| racer.join().ok())
            .filter(|won| *won)
            .count()
    });
    assert_eq!(won, 1);
    let late = holder.redeem(&granted).map(|_| ());
    assert_eq!(late.unwrap_err().to_string(), "invalid_grant");
}

/// Guessing the transaction code burns the offer: after enough wrong ones the right one is refused too.
fn wrong_transaction_code(holder: &LeanHolder, selfie: &[u8]) {
    let granted = holder.prove(&crowd_number(1), selfie).unwrap();
    for guess in 0..20 {
        let mut wrong = granted.clone();
        wrong.tx_code = format!("{guess:06}");
        assert!(wrong.tx_code == granted.tx_code || holder.redeem(&wrong).is_err());
    }
    assert!(holder.redeem(&granted).is_err());
}

fn refused_with(answer: tessera_tests::Result<Vec<Value>>, code: &str) {
    let refusal = answer.map(|credentials| credentials.len()).unwrap_err();
    assert_eq!(refusal.to_string(), code);
}
