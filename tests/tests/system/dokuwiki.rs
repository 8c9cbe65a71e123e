//! A web application that knows nothing of Latchgate: DokuWiki, as Debian ships it, with its own interface
//! for single sign-on pointed at the stamped header.

use std::path::{Path, PathBuf};

use fantoccini::Locator;
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::process::Part;
use crate::support::system::Options;
use crate::support::{PATIENCE, System, eventually, site};

const DOKUWIKI: &str = "http://dokuwiki.northlight.example";
/// The file field that DokuWiki's script puts in the place of the plain form.
const PICKER: &str = ".qq-upload-button input[type=file]";

#[tokio::test]
async fn dokuwiki_is_read_edited_and_uploaded_to_under_the_stamped_name() {
    let dokuwiki = DokuWiki::start().await;
    let upstream = format!("http://{}", dokuwiki.address);
    let stamped = "identity = { header = \"X-Remote-User\" }";
    let sites = site::declaration("DokuWiki", DOKUWIKI, &upstream, stamped);
    let system = System::start_with(Options { sites, ..Options::default() }).await;
    let maria = system.paired("maria").await;
    let browser = maria.browser().await;
    let picture = maria.folder().join("badge.png");
    image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([x as u8 * 4, y as u8 * 4, 128])).save(&picture).unwrap();

    browser.open(&format!("{DOKUWIKI}/doku.php?id=start")).await;
    let user = browser.page.find(Locator::Css("li.user")).await.expect("DokuWiki shows who is logged in");
    let user = user.text().await.unwrap();
    browser.open(&format!("{DOKUWIKI}/doku.php?id=start&do=edit")).await;
    browser.fill("wiki__text", "====== From outside ======\nEdited through the tunnel.").await;
    browser.page.find(Locator::Id("edbtn__save")).await.unwrap().click().await.unwrap();
    let page = browser.text_becomes("dokuwiki__content", PATIENCE, |text| text.contains("Edited through")).await;
    browser.open(&format!("{DOKUWIKI}/doku.php?id=start&do=media&tab_files=upload")).await;
    let file = browser.page.wait().at_most(PATIENCE).for_element(Locator::Css(PICKER)).await.unwrap();
    file.send_keys(picture.to_str().unwrap()).await.unwrap();
    browser.page.find(Locator::Id("mediamanager__upload_button")).await.unwrap().click().await.unwrap();
    let uploaded = dokuwiki.data().join("media/badge.png");
    eventually("the upload", PATIENCE, async || uploaded.exists().then_some(())).await;

    assert!(user.contains("maria"), "{user}");
    assert!(page.contains("From outside"), "{page}");
    assert_eq!(std::fs::read(&uploaded).unwrap(), std::fs::read(&picture).unwrap());
    let changes = std::fs::read_to_string(dokuwiki.data().join("meta/_dokuwiki.changes")).unwrap();
    assert!(changes.contains("\tstart\tmaria\t"), "{changes}");
}

/// A DokuWiki of its own, run by PHP's built-in server.
struct DokuWiki {
    address: String,
    folder: TempDir,
    _php: Part,
}

impl DokuWiki {
    async fn start() -> Self {
        let debian = std::env::var_os("LATCHGATE_DOKUWIKI").map_or_else(default_unpacked, PathBuf::from);
        assert!(debian.exists(), "DokuWiki is not unpacked in {}; run `cargo xtask test`", debian.display());
        let folder = tempfile::Builder::new().prefix("latchgate-dokuwiki-").tempdir().unwrap();
        assemble(&debian, folder.path());
        let mut php = Command::new("php");
        php.args(["-S", "127.0.0.1:0", "-d", "display_errors=0", "-d", "auto_prepend_file="]);
        php.arg("-t").arg(folder.path().join("www")).env("PHP_CLI_SERVER_WORKERS", "4");
        let php = Part::start("php", &mut php, folder.path());
        // PHP says on standard error where it listens.
        let address = eventually("PHP's address", PATIENCE, async || {
            let log = php.log();
            let (_, rest) = log.split_once("(http://")?;
            rest.split_once(')').map(|(address, _)| address.to_owned())
        });
        let address = address.await;
        Self { address, folder, _php: php }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

fn default_unpacked() -> PathBuf {
    let binaries = crate::support::process::binaries();
    binaries.parent().expect("programs lie in the target folder").join("dokuwiki/root")
}

/// Copies Debian's files to one writable folder: `www`, `conf` and `data`.
fn assemble(debian: &Path, folder: &Path) {
    let www = folder.join("www");
    copy(debian, &debian.join("usr/share/dokuwiki"), &www);
    copy(debian, &debian.join("var/lib/dokuwiki/lib"), &www.join("lib"));
    copy(debian, &debian.join("var/lib/dokuwiki/data"), &folder.join("data"));
    copy(debian, &debian.join("etc/dokuwiki"), &folder.join("conf"));
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/system/dokuwiki");
    copy(debian, &here.join("authstamp"), &www.join("lib/plugins/authstamp"));
    std::fs::copy(here.join("local.php"), folder.join("conf/local.php")).unwrap();
    std::fs::write(folder.join("conf/acl.auth.php"), "*\t@ALL\t0\n*\t@user\t8\n").unwrap();
    let preload = format!("<?php define('DOKU_CONF', '{}/conf/');\n", folder.display());
    std::fs::write(www.join("inc/preload.php"), preload).unwrap();
}

/// Copies a tree. Links are left out, and PHP files find Debian's other packages where they are unpacked.
fn copy(debian: &Path, from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap_or_else(|error| panic!("read {}: {error}", from.display())) {
        let entry = entry.unwrap();
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy(debian, &source, &target);
        } else if kind.is_file() {
            let mut content = std::fs::read(&source).unwrap();
            if source.extension().is_some_and(|extension| extension == "php")
                && let Ok(text) = std::str::from_utf8(&content)
            {
                let place = format!("{}/usr/share/", debian.display());
                let text = text.replace("/usr/share/php", &format!("{place}php"));
                content = text.replace("/usr/share/javascript", &format!("{place}javascript")).into_bytes();
            }
            std::fs::write(target, content).unwrap();
        }
    }
}
