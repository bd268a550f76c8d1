//! What to tell a person about a code: a sentence in Chinese, and what to do next in both languages.

use super::Error;
use crate::catalogue::Language;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::string::ToString;

impl Error {
    /// A sentence for a person in `language`. The English one equals `Display`.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        match language {
            Language::En => self.to_string(),
            Language::Zh => chinese(self.code()).to_owned(),
        }
    }

    /// What the person reading the message can do next.
    #[must_use]
    pub fn advice(&self, language: Language) -> &'static str {
        let (en, zh) = advice(self.code());
        match language {
            Language::En => en,
            Language::Zh => zh,
        }
    }
}

fn chinese(code: &str) -> &'static str {
    match code {
        "malformed" => "输入格式错误",
        "too_large" => "输入超过大小限制",
        "unsupported_format" => "不支持的凭证格式",
        "unsupported_algorithm" => "不支持的算法",
        "unsupported_suite" => "不支持或不允许的密码套件",
        "unknown_context" => "引用了未知的 JSON-LD 上下文",
        "undefined_term" => "含有未定义的术语,不受签名保护",
        "work_budget_exceeded" => "文档规范化的工作量超过限制",
        "issuer_untrusted" => "签发机构不受信任",
        "issuer_key_mismatch" => "签名密钥不属于所声明的签发机构",
        "invalid_signature" => "签名无效",
        "disclosure_invalid" => "披露的内容无效或被篡改",
        "type_metadata_invalid" => "凭证与其类型的元数据不符,或元数据无效",
        "base_proof_refused" => "不接受基础证明,需要派生证明",
        "proof_purpose_mismatch" => "证明的用途不符",
        "not_yet_valid" => "凭证尚未生效",
        "expired" => "凭证已过期",
        "revoked" => "凭证已被撤销",
        "status_undetermined" => "无法确定凭证状态",
        "bundle_stale" => "离线信任包已过期",
        "bundle_untrusted" => "离线信任包不受信任",
        "holder_binding_missing" => "缺少持有人证明",
        "holder_binding_invalid" => "持有人证明无效",
        "nonce_mismatch" => "出示内容对应的是另一个请求",
        "audience_mismatch" => "出示内容是给另一个验证方的",
        "presentation_too_old" => "出示内容签署时间过早",
        "presentation_from_future" => "出示内容的签署时间在将来",
        "request_invalid" => "请求无效",
        "transaction_data_invalid" => "请求中的交易数据无效或类型未知",
        "request_expired" => "请求已过期",
        "requester_unregistered" => "请求方未登记",
        "over_asking" => "请求的内容超出登记范围",
        "query_not_satisfied" => "未满足请求的内容",
        "over_disclosure" => "披露的内容超出请求范围",
        "transaction_not_confirmed" => "持有人未确认所请求的交易",
        "assurance_too_low" => "凭证的保证等级不足",
        "wrong_credential_type" => "凭证类型不符",
        "suspended" => "凭证已被暂停使用",
        "status_list_mismatch" => "状态列表与凭证所指不符",
        "status_list_too_short" => "状态列表条目过少,不足以保护隐私",
        "status_out_of_range" => "状态索引超出状态列表范围",
        "malformed_value" => "内容不符合可验证凭证数据模型",
        "schema_mismatch" => "凭证内容不符合其声明的模式",
        "digest_mismatch" => "引用资源的摘要不符",
        _ => "验证失败",
    }
}

fn advice(code: &str) -> (&'static str, &'static str) {
    match code {
        "bundle_stale" | "status_undetermined" => (
            "Fetch a fresh bundle and check again.",
            "请获取最新的离线信任包后重试。",
        ),
        "bundle_untrusted" => (
            "Check the root DID, and fetch the bundle from the authority again.",
            "请核对根 DID,并重新从管理机构获取信任包。",
        ),
        "expired" | "revoked" | "not_yet_valid" | "suspended" => (
            "Ask the holder for a current credential.",
            "请持有人出示当前有效的凭证。",
        ),
        "assurance_too_low" => (
            "Ask the holder to upgrade at a terminal with the physical card.",
            "请持有人携带实体卡到终端升级凭证。",
        ),
        "nonce_mismatch" | "audience_mismatch" | "presentation_too_old" | "request_expired" => (
            "Make a new request and ask the holder to answer that one.",
            "请生成新的请求并由持有人重新出示。",
        ),
        "presentation_from_future" => (
            "Check the clocks of both devices.",
            "请检查双方设备的时钟。",
        ),
        "request_invalid"
        | "transaction_data_invalid"
        | "requester_unregistered"
        | "over_asking" => (
            "The relying party must correct its request or its registration.",
            "请求方需更正请求或登记信息。",
        ),
        "query_not_satisfied"
        | "wrong_credential_type"
        | "over_disclosure"
        | "transaction_not_confirmed" => (
            "Ask the holder to answer exactly what the request asks.",
            "请持有人严格按照请求出示。",
        ),
        "issuer_untrusted" => (
            "Fetch a fresh bundle; if the issuer is still unknown, do not rely on this credential.",
            "请获取最新信任包;若签发机构仍未知,请勿采信该凭证。",
        ),
        _ => ("Do not rely on what was shown.", "请勿采信所出示的内容。"),
    }
}
