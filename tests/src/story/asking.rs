//! Steps 11 to 13: exactly what is asked, nothing beyond it, and what cheating gets.

use std::path::Path;

use serde_json::{Value, json};

use super::Stage;
use crate::crafted::Asked;
use crate::keys::Key;
use crate::lean_holder::{Binding, OwnedSdJwt, now, vp_token};
use crate::relying_party::disclosed;
use crate::report::Report;
use crate::{Failure, Result};

/// What the café may learn, as disclosure names: the bit and the object it sits in.
const ADULT: [&str; 2] = ["age_equal_or_over", "18"];

/// Step 11.
pub fn bank_account(stage: &mut Stage, report: &mut Report) {
    report.step(
        11,
        "With the full credential the bank accepts, and learns exactly what an account needs.",
    );
    let asked = claims_of_service("bank-account").unwrap_or_else(|failure| failure.to_string());
    for format in ["sd_jwt", "ldp"] {
        report.check(&format!("claims learned, as {format}"), &asked, || {
            let request = stage
                .bank
                .request("bank-account", &format!("bank-{format}"))?;
            let presentation = stage.file(&format!("bank-{format}.json"));
            stage
                .mei
                .present(&request, &presentation, format)?
                .expect_ok("tessera present")?;
            let fresh = stage.file("bundle-2.jwt");
            let check = stage.bank.check(&request, &presentation, &fresh, &[])?;
            let learned = names(&disclosed(&check)?);
            stage.shown_to_bank = Some((request, presentation));
            Ok(learned)
        });
    }
}

/// Step 12.
pub fn over_asking(stage: &mut Stage, report: &mut Report) {
    report.step(
        12,
        "The café asks for the name as well, beyond its registration.",
    );
    report.check("the wallet", "over_asking", || {
        let key = stage.cafe.signing_key()?;
        let mut asked = Asked::read(&stage.cafe.request("internet-cafe", "cafe-honest")?)?;
        for query in asked.payload["dcql_query"]["credentials"]
            .as_array_mut()
            .into_iter()
            .flatten()
        {
            let path = if query["format"] == "ldp_vc" {
                json!(["credentialSubject", "family_name"])
            } else {
                json!(["family_name"])
            };
            if let Some(claims) = query["claims"].as_array_mut() {
                claims.push(json!({ "path": path }));
            }
        }
        let greedy = stage.file("cafe-greedy.jwt");
        asked.write(&key, &greedy)?;
        Ok(stage
            .mei
            .present(&greedy, &stage.file("cafe-greedy.json"), "sd_jwt")?
            .verdict())
    });
}

/// Step 13.
pub fn cheating(stage: &mut Stage, report: &mut Report) {
    report.step(
        13,
        "ANTON's wallet cheats at the café, in four ways. First the honest answer, for comparison.",
    );
    report.check("honest answer", "ok", || {
        answer(stage, "honest", |owned, binding| {
            owned.present(&ADULT, binding)
        })
    });
    report.check("altered disclosure", "disclosure_invalid", || {
        let deny = |disclosure: &mut Value| {
            if disclosure[1] == "18" {
                disclosure[2] = json!(false);
            }
        };
        answer(stage, "altered", |owned, binding| {
            owned.present_edited(&ADULT, binding, deny)
        })
    });
    report.check("replayed nonce", "nonce_mismatch", || {
        answer(stage, "replayed", |owned, binding| {
            owned.present(
                &ADULT,
                &Binding {
                    nonce: "c3BlY2ltZW4tb2Ytb2xkLW5vbmNl",
                    ..binding.clone()
                },
            )
        })
    });
    let bank = format!("decentralized_identifier:{}", stage.bank.did());
    report.check("other audience", "audience_mismatch", || {
        answer(stage, "audience", |owned, binding| {
            owned.present(
                &ADULT,
                &Binding {
                    audience: &bank,
                    ..binding.clone()
                },
            )
        })
    });
    report.check("expired", "expired", || {
        // A request and an answer made long after the credential's last day; only the credential is too old.
        let owned = stage.next_of_anton()?;
        let last_day = crate::lean_holder::claims(&owned.credential)?["exp"]
            .as_i64()
            .unwrap_or(0);
        let later = last_day + 86_400;
        at(stage, "expired", later, &owned, &stage.first_bundle(), &[])
    });
}

