//! The page in the browser: served by the test, told what to do by it, and listened to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::chromium::Chromium;
use crate::footage::Footage;

/// A page that does what it is told.
pub(crate) struct Page {
    shared: Arc<Shared>,
    commands: mpsc::UnboundedSender<Value>,
    events: mpsc::UnboundedReceiver<Value>,
    next: AtomicU64,
    chromium: Chromium,
}

struct Shared {
    /// What the page is to do next.
    commands: tokio::sync::Mutex<mpsc::UnboundedReceiver<Value>>,
    /// Who waits for an answer.
    answers: Mutex<HashMap<u64, oneshot::Sender<Result<Value, String>>>>,
    events: mpsc::UnboundedSender<Value>,
}

impl Page {
    /// Serves the page and opens it in a Chromium.
    pub(crate) async fn open(footage: &Footage) -> Self {
        let (commands, waiting) = mpsc::unbounded_channel();
        let (told, events) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { commands: waiting.into(), answers: Mutex::new(HashMap::new()), events: told });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port of this machine");
        // By name: `localhost` is what makes an origin without TLS one that may use a camera.
        let url = format!("http://localhost:{}/", listener.local_addr().expect("it has a port").port());
        let router = router(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let chromium = Chromium::start(&url, footage);
        Self { shared, commands, events, next: AtomicU64::new(1), chromium }
    }

    /// Has the page do something and gives what came of it.
    pub(crate) async fn run(&self, name: &str, argument: Value) -> Value {
        let (answer, answered) = oneshot::channel();
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(id, answer);
        let _ = self.commands.send(json!({ "id": id, "name": name, "argument": argument }));
        match timeout(PATIENCE, answered).await {
            Ok(Ok(Ok(value))) => value,
            Ok(Ok(Err(fault))) => panic!("the page could not {name}: {fault}"),
            _ => panic!("the page did not answer to {name}; Chromium said:\n{}", self.chromium.complaints()),
        }
    }

    /// Ends the browser without a word to anybody.
    pub(crate) fn kill(&mut self) {
        self.chromium.kill();
    }

    /// What happened in the page next. Safe to drop halfway.
    pub(crate) async fn event(&mut self) -> Value {
        self.events.recv().await.expect("the page's server is there")
    }
}

fn router(shared: Arc<Shared>) -> Router {
    let text =
        |kind: &'static str, body: &'static str| get(move || async move { ([(header::CONTENT_TYPE, kind)], body) });
    Router::new()
        .route("/", text("text/html; charset=utf-8", include_str!("../../browser/index.html")))
        .route("/page.js", text("text/javascript", include_str!("../../browser/page.js")))
        .route("/call.js", text("text/javascript", include_str!("../../browser/call.js")))
        .route("/session_description.js", text("text/javascript", include_str!("../../browser/session_description.js")))
        .route("/next", get(next))
        .route("/told", post(told))
        .with_state(shared)
}

/// Answers when there is something to do.
async fn next(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    match shared.commands.lock().await.recv().await {
        Some(command) => (StatusCode::OK, command.to_string()),
        None => (StatusCode::GONE, String::new()),
    }
}

async fn told(State(shared): State<Arc<Shared>>, body: String) -> StatusCode {
    let Ok(mut what) = serde_json::from_str::<Value>(&body) else { return StatusCode::BAD_REQUEST };
    let waiting =
        what["id"].as_u64().and_then(|id| shared.answers.lock().unwrap_or_else(PoisonError::into_inner).remove(&id));
    match waiting {
        Some(answer) => {
            let fault = what["fault"].as_str().map(str::to_owned);
            let _ = answer.send(fault.map_or_else(|| Ok(what["value"].take()), Err));
        }
        None => {
            let _ = shared.events.send(what);
        }
    }
    StatusCode::NO_CONTENT
}

/// A browser that starts on a busy machine takes ten seconds and more.
const PATIENCE: Duration = Duration::from_secs(60);
