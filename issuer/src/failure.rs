//! Why a request was refused: one code per reason, stable, with a text in English and Chinese.
//!
//! Inside the crate a refusal is this type; how it looks on the wire is decided in one file, `http/problem.rs`. A
//! failure carries no personal data and no part of the input.

use crate::rollout::Opening;
use crate::store::StoreError;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:literal, $en:literal, $zh:literal;)+) => {
        /// A stable reason code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $name,)+ }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The spelling on the wire. Never changes.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// A sentence for people, English.
            #[must_use]
            pub fn english(self) -> &'static str {
                match self { $(Self::$name => $en,)+ }
            }

            /// A sentence for people, Chinese.
            #[must_use]
            pub fn chinese(self) -> &'static str {
                match self { $(Self::$name => $zh,)+ }
            }
        }
    };
}

codes! {
    /// Not JSON, not a form, or not of the expected shape.
    Malformed = "malformed", 400, "The request is not well formed.", "请求格式不正确。";
    /// Larger than the limit.
    TooLarge = "too_large", 413, "The request is too large.", "请求过大。";
    /// Nothing here.
    NotFound = "not_found", 404, "There is nothing here.", "未找到。";
    /// The path exists, the method does not.
    MethodNotAllowed = "method_not_allowed", 405, "This method is not offered here.", "不支持该请求方法。";
    /// A media type that is not accepted.
    UnsupportedMediaType = "unsupported_media_type", 415, "This media type is not accepted here.", "不接受该媒体类型。";
    /// No bearer token, or a wrong one.
    Unauthorized = "unauthorized", 401, "The token is missing or wrong.", "令牌缺失或错误。";
    /// The answer took too long.
    Timeout = "timeout", 503, "The service took too long.", "服务响应超时。";
    /// Too much at once.
    Busy = "busy", 503, "The service is busy. Try again shortly.", "服务繁忙，请稍后重试。";
    /// Our fault.
    Internal = "internal", 500, "The service failed. Nothing was issued.", "服务出错，未签发任何凭证。";
    /// The session's time is over.
    SessionExpired = "session_expired", 410, "The session has expired. Begin again.", "会话已过期，请重新开始。";
    /// The session is at another step.
    WrongState = "wrong_state", 409, "The session is not at this step.", "会话不在此步骤。";
    /// The device's proof of possession is wrong.
    DeviceProofInvalid = "device_proof_invalid", 422, "The device proof is not valid.", "设备证明无效。";
    /// Nonce unknown, used or too old.
    NonceMismatch = "nonce_mismatch", 400, "The nonce is unknown, used or too old.", "随机数未知、已使用或已过期。";
    /// Attempts exhausted, or too soon.
    TooManyAttempts = "too_many_attempts", 429, "Too many attempts.", "尝试次数过多。";
    /// No face in the image.
    FaceNone = "face_none", 422, "No face was found in the image.", "图像中未检测到人脸。";
    /// More than one face.
    FaceSeveral = "face_several", 422, "More than one face is in the image.", "图像中有多张人脸。";
    /// Face too small.
    FaceTooSmall = "face_too_small", 422, "The face is too small. Move closer.", "人脸过小，请靠近一些。";
    /// Face blurred.
    FaceBlurred = "face_blurred", 422, "The image is not sharp enough.", "图像不够清晰。";
    /// Not a decodable image.
    ImageUnreadable = "image_unreadable", 422, "This is not an image that can be read.", "无法读取该图像。";
    /// Image beyond the limits.
    ImageTooLarge = "image_too_large", 422, "The image is too large.", "图像过大。";
    /// Not the person.
    FaceMismatch = "face_mismatch", 422, "The face does not match the register.", "人脸与登记信息不符。";
    /// Too dark.
    FaceTooDark = "face_too_dark", 422, "The face is too dark. Find more light.", "人脸过暗，请到光线更亮处。";
    /// Too bright.
    FaceTooBright = "face_too_bright", 422, "The face is too bright. Avoid direct light.", "人脸过亮，请避开强光。";
    /// Turned away from the camera.
    FaceTurnedAway = "face_turned_away", 422, "The face is turned away. Look into the camera.", "脸部偏转，请正视镜头。";
    /// Cut off by the edge.
    FaceCropped = "face_cropped", 422, "Part of the face is outside the image.", "部分人脸超出画面。";
    /// Eyes not to be seen.
    FaceEyesCovered = "face_eyes_covered", 422, "The eyes are covered. Take off dark glasses.", "眼部被遮挡，请摘下墨镜。";
    /// Mouth not to be seen.
    FaceMouthCovered = "face_mouth_covered", 422, "The mouth is covered. Take off the mask.", "嘴部被遮挡，请摘下口罩。";
    /// The presentation-attack detector takes it for a print, a screen or a mask.
    PadFailed = "pad_failed", 422, "The image does not seem to show a live person.", "图像似乎不是真人。";
    /// A photo alone is not enough here.
    LivenessRequired = "liveness_required", 422, "A photo is not enough: head movements are asked for.", "仅有照片不够，需要按提示转动头部。";
    /// Frames were sent, or a challenge asked for, where none is demanded.
    LivenessNotAsked = "liveness_not_asked", 409, "No head movements are asked for here.", "此处不要求转动头部。";
    /// No open challenge: never drawn, answered already, or too old.
    LivenessChallengeUnknown = "liveness_challenge_unknown", 422, "The movements asked for are unknown, answered or too old.", "动作要求未知、已回答或已过期。";
    /// The device's signature does not cover these frames for this challenge.
    LivenessProofInvalid = "liveness_proof_invalid", 422, "The frames are not signed by this device for these movements.", "画面未由本设备就此要求签名。";
    /// Count, times or repetition of frames.
    LivenessFrames = "liveness_frames", 422, "Too few images, or not taken one after the other.", "画面数量不足或时间不连续。";
    /// Over the time allowed.
    LivenessTooSlow = "liveness_too_slow", 422, "The movements took too long.", "动作用时过长。";
    /// A movement that was not asked, or in another order.
    LivenessWrongMovement = "liveness_wrong_movement", 422, "Another movement than the one asked for.", "动作与要求不符。";
    /// A movement is missing.
    LivenessIncomplete = "liveness_incomplete", 422, "A movement is missing, or too small.", "缺少动作或幅度不够。";
    /// Not one continuous motion.
    LivenessJump = "liveness_jump", 422, "The head jumped from one image to the next. Move more slowly.", "画面之间头部跳动，请放慢动作。";
    /// Another face than at the beginning.
    LivenessOtherFace = "liveness_other_face", 422, "The images show different faces.", "画面中的人脸不一致。";
    /// Frames that were sent before.
    LivenessReplayed = "liveness_replayed", 422, "These images have been sent before.", "这些画面曾经提交过。";
    /// A required liveness or attack check is not installed.
    LivenessUnavailable = "liveness_unavailable", 503, "A required check is not available.", "所需的检测不可用。";
    /// Terminal not registered.
    TerminalUnknown = "terminal_unknown", 403, "The terminal is not registered.", "终端未登记。";
    /// Terminal retired.
    TerminalRetired = "terminal_retired", 403, "The terminal has been retired.", "终端已停用。";
    /// Statement not well formed, wrongly signed, for somebody else or out of time.
    TerminalStatementInvalid = "terminal_statement_invalid", 403, "The terminal's statement is not valid.", "终端声明无效。";
    /// The connection's certificate is another terminal's.
    TerminalCertificateMismatch = "terminal_certificate_mismatch", 403, "The connection belongs to another terminal.", "该连接属于另一终端。";
    /// Not one of the terminal's readers.
    ReaderUnknown = "reader_unknown", 403, "The card reader is not registered for this terminal.", "读卡器未登记于该终端。";
    /// Not one of the terminal's security modules.
    SamUnknown = "sam_unknown", 403, "The security module is not registered for this terminal.", "安全模块未登记于该终端。";
    /// Not a release of the terminal's program that the authority knows.
    SoftwareUnknown = "software_unknown", 403, "The terminal's software is not a known release.", "终端软件不是已知版本。";
    /// The statement says an operator compared, and the operator's own word is missing, wrong, or not taken here.
    AttendanceInvalid = "attendance_invalid", 403, "The operator's confirmation is missing or not valid.", "操作员的确认缺失或无效。";
    /// The operator is not registered for this terminal's organisation.
    OperatorUnknown = "operator_unknown", 403, "The operator is not registered for this terminal.", "操作员未登记于该终端。";
    /// The operator is retired.
    OperatorRetired = "operator_retired", 403, "The operator has been retired.", "操作员已停用。";
    /// Counter did not rise.
    CounterReplayed = "counter_replayed", 403, "The terminal's counter did not rise.", "终端计数器未递增。";
    /// No such challenge for this terminal and session.
    ChallengeUnknown = "challenge_unknown", 403, "The challenge is unknown, used or too old.", "质询未知、已使用或已过期。";
    /// The statement is about other bytes.
    EvidenceMismatch = "evidence_mismatch", 422, "The evidence is not what the terminal signed.", "证据与终端签名不符。";
    /// Security object signature wrong, or chip data unreadable.
    ChipNotAuthentic = "chip_not_authentic", 422, "The chip's data is not authentic.", "芯片数据不真实。";
    /// Signed under an anchor we do not trust.
    CscaUnknown = "csca_unknown", 422, "The card's issuer is not trusted.", "证件签发机构不受信任。";
    /// Signed under a trusted anchor, but another state's.
    CscaOfAnotherState = "csca_of_another_state", 422, "The card is signed for another state than the one it names.", "证件由其所载国家以外的签发机构签名。";
    /// A data group was changed.
    DgHashMismatch = "dg_hash_mismatch", 422, "The chip's data was changed.", "芯片数据被篡改。";
    /// The chip is a copy.
    ActiveAuthFailed = "active_auth_failed", 422, "The chip is a copy.", "芯片为复制品。";
    /// Chip authentication was broken off, refused, or answered under other keys.
    ChipAuthFailed = "chip_auth_failed", 422, "The chip could not prove its key.", "芯片未能证明其密钥。";
    /// DG14 offers no chip authentication that is known here.
    ChipAuthMissing = "chip_auth_missing", 422, "The chip offers no proof that it is no copy.", "芯片未提供防复制证明。";
    /// SHA-1, which policy does not take.
    LegacyAlgorithm = "legacy_algorithm", 422, "The document is signed with an algorithm that is too weak.", "证件所用签名算法强度不足。";
    /// The document signer's certificate, or its authority's, is not valid at this time.
    DocumentSignerNotValid = "document_signer_not_valid", 422, "The document signer's certificate is not valid.", "证件签名者的证书无效。";
    /// The document signer was revoked.
    DocumentSignerRevoked = "document_signer_revoked", 422, "The document signer has been revoked.", "证件签名者已被吊销。";
    /// Policy demands a current revocation list and there is none.
    RevocationUnknown = "revocation_unknown", 422, "Whether the document signer was revoked cannot be told.", "无法确定证件签名者是否已被吊销。";
    /// The object was signed when its signer's certificate was not valid.
    SignedOutsideValidity = "signed_outside_validity", 422, "The document was signed outside its signer's validity.", "证件签名时间不在签名者有效期内。";
    /// The record of a resident card is malformed or contradicts itself.
    CardRecordInvalid = "card_record_invalid", 422, "The card's record contradicts itself.", "证件记录自相矛盾或格式错误。";
    /// No decoder for the photograph of resident cards is installed, or it does not answer.
    PhotoDecoderUnavailable = "photo_decoder_unavailable", 422, "The card's photograph cannot be decoded here.", "此处无法解码证件照片。";
    /// The decoder found no picture.
    CardPhotoUnreadable = "card_photo_unreadable", 422, "The card's photograph cannot be read.", "无法读取证件照片。";
    /// Document expired.
    DocumentExpired = "document_expired", 422, "The document has expired.", "证件已过期。";
    /// The document belongs to another person.
    DocumentNotOfPerson = "document_not_of_person", 422, "The document is not this person's.", "证件不属于该申请人。";
    /// The roll-out has not come to the district.
    DistrictNotOpen = "district_not_open", 403, "Enrolment is not open for this district yet.", "该地区尚未开放办理。";
    /// The register has the person elsewhere.
    DistrictMismatch = "district_mismatch", 422, "The register has another district for this person.", "该申请人的登记地区与所填地区不符。";
    /// The day's number is reached.
    NoPlaceLeft = "no_place_left", 429, "All places of today are taken. Come tomorrow.", "今日名额已满，请明日再来。";
    /// Too long since the check.
    EvidenceTooOld = "evidence_too_old", 409, "The check behind this credential is too old, or was of another kind. Be checked again.", "该凭证所依据的核验已过期或类型不符，请重新核验。";
    /// Nothing to renew.
    NothingHeld = "nothing_held", 404, "This device holds nothing that could be renewed.", "本设备没有可更新的凭证。";
    /// Wrong recovery code, or nothing to report.
    RecoveryRefused = "recovery_refused", 403, "The number or the recovery code is wrong, or there is nothing to report.", "号码或恢复码不正确，或没有可挂失的凭证。";
    /// OpenID4VCI: no such deferred transaction.
    InvalidTransactionId = "invalid_transaction_id", 400, "The transaction is unknown or was collected.", "该交易不存在或已领取。";
    /// OAuth: the request lacks something.
    InvalidRequest = "invalid_request", 400, "A parameter is missing or wrong.", "参数缺失或错误。";
    /// OAuth: another grant type.
    UnsupportedGrantType = "unsupported_grant_type", 400, "This grant type is not offered.", "不支持该授权类型。";
    /// OAuth: code unknown, used, expired, or wrong transaction code.
    InvalidGrant = "invalid_grant", 400, "The code is unknown, used or expired, or the transaction code is wrong.", "授权码未知、已使用或已过期，或交易码错误。";
    /// OpenID4VCI: access token wrong or expired.
    InvalidToken = "invalid_token", 401, "The access token is missing, wrong or expired.", "访问令牌缺失、错误或已过期。";
    /// OpenID4VCI: configuration unknown or not covered by the token.
    UnknownConfiguration = "unknown_credential_configuration", 400, "This credential is not offered to this token.", "该令牌不可申请此凭证。";
    /// OpenID4VCI: proof missing or wrong.
    InvalidProof = "invalid_proof", 400, "A key proof is missing or wrong.", "密钥证明缺失或错误。";
    /// OpenID4VCI: more proofs than the batch allows.
    BatchTooLarge = "batch_too_large", 400, "More keys than a batch may have.", "密钥数量超出批次上限。";
    /// OpenID4VCI: the same key twice.
    DuplicateKey = "duplicate_key", 400, "Each credential needs its own key.", "每个凭证须使用不同的密钥。";
    /// OpenID4VCI: nonce in a proof.
    InvalidNonce = "invalid_nonce", 400, "The nonce in the proof is unknown, used or too old.", "证明中的随机数未知、已使用或已过期。";
    /// OpenID4VCI: response encryption not possible as asked.
    InvalidEncryption = "invalid_encryption_parameters", 400, "The response cannot be encrypted as asked.", "无法按要求加密响应。";
    /// OAuth: no such client here, or it did not prove that it is the one it names.
    InvalidClient = "invalid_client", 401, "The client is unknown or not authenticated.", "客户端未知或未经认证。";
    /// OAuth: the wallet's attestation, or the proof beside it.
    InvalidClientAttestation = "invalid_client_attestation", 401, "The wallet's attestation is missing or not valid.", "钱包证明缺失或无效。";
    /// OAuth: the proof beside the attestation answers no challenge of ours.
    UseAttestationChallenge = "use_attestation_challenge", 400, "The wallet must answer a fresh challenge.", "钱包须应答新的质询。";
    /// OAuth: no scope that is offered.
    InvalidScope = "invalid_scope", 400, "Nothing that is offered here was asked for.", "未请求此处提供的任何凭证。";
    /// RFC 9396: details that cannot be granted.
    InvalidAuthorizationDetails = "invalid_authorization_details", 400, "What was asked for is not offered.", "所请求的内容未提供。";
    /// The redirect URI is none that an answer may go to.
    RedirectRefused = "redirect_refused", 400, "No answer may be sent to this address.", "不得将结果发送到该地址。";
    /// The authorization request, its page or its form is unknown, used or too old.
    AuthorizationUnknown = "authorization_unknown", 400, "This page has expired or was opened elsewhere. Begin again in the wallet.", "此页面已过期或在别处打开，请在钱包中重新开始。";
    /// Authorization requests must be pushed here.
    PushRequired = "push_required", 400, "The authorization request must be pushed first.", "须先推送授权请求。";
    /// The person's transaction code, on the page.
    TxCodeWrong = "tx_code_wrong", 422, "The transaction code is wrong.", "交易码错误。";
    /// DPoP: the proof.
    InvalidDpopProof = "invalid_dpop_proof", 400, "The DPoP proof is missing or not valid.", "DPoP 证明缺失或无效。";
    /// DPoP: the nonce in it.
    UseDpopNonce = "use_dpop_nonce", 400, "The DPoP proof must carry a fresh nonce.", "DPoP 证明须含新的随机数。";
    /// RFC 6750: the token came in the query.
    TokenInQuery = "token_in_query", 400, "A token does not belong in the address.", "令牌不得出现在网址中。";
    /// OpenID4VCI: identifier unknown to the token.
    UnknownIdentifier = "unknown_credential_identifier", 400, "This credential was not granted to this token.", "该令牌未获授此凭证。";
    /// OpenID4VCI: the attestation of keys.
    InvalidKeyAttestation = "invalid_key_attestation", 400, "The keys' attestation is missing or not valid.", "密钥证明书缺失或无效。";
    /// OpenID4VCI: the request must be encrypted, or cannot be decrypted.
    RequestNotEncrypted = "request_not_encrypted", 400, "The request is not encrypted as needed.", "请求未按要求加密。";
    /// OpenID4VCI: no such notification.
    InvalidNotificationId = "invalid_notification_id", 400, "There is nothing to notify about by this name.", "通知标识未知。";
    /// OpenID4VCI: refused for good.
    RequestDenied = "credential_request_denied", 400, "The credential is not issued.", "不予签发凭证。";
}

