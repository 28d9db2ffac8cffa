//! The other implementation, at work: one line of JSON asks, one answers.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::package::{node, ready};

/// One side of a visit in Node; dropping it ends it.
pub(crate) struct Node {
    process: Child,
    requests: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Node {
    /// One that knows nothing yet.
    pub(crate) fn start() -> Self {
        let program = ready().join("dist/test/peer/main.js");
        let mut process = node()
            .arg(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Node started a moment ago");
        let requests = process.stdin.take().expect("piped");
        let answers = BufReader::new(process.stdout.take().expect("piped")).lines();
        Self { process, requests, answers }
    }

    /// Asks for something that must be done.
    pub(crate) fn ask(&mut self, what: &str, with: Value) -> Value {
        self.try_to(what, with).unwrap_or_else(|refusal| panic!("{what} was refused: {refusal}"))
    }

    /// Asks for something that must be refused. The refusal's name.
    pub(crate) fn refusal_of(&mut self, what: &str, with: Value) -> String {
        self.try_to(what, with).expect_err(what)
    }

    /// Opens a box that was sealed for this side.
    pub(crate) fn open(&mut self, bytes: &[u8]) -> Value {
        self.ask("open", json!({"box": hex(bytes)}))
    }

    /// The box with this message.
    pub(crate) fn seal(&mut self, message: &[u8]) -> Vec<u8> {
        let text = std::str::from_utf8(message).expect("JSON is UTF-8");
        bytes_of(&self.ask("seal", json!({"json": text})), "box")
    }

    fn try_to(&mut self, what: &str, mut with: Value) -> Result<Value, String> {
        with["do"] = what.into();
        writeln!(self.requests, "{with}").expect("Node listens");
        let line = self.answers.next().expect("Node ended; what it complained of stands above").expect("text");
        let answer: Value = serde_json::from_str(&line).expect("JSON");
        match answer.get("done") {
            Some(done) => Ok(done.clone()),
            None => Err(answer["refused"].as_str().expect("one of the two").to_owned()),
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// As bytes travel to and from Node.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes in this field.
pub(crate) fn bytes_of(answer: &Value, field: &str) -> Vec<u8> {
    let text = answer[field].as_str().unwrap_or_else(|| panic!("no {field} in {answer}"));
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
    (0..text.len()).step_by(2).map(digits).collect()
}
