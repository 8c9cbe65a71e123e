//! What the disk and the log never hold.

use std::path::Path;

use super::*;
use crate::world::COMPANY;

#[tokio::test]
async fn the_company_name_is_the_only_word_of_the_company_on_the_disk() {
    let device = Device::new();
    drop(device.paired().await);
    let files = files(device.folder.path());
    assert!(files.contains(COMPANY));
    for word in ["Ada", "wiki.example.com", "LG1:"] {
        assert!(!files.contains(word), "{word} lies on the disk");
    }
}

#[tokio::test]
async fn nothing_secret_is_logged_while_pairing_and_browsing() {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).finish();
    let _logging = tracing::subscriber::set_default(subscriber);

    let device = Device::new();
    let code = device.world.code();
    let controller = device.paired().await;
    let endpoint = controller.proxy().unwrap();
    get(&endpoint, "http://wiki.example.com/CANARY").await;
    controller.lock(LockCause::Person);

    let text = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    let ours: String = text.lines().filter(|line| line.contains("latchgate")).collect();
    assert!(ours.contains("paired"));
    for secret in [code.as_str(), &endpoint.password, "CANARY", "wiki.example.com", "Ada"] {
        assert!(!ours.contains(secret), "the log holds a secret");
    }
}

/// Returns the text of every file below a folder.
fn files(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: std::path::PathBuf| {
        if path.is_dir() { files(&path) } else { String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned() }
    };
    entries.map(text).collect()
}
