//! A real browser: headless Chromium, driven through the pipe of its remote debugging (Chrome DevTools Protocol).

use std::io::{BufRead as _, BufReader, PipeReader, PipeWriter, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Where Debian and others put it; the small one first.
const PROGRAMS: [&str; 3] = [
    "/usr/bin/chromium-headless-shell",
    "/usr/bin/chromium",
    "/usr/bin/google-chrome",
];
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Chromium {
    child: Child,
    to: PipeWriter,
    from: BufReader<PipeReader>,
    page: String,
    number: u64,
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Chromium {
    /// Starts the browser of this machine with one empty page and no camera; `None` where there is no browser.
    pub(crate) fn start() -> Option<Self> {
        let program = PROGRAMS.iter().find(|path| Path::new(path).exists())?;
        let profile = tempfile::tempdir().unwrap();
        let (theirs, to) = std::io::pipe().unwrap();
        let (from, answers) = std::io::pipe().unwrap();
        // The protocol is spoken on the descriptors 3 and 4. A browser that hangs is ended, and the test with it.
        let child = Command::new("/bin/sh")
            .args([
                "-c",
                "exec timeout -k 5 180 \"$@\" 3<&0 4>&1 </dev/null >/dev/null",
                "sh",
            ])
            .arg(program)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream=device-count=0",
                "--remote-debugging-pipe",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::from(answers))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut browser = Self {
            child,
            to,
            from: BufReader::new(from),
            page: String::new(),
            number: 0,
            events: Vec::new(),
            _profile: profile,
        };
        let made = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": made["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", attach);
        browser.page = attached["sessionId"].as_str().unwrap().to_owned();
        browser.call("Page.enable", json!({}));
        Some(browser)
    }

    /// One command of the protocol; its result.
    #[track_caller]
    pub(crate) fn call(&mut self, method: &str, parameters: Value) -> Value {
        let mut answer = self.ask(method, parameters);
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].take()
    }

    fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.number += 1;
        let mut message = json!({"id": self.number, "method": method, "params": parameters});
        if !self.page.is_empty() {
            message["sessionId"] = json!(self.page);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        loop {
            let answer = self.next();
            if answer["id"] == self.number {
                return answer;
            }
            self.events.push(answer);
        }
    }

    fn next(&mut self) -> Value {
        let mut message = Vec::new();
        self.from.read_until(0, &mut message).unwrap();
        assert_eq!(message.pop(), Some(0), "the browser ended");
        serde_json::from_slice(&message).unwrap()
    }

    /// The next event of this name.
    pub(crate) fn event(&mut self, name: &str) -> Value {
        loop {
            let found = self.events.iter().position(|event| event["method"] == name);
            if let Some(at) = found {
                return self.events.remove(at)["params"].take();
            }
            let event = self.next();
            self.events.push(event);
        }
    }

    /// Runs this in every page from now on, before the page's own program.
    pub(crate) fn prepare(&mut self, script: &str) {
        let source = json!({"source": script});
        self.call("Page.addScriptToEvaluateOnNewDocument", source);
    }

    pub(crate) fn open(&mut self, url: &str) {
        self.events.clear();
        let navigated = self.call("Page.navigate", json!({"url": url}));
        assert!(navigated["errorText"].is_null(), "{navigated}");
        self.event("Page.loadEventFired");
    }

    /// The value of an expression in the page.
    #[track_caller]
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let parameters = json!({"expression": expression, "returnByValue": true});
        let mut result = self.call("Runtime.evaluate", parameters);
        assert!(result["exceptionDetails"].is_null(), "{result}");
        result["result"]["value"].take()
    }

    /// Waits until an expression is true in the page, whichever page that is by then.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, expression: &str) {
        let begun = Instant::now();
        let parameters = json!({"expression": expression, "returnByValue": true});
        // Between two pages there is no answer but an error.
        while self.ask("Runtime.evaluate", parameters.clone())["result"]["result"]["value"] != true
        {
            if begun.elapsed() > PATIENCE {
                let shown = self.value("document.body?.innerText");
                panic!("never {expression}; the page says: {shown}");
            }
            std::thread::sleep(Duration::from_millis(25));
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let close = json!({"id": 0, "method": "Browser.close"}).to_string();
        let _ = self.to.write_all(close.as_bytes());
        let _ = self.to.write_all(&[0]);
        let _ = self.child.wait();
    }
}
