//! What the command prints while it works.

use super::Message;

// One message a line reads best as a table.
#[rustfmt::skip]
pub(super) const TABLE: &[Message] = &[
    m("label_created", "Wallet created in {0}.", "钱包已创建于 {0}。"),
    m("label_short_passphrase", "This passphrase is short; a longer one protects a lost device better.", "口令较短；更长的口令能更好地保护丢失的设备。"),
    m("label_root_pinned", "Root identity of the issuer, kept from now on: {0}", "签发机构的根身份(从现在起固定):{0}"),
    m("label_contacting", "Asking the issuer {0} …", "正在联系签发机构 {0} ……"),
    m("label_unknown_issuer", "This wallet has never dealt with the issuer {0}.", "本钱包从未与签发机构 {0} 打过交道。"),
    m("label_trust_issuer", "Trust it from now on? [y/N] ", "从现在起信任它？[y/N]"),
    m("label_sending_photo", "Sending the photo for the face check …", "正在发送照片进行人脸核验……"),
    m("label_face_accepted", "Face check passed.", "人脸核验通过。"),
    m("label_receiving", "Receiving and checking credentials …", "正在接收并核验凭证……"),
    m("label_received", "Stored credential {0} ({1}): {2} one-time credentials, valid until {3}.", "已保存凭证 {0}({1}):{2} 份一次性凭证，有效期至 {3}。"),
    m("label_session", "Session number for the terminal: {0}", "终端会话编号：{0}"),
    m("label_waiting", "Waiting for the check at the terminal (Ctrl-C to stop; `tessera upgrade --resume` goes on) …", "等待终端核验(按 Ctrl-C 停止，可用 `tessera upgrade --resume` 继续)……"),
    m("label_tx_code", "Transaction code: ", "交易码："),
    m("label_passphrase", "Wallet passphrase: ", "钱包口令："),
    m("label_passphrase_again", "Once more: ", "再输入一次："),
    m("label_passphrases_differ", "The two passphrases differ; try again.", "两次输入的口令不同，请重试。"),
    m("label_no_credentials", "The wallet is empty. Get a credential with `tessera enrol`.", "钱包是空的。请运行 `tessera enrol` 获取凭证。"),
    m("label_no_history", "Nothing has been received or shown yet.", "尚无记录。"),
    m("label_limited", "limited function", "有限功能"),
    m("label_full", "full function", "全功能"),
    m("label_retired", "replaced", "已被替换"),
    m("label_expired", "expired", "已过期"),
    m("label_in_force", "in force", "有效"),
    m("label_remaining", "{0} of {1} one-time credentials left ({2} SD-JWT, {3} W3C)", "一次性凭证剩余 {0}/{1}(SD-JWT {2}，W3C {3})"),
    m("label_valid", "valid from {0} until {1}", "有效期 {0} 至 {1}"),
    m("label_issuer", "issuer {0}", "签发机构 {0}"),
    m("label_received_event", "received {0} ({1}) from {2}", "从 {2} 收到 {0}({1})"),
    m("label_presented_event", "shown to {0} for {1}: {2} (credential {3})", "向 {0} 出示(用于 {1}):{2}(凭证 {3})"),
    m("label_refused_event", "refused a request: {0}", "拒绝了一个请求：{0}"),
    m("label_who_asks", "Who asks: {0}", "请求方：{0}"),
    m("label_service", "Service:  {0}", "服务：{0}"),
    m("label_purpose", "Purpose:  {0}", "目的：{0}"),
    m("label_shows", "They will learn, from your {0} credential:", "对方将从您的{0}凭证中得知："),
    m("label_shows_nothing_more", "Nothing else about you is shown.", "不会出示您的其他信息。"),
    m("label_consent", "Show this? [y/N] ", "是否出示？[y/N]"),
    m("label_presented", "Presentation made; this one-time credential is used up.", "已生成出示内容；该一次性凭证已作废。"),
    m("label_sent", "The requester's server accepted it.", "对方服务器已接受。"),
    m("label_written", "Written to {0}.", "已写入 {0}。"),
    m("label_bundle_refreshed", "Bundle refreshed.", "名单已更新。"),
    m("label_bundle_age", "Bundle of {0}: issued {1}, fresh until {2}.", "{0} 的名单：签发于 {1}，有效至 {2}。"),
    m("label_bundle_stale", "Bundle of {0}: issued {1}, too old since {2}.", "{0} 的名单：签发于 {1}，自 {2} 起过期。"),
    m("label_warning", "warning", "警告"),
    m("label_hint", "hint", "提示"),
    m("label_error", "error", "错误"),
    m("label_yes", "yes", "是"),
    m("label_no", "no", "否"),
];

const fn m(code: &'static str, en: &'static str, zh: &'static str) -> Message {
    Message {
        code,
        en,
        zh,
        hint_en: "",
        hint_zh: "",
    }
}
