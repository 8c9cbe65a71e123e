use latchgate_link::dial::{DialConfig, Dialer, TlsRoots};
use latchgate_protocol::origin::PlainHttp;

use super::*;
use crate::fixture::{NOW, TestApp};

const PHONE: DeviceId = DeviceId::from_bytes([1; 16]);
const LATER: UnixSeconds = UnixSeconds(u64::MAX / 4);

/// Pages whose gateway is away: nothing here makes a code.
fn pages(app: &TestApp) -> Pages {
    let gateway = GatewayOrigin::parse("http://127.0.0.1:9", PlainHttp::ToLoopback).unwrap();
    let dialer = Dialer::new(DialConfig { gateway: gateway.clone(), roots: TlsRoots::Platform, proxy: None }).unwrap();
    Pages::new(Arc::clone(&app.shared), Rest::new(dialer), gateway)
}

/// Opens a page by a token, as the command and the browser do.
async fn opened(app: &TestApp, pages: &Pages) -> Secret {
    let token = make_secret().unwrap();
    app.test.store.offer_page(&hash(&token), "maria", UnixSeconds::now()).unwrap();
    pages.open(&token).await.unwrap()
}

/// Opens a page to which a device came.
async fn page_of(app: &TestApp, pages: &Pages) -> Secret {
    app.add_person("maria", "staff");
    let session = opened(app, pages).await;
    app.test.pair(PHONE, "maria", false);
    app.refresh();
    let mut open = pages.lock();
    let page = open.get_mut(&hash(&session)).unwrap();
    (page.device_id, page.expires) = (Some(PHONE), LATER);
    drop(open);
    session
}

#[tokio::test]
async fn a_token_opens_one_page_and_lapses() {
    let app = TestApp::new("");
    app.add_person("maria", "staff");
    let pages = pages(&app);
    let token = make_secret().unwrap();
    let store = &app.test.store;
    store.offer_page(&hash(&token), "maria", UnixSeconds::now()).unwrap();
    let session = pages.open(&token).await.unwrap();
    assert!(matches!(pages.open(&token).await, Err(PageError::Over)), "a token is used once");
    assert!(matches!(pages.open(&session).await, Err(PageError::Over)), "a session is no token");
    assert!(matches!(pages.look(&token).await, Err(PageError::Over)), "a token is no session");
    assert!(matches!(pages.look("").await, Err(PageError::Over)));
    store.offer_page(&hash(&token), "maria", NOW).unwrap();
    let late = NOW.plus(TOKEN_LIFETIME + Duration::from_secs(1));
    assert_eq!(store.take_page(&hash(&token), late).unwrap(), None);
    assert!(store.offer_page(&hash(&token), "nobody", NOW).is_err());
}

#[tokio::test]
async fn ab_45_the_person_before_the_page_confirms_the_code_that_the_device_shows() {
    let app = TestApp::new("confirm = \"person\"\n---\n");
    let pages = pages(&app);
    let session = page_of(&app, &pages).await;
    let seen = pages.look(&session).await.unwrap();
    assert_eq!(seen.state, PageState::Confirm);
    assert!(matches!(pages.confirm(&session, "wrong").await, Err(PageError::Refused)));
    assert_eq!(pages.look(&session).await.unwrap().state, PageState::Confirm);
    pages.confirm(&session, &seen.check_code.unwrap()).await.unwrap();
    assert_eq!(pages.look(&session).await.unwrap().state, PageState::Paired);
    assert!(matches!(pages.deny(&session).await, Err(PageError::Refused)), "it is too late to deny");
}

/// Somebody photographed the code and was faster: the person sees a check code that no screen of theirs shows.
#[tokio::test]
async fn ab_45_a_denial_before_the_page_revokes_the_device_and_voids_the_code() {
    let app = TestApp::new("confirm = \"person\"\n---\n");
    let pages = pages(&app);
    let session = page_of(&app, &pages).await;
    pages.deny(&session).await.unwrap();
    assert_eq!(pages.look(&session).await.unwrap().state, PageState::Denied);
    let device = app.test.store.device(PHONE).unwrap().unwrap();
    assert_eq!((device.state, device.fingerprint), (DeviceState::Revoked, None));
    assert_eq!(app.test.store.revocations().unwrap(), [PHONE], "the gateway is told");
    let audit = std::fs::read_to_string(app.test.store.data().join("audit.jsonl")).unwrap();
    assert!(audit.contains("device-denied"), "{audit}");
}

#[tokio::test]
async fn ab_45_where_an_administrator_approves_the_page_does_not() {
    let app = TestApp::new("confirm = \"administrator\"\n---\n");
    let pages = pages(&app);
    let session = page_of(&app, &pages).await;
    let seen = pages.look(&session).await.unwrap();
    assert_eq!(seen.state, PageState::Administrator);
    assert!(matches!(pages.confirm(&session, &seen.check_code.unwrap()).await, Err(PageError::Refused)));
    app.test.store.approve(PHONE, None).unwrap();
    assert_eq!(pages.look(&session).await.unwrap().state, PageState::Paired);
}

#[tokio::test]
async fn without_a_policy_the_page_only_tells() {
    let app = TestApp::new("");
    let pages = pages(&app);
    let session = page_of(&app, &pages).await;
    assert_eq!(pages.look(&session).await.unwrap().state, PageState::Paired);
    assert!(matches!(pages.confirm(&session, "000000").await, Err(PageError::Refused)));
}

#[test]
fn the_page_asks_nothing_of_the_network_and_allows_its_own_script_alone() {
    let (html, nonce) = html().unwrap();
    assert_eq!(html.matches(&nonce).count(), 2, "style and script carry the nonce");
    assert!(!html.contains("http://") && !html.contains("https://") && !html.contains("{{"));
    assert!(!html.contains(" onclick") && !html.contains("innerHTML"));
    let (_, other) = super::html().unwrap();
    assert_ne!(nonce, other);
}

/// The page of a device that came while somebody else tried the code, too.
#[tokio::test]
async fn ab_43_a_contested_code_is_said_and_its_device_can_be_turned_away_under_every_policy() {
    let app = TestApp::new("");
    let pages = pages(&app);
    let session = page_of(&app, &pages).await;
    assert!(!pages.look(&session).await.unwrap().contested);
    assert!(matches!(pages.deny(&session).await, Err(PageError::Refused)), "nothing is wrong with it");
    app.test.store.note_contest(PHONE, NOW).unwrap();
    let seen = pages.look(&session).await.unwrap();
    assert_eq!((seen.state, seen.contested), (PageState::Paired, true));
    pages.deny(&session).await.unwrap();
    assert_eq!(pages.look(&session).await.unwrap().state, PageState::Denied);
}

#[tokio::test]
async fn the_picture_of_a_used_code_is_forgotten() {
    let app = TestApp::new("");
    let pages = pages(&app);
    let session = page_of(&app, &pages).await;
    pages.lock().get_mut(&hash(&session)).unwrap().picture = Arc::new(Zeroizing::new("<svg>".to_owned()));
    pages.look(&session).await.unwrap();
    assert!(pages.lock().values().all(|page| page.picture.is_empty()));
}
