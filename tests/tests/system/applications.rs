//! Applications from the registries that know nothing of Latchgate, each with a person's session in a real
//! browser: a notebook server with a live kernel, a collaborative editor, a file manager, and an address book
//! that is served over https only. The wiki among them is [`crate::dokuwiki`].

use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::time::Duration;

use fantoccini::Locator;
use fantoccini::elements::Element;
use latchgate_intranet::large;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sha2::{Digest as _, Sha256};

use crate::support::browser::Browser;
use crate::support::foreign::Foreign;
use crate::support::system::Options;
use crate::support::{PATIENCE, System, eventually, is_full, site};

/// The key that ends a line, as WebDriver writes it.
const ENTER: &str = "\u{e007}";
const SHIFT: &str = "\u{e008}";
const RELEASE: &str = "\u{e000}";

/// How long an upload of any size may take in all.
const UPLOAD: Duration = Duration::from_secs(600);

#[tokio::test]
async fn a_notebook_runs_a_cell_on_a_live_kernel() {
    const SITE: &str = "http://notebook.northlight.example";
    let notebook = Foreign::start("notebook", |folder, port| {
        std::fs::write(folder.join("work.ipynb"), NOTEBOOK).unwrap();
        jupyter(port, &["--YDocExtension.disable_rtc=True"])
    })
    .await;
    let system = behind_the_firewall(SITE, &format!("http://{}", notebook.address), "").await;
    let maria = system.paired("maria").await;
    let browser = maria.browser().await;

    browser.open(&format!("{SITE}/notebooks/work.ipynb?token={TOKEN}")).await;
    let cell = seen(&browser, ".jp-CodeCell .cm-content").await;
    // The kernel is idle once it is connected.
    seen(&browser, ".jp-Notebook-ExecutionIndicator[data-status=idle]").await;
    cell.click().await.unwrap();
    cell.send_keys(&format!("{SHIFT}{ENTER}{RELEASE}")).await.unwrap();
    let output = seen(&browser, ".jp-OutputArea-output").await.text().await.unwrap();

    assert_eq!(output.trim(), "six times seven is 42", "{}", notebook.log());
}

