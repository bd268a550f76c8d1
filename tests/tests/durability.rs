//! An acknowledged issuance survives `kill -9`, none is made twice, and whoever had no answer can ask again.
#![expect(clippy::unwrap_used, reason = "tests")]

use tessera_tests::authority::Authority;
use tessera_tests::lean_holder::LeanHolder;
use tessera_tests::programs::Programs;
use tessera_tests::registry::{MEI, crowd_number, photo};
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
    // What had no answer is issued when it is asked for again, or refused as spent.
    assert_eq!(seen.astray(), 0, "{seen:?}");
    let asked: usize = seen.again.values().sum();
    assert_eq!(asked + seen.acknowledged.len(), seen.sent, "{seen:?}");
    // A holder who was refused begins anew.
    let selfie = std::fs::read(photo(MEI.selfie)).unwrap();
    let holder = LeanHolder::new(&authority.url()).unwrap();
    let access = holder.enrol(&crowd_number(0), &selfie).unwrap();
    assert_eq!(access.sd_jwts(1).unwrap().len(), 1);
}
