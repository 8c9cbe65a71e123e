//! A form with its own cookie session, as older applications have one beside the stamped identity.

use axum::Form;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, header};
use serde::Deserialize;

use crate::html::{self, escape};
use crate::person::Person;

const COOKIE: &str = "northlight_session";

/// Shows the form, or who is signed in.
pub(crate) async fn form(person: Person, headers: HeaderMap) -> Response {
    let body = match cookie(&headers, COOKIE).and_then(|value| decode(&value)) {
        Some(name) => format!(
            r#"<h1>Time sheet</h1><p class="card">Signed in to the time sheet as <strong id="signed-in">{}</strong>.</p>
<form method="post" action="/logout"><button id="sign-out">Sign out</button></form>"#,
            escape(&name)
        ),
        None => r#"<h1>Time sheet</h1><p>This form keeps its session in a cookie. Any name will do.</p>
<form method="post" action="/login" class="card"><label>Name <input name="name" id="name" required maxlength="64"></label>
<button id="sign-in">Sign in</button></form>"#
            .to_owned(),
    };
    html::page(&person, "Time sheet", &body)
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub(crate) struct SignIn {
    name: String,
}

/// Sets the cookie.
pub(crate) async fn sign_in(Form(form): Form<SignIn>) -> Response {
    let cookie = format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Lax", encode(&form.name));
    ([(header::SET_COOKIE, cookie)], Redirect::to("/login")).into_response()
}

/// Takes the cookie back.
pub(crate) async fn sign_out() -> Response {
    let cookie = format!("{COOKIE}=; Path=/; Max-Age=0");
    ([(header::SET_COOKIE, cookie)], Redirect::to("/login")).into_response()
}

/// Returns the value of one cookie.
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    // A neighbour's value may hold any bytes.
    headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

fn encode(name: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(name)
}

fn decode(value: &str) -> Option<String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(value).ok()?;
    String::from_utf8(bytes).ok().filter(|name| !name.is_empty())
}
