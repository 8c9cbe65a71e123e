//! What people and scripts read.

use std::io::Write as _;

use latchgate_client::Failure;
use serde_json::Value;

/// Writes results in the form that was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Writes a result to standard output.
    pub(crate) fn result(self, json: &Value, words: &str) {
        self.line(&if self.json { json.to_string() } else { words.to_owned() });
    }

    /// Writes one line to standard output, whatever the form.
    pub(crate) fn line(self, text: &str) {
        let mut out = std::io::stdout().lock();
        // A reader that went away needs no result.
        drop(writeln!(out, "{text}").and_then(|()| out.flush()));
    }

    /// Says what failed and what to do.
    pub(crate) fn failure(self, failure: &Failure) {
        if self.json {
            self.line(&serde_json::json!({ "error": failure }).to_string());
        }
        say(&format!("error: {}\n{}", failure.message, failure.advice));
    }
}

/// Says something on standard error.
pub(crate) fn say(text: &str) {
    // Nobody may be listening.
    drop(writeln!(std::io::stderr().lock(), "{text}"));
}
