//! The frame around every page, escaping, and the files below `/assets`.

use axum::extract::Path;
use axum::response::{Html, IntoResponse, Response};
use http::{StatusCode, header};

use crate::person::Person;

/// What is allowed on a page: everything from this site, nothing inline, nothing foreign.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'";

/// Puts `body`, which is HTML, into the frame of the site.
pub(crate) fn page(person: &Person, title: &str, body: &str) -> Response {
    let person = escape(person.shown());
    let initial = person.chars().next().unwrap_or('?').to_uppercase().to_string();
    let title = escape(title);
    let html = format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Northlight</title>
<link rel="icon" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/style.css">
</head>
<body>
<header>
<a class="brand" href="/"><img src="/assets/icon.svg" alt="" width="28" height="28">Northlight</a>
<nav aria-label="Site">
<a href="/">Wiki</a><a href="/upload">Upload</a><a href="/clock">Clock</a><a href="/events">Events</a><a href="/files">Files</a><a href="/secure">Security</a>
</nav>
<a class="person" href="/me" title="Your own page"><span class="avatar" aria-hidden="true">{initial}</span><span id="person">{person}</span></a>
</header>
<main>
{body}
</main>
<footer>A sample intranet. Pages, names and numbers are made up.</footer>
</body>
</html>
"#
    );
    ([(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY), (header::CACHE_CONTROL, "no-store")], Html(html))
        .into_response()
}

/// Answers for an address without a page.
pub(crate) async fn not_found(person: Person) -> Response {
    let body = r#"<h1>Nothing here</h1><p>This address has no page. <a href="/">Back to the wiki</a></p>"#;
    (StatusCode::NOT_FOUND, page(&person, "Nothing here", body)).into_response()
}

/// Serves one of the files that are built in.
pub(crate) async fn asset(Path(name): Path<String>) -> Response {
    let (content_type, text) = match name.as_str() {
        "style.css" => ("text/css; charset=utf-8", include_str!("../assets/style.css")),
        "clock.js" => ("text/javascript; charset=utf-8", include_str!("../assets/clock.js")),
        "events.js" => ("text/javascript; charset=utf-8", include_str!("../assets/events.js")),
        "secure.js" => ("text/javascript; charset=utf-8", include_str!("../assets/secure.js")),
        "report.js" => ("text/javascript; charset=utf-8", include_str!("../assets/report.js")),
        "sign-in.js" => ("text/javascript; charset=utf-8", include_str!("../assets/sign-in.js")),
        "prompts.js" => ("text/javascript; charset=utf-8", include_str!("../assets/prompts.js")),
        "trial.js" => ("text/javascript; charset=utf-8", include_str!("../assets/trial.js")),
        "streams.js" => ("text/javascript; charset=utf-8", include_str!("../assets/streams.js")),
        "windows.js" => ("text/javascript; charset=utf-8", include_str!("../assets/windows.js")),
        "window.js" => ("text/javascript; charset=utf-8", include_str!("../assets/window.js")),
        "silence.js" => ("text/javascript; charset=utf-8", include_str!("../assets/silence.js")),
        "icon.svg" => ("image/svg+xml", include_str!("../assets/icon.svg")),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "max-age=300")], text).into_response()
}

/// Makes a text safe inside HTML text and quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_text_stays_text() {
        assert_eq!(escape(r#"<b a="1">&'"#), "&lt;b a=&quot;1&quot;&gt;&amp;&#39;");
    }
}
