//! Steps 26 to 28: a wallet that starts from nothing in a browser, a batch that runs low, a backup on a fresh phone.

use std::path::PathBuf;

use super::Stage;
use super::face::held;
use crate::Result;
use crate::browser::Browser;
use crate::holder::Holder;
use crate::lean_holder::{LIMITED_SD_JWT, LeanHolder};
use crate::registry::{ANTON, photo};
use crate::report::Report;

/// Steps 26 to 28.
pub fn life_cycle(stage: &mut Stage, report: &mut Report) {
    match Holder::new(&stage.programs, &stage.file("anton")) {
        Ok(anton) => {
            authorization_code(stage, report, &anton);
            batch_runs_low(stage, report, &anton);
            backup(stage, report, &anton);
            unbound_tokens_again(stage, report);
        }
        Err(failure) => report.check("ANTON's wallet", "made", || Err(failure)),
    }
}

/// Step 26.
fn authorization_code(stage: &mut Stage, report: &mut Report, anton: &Holder) {
    report.step(
        26,
        "ANTON has a wallet and no offer. He proves himself on the authority's page; tokens are bound to keys (DPoP).",
    );
    report.check("tokens that are bound to no key", "refused", || {
        stage.authority.stop()?;
        stage.authority.set("WALLETS__REQUIRE_DPOP", "true");
        stage.authority.start().map(|()| "refused".into())
    });
    report.check(
        "a wallet without a DPoP proof",
        "invalid_dpop_proof",
        || {
            let holder = LeanHolder::new(&stage.authority.url())?;
            let selfie = std::fs::read(photo(ANTON.selfie))?;
            let granted = holder.prove(ANTON.number, &selfie)?;
            match holder.redeem(&granted) {
                Ok(_) => Ok("a token".into()),
                Err(failure) => Ok(failure.to_string()),
            }
        },
    );
    report.check("number, selfie and yes in the browser", "ok", || {
        let url = stage.authority.url();
        let arguments = [
            "receive",
            "--issuer",
            &url,
            "--configuration",
            LIMITED_SD_JWT,
            "--yes",
            "--local",
            "--paste",
        ];
        let asked = anton.ask(&arguments, |line| {
            line.starts_with("http").then(|| agree(line))
        })?;
        Ok(asked.verdict())
    });
    report.check("in the wallet", "limited: 10 sd_jwt, 0 ldp", || held(anton));
}

/// What a person does on the authorization page; gives the address that the browser is sent back to.
fn agree(link: &str) -> Result<String> {
    let mut browser = Browser::default();
    let page = browser.open(link)?.sent_to()?.to_owned();
    let shown = browser.open(&page)?;
    let selfie = std::fs::read(photo(ANTON.selfie))?;
    let shown = browser.send_with_file(
        &format!("{page}/face"),
        &[("csrf", &shown.hidden("csrf")?), ("number", ANTON.number)],
        ("photo", &selfie),
    )?;
    let yes = [("csrf", &*shown.hidden("csrf")?)];
    let back = browser.send(&format!("{page}/confirm"), &yes)?;
    back.sent_to().map(str::to_owned)
}

fn unbound_tokens_again(stage: &mut Stage, report: &mut Report) {
    report.check("tokens that are bound to no key", "given again", || {
        stage.authority.stop()?;
        stage.authority.set("WALLETS__REQUIRE_DPOP", "false");
        stage.authority.start().map(|()| "given again".into())
    });
}

/// Step 27.
fn batch_runs_low(stage: &mut Stage, report: &mut Report, anton: &Holder) {
    report.step(
        27,
        "His one-time credentials run low. With fewer than half left the wallet asks for ten new ones before it shows one.",
    );
    report.check("six shown to the café", "limited: 4 sd_jwt, 0 ldp", || {
        anton
            .run(&["settings", "--reissue-below", "5"])?
            .expect_ok("tessera settings")?;
        for time in 1..=6 {
            show_to_cafe(stage, anton, &format!("low-{time}"))?;
        }
        held(anton)
    });
    report.check("and a seventh", "limited: 9 sd_jwt, 0 ldp", || {
        show_to_cafe(stage, anton, "low-7")?;
        held(anton)
    });
}

/// Step 28.
fn backup(stage: &mut Stage, report: &mut Report, anton: &Holder) {
    report.step(
        28,
        "A backup of the wallet, in one encrypted file, on a fresh phone. It asks for credentials of its own.",
    );
    let file = stage.file("anton.tessera-backup");
    let name = file.display().to_string();
    let fresh = stage.file("anton-fresh");
    report.check("written", "ok", || {
        Ok(anton
            .backup(&["backup", &name], "specimen backup passphrase")?
            .verdict())
    });
    report.check("without its passphrase", "wrong_passphrase", || {
        let stranger = Holder::at(&stage.programs, &stage.file("stranger"));
        Ok(stranger
            .backup(&["restore", &name], "another passphrase")?
            .verdict())
    });
    report.check(
        "restored, and new credentials asked for",
        "limited: 10 sd_jwt, 0 ldp",
        || {
            let restored = Holder::at(&stage.programs, &fresh);
            restored
                .backup(&["restore", &name], "specimen backup passphrase")?
                .expect_ok("tessera restore")?;
            restored.run(&["refresh"])?.expect_ok("tessera refresh")?;
            held(&restored)
        },
    );
    report.check("what the old phone shows now", "revoked", || {
        let (request, shown) = show_to_cafe(stage, anton, "old-phone")?;
        let bundle = stage.file("bundle-backup.jwt");
        stage.authority.publish(&bundle)?;
        let check = stage.cafe.check(&request, &shown, &bundle, &[])?;
        Ok(check.verdict())
    });
}

fn show_to_cafe(stage: &Stage, holder: &Holder, name: &str) -> Result<(PathBuf, PathBuf)> {
    let request = stage.cafe.request("internet-cafe", name)?;
    let shown = stage.file(&format!("{name}.json"));
    holder
        .present(&request, &shown, "sd_jwt")?
        .expect_ok("tessera present")?;
    Ok((request, shown))
}
