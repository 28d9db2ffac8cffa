//! A Chromium without a window, told what to do over its own pipe (the DevTools protocol: JSON with a zero byte after
//! each message): no port is opened on the measured link.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::house::Place;

/// A browser that starts on a busy machine takes ten seconds and more.
const PATIENCE: Duration = Duration::from_secs(60);

/// Opens the two pipes as the browser wants them, then becomes what follows.
const WITH_PIPES: &str = r#"exec 3<"$1" 4>"$2"; shift 2; exec "$@""#;

/// A running browser with one page. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Browser {
    child: Child,
    to: Mutex<File>,
    answers: Answers,
    next: AtomicU64,
    session: String,
}

type Answers = Arc<Mutex<HashMap<u64, Sender<Value>>>>;

impl Browser {
    /// Starts the browser on a host and opens the page. `told` is called for what the page hands to its `tell`.
    pub(super) fn open(
        program: &Path,
        place: &Place,
        folder: &Path,
        flags: &[OsString],
        page: &Path,
        told: impl Fn(Value) + Send + 'static,
    ) -> Result<Self> {
        let [down, up] = ["commands", "answers"].map(|name| folder.join(name));
        for pipe in [&down, &up] {
            ensure!(Command::new("mkfifo").arg(pipe).status()?.success(), "no pipe at {}", pipe.display());
        }
        let log = File::create(folder.join("browser.log"))?;
        let whole = place.command(program);
        let mut command = Command::new("sh");
        command.args(["-c", WITH_PIPES, "sh"]).args([&down, &up]).arg(whole.get_program()).args(whole.get_args());
        command.arg("--remote-debugging-pipe").args(flags).arg("about:blank");
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().context("the browser could not be started")?;
        // For both, opening waits for nobody: whoever fails to start must not leave us waiting.
        let to = OpenOptions::new().read(true).write(true).open(&down)?;
        let answers = Answers::default();
        let listener = Arc::clone(&answers);
        thread::spawn(move || listen(&up, &listener, told));
        let mut browser = Self { child, to: to.into(), answers, next: AtomicU64::new(1), session: String::new() };
        browser.session = browser.attach()?;
        browser.ask("Runtime.enable", json!({}))?;
        browser.ask("Runtime.addBinding", json!({ "name": "tell" }))?;
        browser.ask("Page.navigate", json!({ "url": format!("file://{}", page.display()) }))?;
        // Navigation is answered before the page has run.
        browser.evaluate(
            "new Promise((ready) => globalThis.pair ? ready() : addEventListener('load', () => ready(), { once: true }))",
        )?;
        Ok(browser)
    }

    fn attach(&self) -> Result<String> {
        let targets = self.ask("Target.getTargets", json!({}))?;
        let page = targets["targetInfos"].as_array().into_iter().flatten().find(|target| target["type"] == "page");
        let id = page.context("the browser has no page")?["targetId"].clone();
        let attached = self.ask("Target.attachToTarget", json!({ "targetId": id, "flatten": true }))?;
        Ok(attached["sessionId"].as_str().context("the browser gave no session")?.to_owned())
    }

    /// Runs an expression in the page and gives what came of it, once it did.
    pub(super) fn evaluate(&self, expression: &str) -> Result<Value> {
        let how = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.ask("Runtime.evaluate", how)?;
        if let Some(fault) = answer.get("exceptionDetails") {
            let what = fault.pointer("/exception/description").or(fault.get("text"));
            bail!("the page could not: {}", what.and_then(Value::as_str).unwrap_or("no reason given"));
        }
        Ok(answer["result"]["value"].take())
    }

    /// Runs an expression in the page and waits for nothing.
    pub(super) fn run(&self, expression: &str) -> Result<()> {
        self.send("Runtime.evaluate", json!({ "expression": expression })).map(drop)
    }

    fn ask(&self, method: &str, parameters: Value) -> Result<Value> {
        let (answer, answered) = mpsc::channel();
        // Held until it is noted down: the answer may be quicker than we are.
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(self.send(method, parameters)?, answer);
        drop(answers);
        let mut answer = answered.recv_timeout(PATIENCE).with_context(|| format!("no answer to {method}"))?;
        if let Some(error) = answer.get("error") {
            bail!("the browser does not take {method}: {}", error["message"].as_str().unwrap_or("no reason given"));
        }
        Ok(answer["result"].take())
    }

    fn send(&self, method: &str, parameters: Value) -> Result<u64> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = self.session.clone().into();
        }
        let bytes = format!("{message}\0");
        self.to.lock().unwrap_or_else(PoisonError::into_inner).write_all(bytes.as_bytes())?;
        Ok(id)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It takes its children with it, which a kill would not; and if it does not listen, it is killed.
        self.session.clear();
        let _ = self.send("Browser.close", json!({}));
        for _ in 0..50 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Hears the browser until it is gone.
fn listen(pipe: &PathBuf, answers: &Answers, told: impl Fn(Value)) {
    let Ok(pipe) = File::open(pipe) else { return };
    let mut pipe = BufReader::with_capacity(1 << 20, pipe);
    let mut message = Vec::new();
    while pipe.read_until(0, &mut message).is_ok_and(|length| length > 0) {
        let said: Value = serde_json::from_slice(message.strip_suffix(&[0]).unwrap_or(&message)).unwrap_or_default();
        message.clear();
        if let Some(id) = said["id"].as_u64() {
            if let Some(answer) = answers.lock().unwrap_or_else(PoisonError::into_inner).remove(&id) {
                let _ = answer.send(said);
            }
        } else if said["method"] == "Runtime.bindingCalled" {
            let payload = said["params"]["payload"].as_str().unwrap_or_default();
            told(serde_json::from_str(payload).unwrap_or_default());
        }
    }
}
