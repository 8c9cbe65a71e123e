use std::collections::HashMap;
use std::sync::Arc;

use tokio::net::TcpStream;

use super::*;
use crate::client::UnlockSecret;
use crate::controller::Controller;
use crate::vault::tests::MemoryStore;
use crate::view::{AppView, Light, PairingStep};
use crate::world::World;

/// An app on a disk and in a keychain; each profile meets a company of its own.
struct App {
    folder: tempfile::TempDir,
    store: Arc<MemoryStore>,
    worlds: HashMap<&'static str, World>,
}

impl App {
    fn new() -> Self {
        let worlds = ["work", "work-2", "work-3"].map(|name| (name, World::new())).into();
        Self { folder: tempfile::tempdir().unwrap(), store: Arc::default(), worlds }
    }

    async fn start(&self) -> Companies {
        loop {
            let (folder, store, worlds) = (self.folder.path().to_owned(), Arc::clone(&self.store), self.worlds.clone());
            let make = move |profile: ProfileName| {
                let network = worlds[profile.as_str()].clone();
                let config = ClientConfig {
                    data_dir: folder.clone(),
                    profile,
                    store: Box::new(Arc::clone(&store)),
                    plain_http: PlainHttp::ToLoopback,
                    device_label: "phone".to_owned(),
                    roots: TlsRoots::Platform,
                    idle: IdleLock::Never,
                    web_data: None,
                };
                let controller = Controller::open(config, Arc::new(network))?;
                Ok(Client::over(controller, PlainHttp::ToLoopback))
            };
            match Companies::open_with(self.folder.path().to_owned(), name("work"), Box::new(make)) {
                // The tasks of an earlier start are dropped by the runtime, in its own time.
                Err(ClientError::InUse) => tokio::task::yield_now().await,
                opened => return opened.unwrap(),
            }
        }
    }

    /// Pairs the company that is shown and goes on to its portal.
    async fn pair(&self, companies: &Companies) -> Client {
        let client = companies.shown();
        let code = self.worlds[companies.shown_name().as_str()].code();
        client.pair(&code, UnlockSecret::None).await.unwrap();
        let done = |view: &AppView| match &view.screen {
            Screen::Pairing { progress } => progress.step == PairingStep::Done,
            Screen::Welcome | Screen::Locked { .. } | Screen::Unlocking | Screen::Portal => false,
        };
        client.watch().wait_for(done).await.unwrap();
        client.confirm_check_code().await.unwrap();
        client.watch().wait_for(|view| view.status.company == Light::Good).await.unwrap();
        client
    }
}

fn name(text: &str) -> ProfileName {
    ProfileName::parse(text).unwrap()
}

fn listed_names(companies: &Companies) -> Vec<(String, CompanyState, bool)> {
    companies.view().companies.into_iter().map(|company| (company.profile, company.state, company.shown)).collect()
}

#[tokio::test]
async fn two_companies_are_open_at_once_and_share_nothing() {
    let app = App::new();
    let companies = app.start().await;
    let first = app.pair(&companies).await;
    companies.add().unwrap();
    assert_eq!(companies.view().app.screen, Screen::Welcome);
    let second = app.pair(&companies).await;

    let open = [("work".to_owned(), CompanyState::Open, false), ("work-2".to_owned(), CompanyState::Open, true)];
    assert_eq!(listed_names(&companies), open);
    let (one, other) = (first.proxy().unwrap(), second.proxy().unwrap());
    assert!(one.addr != other.addr && one.user != other.user && one.password != other.password);
    assert_ne!(one.ca_pem, other.ca_pem);
    for proxy in [&one, &other] {
        TcpStream::connect(proxy.addr).await.unwrap();
    }
    let names = app.store.values.lock().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>();
    assert!(names.contains("work") && names.contains("work-2") && names.contains("work-2.key"), "{names:?}");

    first.lock();
    assert_eq!(second.view().screen, Screen::Portal);
    companies.show(&name("work")).unwrap();
    assert!(matches!(companies.view().app.screen, Screen::Locked { .. }));
    companies.lock(LockCause::Sleep);
    assert!(matches!(second.view().screen, Screen::Locked { cause: LockCause::Sleep, .. }));
}

#[tokio::test]
async fn forgetting_one_company_leaves_the_other_as_it_is() {
    let app = App::new();
    let companies = app.start().await;
    app.pair(&companies).await;
    let kept = app.store.values.lock().unwrap().clone();
    companies.add().unwrap();
    app.pair(&companies).await.forget().await.unwrap();
    companies.leave();
    assert_eq!(listed_names(&companies), [("work".to_owned(), CompanyState::Open, true)]);
    assert_eq!(*app.store.values.lock().unwrap(), kept);
    drop(companies);
    let companies = app.start().await;
    assert_eq!(listed_names(&companies), [("work".to_owned(), CompanyState::Locked, true)]);
}

#[tokio::test]
async fn a_restart_finds_every_company_and_no_profile_of_the_command_line() {
    let app = App::new();
    let companies = app.start().await;
    app.pair(&companies).await;
    companies.add().unwrap();
    app.pair(&companies).await;
    // An addition that was not finished leaves nothing to come back to.
    companies.add().unwrap();
    drop(companies);
    let other = app.folder.path().join("server");
    std::fs::create_dir(&other).unwrap();
    std::fs::copy(app.folder.path().join("work/profile.json"), other.join("profile.json")).unwrap();
    let companies = app.start().await;
    let locked = [("work".to_owned(), CompanyState::Locked, true), ("work-2".to_owned(), CompanyState::Locked, false)];
    assert_eq!(listed_names(&companies), locked);
}

#[tokio::test]
async fn an_addition_can_be_left_and_is_offered_again() {
    let app = App::new();
    let companies = app.start().await;
    companies.leave();
    assert_eq!(listed_names(&companies), [("work".to_owned(), CompanyState::New, true)]);
    app.pair(&companies).await;
    companies.add().unwrap();
    companies.show(&name("work")).unwrap();
    companies.add().unwrap();
    assert_eq!(companies.view().companies.len(), 2);
    companies.leave();
    assert_eq!(listed_names(&companies), [("work".to_owned(), CompanyState::Open, true)]);
    assert_eq!(companies.show(&name("work-9")).unwrap_err().code, "not-paired");
}
