//! Step 15: the issuer dies by SIGKILL while a hundred issuances are in flight.

use std::collections::BTreeMap;
use std::sync::{Barrier, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{CROWD, Stage};
use crate::authority::Authority;
use crate::keys::Key;
use crate::lean_holder::{Access, LIMITED_LDP, LIMITED_SD_JWT, LeanHolder, status_of};
use crate::registry::{MEI, crowd_number, photo};
use crate::report::Report;
use crate::{Failure, Result};

/// A bit in a status list: the id of the list and the index. It names one credential for ever.
type Bit = (String, u64);

/// What the clients know after the crash, and what the issuer knows after it came back.
#[derive(Debug)]
pub struct Aftermath {
    /// Requests sent at once.
    pub sent: usize,
    /// Bits of the credentials that clients held when it died.
    pub acknowledged: Vec<Bit>,
    /// Bits of what they received when they asked again.
    pub later: Vec<Bit>,
    /// How often the restarted issuer lists each bit.
    pub listed: BTreeMap<Bit, usize>,
    /// The bits it lists as issued.
    pub issued: Vec<Bit>,
    /// What became of the requests without an answer when they were sent again, as they were: `issued`, or the code of
    /// the refusal, and how often.
    pub again: BTreeMap<String, usize>,
}

/// What a request is told whose nonce and whose token's use went into an issuance that nobody received.
const SPENT: &str = "unknown_credential_configuration";

/// Step 15.
pub fn killed_in_flight(stage: &mut Stage, report: &mut Report) {
    report.step(
        15,
        "The issuer is killed while a hundred issuances are in flight, and started again.",
    );
    let mut aftermath = None;
    report.check("requests in flight", &format!("{}", 2 * CROWD), || {
        let seen = crash(&mut stage.authority, CROWD)?;
        let sent = seen.sent.to_string();
        aftermath = Some(seen);
        Ok(sent)
    });
    let Some(seen) = aftermath else { return };
    report.note(&format!(
        "{} were acknowledged before it died; it lists {} issuances now, {} of them issued.",
        seen.acknowledged.len(),
        seen.listed.values().sum::<usize>(),
        seen.issued.len()
    ));
    report.check("killed in the middle", "yes", || Ok(seen.in_the_middle()));
    report.check("acknowledged and missing", "0", || {
        Ok(seen.missing().to_string())
    });
    report.check("listed twice", "0", || Ok(seen.twice().to_string()));
    report.check(
        "sent again and neither issued nor refused as spent",
        "0",
        || Ok(seen.astray().to_string()),
    );
    report.check("issuer serves again", "1 credential", || {
        let access = LeanHolder::new(&stage.authority.url())?
            .enrol(&crowd_number(0), &std::fs::read(photo(MEI.selfie))?)?;
        Ok(format!("{} credential", access.sd_jwts(1)?.len()))
    });
}

impl Aftermath {
    /// Whether some requests were answered and some were not.
    #[must_use]
    pub fn in_the_middle(&self) -> String {
        match self.acknowledged.len() {
            0 => "none was answered".into(),
            all if all == self.sent => "all were answered".into(),
            _ => "yes".into(),
        }
    }

    fn held(&self) -> impl Iterator<Item = &Bit> {
        self.acknowledged.iter().chain(&self.later)
    }

    /// Acknowledged credentials that the issuer does not list as issued.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.held().filter(|bit| !self.issued.contains(bit)).count()
    }

    /// Requests without an answer that were neither granted nor refused as spent when they were sent again.
    #[must_use]
    pub fn astray(&self) -> usize {
        let known = ["issued", SPENT];
        let others = self.again.iter();
        others
            .filter(|(what, _)| !known.contains(&what.as_str()))
            .map(|(_, times)| times)
            .sum()
    }

    /// Bits that more than one issuance or more than one client has.
    #[must_use]
    pub fn twice(&self) -> usize {
        let mut seen: Vec<_> = self.held().collect();
        seen.sort();
        let held = seen.windows(2).filter(|pair| pair[0] == pair[1]).count();
        held + self.listed.values().filter(|&&times| times > 1).count()
    }
}

