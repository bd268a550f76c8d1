//! Exchanges with peers of other ecosystems: `tests/peers`.

pub mod cose;
pub mod data_integrity;
pub mod jose;
pub mod ours;
pub mod sd_jwt;

use std::path::Path;

use crate::matrix::Matrix;
use crate::peer::Peer;

/// The peers that are here.
pub struct Peers {
    /// npm: `@digitalbazaar/*`, `jose`, `@sd-jwt/sd-jwt-vc`.
    pub node: Peer,
    /// PyPI: `openvc-core`, `sd-jwt`, `jwcrypto`, `cwt`, `polaris-oid4vp`.
    pub python: Peer,
}

impl Peers {
    /// Starts the peers that were installed into `folder`, as `tests/interop.sh` lays them out.
    #[must_use]
    pub fn start(folder: &Path) -> Self {
        let node = folder.join("node/peer.mjs");
        let python = folder.join("python/venv/bin/python");
        let script = folder.join("python/peer.py");
        Self {
            node: match node.is_file() && folder.join("node/node_modules").is_dir() {
                true => Peer::start(Path::new("node"), &[&node.to_string_lossy()]),
                false => Peer::absent("the npm packages could not be installed here"),
            },
            python: match python.is_file() && script.is_file() {
                true => Peer::start(&python, &[&script.to_string_lossy()]),
                false => Peer::absent("the PyPI packages could not be installed here"),
            },
        }
    }
}

/// Suites that a peer does not have, and why.
const DIGITAL_BAZAAR_LACKS: [(&str, &str); 2] = [
    ("eddsa-jcs-2022", "no package of theirs has the JCS suites"),
    ("ecdsa-jcs-2019", "no package of theirs has the JCS suites"),
];
const OPENVC_LACKS: [(&str, &str); 3] = [
    (
        "ecdsa-rdfc-2019 P-384",
        "PyLD canonicalizes with SHA-256 where the suite wants SHA-384: unnamed nodes agree by chance",
    ),
    ("bbs-2023", "the package has no BBS"),
    (
        "Ed25519Signature2020",
        "the package has no suites of the time before cryptosuites",
    ),
];

/// Everything, with everyone who is here.
pub fn run(peers: &Peers, matrix: &mut Matrix) {
    data_integrity::run(
        matrix,
        "@digitalbazaar/vc",
        &peers.node,
        &DIGITAL_BAZAAR_LACKS,
    );
    data_integrity::run(matrix, "openvc", &peers.python, &OPENVC_LACKS);
    jose::run(matrix, "jose", &peers.node);
    jose::run(matrix, "jwcrypto", &peers.python);
    cose::run(matrix, "cwt, openvc", &peers.python);
    sd_jwt::run(matrix, peers);
}
