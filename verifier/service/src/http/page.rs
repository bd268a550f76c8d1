//! `GET /page/{handle}`: what a clerk looks at. The code, how far the request is, the outcome; of the holder only the
//! claims that the configuration names.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tessera_verifier::catalogue::Language;
use tessera_verifier::json::{self, Limits};

use super::observe::language;
use crate::failure::Code;
use crate::qr;
use crate::requests::{Asked, Progress, Shown, Verdict};
use crate::server::Server;

const CSS: &str = include_str!("../page/page.css");
const JS: &str = include_str!("../page/page.js");
const HTML: &str = include_str!("../page/page.html");

/// Nothing from elsewhere, nothing inline, no frames, no forms.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the page says.
struct Words {
    /// `open`, `fetched`, `verified`, `refused`, `declined`, `gone`.
    state: &'static str,
    title: &'static str,
    detail: String,
    claims: Vec<(String, String)>,
}

/// The page of a request.
#[utoipa::path(get, path = "/page/{handle}", tag = "browser", params(("handle" = String, Path)), responses(
    (status = 200, description = "The page", body = String, content_type = "text/html"),
    (status = 404, description = "Unknown or over", body = String, content_type = "text/html"),
))]
pub(super) async fn html(
    State(server): State<Arc<Server>>,
    Path(handle): Path<String>,
    headers: HeaderMap,
) -> Response {
    let language = language(&headers);
    let now = server.clock.now();
    let found = server.requests.page(&handle, now).ok();
    let words = words(found.as_ref().map(|(_, shown)| shown), language);
    let code = found.as_ref().and_then(|(asked, shown)| match shown {
        Shown::Waiting(_, request) => server
            .link(asked, request.client_id())
            .and_then(|link| qr::svg(&link, text(language, "QR code", "二维码"))),
        Shown::Ended(..) => None,
    });
    let status = match found {
        Some(_) => StatusCode::OK,
        None => StatusCode::NOT_FOUND,
    };
    let body = render(
        found.as_ref().map(|(asked, _)| &**asked),
        &words,
        code,
        language,
    );
    (
        status,
        [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::X_FRAME_OPTIONS, "DENY"),
        ],
        body,
    )
        .into_response()
}

/// How far the request of a page is.
#[utoipa::path(get, path = "/page/{handle}/state", tag = "browser", params(("handle" = String, Path)), responses(
    (status = 200, description = "What the page shows", body = Object),
))]
pub(super) async fn state(
    State(server): State<Arc<Server>>,
    Path(handle): Path<String>,
    headers: HeaderMap,
) -> Json<Value> {
    let found = server.requests.page(&handle, server.clock.now()).ok();
    let words = words(found.as_ref().map(|(_, shown)| shown), language(&headers));
    Json(
        json!({"state": words.state, "title": words.title, "detail": words.detail, "claims": words.claims}),
    )
}

/// The style of the page.
pub(super) async fn css() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], CSS)
}

/// The script of the page.
pub(super) async fn js() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")],
        JS,
    )
}

fn words(shown: Option<&Shown>, language: Language) -> Words {
    let say = |state, (en, zh): (&'static str, &'static str), detail| Words {
        state,
        title: text(language, en, zh),
        detail,
        claims: Vec::new(),
    };
    match shown {
        None => say(
            "gone",
            ("Over", "已结束"),
            Code::RequestGone.text(language).to_owned(),
        ),
        Some(Shown::Waiting(progress, _)) => waiting(*progress, language),
        Some(Shown::Ended(Verdict::Verified, claims)) => Words {
            claims: lines(claims, language),
            ..say(
                "verified",
                ("Accepted", "验证通过"),
                text(
                    language,
                    "Everything that was asked is proved.",
                    "所要求的内容均已证明。",
                )
                .to_owned(),
            )
        },
        Some(Shown::Ended(Verdict::Refused(code), _)) => say(
            "refused",
            ("Refused", "未通过"),
            format!("{}: {code}", text(language, "Reason", "原因")),
        ),
        Some(Shown::Ended(Verdict::Declined(error), _)) => say(
            "declined",
            ("Not shown", "未出示"),
            match *error {
                "access_denied" => text(
                    language,
                    "The holder said no, or has nothing that fits.",
                    "持有人拒绝出示，或没有符合要求的凭证。",
                )
                .to_owned(),
                other => format!(
                    "{}: {other}",
                    text(language, "The wallet reported", "钱包报告")
                ),
            },
        ),
    }
}

