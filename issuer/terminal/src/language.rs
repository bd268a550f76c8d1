//! What the person at the kiosk reads, in English and Chinese.

use tessera_verifier::liveness::Movement;

use crate::session::Step;

/// The language of the display.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Chinese, simplified characters.
    Chinese,
}

impl Language {
    /// The language of a POSIX locale name or BCP 47 tag: Chinese for `zh...`, else English.
    #[must_use]
    pub fn of(tag: &str) -> Self {
        let tag = tag.trim().to_ascii_lowercase();
        if tag == "zh" || tag.starts_with("zh_") || tag.starts_with("zh-") || tag.starts_with("zh.")
        {
            Self::Chinese
        } else {
            Self::English
        }
    }

    /// One of two texts.
    #[must_use]
    pub fn pick(self, english: &'static str, chinese: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }
}

/// What to do now.
#[must_use]
pub fn instruct(step: Step, language: Language) -> &'static str {
    match step {
        Step::Challenging => {
            language.pick("Card found. One moment, please.", "已检测到证件,请稍候。")
        }
        Step::Reading => language.pick(
            "Reading the card. Leave it where it is.",
            "正在读取证件,请勿移动。",
        ),
        Step::Proving => language.pick(
            "The card is proving that it is no copy. Leave it where it is.",
            "正在验证证件并非复制品,请勿移动。",
        ),
        Step::Read => language.pick(
            "The card has been read. You may take it.",
            "证件已读取,可以取走。",
        ),
        Step::Checking => language.pick("Checking card and photograph.", "正在核验证件和照片。"),
        Step::Waiting => language.pick(
            "The connection is interrupted. Trying again; please wait.",
            "网络中断,正在重试,请稍候。",
        ),
    }
}

/// How to move before the camera.
#[must_use]
pub fn movements(asked: &[Movement], language: Language) -> String {
    let said: Vec<&str> = asked
        .iter()
        .map(|movement| match movement {
            Movement::Left => language.pick("to your left", "向您的左侧"),
            Movement::Right => language.pick("to your right", "向您的右侧"),
            Movement::Up => language.pick("chin up", "抬起下巴"),
        })
        .collect();
    let first = language.pick(
        "Look into the camera. Then move your head, each time back to the middle: ",
        "请正视镜头,然后依次转动头部,每次转回正面:",
    );
    [first, &said.join(" → ")].concat()
}

