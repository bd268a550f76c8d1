//! The page, in English and Chinese: plain HTML that says who asks for what. It runs and loads nothing, unless a moving
//! head is demanded: then the one program of [`super::camera`].

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile, Format};
use tessera_verifier::crypto::sha256;
use tessera_verifier::encoding::base64;
use tessera_verifier::vci::Secret;

use super::{camera, redirect};
use crate::failure::Failure;
use crate::http::problem::Refusal;
use crate::service::Service;
use crate::store::{AuthorizationRecord, Level};

const STYLE: &str = include_str!("page.css");

/// The one style that the policy of the page allows, by its digest (CSP 3 §2.3.1).
static STYLE_SOURCE: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", base64(&sha256(STYLE.as_bytes()))));

/// What the person is to do.
pub(super) enum Step {
    /// Be proved: number, and photo or film.
    Prove,
    /// Agree. The recovery code is to be written down.
    Confirm(Secret),
    /// Agree, with the transaction code of the offer.
    ConfirmOffer,
}

/// What the page shows.
pub(super) struct Page<'a> {
    pub(super) service: &'a Service,
    pub(super) chinese: bool,
    pub(super) record: &'a AuthorizationRecord,
    pub(super) csrf: &'a str,
    pub(super) step: &'a Step,
    /// Why the last try was refused.
    pub(super) failure: Option<&'a Failure>,
}

/// Whether the page is wanted in Chinese: by the link on it, else as the browser says.
pub(super) fn chinese(uri: &Uri, headers: &HeaderMap) -> bool {
    match uri.query().unwrap_or_default() {
        query if query.split('&').any(|pair| pair == "lang=zh") => true,
        query if query.split('&').any(|pair| pair == "lang=en") => false,
        _ => headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("zh")),
    }
}

