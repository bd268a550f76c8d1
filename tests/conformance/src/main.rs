//! `tessera-conformance`: see the library's documentation.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Parser, Subcommand};
use tessera_conformance::clock::Clock;
use tessera_conformance::command::{self, Feature};
use tessera_conformance::manifest::manifest;
use tessera_conformance::server::router;
use tessera_conformance::state::State;
use tessera_conformance::tls::TlsListener;
use tessera_conformance::vectors;
use tessera_verifier::Timestamp;
use tokio::net::TcpListener;

/// The door for the standards' own test suites. Its keys are public: nothing that it signs means anything.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the VC-API on the loopback interface; prints identifiers and URLs as JSON.
    Serve(Serve),
    /// Secure a document with JOSE or COSE, as the VC-JOSE-COSE suite asks for it.
    Issue(Files),
    /// Verify a document secured with JOSE or COSE, as the VC-JOSE-COSE suite asks for it.
    Verify(Files),
    /// Run the published vectors and compare with what is known to pass.
    Vectors(Vectors),
}

#[derive(Args)]
struct Files {
    /// The document: JSON to issue; a JWT, an SD-JWT or base64 of COSE to verify.
    #[arg(long)]
    input: PathBuf,
    /// The key: a `JsonWebKey` verification method with `publicKeyJwk` and `secretKeyJwk`.
    #[arg(long)]
    key: PathBuf,
    /// `{credential|presentation}_{jose|cose|sdjwt}`.
    #[arg(long, value_parser = Feature::parse)]
    feature: Feature,
    /// What is selectively disclosable: a JSON array of paths like "a.b" and "c[0]".
    #[arg(long, value_parser = paths)]
    sd: Option<Paths>,
    /// Where the outcome goes.
    #[arg(long)]
    output: PathBuf,
}

#[derive(Clone)]
struct Paths(Vec<String>);

fn paths(text: &str) -> Result<Paths, String> {
    serde_json::from_str(text)
        .map(Paths)
        .map_err(|error| error.to_string())
}

/// Runs one command of the VC-JOSE-COSE suite and writes what became of it.
fn jose_cose(issue: bool, files: &Files) -> Result<(), Box<dyn Error>> {
    let done = if issue {
        let sd = files.sd.as_ref().map_or(&[][..], |paths| &paths.0);
        command::issue(&files.input, &files.key, files.feature, sd)
    } else {
        command::verify(&files.input, &files.key, files.feature)
    };
    let outcome = match &done {
        Ok(done) => command::outcome(done),
        Err(error) => serde_json::json!({"result": "indeterminate", "data": error.to_string()}),
    };
    std::fs::write(&files.output, outcome.to_string())?;
    done.map(|_| ())?;
    Ok(())
}

#[derive(Args)]
struct Vectors {
    /// The folder that holds the vectors.
    #[arg(long, default_value = "../shared/vectors")]
    vectors: PathBuf,
}

#[derive(Args)]
struct Serve {
    /// Port of plain HTTP; 0 for any.
    #[arg(long, default_value_t = 8300)]
    port: u16,
    /// Port of TLS with a self-signed certificate, 0 for any; status lists are then named by their HTTPS URL.
    #[arg(long)]
    tls_port: Option<u16>,
    /// A time that stands still instead of the machine's clock (RFC 3339).
    #[arg(long, value_parser = time)]
    now: Option<Timestamp>,
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(text).map_err(|error| error.to_string())
}

fn clock(now: Option<Timestamp>) -> Clock {
    now.map_or_else(
        || {
            Clock::new(|| {
                let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
                let seconds = elapsed.map_or(0, |elapsed| elapsed.as_secs());
                Timestamp::from_unix(i64::try_from(seconds).unwrap_or(i64::MAX))
            })
        },
        Clock::stopped,
    )
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(arguments) => serve(arguments).await,
        Command::Issue(files) => jose_cose(true, &files),
        Command::Verify(files) => jose_cose(false, &files),
        Command::Vectors(arguments) => match vectors::run(&arguments.vectors) {
            true => Ok(()),
            false => Err("worse than what is known to pass".into()),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tessera-conformance: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Serve) -> Result<(), Box<dyn Error>> {
    let bind = async |port| {
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        TcpListener::bind(address).await
    };
    let plain = bind(arguments.port).await?;
    let base = format!("http://{}", plain.local_addr()?);
    let tls = match arguments.tls_port {
        Some(port) => Some(TlsListener::new(bind(port).await?)?),
        None => None,
    };
    let lists_at = match &tls {
        Some(tls) => format!("https://{}", axum::serve::Listener::local_addr(tls)?),
        None => base.clone(),
    };
    let state = Arc::new(State::new(clock(arguments.now), &lists_at)?);
    println!("{:#}", manifest(&state, &base));
    let router = router(state);
    if let Some(tls) = tls {
        let router = router.clone();
        tokio::spawn(async move { axum::serve(tls, router).await });
    }
    axum::serve(plain, router).await?;
    Ok(())
}
