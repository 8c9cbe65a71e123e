//! Logins over a lock: the cookies of a company's pages, handed to the controller, which seals them.
//!
//! The cookies are those of the crate `soup3`, as webkit2gtk hands them out.
//!
//! 1. The context of an unlock lies in memory only. Where the person wants to stay logged in, its first page waits
//!    until the cookies that were kept are back in it ([`restore`]).
//! 2. Each time that cookies change, they are read after a short while ([`connect`]): a login sets several.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use gtk::gio::Cancellable;
use gtk::glib;
use latchgate_client::{Login, ProfileName, SameSite};
use soup::{Cookie, SameSitePolicy};
use tauri::AppHandle;
use webkit2gtk::{CookieManagerExt, WebContext, WebContextExt, WebsiteDataManagerExtManual, WebsiteDataTypes};

use super::contexts;
use crate::browse;

/// How long cookies may go on changing before they are read.
const SETTLE: Duration = Duration::from_millis(300);
/// A cookie that ends with the session has no age.
const SESSION: i32 = -1;

/// Reads the cookies of a company's pages whenever they have changed.
pub(super) fn connect(app: &AppHandle, profile: &ProfileName, context: &WebContext) {
    let Some(cookies) = context.cookie_manager() else { return };
    let (app, profile) = (app.clone(), profile.clone());
    let waits = Rc::new(Cell::new(false));
    cookies.connect_changed(move |_| {
        if waits.replace(true) {
            return;
        }
        let (app, profile, waits) = (app.clone(), profile.clone(), Rc::clone(&waits));
        glib::timeout_add_local_once(SETTLE, move || {
            waits.set(false);
            read_logins(&app, &profile);
        });
    });
}

/// Hands the cookies of a company's sites to the controller, where the person wants them kept.
pub(crate) fn read_logins(app: &AppHandle, profile: &ProfileName) {
    let sites = browse::keeping::sites_with_logins(app, profile);
    let context = contexts::find(profile);
    let Some(cookies) = context.and_then(|context| context.cookie_manager()).filter(|_| !sites.is_empty()) else {
        return;
    };
    let found = Rc::new(RefCell::new(Vec::<Login>::new()));
    let after = After::new({
        let (app, profile, found) = (app.clone(), profile.clone(), Rc::clone(&found));
        move || browse::keeping::keep_logins(&app, &profile, found.take())
    });
    for site in sites {
        let (found, after) = (Rc::clone(&found), Rc::clone(&after));
        cookies.cookies(&site, Cancellable::NONE, move |read| {
            for login in read.unwrap_or_default().into_iter().filter_map(login_of) {
                let mut found = found.borrow_mut();
                // Sites below one domain share cookies.
                if !found.contains(&login) {
                    found.push(login);
                }
            }
            drop(after);
        });
    }
}

/// Puts the cookies that were kept into a new context, and goes on then.
pub(super) fn restore(context: &WebContext, logins: &[Login], then: impl FnOnce() + 'static) {
    let after = After::new(then);
    let Some(cookies) = context.cookie_manager() else { return };
    for login in logins {
        let after = Rc::clone(&after);
        cookies.add_cookie(&mut cookie_of(login), Cancellable::NONE, move |added| {
            if added.is_err() {
                tracing::debug!("a cookie that was kept is not one any more");
            }
            drop(after);
        });
    }
}

/// Forgets what the pages of a company keep.
pub(crate) fn forget_logins(profile: &ProfileName) {
    let context = contexts::find(profile);
    if let Some(data) = context.and_then(|context| context.website_data_manager()) {
        data.clear(WebsiteDataTypes::ALL, glib::TimeSpan::from_seconds(0), Cancellable::NONE, |cleared| {
            if let Err(error) = cleared {
                tracing::warn!(error = &error as &dyn std::error::Error, "what pages keep was not forgotten");
            }
        });
    }
}

/// Does something when the last of those who hold it is done.
struct After(Cell<Option<Box<dyn FnOnce()>>>);

impl After {
    fn new(then: impl FnOnce() + 'static) -> Rc<Self> {
        Rc::new(Self(Cell::new(Some(Box::new(then)))))
    }
}

impl Drop for After {
    fn drop(&mut self) {
        if let Some(then) = self.0.take() {
            then();
        }
    }
}

fn login_of(mut cookie: Cookie) -> Option<Login> {
    let text = |text: Option<glib::GString>| text.map(String::from);
    Some(Login {
        name: text(cookie.name())?,
        value: text(cookie.value())?,
        domain: text(cookie.domain())?,
        path: text(cookie.path())?,
        expires: cookie.expires().map(|time| time.to_unix()),
        secure: cookie.is_secure(),
        http_only: cookie.is_http_only(),
        same_site: same_site(cookie.same_site_policy()),
    })
}

/// A policy that a newer library may know is none here.
fn same_site(policy: SameSitePolicy) -> SameSite {
    if policy == SameSitePolicy::Strict {
        SameSite::Strict
    } else if policy == SameSitePolicy::Lax {
        SameSite::Lax
    } else {
        SameSite::None
    }
}

fn cookie_of(login: &Login) -> Cookie {
    let mut cookie = Cookie::new(&login.name, &login.value, &login.domain, &login.path, SESSION);
    if let Some(time) = login.expires.and_then(|time| glib::DateTime::from_unix_utc(time).ok()) {
        cookie.set_expires(&time);
    }
    cookie.set_secure(login.secure);
    cookie.set_http_only(login.http_only);
    cookie.set_same_site_policy(match login.same_site {
        SameSite::None => SameSitePolicy::None,
        SameSite::Lax => SameSitePolicy::Lax,
        SameSite::Strict => SameSitePolicy::Strict,
    });
    cookie
}