/// Why it did not work and what helps, by stable code.
#[must_use]
pub fn explain(code: &str, language: Language) -> &'static str {
    let (english, chinese) = match code {
        "card_access_denied" => (
            "The card does not accept this number. Check the number printed on the card.",
            "证件不接受此号码,请核对证件上印刷的号码。",
        ),
        "card_access_key_invalid" => (
            "The number has the wrong form: six digits, or document number and two dates as YYMMDD.",
            "号码格式不正确:应为六位数字,或证件号码及两个 YYMMDD 格式的日期。",
        ),
        "card_mrz_needed" => (
            "This card opens with the machine readable lines only: enter document number, birth date and expiry date.",
            "此证件只能用机读区打开:请输入证件号码、出生日期和有效期。",
        ),
        "card_absent" => ("No card was put on the reader.", "未检测到证件。"),
        "card_removed" => (
            "The card was taken away too early. Put it back and start again.",
            "证件过早移开,请放回后重新开始。",
        ),
        "card_pace_missing" => (
            "This card is too old to be read safely here. Please see the staff.",
            "此证件过旧,无法在此安全读取,请咨询工作人员。",
        ),
        "sam_refused" => (
            "The reader could not read the card. Put it back and start again.",
            "读卡器无法读取证件,请放回后重新开始。",
        ),
        "card_record_invalid" => (
            "The card's record contradicts itself. Please see the staff.",
            "证件记录有误,请咨询工作人员。",
        ),
        "photo_decoder_unavailable" | "revocation_unknown" => (
            "This kind of card cannot be checked at the moment. Please see the staff.",
            "暂时无法核验此类证件,请咨询工作人员。",
        ),
        "card_photo_unreadable" => (
            "The photograph on the card cannot be read. Please see the staff.",
            "无法读取证件照片,请咨询工作人员。",
        ),
        "card_protocol" | "secure_messaging" | "malformed" => (
            "The card could not be read reliably. Put it flat on the reader and try again.",
            "无法可靠读取证件,请将证件平放后重试。",
        ),
        "reader_failed" => (
            "The card reader does not work. Please tell the staff.",
            "读卡器故障,请联系工作人员。",
        ),
        "chip_not_authentic"
        | "card_pace_hidden"
        | "csca_unknown"
        | "csca_of_another_state"
        | "dg_hash_mismatch"
        | "active_auth_failed"
        | "active_auth_missing"
        | "chip_auth_failed"
        | "chip_auth_missing"
        | "legacy_algorithm"
        | "document_signer_revoked"
        | "signed_outside_validity"
        | "data_group_missing"
        | "document_signer_not_valid" => (
            "The card could not be confirmed as genuine. Please see the staff.",
            "无法确认证件的真实性,请咨询工作人员。",
        ),
        "document_expired" => ("The card has expired.", "证件已过期。"),
        "document_not_of_person" => (
            "The card belongs to somebody else than the person who applied.",
            "证件与申请人不符。",
        ),
        "face_mismatch" => (
            "The photograph does not match the card. Take a new one in even light, face to the camera.",
            "照片与证件不符,请在均匀光线下正对镜头重新拍摄。",
        ),
        "face_none" => (
            "No face was found in the photograph.",
            "照片中未检测到人脸。",
        ),
        "face_several" => (
            "There is more than one face in the photograph.",
            "照片中有多张人脸。",
        ),
        "face_too_small" => ("Please step closer to the camera.", "请靠近镜头。"),
        "face_blurred" => (
            "The photograph is blurred. Hold still and take a new one.",
            "照片模糊,请保持不动重新拍摄。",
        ),
        "face_too_dark" => (
            "The face is too dark. Turn to the light.",
            "人脸过暗,请面向光线。",
        ),
        "face_too_bright" => (
            "The face is too bright. Step out of the direct light.",
            "人脸过亮,请避开强光。",
        ),
        "face_turned_away" => ("Please look straight into the camera.", "请正视镜头。"),
        "face_cropped" => (
            "Part of the face was outside the picture. Stand before the middle of the camera.",
            "部分人脸超出画面,请站在镜头正前方。",
        ),
        "face_eyes_covered" => (
            "The eyes cannot be seen. Take off dark glasses and move hair or hands away.",
            "看不清眼睛,请摘下墨镜,移开头发或手。",
        ),
        "face_mouth_covered" => (
            "The mouth cannot be seen. Take off a mask or scarf.",
            "看不清嘴部,请摘下口罩或围巾。",
        ),
        "liveness_frames" | "liveness_jump" => (
            "The pictures do not follow one another. Start again, and move slowly.",
            "画面不连续,请重新开始并放慢动作。",
        ),
        "liveness_too_slow" | "liveness_challenge_unknown" => (
            "The movements took too long. Start again.",
            "动作用时过长,请重新开始。",
        ),
        "liveness_wrong_movement" | "liveness_incomplete" => (
            "The head did not move as asked. Start again, and follow the order shown.",
            "头部动作与要求不符,请重新开始并按显示的顺序完成。",
        ),
        "liveness_other_face" => (
            "Only one person may be before the camera. Start again.",
            "镜头前只能有一个人,请重新开始。",
        ),
        "image_unreadable" | "image_too_large" | "photo_unusable" => {
            ("The photograph cannot be used.", "照片无法使用。")
        }
        "challenge_unknown" => (
            "This session is over or has expired. Start again in the wallet.",
            "会话已结束或过期,请在钱包中重新开始。",
        ),
        "too_many_attempts" => (
            "Too many attempts. Start again in the wallet later.",
            "尝试次数过多,请稍后在钱包中重新开始。",
        ),
        "issuer_unreachable" => (
            "The issuing authority cannot be reached. Please try again later.",
            "无法连接签发机构,请稍后再试。",
        ),
        "session_timed_out" => (
            "The connection did not come back in time. Nothing was kept. Start again in the wallet.",
            "网络未能及时恢复,未保留任何数据。请在钱包中重新开始。",
        ),
        "session_not_accepted" => (
            "The check did not succeed. Nothing was kept. Start again in the wallet.",
            "核验未成功,未保留任何数据。请在钱包中重新开始。",
        ),
        "session_expired" | "wrong_state" | "not_found" => (
            "This session is over or is not known. Start again in the wallet.",
            "会话已结束或不存在,请在钱包中重新开始。",
        ),
        "session_abandoned" => ("The session was ended.", "会话已结束。"),
        "operator_declined" => (
            "The operator did not confirm. Please talk to the staff.",
            "操作员未予确认,请咨询工作人员。",
        ),
        "pin_refused" => ("The PIN is not accepted.", "PIN 码不被接受。"),
        "terminal_unknown"
        | "terminal_retired"
        | "terminal_statement_invalid"
        | "terminal_certificate_mismatch"
        | "certificate_unusable"
        | "reader_unknown"
        | "sam_unknown"
        | "software_unknown"
        | "attendance_invalid"
        | "operator_unknown"
        | "operator_retired"
        | "counter_replayed"
        | "counter_not_durable"
        | "session_not_durable"
        | "key_file_unusable"
        | "key_token_failed"
        | "signing_failed"
        | "camera_needed"
        | "liveness_proof_invalid"
        | "liveness_required" => (
            "This terminal is not in service. Please tell the staff.",
            "本终端暂停服务,请联系工作人员。",
        ),
        _ => (
            "It did not work. Please see the staff.",
            "操作未成功,请咨询工作人员。",
        ),
    };
    language.pick(english, chinese)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales() {
        for chinese in ["zh", "zh_CN.UTF-8", "zh-Hant", "ZH_tw", "zh.UTF-8"] {
            assert_eq!(Language::of(chinese), Language::Chinese, "{chinese}");
        }
        for english in ["", "C", "en_GB.UTF-8", "zha", "de"] {
            assert_eq!(Language::of(english), Language::English, "{english}");
        }
    }

    #[test]
    fn both_languages_say_something_for_every_code() {
        for code in [
            "card_removed",
            "face_mismatch",
            "csca_unknown",
            "face_eyes_covered",
            "liveness_jump",
            "never_heard_of",
        ] {
            let (english, chinese) = (
                explain(code, Language::English),
                explain(code, Language::Chinese),
            );
            assert!(english.is_ascii() && !chinese.is_ascii(), "{code}");
        }
    }
}
