//! Agreeing in a browser: the link on the screen, and the browser's way back (RFC 8252 §7.3).

use std::io::{BufRead as _, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use tessera_verifier::vci::CredentialOffer;
use tessera_wallet::Error;
use tessera_wallet::client::Client;
use tessera_wallet::receive::{Authorization, Requested};
use tessera_wallet::store::Store;

use crate::cli::console::Console;

/// How long the person has.
const PATIENCE: Duration = Duration::from_secs(900);
/// How long one connection may take to say what it wants.
const SAY: Duration = Duration::from_secs(2);
/// Longest request line, in bytes.
const MAX_LINE: u64 = 16 * 1024;
/// Where a browser is sent when nobody listens.
const NOBODY: &str = "http://127.0.0.1/";

/// Shows the link and brings the answer; `paste` reads it from standard input instead of listening for it.
pub(crate) fn agree<'a>(
    console: &'a Console,
    store: &Store,
    client: Client<'a>,
    offer: &CredentialOffer,
    paste: bool,
) -> Result<Requested<'a>, Error> {
    let listener = if paste {
        None
    } else {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        Some(listener.map_err(|error| Error::StoreIo(error.kind()))?)
    };
    let redirect_uri = match &listener {
        Some(listener) => {
            let address = listener.local_addr();
            let port = address
                .map_err(|error| Error::StoreIo(error.kind()))?
                .port();
            format!("http://127.0.0.1:{port}/")
        }
        None => NOBODY.to_owned(),
    };
    let authorization = Authorization::begin(
        store.contents(),
        console.surroundings(),
        client,
        offer,
        &redirect_uri,
    )?;
    let label = if paste {
        "label_open_and_paste"
    } else {
        "label_open_link"
    };
    console.progress(label, &[]);
    // An address serialises to printable ASCII.
    console.say(&format!("{}\n", authorization.link()));
    let redirected = match listener {
        Some(listener) => wait(&listener, &redirect_uri, &authorization)?,
        None => {
            let mut line = String::new();
            let stdin = std::io::stdin().lock();
            stdin
                .take(MAX_LINE)
                .read_line(&mut line)
                .map_err(|_| Error::AuthorizationInvalid)?;
            line
        }
    };
    authorization.finish(&redirected)
}

/// Waits for the browser. Whatever else connects is told that there is nothing here.
fn wait(
    listener: &TcpListener,
    redirect_uri: &str,
    authorization: &Authorization<'_>,
) -> Result<String, Error> {
    let failed = |_| Error::AuthorizationTimedOut;
    listener.set_nonblocking(true).map_err(failed)?;
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let Ok((stream, _)) = listener.accept() else {
            std::thread::sleep(Duration::from_millis(50));
            continue;
        };
        if let Some(redirected) = answered(stream, redirect_uri, authorization) {
            return Ok(redirected);
        }
    }
    Err(Error::AuthorizationTimedOut)
}

fn answered(
    mut stream: TcpStream,
    redirect_uri: &str,
    authorization: &Authorization<'_>,
) -> Option<String> {
    stream.set_nonblocking(false).ok()?;
    stream.set_read_timeout(Some(SAY)).ok()?;
    stream.set_write_timeout(Some(SAY)).ok()?;
    let mut line = String::new();
    std::io::BufReader::new((&stream).take(MAX_LINE))
        .read_line(&mut line)
        .ok()?;
    let target = line.strip_prefix("GET /")?.split(' ').next()?;
    let redirected = format!("{redirect_uri}{target}");
    let found = authorization.is_answer(&redirected);
    let (status, body) = if found {
        ("200 OK", DONE)
    } else {
        ("404 Not Found", "")
    };
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\nConnection: close\r\n\r\n{body}",
        body.len(),
    );
    found.then_some(redirected)
}

const DONE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width\"><title>Tessera</title>\
<body style=\"font-family:sans-serif;max-width:30em;margin:4em auto;padding:0 1em\">\
<p>Your wallet has the answer. You can close this page.</p>\
<p lang=\"zh\">钱包已收到结果，您可以关闭此页面。</p></body></html>";
