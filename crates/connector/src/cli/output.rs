//! How results and failures are written.

use std::error::Error;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::text::Shown;

/// Why a command did not do its work.
#[derive(Debug)]
pub(super) enum Failure {
    /// Something on the command line excludes something else: exit code 2.
    Usage(String),
    /// It failed: exit code 1.
    Failed {
        /// What was attempted or which file is meant, in front of the error.
        context: Option<String>,
        error: Box<dyn Error + Send + Sync>,
    },
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed { context: None, error: Box::new(error) }
    }
}

impl Failure {
    pub(super) fn in_file(path: &Path, error: impl Error + Send + Sync + 'static) -> Self {
        Self::Failed { context: Some(path.display().to_string()), error: Box::new(error) }
    }

    pub(super) fn message(text: impl Into<String>) -> Self {
        Self::Failed { context: None, error: text.into().into() }
    }

    /// Returns the whole chain of causes as one line.
    pub(super) fn text(&self) -> String {
        let (context, error) = match self {
            Self::Usage(text) => return text.clone(),
            Self::Failed { context, error } => (context, error),
        };
        let mut text = context.as_ref().map(|context| format!("{context}: ")).unwrap_or_default();
        text.push_str(&error.to_string());
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

/// Where results go.
#[derive(Debug)]
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) const fn new(json: bool) -> Self {
        Self { json }
    }

    pub(super) const fn is_json(&self) -> bool {
        self.json
    }

    /// Tells whether a person looks at standard output.
    pub(super) fn is_terminal() -> bool {
        std::io::stdout().is_terminal()
    }

    /// Writes the result in the form that was asked for.
    pub(super) fn result(&mut self, json: &Value, text: &str) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        if self.json {
            writeln!(stdout, "{json}")?
        } else {
            write!(stdout, "{text}")?
        }
        Ok(stdout.flush()?)
    }

    /// Writes that something was done.
    pub(super) fn done(&mut self, text: &str) -> Result<(), Failure> {
        self.result(&json!({ "done": text }), &format!("{text}\n"))
    }

    /// Writes a hint that is no part of the result.
    pub(super) fn hint(text: &str) {
        drop(writeln!(std::io::stderr(), "{text}"));
    }

    /// Writes a failure and returns its exit code.
    pub(super) fn fail(&mut self, failure: &Failure) -> ExitCode {
        let text = failure.text();
        let line = if self.json { json!({ "error": text }).to_string() } else { format!("error: {text}") };
        Self::hint(&line);
        match failure {
            Failure::Usage(_) => ExitCode::from(2),
            Failure::Failed { .. } => ExitCode::FAILURE,
        }
    }
}

/// Lines text up in columns under a headline. Foreign text is shown escaped.
pub(super) fn table(headline: &[&str], rows: &[Vec<String>]) -> String {
    let shown: Vec<Vec<String>> = std::iter::once(headline.iter().map(|name| (*name).to_owned()).collect())
        .chain(rows.iter().map(|row| row.iter().map(|cell| Shown(cell).to_string()).collect()))
        .collect();
    let width = |column: usize| {
        shown.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..headline.len()).map(width).collect();
    let mut text = String::new();
    for row in &shown {
        let line: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_lines_up_and_escapes() {
        let rows = [vec!["a".to_owned(), "x\u{1b}[2J".to_owned()], vec!["bbb".to_owned(), "y".to_owned()]];
        assert_eq!(table(&["ID", "NAME"], &rows), "ID   NAME\na    x\\u{1b}[2J\nbbb  y\n");
    }
}
