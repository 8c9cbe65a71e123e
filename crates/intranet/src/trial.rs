//! Everything that a page can tell about the way to its site, tried by pages that run by themselves.
//!
//! 1. A browser opens `/trial/start` at the site that speaks HTTP/2 alone ([`swift`]). From there the pages lead each
//!    other on: the prompts of an older site ([`prompt`]), signing on at another site ([`sign_on`]), and the trial
//!    itself.
//! 2. Each page says what it saw in [`Trial::reports`], one row for each capability. The last one says that it is done.
//! 3. Some things a page may do only for a person who clicks: it says so in [`Trial::clicks_wanted`].
//! 4. What only the site can tell, such as who gave up an answer, is noted under a word that the page made, and the
//!    page asks for it.
//!
//! The same pages over two ways to the same site have the same rows, or the ways differ.

mod body;
mod film;
mod page;
mod prompt;
mod sign_on;
mod silent;
mod socket;
mod stream;
pub(crate) mod swift;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::routing::{any, get, post};
use axum::{Extension, Router};
use bytes::Bytes;
use serde_json::Value;
use tokio::sync::watch;

use crate::Site;

/// The hosts of a trial, and what its pages show.
#[derive(Debug, Clone)]
pub struct TrialConfig {
    /// Where the trial itself runs.
    pub home: String,
    /// Where people sign on for all sites; of the same registered domain as `home`.
    pub sign_in: String,
    /// A site of another registered domain.
    pub partner: String,
    /// Speaks HTTP/1.1 alone and asks for passwords by prompts.
    pub old: String,
    /// Speaks HTTP/2 alone and hints early.
    pub swift: String,
    /// A WebM file of 20 seconds and many megabytes.
    pub film: Bytes,
}

/// The `https` origins of a trial, each at the port where it is served.
#[derive(Debug, Clone)]
pub struct TrialSites {
    /// Where the trial itself runs.
    pub home: String,
    /// Where people sign on for all sites.
    pub sign_in: String,
    /// A site of another registered domain.
    pub partner: String,
    /// Speaks HTTP/1.1 alone.
    pub old: String,
    /// Speaks HTTP/2 alone. A trial starts at its path `/trial/start`.
    pub swift: String,
}

impl TrialConfig {
    /// The hosts, for a certificate.
    pub(crate) fn hosts(&self) -> [&str; 5] {
        [&self.home, &self.sign_in, &self.partner, &self.old, &self.swift].map(String::as_str)
    }
}

/// What the sites of a trial share.
#[derive(Debug)]
pub struct Trial {
    sites: TrialSites,
    film: Bytes,
    told: Mutex<Told>,
    clicks_wanted: AtomicUsize,
    /// How often the silent streams were woken.
    wakes: watch::Sender<usize>,
    prompts: prompt::Prompts,
}

#[derive(Debug, Default)]
struct Told {
    reports: Vec<Value>,
    notes: HashMap<String, Vec<String>>,
}

impl Trial {
    /// Arranges a trial at the ports of the listeners: with both protocols, with HTTP/1.1 and with HTTP/2 alone.
    pub(crate) fn new(config: TrialConfig, [both, old, swift]: [u16; 3]) -> Self {
        let origin = |host: &str, port: u16| format!("https://{host}:{port}");
        Self {
            sites: TrialSites {
                home: origin(&config.home, both),
                sign_in: origin(&config.sign_in, both),
                partner: origin(&config.partner, both),
                old: origin(&config.old, old),
                swift: origin(&config.swift, swift),
            },
            film: config.film,
            told: Mutex::default(),
            clicks_wanted: AtomicUsize::new(0),
            wakes: watch::Sender::new(0),
            prompts: prompt::Prompts::default(),
        }
    }

    /// The addresses of the sites.
    #[must_use]
    pub fn sites(&self) -> &TrialSites {
        &self.sites
    }

    /// Returns what the pages said so far, oldest first.
    #[must_use]
    pub fn reports(&self) -> Vec<Value> {
        self.told().reports.clone()
    }

    /// Forgets what was said, for the next browser.
    pub fn clear(&self) {
        *self.told() = Told::default();
        self.clicks_wanted.store(0, Ordering::SeqCst);
    }

    /// Returns how often a page asked for a person's click.
    #[must_use]
    pub fn clicks_wanted(&self) -> usize {
        self.clicks_wanted.load(Ordering::SeqCst)
    }

    /// Lets every silent stream say something.
    pub fn wake(&self) {
        self.wakes.send_modify(|wakes| *wakes += 1);
    }

    /// Returns what was noted under a word.
    #[must_use]
    pub fn noted(&self, word: &str) -> Vec<String> {
        self.told().notes.get(word).cloned().unwrap_or_default()
    }

    fn note(&self, word: &str, what: impl Into<String>) {
        self.told().notes.entry(word.to_owned()).or_default().push(what.into());
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes the end of something under a word when it is dropped.
struct NotedEnd {
    trial: Arc<Trial>,
    word: String,
}

impl Drop for NotedEnd {
    fn drop(&mut self) {
        self.trial.note(&self.word, "gone");
    }
}

pub(crate) fn router(trial: Arc<Trial>) -> Router<Site> {
    Router::new()
        .route("/trial", get(page::trial))
        .route("/trial/places", get(page::places))
        .route("/trial/report", post(page::report))
        .route("/trial/click", post(page::want_click))
        .route("/trial/noted", any(page::noted))
        .route("/trial/window", get(page::window))
        .route("/trial/prompts", get(prompt::page))
        .route("/trial/basic", get(prompt::basic))
        .route("/trial/ntlm", get(prompt::ntlm))
        .route("/trial/members", get(sign_on::members))
        .route("/trial/sign-in", get(sign_on::ask).post(sign_on::know))
        .route("/trial/welcome", get(sign_on::welcome))
        .route("/trial/member", get(sign_on::member))
        .route("/trial/cookies", any(body::cookies))
        .route("/trial/moved", any(body::moved))
        .route("/trial/compressed", get(body::compressed))
        .route("/trial/known", get(body::known))
        .route("/trial/across", any(body::across))
        .route("/trial/count", any(stream::count))
        .route("/trial/endless", get(stream::endless))
        .route("/trial/events", get(stream::events))
        .route("/trial/socket", any(socket::talk))
        .route("/trial/film.webm", get(film::film))
        .route("/trial/silence", get(silent::page))
        .route("/trial/silent/events", get(silent::events))
        .route("/trial/silent/socket", any(silent::socket))
        .layer(Extension(trial))
}
