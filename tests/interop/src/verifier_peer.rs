//! A foreign verifier asks our wallet over HTTP (OpenID4VP 1.0), and judges what the wallet answers.

use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use serde_json::{Value, json};
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile, Format};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::request::Unregistered;
use tessera_verifier::sd_jwt::{self, IssueInput};
use tessera_verifier::time::Timestamp;
use tessera_verifier::vci::form::Form;
use tessera_verifier::x509::TrustAnchor;
use tessera_wallet::consent::{self, Answer, Holder};
use tessera_wallet::http::HttpTransport;
use tessera_wallet::present;
use tessera_wallet::reach::Reach;
use tessera_wallet::request::{Acceptance, RequestObject};
use tessera_wallet::secret::{Passphrase, StoredKey};
use tessera_wallet::select::{self, Proposal, Wish};
use tessera_wallet::store::{
    CredentialBody, CredentialSet, KeyStretching, OneTimeCredential, Store,
};
use tessera_wallet::{Clock, Surroundings};

use crate::exchange::Peers;
use crate::keys::Key;
use crate::matrix::{Matrix, Outcome, Stop, Way, demand};
use crate::specimen::{claims, key, now};

const PEER: &str = "@openid4vc/openid4vp";
const HAIP_PEER: &str = "polaris-oid4vp";
const DAY: i64 = 86_400;
/// Opens the wallets made here.
pub(crate) const PASSPHRASE: &str = "specimen";

/// In the clear and encrypted, the request fetched by GET and by POST.
pub fn run(peers: &Peers, matrix: &mut Matrix) {
    for (mode, post) in [
        ("direct_post", false),
        ("direct_post", true),
        ("direct_post.jwt", false),
        ("direct_post.jwt", true),
    ] {
        let method = if post { "POST" } else { "GET" };
        let subject = format!("OpenID4VP {mode} from our wallet, request by {method}");
        matrix.ask(&subject, PEER, Way::OursToTheirs, || {
            asked(peers, mode, post)
        });
    }
    let subject = "OpenID4VP direct_post.jwt from our wallet by HAIP, request by POST";
    matrix.ask(subject, HAIP_PEER, Way::OursToTheirs, || haip(peers));
}

/// A verifier that knows nothing but HAIP 1.0 and the issuer's key: known by the digest of its certificate.
fn haip(peers: &Peers) -> Outcome {
    let vct = CredentialProfile::of(AssuranceLevel::Limited).vct;
    let issuer = key()?;
    let wallet = Wallet::with(&issuer)?;
    let begun = |trusted: &Key| -> Result<(Value, String), Stop> {
        let claims = json!([
            ["family_name"], {"path": ["age_equal_or_over", "18"], "values": [true]},
        ]);
        let jwk = trusted.public_key().to_jwk();
        let question = json!({"issuer": jwk, "claims": claims, "vct": vct});
        let begun = peers.python.ask("haip-ask", question)?;
        let mut form = Form::default();
        for (name, value) in begun["parameters"].as_object().into_iter().flatten() {
            form.push(name, value.as_str().unwrap_or_default());
        }
        let link = format!("haip-vp://?{}", *form.encode());
        Ok((begun, link))
    };
    let judged = || -> Result<Value, Stop> {
        let judged = peers.python.ask("haip-judged", json!({}))?;
        Ok(judged["verdicts"]
            .as_array()
            .and_then(|all| all.last())
            .cloned()
            .unwrap_or_default())
    };
    let anchor = |begun: &Value| anchor(begun["anchor"].as_str().unwrap_or_default());
    // Somebody else's credential, to somebody who trusts another issuer.
    let (asked, link) = begun(&key()?)?;
    demand(
        wallet
            .answers_as(&link, true, vec![anchor(&asked)?])
            .is_err(),
        "they took a credential of an issuer that they do not know",
    )?;
    let verdict = judged()?;
    demand(
        verdict["code"] == "issuer_key" || verdict["code"] == "issuer_signature",
        &format!("refused for another reason: {verdict}"),
    )?;
    let (asked, link) = begun(&issuer)?;
    let next = wallet.answers_as(&link, true, vec![anchor(&asked)?])?;
    demand(
        next.as_deref() == asked["redirect"].as_str(),
        "the wallet goes on elsewhere",
    )?;
    let verdict = judged()?;
    let claims = &verdict["claims"];
    demand(
        verdict["authentic"] == true
            && claims["family_name"] == "SPECIMEN"
            && claims["age_equal_or_over"] == json!({"18": true})
            && claims.get("birthdate").is_none(),
        &format!("more or less was shown than asked: {verdict}"),
    )?;
    Ok("known by x509_hash, answered encrypted; another issuer's credential is refused".to_owned())
}

