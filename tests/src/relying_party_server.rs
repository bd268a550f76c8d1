//! A relying party's server: `tessera-rp` on loopback, and the back end that starts requests there.

use serde_json::{Value, json};

use crate::authority::{Authority, text};
use crate::http::{Answer, Client};
use crate::programs::Programs;
use crate::relying_party::RelyingParty;
use crate::service::{Service, free_port};
use crate::{Failure, Result};

/// The back end's secret: it protects nothing but specimens.
const SECRET: &str = "specimen secret of the counter, 32 characters or more";

/// The running server of a registered relying party.
#[derive(Debug)]
pub struct RelyingPartyServer {
    url: String,
    client: Client,
    service: Service,
}

impl RelyingPartyServer {
    /// Starts the server with the relying party's key, and waits until it has the authority's bundle. It offers one
    /// service and hands over the claims at these paths.
    ///
    /// # Errors
    /// The end of its log when it does not become ready.
    pub fn start(
        programs: &Programs,
        party: &RelyingParty,
        authority: &Authority,
        service: &str,
        claims: &Value,
    ) -> Result<Self> {
        let folder = party.folder().join("server");
        std::fs::create_dir_all(&folder)?;
        let url = format!("http://127.0.0.1:{}", free_port()?);
        std::fs::write(folder.join("secret"), SECRET)?;
        let listen = url.trim_start_matches("http://");
        let config = format!(
            "listen = \"{listen}\"\n\
             [client]\nkey_file = {key:?}\n\
             [bundle]\nurl = \"{issuer}/bundle\"\nroot = \"{root}\"\n\
             [[back_ends]]\nname = \"counter\"\nsecret_file = \"secret\"\n\
             [services.{service}]\nback_end = {claims}\npage = {claims}\n",
            key = text(&party.key()),
            issuer = authority.url(),
            root = authority.root()?,
        );
        let path = folder.join("rp.toml");
        std::fs::write(&path, config)?;
        let mut command = programs.command("tessera-rp");
        command.args(["serve", "--config"]).arg(&path);
        let mut running = Service::start("tessera-rp", &command, &folder.join("log"))?;
        let client = Client::default();
        let ready = format!("{url}/readyz");
        running.wait_until(|| {
            client
                .get(&ready, None)
                .is_ok_and(|answer| answer.status == 200)
        })?;
        Ok(Self {
            url,
            client,
            service: running,
        })
    }

    /// Starts a cross-device request: what the back end is told, with `id`, `link`, `qr_svg` and `page`.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn ask(&self, service: &str) -> Result<Value> {
        let wanted = json!({"service": service, "flow": "cross_device"});
        let url = format!("{}/requests", self.url);
        self.client
            .post_json(&url, Some(SECRET), &wanted)?
            .expect_ok()?
            .json()
    }

    /// Fetches the outcome of a request; a refusal is a result.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn result(&self, asked: &Value) -> Result<Answer> {
        let id = member(asked, "id")?;
        let url = format!("{}/requests/{id}/result", self.url);
        self.client.get(&url, Some(SECRET))
    }

    /// What the page of a request shows: its `state` and the claims.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn page_state(&self, asked: &Value) -> Result<Value> {
        let url = format!("{}/state", member(asked, "page")?);
        self.client.get(&url, None)?.expect_ok()?.json()
    }

    /// Stops it as an operator would.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn stop(self) -> Result<()> {
        self.service.stop()
    }
}

fn member<'a>(asked: &'a Value, name: &str) -> Result<&'a str> {
    asked[name]
        .as_str()
        .ok_or_else(|| Failure::new(format!("no {name}: {asked}")))
}
