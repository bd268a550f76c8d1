//! Why a call was refused: one code per reason, stable, with a text in English and Chinese.
//!
//! A failure carries no personal data and no part of the input. Reasons of the decision itself are the
//! [verifier's](tessera_verifier::Error), under their own codes.

use std::borrow::Cow;

use tessera_verifier::catalogue::Language;
use tessera_verifier::verify::{Refusal, Stage};

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

            /// A sentence for people.
            #[must_use]
            pub fn text(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::En) => $en, (Self::$name, Language::Zh) => $zh,)+
                }
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
    /// No secret, or a wrong one.
    Unauthorized = "unauthorized", 401, "The back end's secret is missing or wrong.", "后端密钥缺失或错误。";
    /// The answer took too long.
    Timeout = "timeout", 503, "The server took too long.", "服务器响应超时。";
    /// Too much at once, or too many open requests.
    Busy = "busy", 503, "The server is busy. Try again shortly.", "服务器繁忙，请稍后重试。";
    /// Our fault.
    Internal = "internal", 500, "The server failed.", "服务器出错。";
    /// Not a service of the catalogue, or not one that this server and this back end are set up for.
    ServiceNotOffered = "service_not_offered", 403, "This service is not offered here.", "此处不提供该服务。";
    /// The flow needs something that was not given, or is not configured.
    FlowNotOffered = "flow_not_offered", 400, "This flow is not offered here.", "此处不支持该流程。";
    /// A return address or origin that is not configured for the back end.
    AddressNotConfigured = "address_not_configured", 403, "This address is not configured for the back end.", "该地址未为后端配置。";
    /// Transaction data of a type or shape that is not known.
    TransactionDataInvalid = "transaction_data_invalid", 400, "The transaction data cannot be used.", "交易数据无法使用。";
    /// There is no bundle, or the last good one is past its age.
    BundleUnavailable = "bundle_unavailable", 503, "There is no current bundle to decide with.", "没有可用于判定的有效信任包。";
    /// The request's time is over.
    RequestGone = "request_expired", 410, "The request has expired. Start again.", "请求已过期，请重新开始。";
    /// The request has an answer already.
    ResponseTaken = "response_taken", 409, "This request has been answered.", "该请求已有应答。";
    /// Too many answers that could not be used.
    TooManyAttempts = "too_many_attempts", 429, "Too many answers that could not be used.", "无效应答次数过多。";
    /// The outcome was given away.
    AlreadyHandedOver = "already_handed_over", 410, "The outcome has been handed over.", "结果已交付。";
    /// Same-device: the code from the redirect is missing or wrong.
    ResponseCodeWrong = "response_code_wrong", 403, "The response code is missing or wrong.", "应答码缺失或错误。";
    /// The response is not in the response mode that was asked for, or lacks a parameter.
    ResponseInvalid = "response_invalid", 400, "The response is not in the form that was asked for.", "应答形式与请求不符。";
    /// The response is not encrypted to this request's key.
    ResponseUnreadable = "response_unreadable", 400, "The response cannot be decrypted.", "应答无法解密。";
    /// `state` is missing or another's.
    StateMismatch = "state_mismatch", 400, "The response belongs to another request (state).", "应答属于另一请求（state）。";
    /// The Digital Credentials API delivered the response at another origin.
    OriginMismatch = "origin_mismatch", 400, "The response was given to another origin.", "应答来自另一来源。";
    /// The wallet's nonce or metadata.
    WalletParameterInvalid = "wallet_parameter_invalid", 400, "A parameter of the wallet cannot be used.", "钱包参数无法使用。";
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// One of this server's.
    Ours {
        /// The reason.
        code: Code,
        /// What exactly, where that helps; never input, never personal data.
        detail: Option<&'static str>,
    },
    /// A presentation that the verifier refused.
    Refused(Refusal),
}

impl Failure {
    /// A refusal with more to say than its code.
    #[must_use]
    pub fn with(code: Code, detail: &'static str) -> Self {
        Self::Ours {
            code,
            detail: Some(detail),
        }
    }

    /// Our own fault. The cause goes to the log, not to the client.
    #[must_use]
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(cause = %cause, "internal failure");
        Code::Internal.into()
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ours { code, .. } => code.as_str(),
            Self::Refused(refusal) => refusal.error.code(),
        }
    }

    /// The HTTP status. OpenID4VP 1.0 §8.2 leaves it open; a presentation that does not hold is the client's error.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Ours { code, .. } => code.status(),
            Self::Refused(_) => 400,
        }
    }

    /// A sentence for people.
    #[must_use]
    pub fn text(&self, language: Language) -> Cow<'static, str> {
        match self {
            Self::Ours { code, .. } => code.text(language).into(),
            Self::Refused(refusal) => refusal.error.text(language).into(),
        }
    }

    /// What exactly, where that helps.
    #[must_use]
    pub fn detail(&self) -> Option<&'static str> {
        match self {
            Self::Ours { detail, .. } => *detail,
            Self::Refused(_) => None,
        }
    }

    /// At which stage of the decision, where it was one.
    #[must_use]
    pub fn stage(&self) -> Option<Stage> {
        match self {
            Self::Ours { .. } => None,
            Self::Refused(refusal) => Some(refusal.stage),
        }
    }
}

impl From<Code> for Failure {
    fn from(code: Code) -> Self {
        Self::Ours { code, detail: None }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
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
            assert!(
                code.text(Language::En).ends_with('.') && code.text(Language::Zh).ends_with('。')
            );
        }
    }
}
