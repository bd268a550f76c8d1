//! The embedded store passes the exported suite, and what it acknowledged survives `kill -9`.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;

use tessera_issuer::store::{IssuanceState, SledStore, Store, suite};

const CRASHING: &str = "TESSERA_TEST_CRASHING_STORE";

#[tokio::test(flavor = "multi_thread")]
async fn sled_passes_the_suite() {
    let folder = tempfile::tempdir().unwrap();
    suite::all(Arc::new(SledStore::open(folder.path()).unwrap())).await;
}

#[tokio::test]
async fn what_was_written_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path()).unwrap();
    suite::granted(&store, "s", "person").await;
    let ids = suite::issued(&store, "s", "one").await;
    let before = store.issuances().await.unwrap();
    drop(store);
    let store = SledStore::open(folder.path()).unwrap();
    assert_eq!(store.issuances().await.unwrap(), before);
    assert_eq!(before.len(), ids.len());
}

/// Not a test of its own: the process that is killed. It issues from many tasks and prints what was acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn crashing_process() {
    let Some(folder) = std::env::var_os(CRASHING) else {
        return;
    };
    let store = Arc::new(SledStore::open(folder.as_ref()).unwrap());
    let workers: Vec<_> = (0..8)
        .map(|worker| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for round in 0..10_000 {
                    let id = format!("w{worker}-{round}");
                    suite::granted(&*store, &id, &id).await;
                    for issued in suite::issued(&*store, &id, "one").await {
                        let mut out = std::io::stdout().lock();
                        writeln!(out, "\nacknowledged {issued}").unwrap();
                        out.flush().unwrap();
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill_and_nothing_is_there_twice() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = HashSet::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crashing_process", "--nocapture"])
        .env(CRASHING, folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let Ok(line) = line else { break };
        if let Some(id) = line.strip_prefix("acknowledged ") {
            assert!(acknowledged.insert(id.to_owned()), "{id} twice");
        }
        if acknowledged.len() == 60 {
            // SIGKILL, while eight tasks are in the middle of their transactions.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(acknowledged.len() >= 60);

    let store = SledStore::open(folder.path()).unwrap();
    store.retire_unacknowledged().await.unwrap();
    let records = store.issuances().await.unwrap();
    let mut ids = HashSet::new();
    let mut indices = HashSet::new();
    for record in &records {
        assert!(ids.insert(record.id.clone()), "an issuance twice");
        let place = (record.list.clone(), record.index);
        assert!(indices.insert(place), "an index twice");
        if record.state == IssuanceState::Intended {
            assert_eq!(record.revoked.as_deref(), Some("unacknowledged"));
        }
    }
    for id in &acknowledged {
        let record = records.iter().find(|record| &record.id == id);
        assert_eq!(record.map(|r| r.state), Some(IssuanceState::Issued), "{id}");
    }
}