impl Code {
    /// Whether a face check that ends so counts as a failed attempt: the picture was good enough to judge, and is not
    /// what an honest person shows.
    #[must_use]
    pub fn counts_as_failure(self) -> bool {
        matches!(
            self,
            Self::FaceMismatch
                | Self::PadFailed
                | Self::LivenessProofInvalid
                | Self::LivenessWrongMovement
                | Self::LivenessIncomplete
                | Self::LivenessJump
                | Self::LivenessOtherFace
                | Self::LivenessReplayed
        )
    }
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", .code.as_str(), .detail.unwrap_or(.code.english()))]
pub struct Failure {
    /// The reason.
    pub code: Code,
    /// What exactly, where that helps; never input, never personal data.
    pub detail: Option<&'static str>,
    /// Seconds to wait before trying again.
    pub retry_after: Option<u64>,
    /// Where and from when it would not have been refused.
    pub openings: Vec<Opening>,
    /// A header that says how to go on: `DPoP-Nonce` or `OAuth-Client-Attestation-Challenge`.
    pub header: Option<(&'static str, String)>,
}

impl Failure {
    /// A refusal with more to say than its code.
    #[must_use]
    pub fn with(code: Code, detail: &'static str) -> Self {
        Self {
            detail: Some(detail),
            ..Self::from(code)
        }
    }

