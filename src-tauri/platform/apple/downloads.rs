//! Downloads of WebKit: its engine receives and writes them, [`downloads`] decides.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use block2::{DynBlock, RcBlock};
use latchgate_client::{ProfileName, ProxyEndpoint};
use objc2::rc::Retained;
use objc2::runtime::{NSObject, ProtocolObject};
use objc2::{DefinedClass as _, MainThreadMarker, MainThreadOnly, define_class, msg_send};
use objc2_foundation::{
    NSData, NSError, NSObjectProtocol, NSProgressReporting as _, NSString, NSURL, NSURLAuthenticationChallenge,
    NSURLCredential, NSURLErrorDomain, NSURLResponse, NSURLSessionAuthChallengeDisposition,
};
use objc2_web_kit::{WKDownload, WKDownloadDelegate};
use tauri::AppHandle;

use super::{VIEWS, delegate, page, request, system};
use crate::browse;
use crate::browse::downloads::{self, Answer, Loss, Offer};
use crate::view::PageNotice;

/// How often progress is asked for.
const LOOK_EVERY: Duration = Duration::from_millis(300);

type Destination = RcBlock<dyn Fn(*mut NSURL)>;

thread_local! {
    /// What is under way, by its number in the list.
    static UNDER_WAY: RefCell<HashMap<u32, UnderWay>> = RefCell::default();
    /// What the site has not answered yet.
    static EXPECTED: RefCell<Vec<(Retained<WKDownload>, Retained<Follower>)>> = RefCell::default();
    static LOOKED_AT: Cell<bool> = const { Cell::new(false) };
}

struct UnderWay {
    download: Retained<WKDownload>,
    /// The download does not keep it alive.
    _follower: Retained<Follower>,
    /// Where it goes, until the person has said that it may.
    destination: Option<Destination>,
}

struct Facts {
    app: AppHandle,
    label: String,
    proxy: ProxyEndpoint,
    id: Cell<Option<u32>>,
}

define_class!(
    /// Follows one download.
    #[unsafe(super(NSObject))]
    #[thread_kind = MainThreadOnly]
    #[name = "LatchgateDownloadDelegate"]
    #[ivars = Facts]
    struct Follower;

    // SAFETY: the class is an object like any other.
    unsafe impl NSObjectProtocol for Follower {}

    // SAFETY: each method takes and returns the types that the protocol declares.
    unsafe impl WKDownloadDelegate for Follower {
        #[unsafe(method(download:decideDestinationUsingResponse:suggestedFilename:completionHandler:))]
        fn decide(
            &self,
            download: &WKDownload,
            response: &NSURLResponse,
            suggested: &NSString,
            decide: &DynBlock<dyn Fn(*mut NSURL)>,
        ) {
            self.offer(download, response, &suggested.to_string(), decide);
        }

        #[unsafe(method(download:didReceiveAuthenticationChallenge:completionHandler:))]
        fn answer(
            &self,
            _download: &WKDownload,
            challenge: &NSURLAuthenticationChallenge,
            done: &DynBlock<dyn Fn(NSURLSessionAuthChallengeDisposition, *mut NSURLCredential)>,
        ) {
            delegate::answer(&self.ivars().proxy, challenge, done);
        }

        #[unsafe(method(downloadDidFinish:))]
        fn finished(&self, download: &WKDownload) {
            forget(download);
            if let Some(id) = self.ivars().id.get() {
                downloads::finish(&self.ivars().app, id);
            }
        }

        #[unsafe(method(download:didFailWithError:resumeData:))]
        fn failed(&self, download: &WKDownload, error: &NSError, _rest: Option<&NSData>) {
            forget(download);
            let Facts { app, label, id, .. } = self.ivars();
            // SAFETY: the name is a constant of the framework.
            let is_network = error.domain().isEqualToString(unsafe { NSURLErrorDomain });
            match id.get() {
                Some(id) => downloads::lose(app, id, if is_network { Loss::Network } else { Loss::Disk }),
                None => browse::notice(app, label, PageNotice::NotSaved { name: String::new() }),
            }
        }
    }
);

impl Follower {
    fn new(app: &AppHandle, label: &str, proxy: &ProxyEndpoint, thread: MainThreadMarker) -> Retained<Self> {
        let facts = Facts { app: app.clone(), label: label.to_owned(), proxy: proxy.clone(), id: Cell::new(None) };
        let follower = Self::alloc(thread).set_ivars(facts);
        // SAFETY: the class adds nothing to how an object begins.
        unsafe { msg_send![super(follower), init] }
    }

    /// Offers a download to the list, and does what it says.
    fn offer(
        &self,
        download: &WKDownload,
        response: &NSURLResponse,
        suggested: &str,
        decide: &DynBlock<dyn Fn(*mut NSURL)>,
    ) {
        let Facts { app, label, id, .. } = self.ivars();
        let profile = page(label).and_then(|page| ProfileName::parse(&page.profile).ok());
        let answer = match (profile, system::downloads_folder(app)) {
            (Some(profile), Some(folder)) => {
                let offer = describe(label, download, response, suggested, folder);
                downloads::offer(app, &profile, offer)
            }
            _ => Answer::Refuse,
        };
        let (number, destination) = match answer {
            Answer::Save(number, path) => {
                go_to(decide, Some(&path));
                (number, None)
            }
            Answer::Wait(number) => (number, Some(decide.copy())),
            Answer::Refuse => {
                forget(download);
                return go_to(decide, None);
            }
        };
        id.set(Some(number));
        let expected = EXPECTED.with_borrow_mut(|expected| {
            let index = expected.iter().position(|(known, _)| **known == *download)?;
            Some(expected.swap_remove(index))
        });
        if let Some((download, follower)) = expected {
            let under_way = UnderWay { download, _follower: follower, destination };
            UNDER_WAY.with_borrow_mut(|list| list.insert(number, under_way));
            look(app);
        }
    }
}

