//! The wiki: shared pages with a history by person, and one page for each person that nobody else sees.
//!
//! Pages live in memory; with a data folder every save writes all of them to `wiki.json`, new file first,
//! then renamed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use axum::Form;
use axum::extract::{Path as UrlPath, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::Site;
use crate::html::{self, escape};
use crate::markup;
use crate::person::Person;

/// The longest page, in bytes.
const PAGE_LIMIT: usize = 256 * 1024;
/// Kept revisions of one page.
const HISTORY_LIMIT: usize = 100;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Revision {
    text: String,
    person: String,
    /// Unix seconds.
    saved: u64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Pages {
    /// Shared pages by name, oldest revision first.
    shared: BTreeMap<String, Vec<Revision>>,
    /// Each person's own page.
    own: BTreeMap<String, Vec<Revision>>,
}

/// All pages.
#[derive(Debug)]
pub(crate) struct Wiki {
    file: Option<PathBuf>,
    pages: Mutex<Pages>,
}

impl Wiki {
    pub(crate) fn open(data: Option<&Path>) -> anyhow::Result<Self> {
        let file = data.map(|data| data.join("wiki.json"));
        let pages = match &file {
            Some(path) if path.exists() => {
                let text = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
                serde_json::from_slice(&text).with_context(|| format!("understand {}", path.display()))?
            }
            Some(_) | None => Pages { shared: first_pages(), own: BTreeMap::new() },
        };
        Ok(Self { file, pages: Mutex::new(pages) })
    }

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn save(
        &self,
        person: &str,
        text: &str,
        pick: impl FnOnce(&mut Pages) -> &mut Vec<Revision>,
    ) -> anyhow::Result<()> {
        let mut pages = self.lock();
        let saved = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let history = pick(&mut pages);
        history.push(Revision { text: text.replace("\r\n", "\n"), person: person.to_owned(), saved });
        if history.len() > HISTORY_LIMIT {
            history.remove(0);
        }
        let Some(file) = &self.file else { return Ok(()) };
        let arriving = file.with_extension("json.new");
        std::fs::write(&arriving, serde_json::to_vec_pretty(&*pages)?)?;
        std::fs::rename(&arriving, file).context("replace wiki.json")
    }
}

/// Greets the person and lists the pages.
pub(crate) async fn home(State(site): State<Site>, person: Person) -> Response {
    let Some(name) = &person.0 else { return stranger(&person) };
    let pages = site.wiki.lock();
    let mut list = String::new();
    for (page, history) in &pages.shared {
        let Some(last) = history.last() else { continue };
        list += &format!(
            r#"<li><a href="/wiki/{page}">{}</a> <span>last change by {}</span></li>"#,
            title_of(page),
            escape(&last.person)
        );
    }
    let body = format!(
        r#"<h1 id="greeting">Hello, {}</h1>
<p class="lead">You reached the intranet of Northlight Tools. Nobody asked you for a password: your device was
linked to your name when it was paired.</p>
<h2>Pages</h2><ul class="card list" id="pages">{list}</ul>
<div class="grid">
<a class="card" href="/me"><strong>Your own page</strong><span>Only you can see it</span></a>
<a class="card" href="/upload"><strong>Upload</strong><span>A file of any size, with its hash</span></a>
<a class="card" href="/clock"><strong>Clock</strong><span>Live over a WebSocket</span></a>
<a class="card" href="/events"><strong>Events</strong><span>Server-sent, one a second</span></a>
<a class="card" href="/files"><strong>Files</strong><span>Large downloads that resume</span></a>
<a class="card" href="/login"><strong>Time sheet</strong><span>A form with its own cookie</span></a>
</div>"#,
        escape(name)
    );
    html::page(&person, "Wiki", &body)
}

/// Shows the page that only this person sees.
pub(crate) async fn own_page(State(site): State<Site>, person: Person) -> Response {
    let Some(name) = &person.0 else { return stranger(&person) };
    let pages = site.wiki.lock();
    let text = pages.own.get(name).and_then(|history| history.last()).map_or("", |last| &last.text);
    let shown = if text.is_empty() {
        "<p>Nothing here yet. Write your first note below.</p>".into()
    } else {
        markup::to_html(text)
    };
    let body = format!(
        r#"<h1>Notes of {0}</h1><article class="card" id="content">{shown}</article>
<h2>Change</h2>{1}"#,
        escape(name),
        editor("/me", text)
    );
    html::page(&person, "Your own page", &body)
}

/// Saves the page that only this person sees.
pub(crate) async fn save_own_page(State(site): State<Site>, person: Person, Form(edit): Form<Edit>) -> Response {
    let Some(name) = &person.0 else { return stranger(&person) };
    save(&site, name, &edit, "/me", |pages| pages.own.entry(name.clone()).or_default())
}

/// Shows a shared page.
pub(crate) async fn page(State(site): State<Site>, person: Person, UrlPath(page): UrlPath<String>) -> Response {
    if person.0.is_none() {
        return stranger(&person);
    }
    let Some(page) = PageName::read(&page) else { return html::not_found(person).await };
    let last = site.wiki.lock().shared.get(&page.0).and_then(|history| history.last()).cloned();
    let Some(last) = last else {
        let body = format!(
            r#"<h1>{0}</h1><p>This page does not exist yet.</p><p><a class="button" href="/wiki/{1}/edit">Write it</a></p>"#,
            title_of(&page.0),
            page.0
        );
        return (StatusCode::NOT_FOUND, html::page(&person, &title_of(&page.0), &body)).into_response();
    };
    let body = format!(
        r#"<h1>{0}</h1><article class="card" id="content">{1}</article>
<p class="row"><a class="button" id="edit" href="/wiki/{2}/edit">Edit</a> <a href="/wiki/{2}/history">History</a>
<span class="quiet">Last change by {3}, {4}</span></p>"#,
        title_of(&page.0),
        markup::to_html(&last.text),
        page.0,
        escape(&last.person),
        when(last.saved)
    );
    html::page(&person, &title_of(&page.0), &body)
}

/// Shows the editor of a shared page.
pub(crate) async fn edit_page(State(site): State<Site>, person: Person, UrlPath(page): UrlPath<String>) -> Response {
    if person.0.is_none() {
        return stranger(&person);
    }
    let Some(page) = PageName::read(&page) else { return html::not_found(person).await };
    let pages = site.wiki.lock();
    let text = pages.shared.get(&page.0).and_then(|history| history.last()).map_or("", |last| &last.text);
    let body = format!("<h1>Edit {}</h1>{}", title_of(&page.0), editor(&format!("/wiki/{}", page.0), text));
    html::page(&person, "Edit", &body)
}

/// Saves a shared page.
pub(crate) async fn save_page(
    State(site): State<Site>,
    person: Person,
    UrlPath(page): UrlPath<String>,
    Form(edit): Form<Edit>,
) -> Response {
    let Some(name) = &person.0 else { return stranger(&person) };
    let Some(page) = PageName::read(&page) else { return html::not_found(person).await };
    let target = format!("/wiki/{}", page.0);
    save(&site, name, &edit, &target, |pages| pages.shared.entry(page.0).or_default())
}

/// Lists who changed a shared page, newest first.
pub(crate) async fn page_history(State(site): State<Site>, person: Person, UrlPath(page): UrlPath<String>) -> Response {
    if person.0.is_none() {
        return stranger(&person);
    }
    let Some(page) = PageName::read(&page) else { return html::not_found(person).await };
    let mut rows = String::new();
    for revision in site.wiki.lock().shared.get(&page.0).into_iter().flatten().rev() {
        rows += &format!(
            "<tr><td>{}</td><td>{}</td><td class=\"number\">{} bytes</td></tr>",
            when(revision.saved),
            escape(&revision.person),
            revision.text.len()
        );
    }
    let body = format!(
        r#"<h1>History of {0}</h1><div class="scroll"><table id="history"><thead><tr><th>When</th><th>Who</th><th>Size</th></tr></thead>
<tbody>{rows}</tbody></table></div><p><a href="/wiki/{1}">Back to the page</a></p>"#,
        title_of(&page.0),
        page.0
    );
    html::page(&person, "History", &body)
}

/// What the editor sends.
#[derive(Debug, Deserialize)]
pub(crate) struct Edit {
    text: String,
}

fn save(
    site: &Site,
    person: &str,
    edit: &Edit,
    target: &str,
    pick: impl FnOnce(&mut Pages) -> &mut Vec<Revision>,
) -> Response {
    if edit.text.len() > PAGE_LIMIT {
        return (StatusCode::PAYLOAD_TOO_LARGE, "a page holds at most 256 KiB").into_response();
    }
    match site.wiki.save(person, &edit.text, pick) {
        Ok(()) => Redirect::to(target).into_response(),
        Err(error) => {
            tracing::error!("page not saved: {error:#}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn editor(target: &str, text: &str) -> String {
    format!(
        r#"<form method="post" action="{target}" class="editor"><label for="text" class="quiet"># heading · - list · **bold**</label>
<textarea name="text" id="text" rows="14">{}</textarea><p class="row"><button id="save">Save</button></p></form>"#,
        escape(text)
    )
}

/// Answers a request without the stamp: somebody came past the connector.
fn stranger(person: &Person) -> Response {
    let body = r#"<h1>Who are you?</h1><p>This site shows itself to people whose name the connector vouches for.
This request carried no name.</p>"#;
    (StatusCode::UNAUTHORIZED, html::page(person, "Who are you?", body)).into_response()
}

/// The name of a shared page: lower-case letters, digits and dashes, so that it needs no escaping anywhere.
struct PageName(String);

impl PageName {
    fn read(text: &str) -> Option<Self> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        fits.then(|| Self(text.to_owned()))
    }
}

fn title_of(page: &str) -> String {
    let mut letters = page.replace('-', " ");
    if let Some(first) = letters.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    letters
}

/// Writes Unix seconds as a date and time in UTC.
fn when(seconds: u64) -> String {
    // Days to a civil date, after Howard Hinnant's `civil_from_days`, for dates from 1970 on.
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {:02}:{:02} UTC", seconds / 3600 % 24, seconds / 60 % 60)
}

fn first_pages() -> BTreeMap<String, Vec<Revision>> {
    let saved = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let page = |text: &str| vec![Revision { text: text.to_owned(), person: "northlight".to_owned(), saved }];
    BTreeMap::from([
        ("handbook".into(), page(include_str!("../assets/handbook.txt"))),
        ("canteen".into(), page(include_str!("../assets/canteen.txt"))),
        ("on-call".into(), page(include_str!("../assets/on-call.txt"))),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_name_needs_no_escaping() {
        for wrong in ["", "a/b", "..", "A", "a b", "<b>", "ä"] {
            assert!(PageName::read(wrong).is_none(), "{wrong}");
        }
        assert_eq!(title_of("on-call"), "On call");
    }

    #[test]
    fn dates_are_civil() {
        assert_eq!(when(0), "1970-01-01 00:00 UTC");
        assert_eq!(when(951_868_740), "2000-02-29 23:59 UTC");
        assert_eq!(when(1_795_305_600), "2026-11-22 00:00 UTC");
    }

    #[test]
    fn pages_survive_in_the_data_folder() {
        let folder = tempfile::tempdir().unwrap();
        let wiki = Wiki::open(Some(folder.path())).unwrap();
        wiki.save("maria", "first", |pages| pages.own.entry("maria".into()).or_default()).unwrap();
        let again = Wiki::open(Some(folder.path())).unwrap();
        assert_eq!(again.lock().own["maria"].last().unwrap().text, "first");
    }
}