/// Proves `persons` people, sends both their credential requests at once, kills the issuer when a fifth is answered,
/// starts it again, sends again what had no answer, and asks what it knows.
///
/// # Errors
/// When people cannot be proved or the issuer does not come back.
pub fn crash(authority: &mut Authority, persons: usize) -> Result<Aftermath> {
    let requests = prepare(authority, persons)?;
    let sent = requests.len();
    let acknowledged = Mutex::new(Vec::new());
    let start = Barrier::new(sent + 1);
    std::thread::scope(|scope| {
        for (number, (access, request)) in requests.iter().enumerate() {
            let (start, acknowledged) = (&start, &acknowledged);
            scope.spawn(move || {
                start.wait();
                // No answer, or half of one, is what the crash does to a client.
                let Ok(bits) = access.send(request).and_then(|sent| bits(&sent)) else {
                    return;
                };
                if let Ok(mut list) = acknowledged.lock() {
                    list.push((number, bits));
                }
            });
        }
        start.wait();
        let begun = Instant::now();
        let answered = || acknowledged.lock().map_or(sent, |list| list.len());
        while answered() < sent / 5 && begun.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_micros(200));
        }
        authority.kill()
    })?;
    let acknowledged = acknowledged
        .into_inner()
        .map_err(Failure::during("collecting answers"))?;
    authority.start()?;
    let (mut later, mut again) = (Vec::new(), BTreeMap::new());
    for (number, (access, request)) in requests.iter().enumerate() {
        if acknowledged.iter().any(|(answered, _)| *answered == number) {
            continue;
        }
        let outcome = match access.send(request) {
            Ok(credentials) => {
                later.extend(bits(&credentials)?);
                "issued".to_owned()
            }
            Err(refused) => refused.to_string(),
        };
        *again.entry(outcome).or_insert(0) += 1;
    }
    let acknowledged = acknowledged
        .into_iter()
        .flat_map(|(_, bits)| bits)
        .collect();
    let (listed, issued) = known(authority)?;
    Ok(Aftermath {
        sent,
        acknowledged,
        later,
        listed,
        issued,
        again,
    })
}

fn bits(credentials: &[Value]) -> Result<Vec<Bit>> {
    credentials.iter().map(status_of).collect()
}

/// An access token for each person, and two prepared requests with it: one per format.
fn prepare(authority: &Authority, persons: usize) -> Result<Vec<(Access, Value)>> {
    let selfie = std::fs::read(photo(MEI.selfie))?;
    let url = authority.url();
    let prove = |index: usize| -> Result<Vec<(Access, Value)>> {
        let access = LeanHolder::new(&url)?.enrol(&crowd_number(index), &selfie)?;
        [LIMITED_SD_JWT, LIMITED_LDP]
            .iter()
            .map(|configuration| {
                Ok((
                    access.clone(),
                    access.prepare(configuration, &[Key::generate()?])?,
                ))
            })
            .collect()
    };
    let half = persons / 2;
    let (first, second) = std::thread::scope(|scope| {
        let other = scope.spawn(|| (half..persons).map(prove).collect::<Result<Vec<_>>>());
        let own = (0..half).map(prove).collect::<Result<Vec<_>>>();
        (own, other.join())
    });
    let second = second.map_err(|_| Failure::new("a proving thread ended early"))?;
    Ok(first?.into_iter().chain(second?).flatten().collect())
}

/// Every bit the issuer lists, with how often; and those it lists as issued.
fn known(authority: &Authority) -> Result<(BTreeMap<Bit, usize>, Vec<Bit>)> {
    let mut listed = BTreeMap::new();
    let mut issued = Vec::new();
    for record in authority.issuances()? {
        let list = record["list"]
            .as_str()
            .ok_or_else(|| Failure::new("an issuance without its list"))?;
        let index = record["index"]
            .as_u64()
            .ok_or_else(|| Failure::new("an issuance without its index"))?;
        let bit = (list.to_owned(), index);
        *listed.entry(bit.clone()).or_insert(0) += 1;
        if record["state"] == "issued" {
            issued.push(bit);
        }
    }
    Ok((listed, issued))
}