impl Page<'_> {
    /// The response: 200, or the status of the refusal it tells of.
    pub(super) fn render(&self) -> Response {
        let zh = self.chinese;
        let lang = if zh { "zh" } else { "en" };
        let mut body = self.asks();
        if let Some(failure) = self.failure {
            body.push_str(&alert(zh, failure));
        }
        body.push_str(&match self.step {
            Step::Prove if self.films() => self.film(lang),
            Step::Prove => self.prove(lang),
            Step::Confirm(recovery) => self.confirm(lang, &recovery_note(zh, recovery)),
            Step::ConfirmOffer => self.confirm(lang, &tx_code_field(zh)),
        });
        body.push_str(&format!(
            "<form method=\"post\" action=\"{}?lang={lang}\">{}<button class=\"quiet\">{}</button></form>",
            self.action("decline"),
            self.hidden(),
            text(
                zh,
                "No, go back to the wallet",
                "不同意，返回钱包"
            ),
        ));
        let status = self.failure.map_or(200, |failure| failure.code.status());
        let target = redirect::target(&self.record.redirect_uri);
        let sources = format!("'self' {}", target.unwrap_or_default());
        let head = (self.service, zh, true);
        let films = self.films();
        let mut response = document(head, status, (&sources, films), &body);
        if let Some(failure) = self.failure {
            response
                .extensions_mut()
                .insert(Refusal::from(failure.clone()).on_page());
        }
        response
    }

    /// Who asks, for what, and where the answer goes.
    fn asks(&self) -> String {
        let zh = self.chinese;
        let client = self.record.binding.client.as_deref().unwrap_or_default();
        let place = redirect::target(&self.record.redirect_uri).unwrap_or_default();
        let registered = self.service.wallets.client(client);
        let who = match (registered, self.record.known) {
            (Some(known), true) => {
                let name = if zh { &known.name_zh } else { &known.name_en };
                format!("<strong>{}</strong>", escape(name))
            }
            (_, true) => format!(
                "{} <strong>{}</strong>",
                text(zh, "An attested wallet:", "经证明的钱包："),
                escape(client)
            ),
            _ => text(
                zh,
                "A wallet that this authority does not know. Go on only if you came here from your own wallet.",
                "本机构不认识的钱包。仅当您是从自己的钱包打开此页面时才继续。",
            )
            .to_owned(),
        };
        let mut wishes = String::new();
        for configuration in &self.record.wish.configurations {
            wishes.push_str(&format!("<li>{}</li>", describe(zh, configuration)));
        }
        format!(
            "<h1>{}</h1><dl><dt>{}</dt><dd>{who}</dd><dt>{}</dt><dd><ul>{wishes}</ul></dd><dt>{}</dt><dd><code>{}</code></dd></dl>",
            text(zh, "Get a digital identity credential", "领取数字身份凭证"),
            text(zh, "Who asks", "请求方"),
            text(zh, "For what", "请求内容"),
            text(zh, "Where the answer goes", "结果发送至"),
            escape(&place),
        )
    }

    fn prove(&self, lang: &str) -> String {
        let zh = self.chinese;
        let districts = self.districts();
        format!(
            "<h2>{}</h2><form method=\"post\" action=\"{}?lang={lang}\" enctype=\"multipart/form-data\">{}\
             <label for=\"number\">{}</label><input id=\"number\" name=\"number\" inputmode=\"text\" autocomplete=\"off\" spellcheck=\"false\" maxlength=\"32\" required>\
             {districts}<label for=\"photo\">{}</label><p class=\"hint\" id=\"photo-hint\">{}</p>\
             <input id=\"photo\" name=\"photo\" type=\"file\" accept=\"image/jpeg,image/png\" capture=\"user\" aria-describedby=\"photo-hint\" required>\
             <button>{}</button></form>",
            text(zh, "Show that it is you", "证明是您本人"),
            self.action("face"),
            self.hidden(),
            text(zh, "Your identity number", "您的身份号码"),
            text(zh, "A photo of your face, taken now", "现在拍摄的面部照片"),
            text(
                zh,
                "Face the light, without mask or sunglasses. The photo is compared with the register and then deleted.",
                "面向光源，勿戴口罩或墨镜。照片与登记照比对后即删除。",
            ),
            text(zh, "Compare", "开始比对"),
        )
    }

    /// Whether the page films.
    fn films(&self) -> bool {
        matches!(self.step, Step::Prove) && self.service.demands_liveness(Level::Limited)
    }

    pub(super) fn districts(&self) -> String {
        let rollout = &self.service.config.rollout;
        if !rollout.is_limited() {
            return String::new();
        }
        let mut options = String::new();
        for district in &rollout.districts {
            let name = match self.chinese {
                true => &district.name_zh,
                false => &district.name_en,
            };
            let (code, name) = (escape(&district.code), escape(name));
            options.push_str(&format!("<option value=\"{code}\">{name}</option>"));
        }
        format!(
            "<label for=\"district\">{}</label><select id=\"district\" name=\"district\">{options}</select>",
            text(self.chinese, "The district you live in", "您居住的地区"),
        )
    }

    fn confirm(&self, lang: &str, middle: &str) -> String {
        let zh = self.chinese;
        format!(
            "<h2>{}</h2><form method=\"post\" action=\"{}?lang={lang}\">{}{middle}<button>{}</button></form>",
            text(zh, "Agree", "确认"),
            self.action("confirm"),
            self.hidden(),
            text(zh, "Issue it to this wallet", "签发到此钱包"),
        )
    }

    pub(super) fn hidden(&self) -> String {
        let csrf = escape(self.csrf);
        format!("<input type=\"hidden\" name=\"csrf\" value=\"{csrf}\">")
    }

    pub(super) fn action(&self, step: &str) -> String {
        escape(&format!(
            "{}/authorization/{step}",
            self.service.issuer_url()
        ))
    }
}

fn recovery_note(zh: bool, recovery: &Secret) -> String {
    format!(
        "<p class=\"good\" role=\"status\">{}</p><p>{}</p><p class=\"code\"><code>{}</code></p>",
        text(
            zh,
            "Your face matches the register.",
            "您的面部与登记照相符。"
        ),
        text(
            zh,
            "Write this recovery code down. With it you can have the credential revoked if the phone is lost.",
            "请记下此恢复码。手机遗失时，可凭它挂失凭证。",
        ),
        escape(recovery.expose()),
    )
}

