//! The sites of a trial: an intranet whose pages try everything by themselves and say what they saw.

use std::path::{Path, PathBuf};

use latchgate_intranet::{Config, Intranet, RequestRecord, Running, Trial, TrialConfig, TrialSites};
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::process::Command;

use super::desktop::{App, Desktop};
use super::process::succeed;
use super::{System, insist, site};

/// 20 seconds of noise, which no codec makes small.
const FILM: &str = "videotestsrc num-buffers=240 pattern=snow ! video/x-raw,width=320,height=240,framerate=12/1 ! \
                    vp8enc deadline=1 cpu-used=16 target-bitrate=4000000 keyframe-max-dist=12 ! webmmux ! filesink";

/// The running sites.
pub(crate) struct Office {
    running: Running,
    folder: TempDir,
}

impl Office {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("latchgate-office-").tempdir().expect("a folder for the sites");
        let film = folder.path().join("film.webm");
        let mut make = Command::new("gst-launch-1.0");
        make.arg("-q").args(FILM.split_whitespace()).arg(format!("location={}", film.display()));
        succeed(&mut make).await;
        let trial = TrialConfig {
            home: "office.northlight.example".to_owned(),
            sign_in: "sign-in.northlight.example".to_owned(),
            partner: "southport.example".to_owned(),
            old: "old.northlight.example".to_owned(),
            swift: "swift.northlight.example".to_owned(),
            film: std::fs::read(&film).expect("read the film").into(),
        };
        let running = Intranet::start(Config { trial: Some(trial), ..Config::default() }).await;
        let running = running.expect("start the sites");
        std::fs::write(folder.path().join("ca.pem"), &running.ca_pem).expect("write the authority");
        Self { running, folder }
    }

    /// Opens the app, pairs it, and opens the home site in a window of its own; a picture of it gets this name.
    pub(crate) async fn open_in_app(&self, system: &System, desktop: &Desktop, picture: &str) -> App {
        let app = desktop.open_app().await;
        app.pair(&system.invite("maria").await.picture, "four words in a row").await;
        app.click_one("site", "url", &self.sites().home).await;
        desktop.shows_page(picture).await;
        app
    }

    /// Types the address of a page into the app.
    pub(crate) async fn lead(&self, desktop: &Desktop, address: &str) {
        let pages = || self.requests().iter().filter(|request| request.target.starts_with("/trial")).count();
        let before = pages();
        insist(
            "a page of a trial is asked for",
            async || desktop.go_to(address).await,
            async || (pages() > before).then_some(()),
        )
        .await;
    }

    /// The sites as `connector.toml` declares them, under the addresses that they have directly.
    pub(crate) fn declaration(&self) -> String {
        self.declare(&format!("ca = \"{}\"\nidentity = {{ header = \"X-Remote-User\" }}\n", self.authority().display()))
    }

    /// The same as raw TLS.
    pub(crate) fn raw_declaration(&self) -> String {
        self.declare("passthrough = true\n")
    }

    /// The same, and the company says which authority vouches for the sites.
    pub(crate) fn vouched_declaration(&self, authority: &Path) -> String {
        self.declare(&format!("passthrough = true\nca = \"{}\"\n", authority.display()))
    }

    fn declare(&self, more: &str) -> String {
        let declare = |origin: &String| {
            let (_, port) = origin.rsplit_once(':').expect("an origin with a port");
            site::declaration(origin, origin, &format!("https://127.0.0.1:{port}"), more)
        };
        self.origins().map(declare).concat()
    }

    fn origins(&self) -> [&String; 5] {
        let TrialSites { home, sign_in, partner, old, swift } = self.sites();
        [home, sign_in, partner, old, swift]
    }

    /// The addresses of the sites.
    pub(crate) fn sites(&self) -> &TrialSites {
        self.trial().sites()
    }

    /// Their hosts.
    pub(crate) fn hosts(&self) -> [&str; 5] {
        self.origins().map(|origin| {
            let host = origin.strip_prefix("https://").and_then(|rest| rest.split(':').next());
            host.expect("an origin has a host")
        })
    }

    /// Where a trial starts.
    pub(crate) fn start_page(&self) -> String {
        format!("{}/trial/start", self.sites().swift)
    }

    /// The authority of all sites, as a file.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The requests that reached the sites, but for those of HTTP/2 alone.
    pub(crate) fn requests(&self) -> Vec<RequestRecord> {
        self.running.requests()
    }

    /// Where pages say what they saw.
    pub(crate) fn trial(&self) -> &Trial {
        self.running.trial.as_ref().expect("it was started with a trial")
    }

    /// Everything that the pages said, and whether that was all; the rows of all of them in one object, without the
    /// ports, which are others each time.
    pub(crate) fn report(&self) -> (Map<String, Value>, bool) {
        let (mut rows, mut done) = (Map::new(), false);
        for report in self.trial().reports() {
            done |= report["done"] == true;
            let mut said = report["rows"].to_string();
            for origin in self.origins() {
                let (bare, _) = origin.rsplit_once(':').expect("an origin with a port");
                said = said.replace(origin.as_str(), bare);
            }
            let said: Value = serde_json::from_str(&said).expect("rows are JSON");
            rows.extend(said.as_object().cloned().unwrap_or_default());
        }
        (rows, done)
    }
}
