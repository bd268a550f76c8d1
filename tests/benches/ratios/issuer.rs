//! How many requests a CPU-second of the issuer answers, next to a bare server: the same axum, the same store and the
//! same durable write of the intent, answering with one raw P-256 signature. Both run as processes of their own; rounds
//! alternate; only the servers' CPU time counts.
//!
//! A request is one SD-JWT VC over HTTP. What came before it (face check, code, token) is written into the store beforehand,
//! so that only issuing is measured.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tessera_issuer::environment::SystemEntropy;
use tessera_issuer::proofing::machine::Lifetimes;
use tessera_issuer::registry::FolderRegistry;
use tessera_issuer::secrets::{digest, tx_code_digest};
use tessera_issuer::store::{
    CodeDigests, FreshNonce, IssuanceRecord, IssuanceState, Level, Proof, Proved, Redemption,
    SessionRecord, SessionState, SledStore, Store, StoreError, Tokens,
};
use tessera_tests::authority::Authority;
use tessera_tests::http::Client;
use tessera_tests::keys::Key;
use tessera_tests::lean_holder::{Access, LIMITED_SD_JWT, now};
use tessera_tests::measure::{Ratio, cpu_time_of};
use tessera_tests::programs::Programs;
use tessera_tests::registry::crowd_number;
use tessera_tests::service::{Service, free_port};
use tessera_tests::{Failure, Result};
use tessera_verifier::crypto::LocalSigner;

/// First argument of this program when it is the bare server.
pub(crate) const BARE_SERVER: &str = "--bare-server";

const ROUNDS: usize = 6;
const REQUESTS: usize = 150;
/// Requests in flight: what lets concurrent requests share a flush, in both servers.
const CLIENTS: usize = 16;

/// Measures both servers.
///
/// # Errors
/// When one of them does not start or refuses a request.
pub(crate) fn compare() -> Result<Vec<Ratio>> {
    let folder = tempfile::tempdir()?;
    let mut authority = Authority::found(
        &Programs::beside_this_one()?,
        &folder.path().join("authority"),
        ROUNDS * REQUESTS,
    )?;
    let tokens = seed(&authority, ROUNDS * REQUESTS)?;
    authority.start()?;
    let issuer = authority
        .process_id()
        .ok_or_else(|| Failure::new("the issuer does not run"))?;
    let (bare, bare_url) = start_bare(folder.path())?;

    let client = Client::default();
    let (mut issuer_time, mut bare_time) = (Duration::ZERO, Duration::ZERO);
    for round in tokens.chunks(REQUESTS) {
        let work = prepare(&client, &authority.url(), round)?;
        let before = cpu_time_of(issuer)?;
        fire(&work, |(access, request)| access.send(request).map(drop))?;
        issuer_time += cpu_time_of(issuer)?.saturating_sub(before);

        let before = cpu_time_of(bare.process_id())?;
        fire(&work, |(_, request)| {
            client
                .post_json(&format!("{bare_url}/credential"), None, request)?
                .expect_ok()
                .map(drop)
        })?;
        bare_time += cpu_time_of(bare.process_id())?.saturating_sub(before);
    }
    let each = |time: Duration| time.as_secs_f64() * 1e6 / tokens.len() as f64;
    let line = |operation: &str, ratio, bar, time| Ratio {
        operation: operation.into(),
        ratio,
        bar,
        microseconds: each(time),
    };
    let share = bare_time.as_secs_f64() / issuer_time.as_secs_f64();
    Ok(vec![
        line(
            "bare server: one signature, one durable write",
            1.0,
            None,
            bare_time,
        ),
        line(
            "issuer: SD-JWT VC, intent and acknowledgement durable",
            share,
            Some(0.6),
            issuer_time,
        ),
    ])
}

/// Runs as the bare server until it is killed: arguments are the store's folder and the port.
///
/// # Errors
/// When the store or the port cannot be used.
pub(crate) fn serve_bare() -> Result<()> {
    let mut arguments = std::env::args().skip(2);
    let (folder, port) = (
        arguments.next().unwrap_or_default(),
        arguments.next().unwrap_or_default(),
    );
    let bare = Arc::new(Bare {
        store: open(Path::new(&folder))?,
        key: Key::generate()?,
    });
    let routes = Router::new()
        .route("/readyz", get(|| async { "ready" }))
        .route("/credential", post(answer))
        .with_state(bare);
    runtime()?.block_on(async {
        let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
        axum::serve(listener, routes).await?;
        Ok(())
    })
}

struct Bare {
    store: SledStore,
    key: Key,
}

async fn answer(State(bare): State<Arc<Bare>>, body: Bytes) -> Json<Value> {
    let id = format!(
        "{:p}-{}",
        body.as_ptr(),
        rand_core::RngCore::next_u64(&mut rand_core::OsRng)
    );
    let recorded = bare.store.record_intent(vec![intent(id)]).await;
    match (recorded, bare.key.sign(&body)) {
        (Ok(()), Ok(signature)) => Json(json!({"signature": format!("{signature:02x?}")})),
        _ => Json(json!({"error": "refused"})),
    }
}