/// Shows `owned` to the café at another time than now, everything but the credential made at that time.
pub(super) fn at(
    stage: &Stage,
    name: &str,
    when: i64,
    owned: &OwnedSdJwt,
    bundle: &Path,
    extra: &[&str],
) -> Result<String> {
    let mut asked = Asked::read(
        &stage
            .cafe
            .request("internet-cafe", &format!("cafe-{name}-now"))?,
    )?;
    asked.payload["iat"] = json!(when);
    asked.payload["exp"] = json!(when + 300);
    let request = stage.file(&format!("cafe-{name}.jwt"));
    asked.write(&stage.cafe.signing_key()?, &request)?;
    let binding = Binding {
        audience: asked.audience()?,
        nonce: asked.nonce()?,
        issued_at: when,
    };
    let presentation = stage.file(&format!("cafe-{name}.json"));
    std::fs::write(&presentation, vp_token(&owned.present(&ADULT, &binding)?))?;
    let when = tessera_verifier::Timestamp::from_unix(when).to_rfc3339();
    let mut arguments = vec!["--now", when.as_str()];
    arguments.extend(extra);
    Ok(stage
        .cafe
        .check(&request, &presentation, bundle, &arguments)?
        .verdict())
}

fn answer(
    stage: &mut Stage,
    name: &str,
    make: impl FnOnce(&OwnedSdJwt, &Binding<'_>) -> Result<String>,
) -> Result<String> {
    let request = stage
        .cafe
        .request("internet-cafe", &format!("cafe-{name}"))?;
    let asked = Asked::read(&request)?;
    let binding = Binding {
        audience: asked.audience()?,
        nonce: asked.nonce()?,
        issued_at: now(),
    };
    let owned = stage.next_of_anton()?;
    let presentation = stage.file(&format!("cafe-{name}.json"));
    std::fs::write(&presentation, vp_token(&make(&owned, &binding)?))?;
    Ok(stage
        .cafe
        .check(&request, &presentation, &stage.first_bundle(), &[])?
        .verdict())
}

impl Stage {
    /// ANTON's next one-time credential.
    ///
    /// # Errors
    /// When they are used up.
    pub fn next_of_anton(&mut self) -> Result<OwnedSdJwt> {
        self.anton
            .pop()
            .ok_or_else(|| Failure::new("ANTON has no credential left"))
    }
}

impl crate::relying_party::RelyingParty {
    /// The relying party's own key, to sign what its program would refuse to sign.
    ///
    /// # Errors
    /// When the key file cannot be read.
    pub fn signing_key(&self) -> Result<Key> {
        Key::from_file(&self.key())
    }
}

/// The claims a service of the catalogue asks, as names separated by blanks.
fn claims_of_service(id: &str) -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../schemas/services")
        .join(format!("{id}.json"));
    let service: Value =
        serde_json::from_slice(&std::fs::read(&path).map_err(Failure::during("the catalogue"))?)?;
    let mut names: Vec<&str> = service["claims"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|path| path[0].as_str())
        .collect();
    names.sort_unstable();
    Ok(names.join(" "))
}

/// The names in a JSON object, sorted; any other text as it is.
fn names(json: &str) -> String {
    match serde_json::from_str::<Value>(json) {
        Ok(Value::Object(claims)) => {
            let mut names: Vec<&str> = claims.keys().map(String::as_str).collect();
            names.sort_unstable();
            names.join(" ")
        }
        _ => json.to_owned(),
    }
}