fn tx_code_field(zh: bool) -> String {
    format!(
        "<label for=\"tx_code\">{}</label><p class=\"hint\" id=\"tx-hint\">{}</p>\
         <input id=\"tx_code\" name=\"tx_code\" inputmode=\"numeric\" autocomplete=\"one-time-code\" maxlength=\"6\" pattern=\"[0-9]{{6}}\" aria-describedby=\"tx-hint\" required>",
        text(zh, "Transaction code", "交易码"),
        text(
            zh,
            "The six digits that you were shown with the offer.",
            "随领取邀请一并显示的六位数字。",
        ),
    )
}

fn describe(zh: bool, configuration: &str) -> String {
    let Some((profile, format)) = CredentialProfile::by_configuration(configuration) else {
        return escape(configuration);
    };
    let level = match profile.level {
        AssuranceLevel::Limited => text(zh, "Limited-function identity", "有限功能身份凭证"),
        AssuranceLevel::Full => text(zh, "Full-function identity", "全功能身份凭证"),
    };
    let format = match format {
        Format::SdJwt => "SD-JWT VC",
        Format::LdpVc => "W3C VC",
    };
    format!("{level} <small>({format})</small>")
}

fn alert(zh: bool, failure: &Failure) -> String {
    let sentence = match zh {
        true => failure.code.chinese(),
        false => failure.code.english(),
    };
    let wait = failure.retry_after.map_or(String::new(), |seconds| {
        format!(
            " {} {seconds} {}",
            text(zh, "Wait", "请等待"),
            text(zh, "seconds.", "秒。")
        )
    });
    format!(
        "<p class=\"bad\" role=\"alert\">{}{wait} <small><code>{}</code></small></p>",
        escape(sentence),
        failure.code.as_str()
    )
}

/// A page that says why nothing was done. It sends nobody anywhere.
pub(super) fn refusal(service: &Service, zh: bool, failure: &Failure) -> Response {
    let heading = text(zh, "This cannot go on", "无法继续");
    let body = format!("<h1>{heading}</h1>{}", alert(zh, failure));
    let head = (service, zh, false);
    let mut response = document(head, failure.code.status(), ("'none'", false), &body);
    response
        .extensions_mut()
        .insert(Refusal::from(failure.clone()).on_page());
    response
}

fn document(
    (service, zh, switch): (&Service, bool, bool),
    status: u16,
    (form_action, films): (&str, bool),
    body: &str,
) -> Response {
    let authority = &service.config.authority;
    let name = escape(if zh {
        &authority.name_zh
    } else {
        &authority.name_en
    });
    let (lang, other, label) = match zh {
        true => ("zh", "en", "English"),
        false => ("en", "zh", "中文"),
    };
    let url = escape(&service.issuer_url());
    let link = match switch {
        true => format!(
            "<a href=\"{url}/authorization?lang={other}\" hreflang=\"{other}\" lang=\"{other}\">{label}</a>"
        ),
        false => String::new(),
    };
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{name}</title><style>{STYLE}</style></head>\n<body><header><span>{name}</span>{link}</header>\n<main>{body}</main></body></html>\n"
    );
    let program = match films {
        true => camera::SOURCES,
        false => "",
    };
    let policy = format!(
        "default-src 'none'; {program}style-src {}; form-action {form_action}; frame-ancestors 'none'; base-uri 'none'",
        *STYLE_SOURCE
    );
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not `no-referrer`: browsers then send `Origin: null` with the forms.
        (header::REFERRER_POLICY, "same-origin"),
        (header::CONTENT_LANGUAGE, lang),
        (
            HeaderName::from_static("permissions-policy"),
            match films {
                true => "camera=(self), microphone=(), geolocation=()",
                false => "camera=(), microphone=(), geolocation=()",
            },
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

pub(super) fn text(zh: bool, english: &'static str, chinese: &'static str) -> &'static str {
    if zh { chinese } else { english }
}

pub(super) fn escape(text: &str) -> String {
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