/// The certificate of a PEM file (RFC 7468).
fn anchor(pem: &str) -> Result<TrustAnchor, Stop> {
    let base64: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let der = tessera_verifier::encoding::from_base64(&base64).map_err(Stop::fail)?;
    TrustAnchor::from_certificate(&der).map_err(Stop::fail)
}

fn asked(peers: &Peers, mode: &str, post: bool) -> Outcome {
    let vct = CredentialProfile::of(AssuranceLevel::Limited).vct;
    let wanted = json!([["family_name"], ["age_equal_or_over", "18"]]);
    let begun = peers.node.ask(
        "vpv-start",
        json!({"mode": mode, "post": post, "claims": wanted, "vct": vct}),
    )?;
    let link = begun["link"].as_str().ok_or(Stop::fail("no link"))?;
    let issuer = key()?;
    let wallet = Wallet::with(&issuer)?;
    let next = wallet.answers(link)?;
    demand(
        next.as_deref() == begun["redirect"].as_str(),
        "the wallet goes on elsewhere",
    )?;
    let judged = peers
        .node
        .ask("vpv-judge", json!({"issuer": issuer.public_key().to_jwk()}))?;
    demand(
        judged["claims"]["family_name"] == "SPECIMEN"
            && judged["claims"]["age_equal_or_over"] == json!({"18": true})
            && judged["claims"].get("birthdate").is_none(),
        "more or less was shown than asked",
    )?;
    demand(
        judged["wallet_nonce"].is_string() == post,
        "the wallet's nonce",
    )?;
    let encrypted = mode.ends_with(".jwt");
    demand(
        (judged["enc"] == "A256GCM") == encrypted,
        "another content encryption",
    )?;
    Ok("answered, judged by @sd-jwt/sd-jwt-vc and jose".to_owned())
}

/// Our wallet with one credential, and the real network.
struct Wallet {
    store: std::cell::RefCell<Store>,
    http: HttpTransport,
    rng: SystemRandom,
    _folder: tempfile::TempDir,
}

struct SystemClock(Timestamp);

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

struct Yes;

impl Holder for Yes {
    fn answer(&mut self, _: &Proposal) -> Answer {
        Answer::Yes
    }
}

impl Wallet {
    fn with(issuer: &Key) -> Result<Self, Stop> {
        let folder = tempfile::tempdir().map_err(Stop::fail)?;
        Ok(Self {
            store: stocked(folder.path(), issuer, 2)?.into(),
            http: HttpTransport::new(),
            rng: SystemRandom::new(),
            _folder: folder,
        })
    }

    /// Follows the link as `tessera present --local --unregistered ask` does; where the holder goes on.
    fn answers(&self, link: &str) -> Result<Option<String>, Stop> {
        self.answers_as(link, false, Vec::new())
    }