#[tokio::test]
async fn two_persons_type_into_one_document_and_see_each_other() {
    const SITE: &str = "http://editor.northlight.example";
    let editor = Foreign::start("jupyterlab", |folder, port| {
        std::fs::write(folder.join("minutes.md"), "").unwrap();
        jupyter(port, &[])
    })
    .await;
    let system = behind_the_firewall(SITE, &format!("http://{}", editor.address), "").await;
    let (maria, jonas) = (system.paired("maria").await, system.paired("jonas").await);
    let (marias, jonass) = (maria.browser().await, jonas.browser().await);
    let text = ".jp-FileEditor .cm-content";

    for browser in [&marias, &jonass] {
        browser.open(&format!("{SITE}/lab/tree/minutes.md?token={TOKEN}")).await;
    }
    let (hers, his) = (seen(&marias, text).await, seen(&jonass, text).await);
    hers.send_keys("Maria was here. ").await.unwrap();
    says(&his, "Maria was here.").await;
    his.send_keys("So was Jonas. ").await.unwrap();
    says(&hers, "So was Jonas.").await;

    let file = editor.folder().join("minutes.md");
    eventually("the document on the server's disk", PATIENCE, async || {
        let text = std::fs::read_to_string(&file).unwrap();
        (text.contains("Maria was here.") && text.contains("So was Jonas.")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_file_manager_takes_a_large_upload() {
    const SITE: &str = "http://files.northlight.example";
    let size: u64 = if is_full() { 1000 * 1000 * 1000 } else { 64 * 1000 * 1000 };
    let manager = Foreign::start("copyparty", |folder, port| {
        std::fs::create_dir(folder.join("shared")).unwrap();
        ["-i", "127.0.0.1", "-p", &port.to_string(), "-v", "shared::rw", "--no-crt", "-q"].map(str::to_owned).to_vec()
    })
    .await;
    let system = behind_the_firewall(SITE, &format!("http://{}", manager.address), "").await;
    let maria = system.paired("maria").await;
    let browser = maria.browser().await;
    let report = maria.folder().join("report.bin");
    write_large(&report, size);

    browser.open(&format!("{SITE}/")).await;
    eventually("the page's uploader", PATIENCE, async || {
        browser.script("return Boolean(window.up2k)").await.as_bool().filter(|ready| *ready)
    })
    .await;
    let picker = browser.page.find(Locator::Css("#file1")).await.unwrap();
    picker.send_keys(report.to_str().unwrap()).await.unwrap();
    seen(&browser, "#modal-ok").await.click().await.unwrap();
    let arrived = manager.folder().join("shared/report.bin");
    eventually("the upload on the server's disk", UPLOAD, async || {
        std::fs::metadata(&arrived).is_ok_and(|file| file.len() == size).then_some(())
    })
    .await;
    browser.text_becomes("u2tab", UPLOAD, |text| text.contains("report.bin") && text.contains("done")).await;

    assert_eq!(sha256(&arrived), large::sha256(0..size));
}

#[tokio::test]
async fn an_application_under_a_private_authority_is_used_with_its_own_password() {
    const SITE: &str = "https://calendar.northlight.example";
    let authority = Authority::make();
    let book = Foreign::start("radicale", |folder, port| {
        authority.write(folder);
        std::fs::write(folder.join("people"), "maria:her password here\n").unwrap();
        let hosts = format!("127.0.0.1:{port}");
        let words = ["--server-hosts", &hosts, "--server-ssl", "--server-certificate", "certificate.pem"];
        let more = ["--server-key", "key.pem", "--storage-filesystem-folder", "kept", "--auth-type", "htpasswd"];
        let last = ["--auth-htpasswd-filename", "people", "--auth-htpasswd-encryption", "plain"];
        [&words[..], &more, &last].concat().into_iter().map(str::to_owned).collect()
    })
    .await;
    let trust = format!("ca = \"{}\"", book.folder().join("authority.pem").display());
    let system = behind_the_firewall(SITE, &format!("https://{}", book.address), &trust).await;
    let maria = system.paired("maria").await;
    let browser = maria.browser().await;

    browser.open(&format!("{SITE}/.web/")).await;
    seen(&browser, "#loginscene [data-name=user]").await.send_keys("maria").await.unwrap();
    let password = seen(&browser, "#loginscene [data-name=password]").await;
    password.send_keys(&format!("her password here{ENTER}")).await.unwrap();
    seen(&browser, "#collectionsscene [data-name=new]").await.click().await.unwrap();
    let title = seen(&browser, "#createcollectionscene [data-name=displayname]").await;
    title.send_keys(&format!("Team of the north{ENTER}")).await.unwrap();
    let made = seen(&browser, "#collectionsscene article:not(.hidden) [data-name=title]").await.text().await.unwrap();

    assert_eq!(made, "Team of the north");
    assert!(book.folder().join("kept/collection-root/maria").exists(), "{}", book.log());
}

const TOKEN: &str = "token-of-the-notebook";

const NOTEBOOK: &str = r#"{"cells": [{"cell_type": "code", "execution_count": null, "id": "first", "metadata": {},
"outputs": [], "source": ["print('six times seven is', 6 * 7)"]}], "metadata": {"kernelspec": {"display_name":
"Python 3", "language": "python", "name": "python3"}}, "nbformat": 4, "nbformat_minor": 5}"#;

fn jupyter(port: u16, more: &[&str]) -> Vec<String> {
    let (port, token) = (format!("--port={port}"), format!("--IdentityProvider.token={TOKEN}"));
    let remote = "--ServerApp.allow_remote_access=True";
    let words = ["--no-browser", "--allow-root", "--ip=127.0.0.1", remote, &port, &token];
    [&words[..], more].concat().into_iter().map(str::to_owned).collect()
}

/// Starts a system with one more site.
async fn behind_the_firewall(url: &str, upstream: &str, more: &str) -> System {
    let sites = site::declaration("Application", url, upstream, more);
    System::start_with(Options { sites, ..Options::default() }).await
}

/// Waits until a person can see an element.
async fn seen(browser: &Browser, css: &str) -> Element {
    eventually(css, PATIENCE, async || {
        let element = browser.page.find(Locator::Css(css)).await.ok()?;
        element.is_displayed().await.is_ok_and(|seen| seen).then_some(element)
    })
    .await
}

async fn says(element: &Element, words: &str) {
    eventually(words, PATIENCE, async || element.text().await.is_ok_and(|text| text.contains(words)).then_some(()))
        .await;
}

/// Writes the beginning of the sample intranet's large file.
fn write_large(path: &Path, size: u64) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let mut offset = 0;
    while offset < size {
        let part = large::part(offset, size - offset);
        file.write_all(&part).unwrap();
        offset += part.len() as u64;
    }
    file.flush().unwrap();
}

fn sha256(path: &Path) -> String {
    let mut hash = Sha256::new();
    let mut file = std::io::BufReader::with_capacity(1 << 16, std::fs::File::open(path).unwrap());
    loop {
        let part = file.fill_buf().unwrap();
        if part.is_empty() {
            return hex::encode(hash.finalize());
        }
        hash.update(part);
        let length = part.len();
        file.consume(length);
    }
}

/// A company's own certificate authority.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn make() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Writes itself, and a certificate for this machine with its key.
    fn write(&self, folder: &Path) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        std::fs::write(folder.join("authority.pem"), self.0.pem()).unwrap();
        std::fs::write(folder.join("certificate.pem"), certificate.pem()).unwrap();
        std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    }
}
