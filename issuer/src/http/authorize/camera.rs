//! The part of the page that films a moving head. Its words stand in the page; its program, `camera.js`, has none.

use super::page::{Page, escape, text};

/// What the policy of a page that films allows beside the rest: the one program, which talks to this origin only, and
/// writes no markup.
pub(super) const SOURCES: &str =
    "script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; ";

/// Milliseconds for one movement and the way back, as a person may choose. The issuer's judge allows eight seconds.
const PACES: [(u16, &str, &str); 2] = [
    (3600, "Normal", "正常"),
    (
        5000,
        "Slower: more time for each movement",
        "较慢：每个动作时间更长",
    ),
];

/// What the program says, by name.
const WORDS: [(&str, &str, &str); 19] = [
    ("start", "Start the camera", "打开摄像头"),
    ("begin", "Begin", "开始"),
    ("again", "Try again", "重试"),
    (
        "hold",
        "Hold your face in the oval, facing the light. Press Begin when you are ready.",
        "将面部置于椭圆框内，面向光源。准备好后按“开始”。",
    ),
    ("count", "Look straight into the camera", "请正视镜头"),
    ("left", "Turn your head slowly to your left", "慢慢向左转头"),
    (
        "right",
        "Turn your head slowly to your right",
        "慢慢向右转头",
    ),
    ("up", "Raise your chin slowly", "慢慢抬起下巴"),
    ("front", "Back, and look straight ahead", "转回来，正视前方"),
    (
        "judging",
        "Comparing with the register…",
        "正在与登记照比对……",
    ),
    ("passed", "Passed", "已通过"),
    (
        "stopped",
        "Stopped. Nothing was sent.",
        "已停止，未发送任何画面。",
    ),
    (
        "denied",
        "The browser may not use the camera. Allow it for this page in the browser, then try again.",
        "浏览器未获准使用摄像头。请在浏览器中允许此页面使用摄像头，然后重试。",
    ),
    (
        "absent",
        "No camera was found. Connect one and try again, or open your wallet on a phone and begin there.",
        "未找到摄像头。请连接摄像头后重试，或在手机上打开钱包重新开始。",
    ),
    (
        "broken",
        "The camera gives no picture. Close other programs that use it, then try again.",
        "摄像头没有画面。请关闭正在使用它的其他程序，然后重试。",
    ),
    (
        "offline",
        "The authority cannot be reached. Try again.",
        "无法连接到签发机构，请重试。",
    ),
    ("wait", "Seconds to wait: {n}.", "还需等待 {n} 秒。"),
    ("left-over", "Tries left: {n}.", "剩余尝试次数：{n}。"),
    (
        "none",
        "No tries are left. Go back to the wallet and begin again later, or visit the authority.",
        "已无剩余尝试次数。请返回钱包稍后重新开始，或前往签发机构办理。",
    ),
];

impl Page<'_> {
    /// The form that films. It shows itself only where its program runs; until then the page says what is wanted.
    pub(super) fn film(&self, lang: &str) -> String {
        let zh = self.chinese;
        let words: String = WORDS
            .iter()
            .map(|(name, en, cn)| format!(" data-{name}=\"{}\"", escape(text(zh, en, cn))))
            .collect();
        let pace = |(milliseconds, en, cn): &(u16, &'static str, &'static str)| {
            let checked = match *milliseconds == PACES[0].0 {
                true => " checked",
                false => "",
            };
            format!(
                "<label><input type=\"radio\" name=\"pace\" value=\"{milliseconds}\"{checked}> {}</label>",
                text(zh, en, cn)
            )
        };
        let paces: String = PACES.iter().map(pace).collect();
        let aud = escape(&self.service.issuer_url());
        let next = escape(&format!(
            "{}/authorization?lang={lang}",
            self.service.issuer_url()
        ));
        format!(
            "<h2>{}</h2><p class=\"bad\" id=\"unscripted\">{}</p>\
             <form id=\"camera\" method=\"post\" action=\"{}\" hidden data-state=\"idle\" data-issuer=\"{aud}\" data-frames=\"{}\" data-next=\"{next}\"{words}>{}\
             <div class=\"intro\"><p>{}</p><p class=\"hint\">{}</p></div>\
             <fieldset data-part=\"who\"><label for=\"number\">{}</label><input id=\"number\" name=\"number\" inputmode=\"text\" autocomplete=\"off\" autocapitalize=\"characters\" spellcheck=\"false\" maxlength=\"32\" pattern=\"[ ]*[A-Za-z0-9\\-]+[ ]*\" required>{}\
             <fieldset class=\"pace\"><legend>{}</legend>{paces}</fieldset></fieldset>\
             <div class=\"stage\" data-part=\"stage\" hidden><video muted playsinline aria-label=\"{}\"></video><div class=\"oval\"></div><div class=\"arrow\"></div><div class=\"count\" data-part=\"number\" aria-hidden=\"true\"></div></div>\
             <p class=\"ask\" data-part=\"ask\" role=\"status\" aria-live=\"assertive\" hidden></p>\
             <progress data-part=\"progress\" max=\"1\" value=\"0\" aria-label=\"{}\" hidden></progress>\
             <div role=\"alert\"><p class=\"bad\" data-part=\"result\" hidden></p></div>\
             <button data-part=\"go\">{}</button><button type=\"button\" class=\"quiet\" data-part=\"stop\" hidden>{}</button></form>\
             <script type=\"module\" src=\"{}\"></script>",
            text(zh, "Show that it is you", "证明是您本人"),
            text(
                zh,
                "Here your head is filmed while you move it as asked. That needs JavaScript and a camera: switch JavaScript on for this page, or use a browser that has it. Without them, go back and use the wallet of this authority, or visit it.",
                "此处需要拍摄您按提示转动头部的过程，因此需要 JavaScript 和摄像头：请为此页面启用 JavaScript，或换用支持的浏览器。若没有，请返回并使用本机构的钱包，或前往本机构办理。",
            ),
            self.action("liveness"),
            self.action("frames"),
            self.hidden(),
            text(
                zh,
                "You will be asked to move your head a few times, each time back to the middle. It takes less than half a minute.",
                "系统将提示您转动头部几次，每次转回正面，全程不到半分钟。",
            ),
            text(
                zh,
                "Face the light, alone, without mask or sunglasses, and keep the camera still. The pictures are compared with the register and then deleted.",
                "请面向光源，独自一人，勿戴口罩或墨镜，并保持摄像头不动。画面与登记照比对后即删除。",
            ),
            text(zh, "Your identity number", "您的身份号码"),
            self.districts(),
            text(zh, "Pace", "速度"),
            text(zh, "Your picture, as in a mirror", "您的画面，如镜中所见"),
            text(zh, "Progress", "进度"),
            text(zh, "Start the camera", "打开摄像头"),
            text(zh, "Stop", "停止"),
            self.action("camera.js"),
        )
    }
}
