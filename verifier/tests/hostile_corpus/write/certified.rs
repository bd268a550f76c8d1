//! SD-JWT VCs under a certificate of their issuer's key (`x5c`), as a relying party is shown them: classes 1, 2 and 4.

use serde_json::{Value, json};
use tessera_verifier::bundle::{BundleBuilder, IssuingAuthority};
use tessera_verifier::claims::AssuranceLevel::{self, Full, Limited};
use tessera_verifier::encoding::base64;

use super::{Corpus, Hostile, OTHER, honest, sd_jwt_token};
use crate::certificates::{Authority, Leaf};
use crate::world::{DAY, NOW, Signer, Visible};

const ISSUER: &str = "https://city.example/issuer";
const HOST: &str = "city.example";
const YEARS: (i32, i32) = (2026, 2030);

const MISMATCH: (&str, &str) = ("issuer", "issuer_key_mismatch");
const UNTRUSTED: (&str, &str) = ("issuer", "issuer_untrusted");

struct Certified<'a> {
    corpus: &'a Corpus,
    authority: Authority,
    leaf: Leaf,
}

impl Certified<'_> {
    fn bundle(&self, change: impl FnOnce(&mut IssuingAuthority)) -> Value {
        let mut said = IssuingAuthority {
            certificate: base64(&self.authority.der),
            issuers: vec![ISSUER.to_owned()],
            not_before: NOW.add_seconds(-100 * DAY),
            not_after: None,
            assurance_levels: AssuranceLevel::ALL.to_vec(),
        };
        change(&mut said);
        self.with(|builder| builder.issuing_authority(said))
    }

    fn with(&self, change: impl FnOnce(BundleBuilder) -> BundleBuilder) -> Value {
        let world = &self.corpus.world;
        let builder = world.builder().issuer(world.trusted());
        let lists = world.lists(&[]).into_iter();
        json!({"bundle": self.corpus.sealed(change(lists.fold(builder, BundleBuilder::status_list)))})
    }

    fn shown(&self, leaf: &Leaf, change: impl FnOnce(&mut Visible)) -> Value {
        self.signed(leaf, &leaf.signer, change)
    }

    /// What is shown of a credential with this leaf, signed by `signer`.
    fn signed(&self, leaf: &Leaf, signer: &Signer, change: impl FnOnce(&mut Visible)) -> Value {
        let world = &self.corpus.world;
        let mut visible = world.visible(Limited);
        visible.header.remove("kid");
        visible.header.insert("x5c".to_owned(), leaf.x5c());
        visible.claims.insert("iss".to_owned(), json!(ISSUER));
        change(&mut visible);
        sd_jwt_token(&world.show(&world.issue_as(visible, signer), &self.corpus.request))
    }

    fn naming(&self, iss: &str) -> Value {
        self.shown(&self.leaf, |visible| {
            _ = visible.claims.insert("iss".to_owned(), json!(iss))
        })
    }
}

fn put(class: u64, name: &str, about: &str, refused: (&str, &str), members: Value) {
    Hostile {
        class,
        kind: "presentation",
        twin: "sd-jwt-x5c",
    }
    .put(&format!("certified-{name}"), about, refused, members);
}

pub(super) fn write(corpus: &Corpus, common: &Value) {
    let authority = Authority::new("Specimen credentials");
    let certified = Certified {
        corpus,
        leaf: authority.leaf(HOST, YEARS),
        authority,
    };
    let mut members = common.clone();
    members["bundle"] = certified.bundle(|_| ())["bundle"].clone();
    members["presentation"] = certified.shown(&certified.leaf, |_| ())["presentation"].clone();
    honest(
        "presentation",
        "sd-jwt-x5c",
        "An SD-JWT VC under a certificate by an authority of the bundle, as asked",
        members,
    );
    binding(&certified);
    sources(&certified);
    trust(&certified);
}

fn binding(certified: &Certified<'_>) {
    put(
        1,
        "issuer-not-in-leaf",
        "The iss is another host than the certificate's",
        MISMATCH,
        certified.naming("https://other.example/issuer"),
    );
    put(
        1,
        "issuer-listed-did",
        "The iss is the DID of a listed issuer, which the certificate does not name",
        MISMATCH,
        certified.naming(&certified.corpus.world.issuer.did()),
    );
    put(
        1,
        "issuer-not-vouched-for",
        "The iss is of the certificate's host and none of the authority's issuers",
        UNTRUSTED,
        certified.naming("https://city.example/other"),
    );
    let thief = Signer::fresh();
    put(
        1,
        "signature-of-another-key",
        "The certificate is the issuer's, the signature another key's",
        ("proof", "invalid_signature"),
        certified.signed(&certified.leaf, &thief, |_| ()),
    );
}

fn sources(certified: &Certified<'_>) {
    let leaf = Authority::new("Specimen of the attacker").leaf(HOST, YEARS);
    put(
        4,
        "authority-unknown",
        "The certificate is by an authority that is in no bundle",
        UNTRUSTED,
        certified.shown(&leaf, |_| ()),
    );
    let leaf = Authority::new("Specimen credentials").leaf(HOST, YEARS);
    put(
        4,
        "authority-of-the-same-name",
        "The certificate is by an authority that calls itself what the bundle's is called",
        ("issuer", "invalid_signature"),
        certified.shown(&leaf, |_| ()),
    );
    put(
        4,
        "authority-for-access",
        "The bundle lists the authority for relying parties, not for issuers",
        UNTRUSTED,
        certified.with(|builder| builder.access_anchor(&certified.authority.der)),
    );
    let mallory = Signer::fresh();
    put(
        4,
        "kid-of-the-attacker",
        "The certificate is the issuer's, the kid and the signature are the attacker's",
        MISMATCH,
        certified.signed(&certified.leaf, &mallory, |visible| {
            let kid = json!(mallory.method());
            visible.header.insert("kid".to_owned(), kid);
        }),
    );
    let world = &certified.corpus.world;
    put(
        4,
        "kid-of-a-listed-issuer",
        "The kid, the iss and the signature are a listed issuer's, the certificate is by nobody known",
        UNTRUSTED,
        certified.signed(&leaf_of_nobody(), &world.issuer, |visible| {
            let kid = json!(world.issuer.method());
            visible.header.insert("kid".to_owned(), kid);
            let iss = json!(world.issuer.did());
            visible.claims.insert("iss".to_owned(), iss);
        }),
    );
}

fn leaf_of_nobody() -> Leaf {
    Authority::new("Specimen of nobody").leaf(HOST, YEARS)
}

fn trust(certified: &Certified<'_>) {
    put(
        OTHER,
        "authority-retired",
        "The time of the authority is over",
        UNTRUSTED,
        certified.bundle(|said| said.not_after = Some(NOW)),
    );
    put(
        OTHER,
        "authority-begun-later",
        "The authority is trusted now, and was not when the credential was issued",
        UNTRUSTED,
        certified.bundle(|said| said.not_before = NOW.add_seconds(-60)),
    );
    put(
        OTHER,
        "authority-of-another-level",
        "The authority's issuers may not issue at this level",
        UNTRUSTED,
        certified.bundle(|said| said.assurance_levels = vec![Full]),
    );
    put(
        2,
        "leaf-expired",
        "The certificate has ended",
        ("issuer", "expired"),
        certified.shown(&certified.authority.leaf(HOST, (2020, 2026)), |_| ()),
    );
}