    /// The same under `--haip` and with `--requester-anchor`.
    fn answers_as(
        &self,
        link: &str,
        haip: bool,
        anchors: Vec<TrustAnchor>,
    ) -> Result<Option<String>, Stop> {
        let clock = SystemClock(now()?);
        let surroundings = Surroundings {
            transport: &self.http,
            rng: &self.rng,
            clock: &clock,
        };
        let mut store = self.store.borrow_mut();
        let reach = Reach::of(store.contents(), true);
        let acceptance = Acceptance {
            unregistered: Unregistered::Ask,
            anchors,
            haip,
            ..Acceptance::default()
        };
        let object = RequestObject::from_link(surroundings, link, &reach).map_err(Stop::fail)?;
        let request = object
            .authenticate_as(&[], clock.0, &reach, &acceptance)
            .map_err(Stop::fail)?;
        let proposal = select::minimal_with(store.contents(), request, Wish::default(), clock.0)
            .map_err(Stop::fail)?;
        let consent = consent::ask(proposal, &mut Yes).map_err(|_| Stop::fail("no consent"))?;
        let signed = present::sign(&mut store, surroundings, consent).map_err(Stop::fail)?;
        let sent = signed.send(surroundings).map_err(Stop::fail)?;
        Ok(sent.redirect_uri.map(String::from))
    }
}

/// A wallet in this folder with so many one-time credentials of this issuer.
pub(crate) fn stocked(folder: &Path, issuer: &Key, count: u32) -> Result<Store, Stop> {
    let rng = SystemRandom::new();
    let passphrase = Passphrase::new(PASSPHRASE).map_err(Stop::fail)?;
    let stretching = KeyStretching::HAZMAT_TESTING_ONLY;
    let mut store = Store::create(folder, &passphrase, stretching, &rng).map_err(Stop::fail)?;
    let midnight = now()?.start_of_day().unix();
    let one_time = || -> Result<OneTimeCredential, Stop> {
        let key = StoredKey::generate(&rng).map_err(Stop::fail)?;
        let body = CredentialBody::SdJwt(credential(issuer, &key)?);
        let format = Format::SdJwt;
        Ok(OneTimeCredential { format, body, key })
    };
    let unused = (0..count)
        .map(|_| one_time())
        .collect::<Result<Vec<_>, Stop>>()?;
    let put = store.update(&rng, |contents| {
        contents.sets.push(CredentialSet {
            id: "limited-1".to_owned(),
            level: AssuranceLevel::Limited,
            issuer_url: "https://issuer.example".to_owned(),
            issuer_did: issuer.did(),
            received_at: midnight,
            valid_from: midnight,
            valid_until: midnight + 30 * DAY,
            retired_at: None,
            claims: claims(),
            issued: count,
            formats: [Format::SdJwt].into(),
            unused,
            renewal: None,
            refused_at: None,
        });
        Ok(())
    });
    put.map_err(Stop::fail)?;
    Ok(store)
}

fn credential(issuer: &Key, holder: &StoredKey) -> Result<String, Stop> {
    let midnight = now()?.start_of_day();
    let holder = holder.open().map_err(Stop::fail)?;
    let object = |value: Value| match value {
        Value::Object(members) => members,
        _ => serde_json::Map::new(),
    };
    let mut salts = || {
        let mut salt = [0; 16];
        // A failing system generator leaves zeros; two equal salts then show up as a refusal.
        let _ = aws_lc_rs::rand::fill(&mut salt);
        salt
    };
    let unsigned = sd_jwt::prepare(IssueInput {
        header: object(json!({"kid": issuer.verification_method()})),
        visible: object(json!({
            "iss": issuer.did(),
            "vct": CredentialProfile::of(AssuranceLevel::Limited).vct,
            "iat": midnight, "nbf": midnight, "exp": midnight.add_seconds(30 * DAY),
        })),
        disclosable: &claims(),
        holder: holder.public_key(),
        salts: &mut salts,
        decoys: 2,
    })
    .map_err(Stop::fail)?;
    let signature = issuer.sign(unsigned.signing_input()).map_err(Stop::fail)?;
    Ok(unsigned.attach(signature))
}
