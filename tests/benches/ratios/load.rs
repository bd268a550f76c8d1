//! Two thousand connections to the issuer, each doing whole issuances one after another for thirty seconds: a
//! pre-authorized code redeemed, a nonce, a credential to a fresh key. Nothing may fail, and the issuer's memory may not
//! grow after the first ten seconds, but for [`KEPT_OF_EACH`] and [`NOISE`]. As many connections then ask the bare server of
//! [`super::issuer`] for as long, and the requests that a CPU-second answers are told as a ratio.
//!
//! Sessions are face checked beforehand, in the store: the check of a face is measured elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tessera_tests::authority::Authority;
use tessera_tests::keys::Key;
use tessera_tests::lean_holder::{LIMITED_SD_JWT, now};
use tessera_tests::measure::{cpu_time_of, memory_of};
use tessera_tests::programs::Programs;
use tessera_tests::registry::crowd_number;
use tessera_tests::{Failure, Result};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::jws;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::issuer::{TX_CODE, open_data, pre_authorized_code, prove_one, runtime, start_bare};

const CONNECTIONS: usize = 2000;
const SECONDS: u64 = 30;
const SETTLED_AFTER: u64 = 10;
const MEMORY_EVERY: usize = 5;
/// More sessions than can be used up: the run ends with the time.
const SESSIONS: usize = 48_000;
/// Sessions written at once while the store is filled: they share a flush.
const SEEDED_AT_ONCE: usize = 1024;
/// What the store keeps in memory of an issuance that it keeps: where on disk each of its pages lies.
const KEPT_OF_EACH: u64 = 300;
/// What else memory may differ by and still not have grown, in bytes: pages that are freed late, and buffers of connections.
const NOISE: u64 = 2 << 20;
/// Requests of one issuance.
const REQUESTS: usize = 3;
const MAX_ANSWER: usize = 256 * 1024;

/// Runs it and prints what came out.
///
/// # Errors
/// At the first request that fails, or when memory grew.
pub(crate) fn run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let programs = Programs::beside_this_one()?;
    println!("\nload: laying out {SESSIONS} sessions");
    let mut authority = Authority::found(&programs, &folder.path().join("authority"), SESSIONS)?;
    runtime()?.block_on(fill(&authority))?;
    authority.set(
        "LIMITS__CONCURRENT_REQUESTS",
        &(2 * CONNECTIONS).to_string(),
    );
    authority.start()?;
    let issuer = authority
        .process_id()
        .ok_or_else(|| Failure::new("the issuer does not run"))?;
    let (bare, bare_url) = start_bare(folder.path())?;

    println!("load: {CONNECTIONS} connections, whole issuances for {SECONDS} s");
    let whole = runtime()?.block_on(press(Target::Issuer, &authority.url(), issuer))?;
    let raw = runtime()?.block_on(press(Target::Bare, &bare_url, bare.process_id()))?;
    println!(
        "load: {} issuances, {} requests, 0 failed; {:.0} requests a CPU-second, {:.2} of the bare server\u{2019}s",
        whole.done,
        whole.done * REQUESTS,
        whole.per_cpu_second(REQUESTS),
        whole.per_cpu_second(REQUESTS) / raw.per_cpu_second(1),
    );
    let bytes = whole.memory.iter().map(|sample| sample.0 >> 20);
    let series: Vec<_> = bytes.map(|mebibytes| mebibytes.to_string()).collect();
    println!(
        "load: memory every {MEMORY_EVERY} s: {} MiB",
        series.join(" ")
    );
    let settled = whole.memory.get(SETTLED_AFTER as usize / MEMORY_EVERY);
    let (settled, end) = settled
        .zip(whole.memory.last())
        .ok_or_else(|| Failure::new("memory was not measured"))?;
    let (grown, issued) = (end.0.saturating_sub(settled.0), (end.1 - settled.1) as u64);
    println!(
        "load: after the first {SETTLED_AFTER} s {} KiB more, of which what is kept of {issued} issuances may be {}",
        grown >> 10,
        (issued * KEPT_OF_EACH) >> 10,
    );
    if grown > issued * KEPT_OF_EACH + NOISE {
        return Err(Failure::new("the issuer\u{2019}s memory grew under load"));
    }
    Ok(())
}

