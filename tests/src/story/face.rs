//! Steps 1 to 3: the face check on the phone.

use serde_json::Value;

use super::Stage;
use crate::Result;
use crate::holder::Holder;
use crate::lean_holder::LeanHolder;
use crate::registry::{ANTON, MEI, photo};
use crate::report::Report;

/// Credentials a wallet receives per format.
const BATCH: usize = 10;

/// Step 1.
pub fn own_selfie(stage: &mut Stage, report: &mut Report) {
    report.step(
        1,
        "MEI takes a selfie. Her face matches the registry: she receives the limited credential.",
    );
    report.check("own selfie", "ok", || {
        Ok(stage
            .mei
            .enrol(&stage.authority, &MEI, MEI.selfie)?
            .verdict())
    });
    report.check("in the wallet", "limited: 10 sd_jwt, 10 ldp", || {
        held(&stage.mei)
    });
    report.check(
        "a second person, by the bare protocol",
        &format!("{BATCH} limited credentials"),
        || {
            let access = LeanHolder::new(&stage.authority.url())?
                .enrol(ANTON.number, &std::fs::read(photo(ANTON.selfie))?)?;
            stage.anton = access.sd_jwts(BATCH)?;
            Ok(format!("{} limited credentials", stage.anton.len()))
        },
    );
}

/// Step 2.
pub fn another_person(stage: &Stage, report: &mut Report) {
    report.step(
        2,
        "Somebody else gives MEI's number and shows a face of their own.",
    );
    report.check("another person's selfie", "face_mismatch", || {
        refused(stage, "impostor_1.jpg")
    });
}

/// Step 3.
pub fn unusable_photos(stage: &Stage, report: &mut Report) {
    report.step(3, "Three photos that cannot be judged: each is told apart.");
    report.check("nobody in the photo", "face_none", || {
        refused(stage, "no_face.jpg")
    });
    report.check("two people in the photo", "face_several", || {
        refused(stage, "two_faces.jpg")
    });
    report.check("a file that is no image", "image_unreadable", || {
        refused(stage, "not_an_image.jpg")
    });
}

/// A wallet's credentials as one line: how many of each level and format are left.
///
/// # Errors
/// When the wallet cannot be read.
pub fn held(holder: &Holder) -> Result<String> {
    let list = holder.list()?;
    let count = |level: &str, format: &str| {
        let in_force = |set: &&Value| set["level"] == level && set["state"] == "in_force";
        let left = |set: &Value| set["remaining"][format].as_u64().unwrap_or(0);
        list["credentials"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(in_force)
            .map(left)
            .sum::<u64>()
    };
    let levels =
        ["limited", "full"].map(|level| (level, count(level, "dc+sd-jwt"), count(level, "ldp_vc")));
    let lines: Vec<String> = levels
        .iter()
        .filter(|(_, sd_jwt, ldp)| sd_jwt + ldp > 0)
        .map(|(level, sd_jwt, ldp)| format!("{level}: {sd_jwt} sd_jwt, {ldp} ldp"))
        .collect();
    Ok(lines.join("; "))
}

/// What a fresh wallet is told when it enrols as MEI with this photo.
fn refused(stage: &Stage, photo_name: &str) -> Result<String> {
    let folder = tempfile::tempdir_in(&stage.folder)?;
    let stranger = Holder::new(&stage.programs, &folder.path().join("wallet"))?;
    Ok(stranger
        .enrol(&stage.authority, &MEI, photo_name)?
        .verdict())
}
