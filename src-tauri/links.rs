//! Links from other programs: `latchgate://open?url=ADDRESS` to a page of a company, `latchgate://scan` to the scanner.
//!
//! 1. Whoever is on this device can make such a link, and so can any web page. It brings nothing along but an address:
//!    no code, no secret, and what else stands in it is not read.
//! 2. [`take`] keeps the last one and shows it. Nothing is opened before the person said so, which they can as soon as
//!    the app is unlocked.
//! 3. [`answer`] opens it where it leads to a site of one of the companies, and nowhere else.

use latchgate_client::{Failure, Fault, ProfileName};
use tauri::{AppHandle, Emitter, EventTarget, Manager, Url};

use crate::browse;
use crate::browse::rules::{self, Verdict};
use crate::shell::{MAIN, Shell};
use crate::view::LinkView;

/// The scheme that the system hands to this app; `tauri.conf.json` registers it.
const SCHEME: &str = "latchgate";
/// The longest address that a link may carry, in bytes: what fits on a screen.
const ADDRESS: usize = 2048;

/// The link that waits for an answer.
#[derive(Debug, Default)]
pub(crate) struct Links(Option<Link>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Link {
    Page(Url),
    Scan,
}

impl Links {
    /// Returns what the screens show.
    pub(crate) fn view(&self) -> Option<LinkView> {
        self.0.as_ref().map(|link| match link {
            Link::Page(url) => {
                LinkView::Page { address: url.to_string(), host: url.host_str().unwrap_or_default().to_owned() }
            }
            Link::Scan => LinkView::Scan,
        })
    }
}

/// Keeps a link that another program opened, and asks the person about it.
pub(crate) fn take(app: &AppHandle, link: &Url) {
    let Some(link) = read(link) else {
        tracing::debug!("a link of another program is none that this app knows");
        return;
    };
    app.state::<Shell>().links().0 = Some(link);
    show(app);
    // On a phone the system brought the app to the front.
    #[cfg(desktop)]
    crate::shell::show_main(app);
}

/// Does what the person said about the link that waits.
///
/// # Errors
/// `site-not-allowed` where it leads to no site of a company that is open.
pub(crate) async fn answer(app: &AppHandle, open: bool) -> Result<(), Failure> {
    let link = app.state::<Shell>().links().0.take();
    show(app);
    match link {
        Some(Link::Page(url)) if open => {
            let company = company_of(app, &url).ok_or(Fault::SiteNotAllowed)?;
            app.state::<Shell>().companies().show(&company)?;
            browse::open_site(app, url.as_str()).await
        }
        Some(Link::Page(_) | Link::Scan) | None => Ok(()),
    }
}

/// Finds the company whose site an address belongs to, the one that is shown before others.
fn company_of(app: &AppHandle, url: &Url) -> Option<ProfileName> {
    let shell = app.state::<Shell>();
    let companies = shell.companies();
    let names = companies.view().companies.into_iter().filter_map(|company| ProfileName::parse(&company.profile).ok());
    let mut names = std::iter::once(companies.shown_name()).chain(names);
    names.find(|name| {
        let sites = companies.find(name).map(|client| client.view().sites).unwrap_or_default();
        rules::judge(url, &sites) == Verdict::Load
    })
}

fn show(app: &AppHandle) {
    let link = app.state::<Shell>().links().view();
    if let Err(error) = app.emit_to(EventTarget::webview_window(MAIN), "link", link) {
        tracing::warn!(error = &error as &dyn std::error::Error, "the main window does not take a link");
    }
}

/// Reads a link; everything but the address of a page is left aside.
fn read(link: &Url) -> Option<Link> {
    if link.scheme() != SCHEME {
        return None;
    }
    match link.host_str()? {
        "scan" | "pair" => Some(Link::Scan),
        "open" => {
            let (_, address) = link.query_pairs().find(|(name, _)| name == "url")?;
            let url = Url::parse(&address).ok()?;
            let plain = url.username().is_empty() && url.password().is_none() && address.len() <= ADDRESS;
            (matches!(url.scheme(), "http" | "https") && url.host_str().is_some() && plain).then_some(Link::Page(url))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Option<LinkView> {
        Url::parse(text).ok().and_then(|url| Links(read(&url)).view())
    }

    #[test]
    fn a_link_names_a_page_and_nothing_else() {
        let wiki = LinkView::Page {
            address: "https://wiki.example.com/a?b=c".to_owned(),
            host: "wiki.example.com".to_owned(),
        };
        assert_eq!(read_text("latchgate://open?url=https%3A%2F%2Fwiki.example.com%2Fa%3Fb%3Dc"), Some(wiki));
        for other in [
            "latchgate://open",
            "latchgate://open?url=javascript:alert(1)",
            "latchgate://open?url=file:///etc/passwd",
            "latchgate://open?url=latchgate://open",
            "latchgate://open?url=https://maria:secret@wiki.example.com/",
            "latchgate://forget",
            "latchgate:open?url=https://wiki.example.com",
            "https://wiki.example.com/",
        ] {
            assert_eq!(read_text(other), None, "{other}");
        }
        let long = format!("latchgate://open?url=https://wiki.example.com/{}", "x".repeat(ADDRESS));
        assert_eq!(read_text(&long), None);
    }

    #[test]
    fn ab_80_a_link_to_the_scanner_brings_no_code_along() {
        for link in ["latchgate://scan", "latchgate://pair", "latchgate://pair?code=LG1:6BFOXN%2ATS0BI#LG1:6BF"] {
            assert_eq!(read_text(link), Some(LinkView::Scan), "{link}");
        }
    }
}
