//! Mutual TLS between terminals and the issuer's listener for them, with the issuer's program.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use tessera_issuer::keys::SoftwareKey;
use tessera_issuer::terminal_ca::TerminalCa;
use tessera_terminal::{FileKey, HttpIssuer, IssuerApi, IssuerError, TerminalError, TerminalKey};
use tessera_tests::authority::{Authority, text};
use tessera_tests::lean_holder::now;
use tessera_tests::programs::Programs;
use tessera_verifier::terminal::{self, ChallengeStatement};

struct Desk {
    folder: tempfile::TempDir,
    authority: Authority,
}

impl Desk {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let programs = Programs::beside_this_one().unwrap();
        let home = folder.path().join("authority");
        let mut authority = Authority::found(&programs, &home, 0).unwrap();
        authority.start().unwrap();
        let desk = Self { folder, authority };
        let anchor = text(&desk.file("authority.pem"));
        desk.admin(&["terminal", "authority", "--out", &anchor]);
        desk
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn admin(&self, arguments: &[&str]) {
        self.authority.admin(arguments).unwrap();
    }

    /// A registered terminal and its certificate.
    fn terminal(&self, name: &str) -> (Arc<FileKey>, PathBuf) {
        let key = FileKey::generate().unwrap();
        let certificate = self.file(name);
        self.admin(&["terminal", "add", "--did", &key.did(), "--name", name]);
        let out = text(&certificate);
        self.admin(&["terminal", "certify", "--did", &key.did(), "--out", &out]);
        (Arc::new(key), certificate)
    }

    fn connect(
        &self,
        anchor: &Path,
        (key, certificate): &(Arc<FileKey>, PathBuf),
    ) -> Result<HttpIssuer, TerminalError> {
        let url = self.authority.terminal_url();
        HttpIssuer::mutual(&url, (anchor, certificate), key.clone())
    }

    /// Asks for a challenge, signed by `key`, over a connection: the code of the refusal. A session that nobody has started
    /// is asked for, so that `not_found` means: everything about terminal and connection is right.
    fn asks(&self, connection: &HttpIssuer, key: &FileKey) -> String {
        let statement = ChallengeStatement {
            iss: key.did(),
            aud: self.authority.url(),
            session: "nobody's".to_owned(),
            iat: now(),
            jti: format!("{:?}", std::time::Instant::now()),
        };
        let public = tessera_verifier::crypto::LocalSigner::public_key(key);
        let signed = terminal::prepare(public, &statement).sign(key).unwrap();
        let body = json!({ "statement": signed }).to_string();
        match connection.post("/terminal/challenge", body.as_bytes()) {
            Ok(answer) => answer.to_string(),
            Err(IssuerError::Unreachable(_)) => "no connection".to_owned(),
            Err(refused) => refused.code().to_owned(),
        }
    }
}

#[test]
fn a_terminal_is_let_in_with_its_own_certificate_only() {
    let desk = Desk::open();
    let anchor = desk.file("authority.pem");
    let (first, second) = (desk.terminal("first.pem"), desk.terminal("second.pem"));
    let connection = desk.connect(&anchor, &first).unwrap();
    assert_eq!(desk.asks(&connection, &first.0), "not_found");
    // Another terminal's statement over this terminal's connection.
    assert_eq!(
        desk.asks(&connection, &second.0),
        "terminal_certificate_mismatch"
    );
    // Another terminal's certificate.
    let borrowed = (first.0.clone(), second.1.clone());
    let refused = desk.connect(&anchor, &borrowed).err().unwrap();
    assert_eq!(refused.code(), "certificate_unusable");

    // A certificate of another authority, of the same name.
    let (_, pkcs8) = SoftwareKey::generate().unwrap();
    let root = desk.authority.root().unwrap();
    let other = TerminalCa::new(&pkcs8, &root, now()).unwrap();
    let forged = (first.0.clone(), desk.file("forged.pem"));
    std::fs::write(&forged.1, other.certify(&first.0.did(), now(), 30).unwrap()).unwrap();
    let connection = desk.connect(&anchor, &forged).unwrap();
    assert_eq!(desk.asks(&connection, &first.0), "no connection");
    let url = desk.authority.terminal_url();
    // An issuer of another authority.
    let elsewhere = desk.file("elsewhere.pem");
    std::fs::write(&elsewhere, other.pem()).unwrap();
    let connection = desk.connect(&elsewhere, &first).unwrap();
    assert_eq!(desk.asks(&connection, &first.0), "no connection");
    // No certificate at all.
    let connection = HttpIssuer::new(&url, Some(&anchor)).unwrap();
    assert_eq!(desk.asks(&connection, &first.0), "no connection");
    // Where wallets are there is nothing for terminals.
    let connection = HttpIssuer::new(&desk.authority.url(), None).unwrap();
    let stranger = FileKey::generate().unwrap();
    assert_eq!(desk.asks(&connection, &stranger), "not_found");

    // A good certificate of a terminal that was retired since.
    let connection = desk.connect(&anchor, &first).unwrap();
    desk.admin(&["terminal", "retire", "--did", &first.0.did()]);
    assert_eq!(desk.asks(&connection, &first.0), "terminal_retired");
    let refused = desk.authority.admin(&[
        "terminal",
        "certify",
        "--did",
        &first.0.did(),
        "--out",
        &text(&desk.file("again.pem")),
    ]);
    assert!(refused.is_err(), "a retired terminal gets no certificate");
}