fn describe(label: &str, download: &WKDownload, response: &NSURLResponse, suggested: &str, folder: PathBuf) -> Offer {
    // SAFETY: the download is a live object of the main thread.
    let request = unsafe { download.originalRequest() };
    let is_get = request.and_then(|request| request.HTTPMethod()).is_none_or(|method| method.to_string() == "GET");
    let address = response.URL().and_then(|url| url.absoluteString()).map(|address| address.to_string());
    Offer {
        label: label.to_owned(),
        suggested: suggested.to_owned(),
        media_type: response.MIMEType().map(|media_type| media_type.to_string()).unwrap_or_default(),
        address: address.filter(|address| is_get && address.starts_with("http")),
        total: u64::try_from(response.expectedContentLength()).ok().filter(|total| *total > 0),
        folder,
    }
}

/// Tells WebKit where a download goes, or that it goes nowhere.
fn go_to(decide: &DynBlock<dyn Fn(*mut NSURL)>, path: Option<&Path>) {
    let place =
        path.and_then(Path::to_str).map(|path| NSURL::fileURLWithPath_isDirectory(&NSString::from_str(path), false));
    decide.call((place.as_ref().map_or(std::ptr::null_mut(), |place| Retained::as_ptr(place).cast_mut()),));
}

/// Follows a download that a page began.
pub(super) fn take(app: &AppHandle, label: &str, proxy: &ProxyEndpoint, download: &WKDownload) {
    let follower = Follower::new(app, label, proxy, download.mtm());
    // SAFETY: the download is a live object of the main thread, and the follower is kept beside it.
    let download = unsafe {
        download.setDelegate(Some(ProtocolObject::from_ref(&*follower)));
        Retained::retain(std::ptr::from_ref(download).cast_mut())
    };
    if let Some(download) = download {
        EXPECTED.with_borrow_mut(|expected| expected.push((download, follower)));
    }
}

/// Writes a download that waited for the person's word.
pub(crate) fn save_download(id: u32, path: &Path) {
    let destination =
        UNDER_WAY.with_borrow_mut(|list| list.get_mut(&id).and_then(|under_way| under_way.destination.take()));
    if let Some(destination) = destination {
        go_to(&destination, Some(path));
    }
}

/// Gives a download up.
pub(crate) fn cancel_download(id: u32) {
    let Some(under_way) = UNDER_WAY.with_borrow_mut(|list| list.remove(&id)) else { return };
    if let Some(destination) = under_way.destination {
        return go_to(&destination, None);
    }
    // SAFETY: the download is a live object of the main thread.
    unsafe { under_way.download.cancel(None) };
}

/// Fetches an address once more, through a page of the company where one is open.
pub(crate) fn start_download(profile: &ProfileName, address: &str) {
    let found = VIEWS.with_borrow(|views| {
        let (label, page) = views.pages.iter().find(|(_, page)| page.profile == profile.as_str())?;
        let context = views.contexts.get(profile.as_str())?;
        Some((label.clone(), page.clone(), context.proxy.clone()))
    });
    let (Some((label, page, proxy)), Some(request)) = (found, request(address)) else { return };
    let app = page.app.clone();
    let started = RcBlock::new(move |download: std::ptr::NonNull<WKDownload>| {
        // SAFETY: WebKit hands over a download that lives as long as the call.
        take(&app, &label, &proxy, unsafe { download.as_ref() });
    });
    page.view.startDownload(&request, &started);
}

fn forget(download: &WKDownload) {
    EXPECTED.with_borrow_mut(|expected| expected.retain(|(known, _)| **known != *download));
    UNDER_WAY.with_borrow_mut(|list| list.retain(|_, under_way| *under_way.download != *download));
}

/// Looks at what is under way until there is nothing.
fn look(app: &AppHandle) {
    if LOOKED_AT.replace(true) {
        return;
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        while browse::on_main(&app, {
            let app = app.clone();
            move || show(&app)
        })
        .await
            == Some(true)
        {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    });
}

/// Shows how far each is; `false` when there is nothing to show.
fn show(app: &AppHandle) -> bool {
    let progress: Vec<(u32, i64)> = UNDER_WAY.with_borrow(|list| {
        let running = list.iter().filter(|(_, under_way)| under_way.destination.is_none());
        running.map(|(id, under_way)| (*id, under_way.download.progress().completedUnitCount())).collect()
    });
    for (id, received) in progress {
        downloads::progress(app, id, u64::try_from(received).unwrap_or_default());
    }
    let any = UNDER_WAY.with_borrow(|list| !list.is_empty());
    LOOKED_AT.set(any);
    any
}
