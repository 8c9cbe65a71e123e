//! The words of the proxy's own pages, in the person's language. Screens have the translations and hand over the
//! ones in use; English is what is there without them.

use std::collections::HashMap;

use serde::Deserialize;
use ts_rs::TS;

use crate::failure::Failure;

/// What the proxy's own pages say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PageWords {
    /// Failures by their codes; the app's own words stand where one is missing.
    pub failures: HashMap<String, FailureWords>,
    /// Loads the page again.
    pub retry: String,
    /// Stands before the code of a failure.
    pub code: String,
    /// Stands above what helps a help desk.
    pub details: String,
}

/// The words of one failure.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FailureWords {
    /// What happened.
    pub message: String,
    /// What to do.
    pub advice: String,
}

/// The words of one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Its tag, such as `de` (BCP 47).
    pub language: String,
    /// The words.
    pub page: PageWords,
}

impl Default for Words {
    fn default() -> Self {
        let page = PageWords {
            failures: HashMap::new(),
            retry: "Try again".to_owned(),
            code: "Code:".to_owned(),
            details: "Details for your help desk".to_owned(),
        };
        Self { language: "en".to_owned(), page }
    }
}

impl Words {
    /// Says a failure in this language. In English the failure's own words may say more than the general ones.
    pub(crate) fn say(&self, failure: &Failure) -> Failure {
        match self.page.failures.get(&failure.code) {
            Some(words) if self.language != "en" => {
                Failure { code: failure.code.clone(), message: words.message.clone(), advice: words.advice.clone() }
            }
            Some(_) | None => failure.clone(),
        }
    }
}
