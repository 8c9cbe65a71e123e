//! Signing on once for all sites: the site sends the browser to another one, which asks for a name or knows it
//! already, and sends it back with a ticket that becomes a cookie.
//!
//! 1. `/trial/members` at home, without a cookie of its own, leads to `/trial/sign-in` at the other site.
//! 2. There a form sends itself; the answer sets a cookie of that site. Who has it already is not asked.
//! 3. `/trial/welcome` at home turns the ticket into a cookie of its own and leads on to where the browser wanted to go.

use std::sync::Arc;

use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Form, Json};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use super::Trial;
use super::page::scripted;
use crate::html::escape;
use crate::login::cookie;

const MEMBER: &str = "__Host-member";
const KNOWN: &str = "__Host-known";

/// Where the browser wanted to go.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    then: String,
}

/// Leads a browser without a cookie away, and one with it on.
pub(super) async fn members(
    Extension(trial): Extension<Arc<Trial>>,
    Query(Wanted { then }): Query<Wanted>,
) -> Response {
    let away = format!("{}/trial/sign-in?then={}", trial.sites.sign_in, then);
    (StatusCode::FOUND, [(header::LOCATION, away)]).into_response()
}

/// Asks for a name, or sends back who is known.
pub(super) async fn ask(
    Extension(trial): Extension<Arc<Trial>>,
    Query(Wanted { then }): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    if let Some(name) = cookie(&headers, KNOWN) {
        return send_back(&trial, &format!("{name}-without-a-question"), &then);
    }
    let form = format!(
        "<form method=\"post\" action=\"/trial/sign-in?then={}\"><input name=\"name\" value=\"maria\"><button>Sign in\
         </button></form>",
        escape(&then)
    );
    scripted("Sign in", &form, &["sign-in.js"])
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub(super) struct Name {
    name: String,
}

/// Remembers the name in a cookie of this site.
pub(super) async fn know(
    Extension(trial): Extension<Arc<Trial>>,
    Query(Wanted { then }): Query<Wanted>,
    Form(Name { name }): Form<Name>,
) -> Response {
    let mut back = send_back(&trial, &format!("{name}-by-the-form"), &then);
    let known = format!("{KNOWN}={name}; Path=/; Secure; HttpOnly; SameSite=Lax");
    if let Ok(known) = known.parse() {
        back.headers_mut().insert(header::SET_COOKIE, known);
    }
    back
}

fn send_back(trial: &Trial, ticket: &str, then: &str) -> Response {
    let back = format!("{}/trial/welcome?ticket={ticket}&then={then}", trial.sites.home);
    (StatusCode::SEE_OTHER, [(header::LOCATION, back)]).into_response()
}

/// A ticket of the other site.
#[derive(Debug, Deserialize)]
pub(super) struct Ticket {
    ticket: String,
    then: String,
}

/// Turns the ticket into a cookie.
pub(super) async fn welcome(Query(Ticket { ticket, then }): Query<Ticket>) -> Response {
    let member = format!("{MEMBER}={ticket}; Path=/; Secure; HttpOnly; SameSite=Strict");
    (StatusCode::FOUND, [(header::SET_COOKIE, member), (header::LOCATION, then)]).into_response()
}

/// Says who has signed on, and how.
pub(super) async fn member(headers: HeaderMap) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(json!({ "member": cookie(&headers, MEMBER) }))).into_response()
}
