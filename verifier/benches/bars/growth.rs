//! How the cost grows with the number of claims: it must be linear. Three claims are disclosed, however many there are.

use std::path::Path;

use serde_json::{Map, Value, json};
use tessera_verifier::data_integrity::{Suite, ecdsa_sd};
use tessera_verifier::did;
use tessera_verifier::key::PublicKey;

use crate::figure::{self, Series};
use crate::identity::{self, bytes, pointers};
use crate::measure::Operation;

/// Numbers of claims.
const CLAIMS: [u32; 4] = [10, 50, 100, 500];
/// What is measured; one operation for each number of claims, in this order.
const MEASURED: [&str; 7] = [
    "eddsa-rdfc-2022 verify",
    "ecdsa-sd-2023 issue",
    "ecdsa-sd-2023 derive",
    "ecdsa-sd-2023 verify",
    "bbs-2023 issue",
    "bbs-2023 derive",
    "bbs-2023 verify",
];
/// At most this many times the cost from 10 to 100 claims.
const TENFOLD: f64 = 12.0;

/// Credentials of each size.
pub(crate) struct Desk(identity::Desk);

impl Desk {
    pub(crate) fn new() -> Self {
        Self(identity::Desk::new())
    }

    pub(crate) fn operations(&self) -> Vec<Operation<'_>> {
        let desk = &self.0;
        let selected = pointers(&[
            "/credentialSubject/claim_1",
            "/credentialSubject/claim_4",
            "/credentialSubject/claim_7",
        ]);
        let mandatory = pointers(&["/issuer"]);
        let mut all: Vec<Vec<Operation<'_>>> = MEASURED.iter().map(|_| Vec::new()).collect();
        for count in CLAIMS {
            let (p256, ed25519, bbs) = (desk.p256_key(), &desk.ed25519.1, &desk.bbs.1);
            let (by_p256, by_bbs) = (document(p256, count), document(bbs, count));
            let eddsa = bytes(&desk.eddsa_rdfc(&document(ed25519, count)));
            let base = desk.ecdsa_sd(&by_p256, &mandatory);
            let shown = bytes(&ecdsa_sd::derive(&base, &selected, &desk.contexts).unwrap());
            let bbs_base = desk.bbs(&by_bbs, &mandatory);
            let bbs_shown = bytes(&desk.bbs_shown(&bbs_base, &selected));
            let (selected, mandatory) = (selected.clone(), mandatory.clone());
            let (more_selected, more_mandatory) = (selected.clone(), mandatory.clone());
            let operations: [Box<dyn Fn() + '_>; 7] = [
                Box::new(move || desk.verify(&eddsa, Suite::EddsaRdfc2022, ed25519)),
                Box::new(move || drop(desk.ecdsa_sd(&by_p256, &mandatory))),
                Box::new(move || {
                    drop(ecdsa_sd::derive(&base, &selected, &desk.contexts).unwrap());
                }),
                Box::new(move || desk.verify(&shown, Suite::EcdsaSd2023, p256)),
                Box::new(move || drop(desk.bbs(&by_bbs, &more_mandatory))),
                Box::new(move || drop(desk.bbs_shown(&bbs_base, &more_selected))),
                Box::new(move || desk.verify(&bbs_shown, Suite::Bbs2023, bbs)),
            ];
            for ((name, operation), to) in MEASURED.iter().zip(operations).zip(&mut all) {
                // Short operations more than once: the first run after a long one finds cold caches.
                let runs = if name.starts_with("bbs") { 1 } else { 8 };
                to.push(Operation::new(name, None, runs, operation));
            }
        }
        all.into_iter().flatten().collect()
    }
}

fn document(issuer: &PublicKey, claims: u32) -> Value {
    let mut subject = Map::new();
    subject.insert("id".to_owned(), json!("did:example:specimen"));
    for number in 0..claims {
        subject.insert(
            format!("claim_{number}"),
            json!(format!("value of claim {number}, a specimen")),
        );
    }
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
        "type": ["VerifiableCredential"],
        "issuer": did::did_key(issuer),
        "credentialSubject": subject,
    })
}

/// Prints the ratios and draws the figure.
pub(crate) fn report(operations: &[Operation<'_>]) {
    println!(
        "\ncost by number of claims, as multiples of a raw P-256 verification; three claims disclosed"
    );
    let heads: Vec<String> = CLAIMS.iter().map(|count| format!("{count:>9}")).collect();
    println!("{:<28} {} {:>12}", "", heads.concat(), "10 -> 100");
    let mut drawn = Vec::new();
    let measured = operations.get(1..).unwrap();
    for (name, sizes) in MEASURED.iter().zip(measured.chunks(CLAIMS.len())) {
        let ratios: Vec<f64> = sizes.iter().map(|size| size.ratio(operations)).collect();
        let cells: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:>9.2}")).collect();
        let (Some(ten), Some(hundred)) = (ratios.first(), ratios.get(2)) else {
            continue;
        };
        let growth = hundred / ten;
        let verdict = if growth <= TENFOLD {
            "linear"
        } else {
            "NOT LINEAR"
        };
        println!("{name:<28} {} {growth:>9.1} x  {verdict}", cells.concat());
        let points = CLAIMS.iter().map(|count| f64::from(*count)).zip(ratios);
        drawn.push(Series {
            name,
            points: points.collect(),
        });
    }
    let Some(folder) = std::env::var_os("TESSERA_FIGURES") else {
        return;
    };
    let file = Path::new(&folder).join("cost-by-claims.svg");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(&file, figure::draw(&drawn)).unwrap();
    println!("drawn: {}", file.display());
}