    /// Our own fault. The cause goes to the log, not to the client.
    #[must_use]
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(cause = %cause, "internal failure");
        Code::Internal.into()
    }
}

impl From<Code> for Failure {
    fn from(code: Code) -> Self {
        Self {
            code,
            detail: None,
            retry_after: None,
            openings: Vec::new(),
            header: None,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Code::NotFound.into(),
            StoreError::Expired => Code::SessionExpired.into(),
            StoreError::WrongState | StoreError::AlreadyUsed => Code::WrongState.into(),
            StoreError::TooManyAttempts { retry_after } => Self {
                retry_after: (retry_after > 0).then_some(retry_after),
                ..Self::from(Code::TooManyAttempts)
            },
            StoreError::WrongTxCode => Code::InvalidGrant.into(),
            StoreError::EvidenceTooOld => Code::EvidenceTooOld.into(),
            StoreError::WrongRecoveryCode => Code::RecoveryRefused.into(),
            StoreError::NoPlaceLeft => Code::NoPlaceLeft.into(),
            StoreError::NonceUnknown => Code::NonceMismatch.into(),
            StoreError::TerminalUnknown => Code::TerminalUnknown.into(),
            StoreError::TerminalRetired => Code::TerminalRetired.into(),
            StoreError::CounterReplayed => Code::CounterReplayed.into(),
            StoreError::Replayed => Code::LivenessReplayed.into(),
            StoreError::IndicesTaken | StoreError::Engine(_) => Self::internal(&error),
        }
    }
}

/// The code a photo check or a card check gave, as ours. An unknown one is not guessed at: the fallback stands.
#[must_use]
pub fn code_of(spelling: &str, fallback: Code) -> Code {
    Code::ALL
        .iter()
        .copied()
        .find(|code| code.as_str() == spelling)
        .unwrap_or(fallback)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_code_is_spelled_once_and_speaks_both_languages() {
        let mut seen = HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{} twice", code.as_str());
            assert!((400..600).contains(&code.status()));
            assert!(code.english().ends_with('.') && code.chinese().ends_with('。'));
        }
    }
}