fn waiting(progress: Progress, language: Language) -> Words {
    let (state, title, detail) = match progress.fetched {
        false => (
            "open",
            text(
                language,
                "Scan this code with your wallet",
                "请用钱包扫描此二维码",
            ),
            text(
                language,
                "The wallet shows what is asked before anything is sent.",
                "发送任何内容之前，钱包会显示所要求的信息。",
            ),
        ),
        true => (
            "fetched",
            text(language, "Waiting for the holder", "等待持有人确认"),
            text(
                language,
                "The wallet has read the request.",
                "钱包已读取请求。",
            ),
        ),
    };
    let detail = match progress.last_refusal {
        None => detail.to_owned(),
        Some(code) => format!(
            "{}: {code}",
            text(language, "An answer was not taken", "有一份应答未被接受")
        ),
    };
    Words {
        state,
        title,
        detail,
        claims: Vec::new(),
    }
}

/// The claims to show, one a line.
fn lines(claims: &str, language: Language) -> Vec<(String, String)> {
    let Ok(Value::Array(credentials)) = json::parse(claims.as_bytes(), Limits::MESSAGE) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for credential in credentials {
        line("", &credential, language, &mut lines);
    }
    lines
}

fn line(name: &str, value: &Value, language: Language, lines: &mut Vec<(String, String)>) {
    let shown = match value {
        Value::Object(members) => {
            for (member, value) in members {
                let name = match name {
                    "" => member.clone(),
                    parent => format!("{parent}.{member}"),
                };
                line(&name, value, language, lines);
            }
            return;
        }
        Value::Bool(true) => text(language, "yes", "是").to_owned(),
        Value::Bool(false) => text(language, "no", "否").to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(elements) => {
            let texts: Vec<String> = elements
                .iter()
                .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
                .collect();
            texts.join(", ")
        }
        other => other.to_string(),
    };
    lines.push((label(name, language), shown));
}

/// What people call a claim.
fn label(name: &str, language: Language) -> String {
    let (en, zh) = match name {
        "family_name" => ("Family name", "姓"),
        "given_name" => ("Given name", "名"),
        "name_native" => ("Name in own script", "本民族文字姓名"),
        "birthdate" => ("Date of birth", "出生日期"),
        "sex" => ("Sex", "性别"),
        "nationalities" => ("Nationality", "国籍"),
        "personal_administrative_number" => ("Personal number", "个人号码"),
        "resident_address" => ("Address", "住址"),
        "issuing_authority" => ("Issued by", "签发机关"),
        "issuing_country" => ("Country of issue", "签发国家"),
        other => match other.strip_prefix("age_equal_or_over.") {
            Some(age) => {
                return match language {
                    Language::En => format!("{age} or older"),
                    Language::Zh => format!("年满 {age} 岁"),
                };
            }
            None => return other.to_owned(),
        },
    };
    text(language, en, zh).to_owned()
}

fn render(
    asked: Option<&Asked>,
    words: &Words,
    code: Option<String>,
    language: Language,
) -> String {
    let claims: String = words
        .claims
        .iter()
        .map(|(name, value)| format!("<dt>{}</dt><dd>{}</dd>", escape(name), escape(value)))
        .collect();
    let waits = matches!(words.state, "open" | "fetched");
    let name = asked.map_or("Tessera", |asked| asked.service.name.text(language));
    let purpose = asked.map_or("", |asked| asked.service.purpose.text(language));
    // One pass over the template: what is put in is never looked at again.
    let mut page = String::with_capacity(HTML.len() + 32 * 1024);
    let mut rest = HTML;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((slot, after)) = after.split_once("}}") else {
            break;
        };
        page.push_str(before);
        match slot {
            "lang" => page.push_str(text(language, "en", "zh")),
            "service" => page.push_str(&escape(name)),
            "purpose" => page.push_str(&escape(purpose)),
            "state" => page.push_str(words.state),
            "title" => page.push_str(&escape(words.title)),
            "detail" => page.push_str(&escape(&words.detail)),
            "claims" => page.push_str(&claims),
            "code" => page.push_str(code.as_deref().unwrap_or_default()),
            // Without scripts the page fetches itself again while there is something to wait for.
            "refresh" if waits => {
                page.push_str("<noscript><meta http-equiv=\"refresh\" content=\"4\"></noscript>");
            }
            _ => {}
        }
        rest = after;
    }
    page.push_str(rest);
    page
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn text(language: Language, en: &'static str, zh: &'static str) -> &'static str {
    match language {
        Language::En => en,
        Language::Zh => zh,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_named_and_escaped() {
        let claims = r#"[{"age_equal_or_over":{"18":true},"family_name":"<b>SPECIMEN</b>"}]"#;
        let words = Words {
            claims: lines(claims, Language::Zh),
            ..words(None, Language::Zh)
        };
        assert_eq!(
            words
                .claims
                .first()
                .map(|(name, value)| (name.as_str(), value.as_str())),
            Some(("年满 18 岁", "是"))
        );
        let page = render(None, &words, None, Language::Zh);
        assert!(page.contains("&lt;b&gt;SPECIMEN"), "{page}");
        assert!(!page.contains("<b>"));
    }
}
