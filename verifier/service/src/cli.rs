//! The command line.

use std::error::Error;
use std::future::IntoFuture as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::environment::{Clock, Entropy};
use crate::server::Server;

/// The relying party's server: asks wallets over OpenID4VP, decides offline, hands the outcome over once.
#[derive(Debug, Parser)]
#[command(name = "tessera-rp", version)]
pub struct Cli {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run the server.
    Serve {
        /// Configuration file (TOML).
        #[arg(long, env = "TESSERA_RP_CONFIG", value_name = "FILE")]
        config: PathBuf,
        /// Address to listen on [default: that of the configuration].
        #[arg(long)]
        listen: Option<String>,
    },
    /// Read the configuration and the files it names, and say what is wrong with them.
    Check {
        /// Configuration file (TOML).
        #[arg(long, env = "TESSERA_RP_CONFIG", value_name = "FILE")]
        config: PathBuf,
    },
    /// Print a configuration to begin with.
    Example,
    /// Print the OpenAPI description of the server.
    Openapi,
}

/// Time and randomness, made in `main`.
#[derive(Clone)]
pub struct Outside {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of randomness.
    pub entropy: Arc<dyn Entropy>,
}

type Failed = Box<dyn Error + Send + Sync>;

/// Runs the command.
///
/// # Errors
/// A sentence for the operator.
pub async fn run(cli: Cli, outside: Outside) -> Result<(), Failed> {
    match cli.action {
        Action::Example => {
            print!("{}", include_str!("../rp.example.toml"));
            Ok(())
        }
        Action::Openapi => {
            print!("{}", crate::http::document()?);
            Ok(())
        }
        Action::Check { config } => {
            let config = Config::load(&config, std::env::vars())?;
            let server = Server::new(config, outside.clock, outside.entropy)?;
            println!("{}: the configuration is usable", server.url);
            Ok(())
        }
        Action::Serve { config, listen } => {
            let mut config = Config::load(&config, std::env::vars())?;
            if let Some(listen) = listen {
                config.listen = listen;
            }
            serve(config, outside).await
        }
    }
}

async fn serve(config: Config, outside: Outside) -> Result<(), Failed> {
    tracing::subscriber::set_global_default(crate::logging::subscriber(
        &config.log,
        std::io::stderr,
    )?)?;
    let listen = config.listen.clone();
    let server = Server::new(config, outside.clock, outside.entropy)?;
    server.bundles.restore(server.clock.now());
    let server = Arc::new(server);
    let listener = tokio::net::TcpListener::bind(&listen)
        .await
        .map_err(|error| format!("cannot listen on {listen}: {error}"))?;
    tracing::info!(listen, url = server.url, "serving");
    let tending = tokio::spawn(Arc::clone(&server).tend());
    axum::serve(listener, crate::http::router(server))
        .with_graceful_shutdown(asked_to_stop())
        .into_future()
        .await?;
    tending.abort();
    tracing::info!("stopped");
    Ok(())
}

/// Until SIGINT or SIGTERM.
async fn asked_to_stop() {
    let interrupt = async {
        // Without a handler the signal ends the process, which is what was asked for.
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
