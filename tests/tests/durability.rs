//! An acknowledged issuance survives `kill -9`, and none is made twice.
#![expect(clippy::unwrap_used, reason = "tests")]

use tessera_tests::authority::Authority;
use tessera_tests::programs::Programs;
use tessera_tests::story::durability::crash;

#[test]
fn acknowledged_issuances_survive_sigkill() {
    let folder = tempfile::tempdir().unwrap();
    let mut authority =
        Authority::found(&Programs::beside_this_one().unwrap(), folder.path(), 8).unwrap();
    authority.start().unwrap();
    let seen = crash(&mut authority, 8).unwrap();
    assert_eq!(seen.sent, 16);
    assert!(!seen.acknowledged.is_empty());
    assert_eq!(
        seen.missing(),
        0,
        "acknowledged, and not listed as issued: {seen:?}"
    );
    assert_eq!(seen.twice(), 0, "{seen:?}");
}