fn intent(id: String) -> IssuanceRecord {
    IssuanceRecord {
        id: id.clone(),
        set: format!("{id}.limited"),
        person: crowd_number(0),
        configuration: LIMITED_SD_JWT.into(),
        level: Level::Limited,
        list: "list".into(),
        index: 1,
        valid_from: now(),
        valid_until: now(),
        issuer: "did:key:zSpecimen".into(),
        terminal: None,
        digest: digest(&id),
        state: IssuanceState::Intended,
        revoked: None,
    }
}

pub(crate) fn start_bare(folder: &Path) -> Result<(Service, String)> {
    let port = free_port()?;
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg(BARE_SERVER)
        .arg(folder.join("bare"))
        .arg(port.to_string());
    let url = format!("http://127.0.0.1:{port}");
    let mut service = Service::start("bare server", &command, &folder.join("bare.log"))?;
    service.wait_until(|| tessera_tests::http::fetch(&format!("{url}/readyz")).is_ok())?;
    Ok((service, url))
}

/// Sessions of the crowd, proved and redeemed: their access tokens.
fn seed(authority: &Authority, count: usize) -> Result<Vec<String>> {
    let (store, registry) = open_data(authority)?;
    runtime()?.block_on(async {
        let mut tokens = Vec::with_capacity(count);
        for index in 0..count {
            let token = format!("token-{index}-{}", digest(&index.to_string()));
            seed_one(&store, &registry, index, &token)
                .await
                .map_err(Failure::during("seeding the store"))?;
            tokens.push(token);
        }
        Ok(tokens)
    })
}

async fn seed_one(
    store: &SledStore,
    registry: &FolderRegistry,
    index: usize,
    token: &str,
) -> std::result::Result<(), StoreError> {
    prove_one(store, index, registry.handle(&crowd_number(index))).await?;
    let (code, time) = (digest(&pre_authorized_code(index)), now());
    let redemption = Redemption {
        tx_code_digest: tx_code_digest(&code, TX_CODE),
        code_digest: code,
        tokens: Tokens {
            access: digest(token),
            expires: time + 3600,
            expires_in_review: time + 3600,
            refresh: None,
        },
        max_failures: 5,
        ..Redemption::default()
    };
    store.redeem_code(redemption, time).await.map(drop)
}

/// The transaction code of every session here.
pub(crate) const TX_CODE: &str = "123456";

/// The pre-authorized code of the session of the `index`th person of the crowd.
pub(crate) fn pre_authorized_code(index: usize) -> String {
    format!("bench-{index}")
}

/// A session of the `index`th person of the crowd, whose handle is `person`, face checked.
pub(crate) async fn prove_one(
    store: &SledStore,
    index: usize,
    person: String,
) -> std::result::Result<(), StoreError> {
    let session = &pre_authorized_code(index);
    let (code, time) = (digest(session), now());
    let nonce = format!("nonce-{index}");
    let record = SessionRecord {
        id: session.clone(),
        token_digest: digest(session),
        code_digests: CodeDigests {
            limited: code.clone(),
            full: digest(&code),
        },
        nonce: nonce.clone(),
        person,
        level: Level::Limited,
        device: "device".into(),
        state: SessionState::Started,
        created: time,
        expires: time + 3600,
        attempts: 0,
        next_attempt: 0,
        proved: None,
        tx_code_digest: None,
        tx_code_failures: 0,
        code_spent: false,
        recovery_digest: String::new(),
        district: None,
    };
    let once = FreshNonce {
        id: nonce,
        expires: time + 3600,
    };
    store.open_session(record, once, time).await?;
    store
        .prove(
            Proof {
                session: session.clone(),
                proved: Proved::Face {
                    day: time,
                    liveness: false,
                },
                tx_code_digest: tx_code_digest(&code, TX_CODE),
                lifetimes: Lifetimes::default(),
                review: false,
                place: None,
            },
            time,
        )
        .await
        .map(drop)
}

fn prepare(client: &Client, url: &str, tokens: &[String]) -> Result<Vec<(Access, Value)>> {
    let one = |token: &String| {
        let access = Access::with_token(client, url, token);
        let request = access.prepare(LIMITED_SD_JWT, &[Key::generate()?])?;
        Ok((access, request))
    };
    tokens.iter().map(one).collect()
}

/// Sends all of it from several clients at once; the first refusal ends the bench.
fn fire<T: Sync>(work: &[T], send: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
    std::thread::scope(|scope| {
        let clients: Vec<_> = work
            .chunks(work.len().div_ceil(CLIENTS))
            .map(|share| scope.spawn(|| share.iter().try_for_each(&send)))
            .collect();
        clients.into_iter().try_for_each(|client| {
            client
                .join()
                .map_err(|_| Failure::new("a client ended early"))?
        })
    })
}

/// Store and register of an authority that does not run.
pub(crate) fn open_data(authority: &Authority) -> Result<(SledStore, FolderRegistry)> {
    let registry = FolderRegistry::open(&authority.data().join("registry"), &SystemEntropy)
        .map_err(Failure::during("opening the register"))?;
    Ok((open(&authority.data().join("store"))?, registry))
}

fn open(folder: &Path) -> Result<SledStore> {
    std::fs::create_dir_all(folder)?;
    SledStore::open(folder).map_err(Failure::during("opening a store"))
}

pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}
