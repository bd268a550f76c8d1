//! Writes the corpus from fresh keys. What a file must be refused with stands here by hand, never taken from a run.

mod bbs;
mod binding;
mod bundles;
mod certified;
mod chains;
mod credentials;
mod derived;
mod dids;
mod envelopes;
mod issuer;
mod requests;
mod sd_envelopes;
mod sd_jwt;
mod status;
mod tokens;
mod w3c;

use std::fs;

use serde_json::{Map, Value, json};
use tessera_verifier::claims::AssuranceLevel::Limited;
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::encoding::base64url;
use tessera_verifier::{Request, jws};

use crate::file::folder;
use crate::world::{NOW, Signer, World};

/// The world of all files, what an honest holder shows in it, and the files.
pub(crate) struct Corpus {
    world: World,
    request: Request,
}

/// A class of `CLASSES`, or none of them.
const OTHER: u64 = 0;

pub(crate) fn all() {
    let _ = fs::remove_dir_all(folder());
    fs::create_dir_all(folder()).unwrap();
    let world = World::new();
    let request_jwt = world.request_jwt("internet-cafe");
    let corpus = Corpus {
        request: Request::for_own(&request_jwt).unwrap(),
        world,
    };
    let common = corpus.common(&request_jwt);
    let with = |presentation: String| {
        let mut members = common.clone();
        members["presentation"] = json!(presentation);
        members
    };
    honest(
        "presentation",
        "sd-jwt",
        "An SD-JWT VC with key binding, as asked",
        with(corpus.sd_jwt()),
    );
    honest(
        "presentation",
        "ldp",
        "A W3C credential with a derived proof, as asked",
        with(corpus.ldp()),
    );
    honest(
        "request",
        "request",
        "A registered relying party asks what its service may ask",
        common.clone(),
    );
    let mut bundle = common.clone();
    bundle
        .as_object_mut()
        .unwrap()
        .retain(|name, _| name == "root" || name == "bundle");
    honest(
        "bundle",
        "bundle",
        "A bundle with a status list of either encoding",
        bundle,
    );

    issuer::write(&corpus);
    sd_jwt::write(&corpus);
    binding::write(&corpus);
    w3c::write(&corpus);
    status::write(&corpus);
    bundles::write(&corpus);
    certified::write(&corpus, &common);
    requests::write(&corpus);
    dids::write();
    credentials::write();
    derived::write();
    envelopes::write();
    sd_envelopes::write();
    chains::write();
    tokens::write();
    bbs::write();
    fs::write(folder().join("README.md"), include_str!("write/README.md")).unwrap();
}

/// An honest file.
fn honest(kind: &str, name: &str, about: &str, members: Value) {
    let file = json!({"name": format!("honest-{name}"), "class": "honest", "about": format!("{about}."), "kind": kind,
        "code": "verified"});
    put(file, members);
}

/// A hostile one: its class, its name, the honest one that it differs from, how, and what it must be refused with.
struct Hostile<'a> {
    class: u64,
    kind: &'a str,
    twin: &'a str,
}

impl Hostile<'_> {
    fn put(&self, name: &str, about: &str, refused: (&str, &str), members: Value) {
        let class = if self.class == OTHER {
            json!("other")
        } else {
            json!(self.class)
        };
        let file = json!({"name": name, "class": class, "about": format!("{about}."), "kind": self.kind,
            "twin": format!("honest-{}", self.twin), "stage": refused.0, "code": refused.1});
        put(file, members);
    }
}

fn put(file: Value, members: Value) {
    let Value::Object(mut file) = file else {
        return;
    };
    let Value::Object(members) = members else {
        return;
    };
    file.extend(members);
    let path = folder().join(format!("{}.json", file["name"].as_str().unwrap()));
    assert!(!path.exists(), "{} twice", path.display());
    let mut text = serde_json::to_string_pretty(&Value::Object(file)).unwrap();
    text.push('\n');
    fs::write(path, text).unwrap();
}

/// `presentation` of an SD-JWT.
fn sd_jwt_token(presented: &str) -> Value {
    json!({"presentation": json!({"sd_jwt": [presented]}).to_string()})
}

/// `presentation` of a W3C presentation.
fn ldp_token(presented: &Value) -> Value {
    json!({"presentation": json!({"ldp": [presented]}).to_string()})
}

/// A compact JWS whose header and payload stand as they are, with a good signature.
fn raw_jws(header: &str, payload: &str, signer: &dyn LocalSigner) -> String {
    let input = format!(
        "{}.{}",
        base64url(header.as_bytes()),
        base64url(payload.as_bytes())
    );
    let signature = signer.sign(input.as_bytes()).unwrap();
    format!("{input}.{}", base64url(&signature))
}

impl Corpus {
    fn common(&self, request_jwt: &str) -> Value {
        let builder = self.world.lists(&[]).into_iter().fold(
            self.world.builder().issuer(self.world.trusted()),
            tessera_verifier::bundle::BundleBuilder::status_list,
        );
        json!({"now": NOW.to_rfc3339(), "root": self.world.root.did(), "bundle": self.sealed(builder), "request": request_jwt})
    }

    fn sealed(&self, builder: tessera_verifier::bundle::BundleBuilder) -> String {
        let root = &self.world.root;
        builder.build(root.public_key()).sign(root).unwrap()
    }

    fn sd_jwt(&self) -> String {
        let shown = self.world.show(&self.world.issue(Limited), &self.request);
        json!({"sd_jwt": [shown]}).to_string()
    }

    fn ldp(&self) -> String {
        json!({"ldp": [self.honest_ldp()]}).to_string()
    }

    fn honest_ldp(&self) -> Value {
        self.world
            .show_ldp(&self.world.issue_ldp(Limited), &self.request)
    }

    /// The parts of an issued SD-JWT that an honest holder shows: the issuer's JWT and the disclosures.
    fn selected(&self, issued: &str) -> (String, Vec<String>) {
        let shown = self.world.show(issued, &self.request);
        let mut parts = shown.split('~');
        let jwt = parts.next().unwrap().to_owned();
        let mut disclosures: Vec<String> = parts.map(str::to_owned).collect();
        disclosures.pop();
        (jwt, disclosures)
    }

    /// Key binding over exactly these parts; `change` changes the JWT's header and payload.
    fn bound(
        &self,
        jwt: &str,
        disclosures: &[String],
        holder: &Signer,
        change: impl FnOnce(&mut Value, &mut Value),
    ) -> String {
        let mut text = format!("{jwt}~");
        for disclosure in disclosures {
            text.push_str(disclosure);
            text.push('~');
        }
        let hash = base64url(&tessera_verifier::crypto::sha256(text.as_bytes()));
        let mut header = json!({"typ": "kb+jwt"});
        let mut payload = json!({"aud": self.request.client_id(), "nonce": self.request.nonce(), "iat": NOW, "sd_hash": hash});
        change(&mut header, &mut payload);
        text.push_str(&jws::sign(header, &payload, holder).unwrap());
        text
    }

    fn honestly_bound(&self, jwt: &str, disclosures: &[String]) -> String {
        self.bound(jwt, disclosures, &self.world.holder, |_, _| ())
    }

    /// The visible members of an SD-JWT VC by the issuer, with the holder's key.
    fn payload(&self, digests: Value) -> Map<String, Value> {
        let mut payload = self.world.visible(Limited).claims;
        let holder = self.world.holder.public_key().to_jwk();
        payload.insert("cnf".to_owned(), json!({"jwk": holder}));
        payload.insert("_sd".to_owned(), digests);
        payload
    }
}