async fn fill(authority: &Authority) -> Result<()> {
    let (store, registry) = open_data(authority)?;
    let store = Arc::new(store);
    for first in (0..SESSIONS).step_by(SEEDED_AT_ONCE) {
        let mut writing = JoinSet::new();
        for index in first..SESSIONS.min(first + SEEDED_AT_ONCE) {
            let (store, person) = (Arc::clone(&store), registry.handle(&crowd_number(index)));
            writing.spawn(async move { prove_one(&store, index, person).await });
        }
        while let Some(written) = writing.join_next().await {
            written
                .map_err(Failure::during("seeding"))?
                .map_err(Failure::during("seeding the store"))?;
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Target {
    Issuer,
    Bare,
}

/// What a run did and what it cost the server.
struct Outcome {
    done: usize,
    cpu: Duration,
    /// Bytes the server had resident, and how much it had been asked to do, every [`MEMORY_EVERY`] seconds.
    memory: Vec<(u64, usize)>,
}

impl Outcome {
    fn per_cpu_second(&self, requests: usize) -> f64 {
        (self.done * requests) as f64 / self.cpu.as_secs_f64()
    }
}

async fn press(target: Target, url: &str, process: u32) -> Result<Outcome> {
    let host: Arc<str> = url.trim_start_matches("http://").into();
    let taken = Arc::new(AtomicUsize::new(0));
    let mut connections = JoinSet::new();
    let mut ready = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        ready.push(Connection::open(&host).await?);
    }
    let before = cpu_time_of(process)?;
    let begun = Instant::now();
    let end = begun + Duration::from_secs(SECONDS);
    for mut connection in ready {
        let taken = Arc::clone(&taken);
        connections.spawn(async move {
            let mut done = 0;
            while Instant::now() < end {
                let index = taken.fetch_add(1, Ordering::Relaxed);
                match target {
                    Target::Issuer if index >= SESSIONS => {
                        return Err(Failure::new("more sessions are needed for this machine"));
                    }
                    Target::Issuer => connection.issuance(index).await?,
                    Target::Bare => connection.bare().await?,
                }
                done += 1;
            }
            Ok(done)
        });
    }
    let mut memory = Vec::new();
    for second in (0..SECONDS).step_by(MEMORY_EVERY) {
        tokio::time::sleep_until((begun + Duration::from_secs(second)).into()).await;
        memory.push((memory_of(process)?, taken.load(Ordering::Relaxed)));
    }
    let mut done = 0;
    while let Some(connection) = connections.join_next().await {
        done += connection.map_err(Failure::during("a connection"))??;
    }
    Ok(Outcome {
        done,
        cpu: cpu_time_of(process)?.saturating_sub(before),
        memory,
    })
}

/// One HTTP/1.1 connection, kept open.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: Arc<str>,
}

impl Connection {
    async fn open(host: &Arc<str>) -> Result<Self> {
        let stream = TcpStream::connect(&**host).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(Failure::during("a connection"))?;
        tokio::spawn(connection);
        Ok(Self {
            sender,
            host: Arc::clone(host),
        })
    }

    async fn issuance(&mut self, index: usize) -> Result<()> {
        let issuer = format!("http://{}", self.host);
        let form = format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Apre-authorized_code&pre-authorized_code={}&tx_code={TX_CODE}",
            pre_authorized_code(index)
        );
        let answer = self
            .post("/token", "application/x-www-form-urlencoded", None, form)
            .await?;
        let token = text(&answer, "access_token")?;
        let answer = self
            .post("/nonce", "application/json", None, "{}".to_owned())
            .await?;
        let key = Key::generate()?;
        let proof = jws::sign(
            json!({"alg": "ES256", "typ": "openid4vci-proof+jwt", "jwk": key.public_key().to_jwk()}),
            &json!({"aud": issuer, "iat": now(), "nonce": text(&answer, "c_nonce")?}),
            &key,
        )
        .map_err(Failure::during("key proof"))?;
        let request =
            json!({"credential_configuration_id": LIMITED_SD_JWT, "proofs": {"jwt": [proof]}});
        let answer = self
            .post(
                "/credential",
                "application/json",
                Some(&token),
                request.to_string(),
            )
            .await?;
        match answer["credentials"][0]["credential"].is_string() {
            true => Ok(()),
            false => Err(Failure::new("an answer without a credential")),
        }
    }

    async fn bare(&mut self) -> Result<()> {
        let body = json!({"credential_configuration_id": LIMITED_SD_JWT}).to_string();
        let answer = self
            .post("/credential", "application/json", None, body)
            .await?;
        text(&answer, "signature").map(drop)
    }

    async fn post(
        &mut self,
        path: &str,
        media_type: &str,
        token: Option<&str>,
        body: String,
    ) -> Result<Value> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(HOST, &*self.host)
            .header(CONTENT_TYPE, media_type);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(Failure::during("a request"))?;
        self.sender
            .ready()
            .await
            .map_err(Failure::during("a connection"))?;
        let answer = self
            .sender
            .send_request(request)
            .await
            .map_err(Failure::during("a request"))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER)
            .collect()
            .await
            .map_err(|error| Failure::new(error.to_string()))?
            .to_bytes();
        if !status.is_success() {
            let told = String::from_utf8_lossy(&body).into_owned();
            return Err(Failure::new(format!("{path}: {status}: {told}")));
        }
        serde_json::from_slice(&body).map_err(Failure::during("an answer"))
    }
}

fn text(answer: &Value, member: &str) -> Result<String> {
    answer[member]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| Failure::new(format!("no {member} in the answer")))
}
