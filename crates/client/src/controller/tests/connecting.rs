//! Sessions that end and begin, and the catalogue that each brings.

use latchgate_link::Refusal;
use latchgate_tunnel::catalogue::Brand;

use super::*;
use crate::view::Settings;

#[tokio::test(start_paused = true)]
async fn a_request_of_a_device_that_is_not_let_in_does_not_wait() {
    let device = Device::new();
    let controller = device.paired().await;
    device.world.far().refusal = Some(Refusal::NotAuthorized);
    device.world.cut_sessions();
    until(&controller, |view| view.status.failure.as_ref().is_some_and(|failure| failure.code == "revoked")).await;
    // What comes over a socket takes its time, which a clock that stands still would skip.
    tokio::time::resume();
    let page = visit(&controller.proxy().unwrap(), "http://wiki.example.com/").await;
    assert!(page.starts_with("HTTP/1.1 503") && page.contains("\r\nlatchgate-error: revoked\r\n"), "{page}");
    // The page of a request that waited in vain for a session looks again by itself.
    assert!(!page.contains("\r\nrefresh: "), "{page}");
}

#[tokio::test]
async fn a_cut_session_is_replaced() {
    let device = Device::new();
    let controller = device.paired().await;
    let before = device.world.far().messages;
    device.world.cut_sessions();
    until(&controller, |view| view.status.company != Light::Good).await;
    until(&controller, |view| view.status.company == Light::Good).await;
    assert!(device.world.far().messages > before);
    let page = get(&controller.proxy().unwrap(), "http://wiki.example.com/again").await;
    assert!(page.ends_with("/again at wiki.example.com"), "{page}");
}

#[tokio::test]
async fn a_device_that_was_copied_does_not_fight_its_copy() {
    let device = Device::new();
    let controller = device.paired().await;
    device.world.far().ended = Some(Refusal::TakenOver);
    let before = device.world.far().messages;
    device.world.cut_sessions();
    let view = until(&controller, |view| view.status.failure.is_some()).await;
    assert_eq!(view.status.failure.unwrap().code, "taken-over");
    assert_eq!(device.world.far().messages, before);
    device.world.far().ended = None;
    controller.wake();
    until(&controller, |view| view.status.company == Light::Good).await;
}

#[tokio::test(start_paused = true)]
async fn after_a_day_the_next_session_takes_over_without_a_gap() {
    let device = Device::new();
    let controller = device.paired().await;
    controller.set_settings(Settings { lock_after_minutes: None, ..Settings::default() }).await.unwrap();
    let before = device.world.far().messages;
    let mut views = controller.board().watch();
    views.mark_unchanged();
    tokio::time::advance(crate::limits::SESSION_LIFETIME).await;
    while device.world.far().messages < before + 3 {
        tokio::task::yield_now().await;
    }
    tokio::time::advance(crate::limits::SESSION_DRAIN).await;
    // What comes over a socket takes its time, which a clock that stands still would skip.
    tokio::time::resume();
    let page = get(&controller.proxy().unwrap(), "http://wiki.example.com/next").await;
    assert!(page.ends_with("/next at wiki.example.com"), "{page}");
    assert_eq!(controller.board().view().status.failure, None);
}

#[tokio::test]
async fn a_changed_catalogue_shows_when_the_app_comes_back() {
    let device = Device::new();
    let controller = device.paired().await;
    let brand = Brand { note: Some("Help desk: 200".to_owned()), ..Brand::default() };
    device.world.far().catalogue.brand = Some(brand);
    device.world.far().catalogue.sites.truncate(1);
    controller.wake();
    let view = until(&controller, |view| view.sites.len() == 1).await;
    assert_eq!(view.sites[0].url, "http://wiki.example.com");
    assert_eq!(view.brand.unwrap().note.as_deref(), Some("Help desk: 200"));
    assert!(view.status.answered.is_some());
    assert!(get(&controller.proxy().unwrap(), "http://safe.example.com/").await.starts_with("HTTP/1.1 403"));
}

#[tokio::test]
async fn a_catalogue_that_is_the_same_is_not_sent_again_and_stays_shown() {
    let device = Device::new();
    let controller = device.paired().await;
    let before = until(&controller, |view| !view.sites.is_empty()).await;
    controller.wake();
    while device.world.far().unchanged == 0 {
        tokio::task::yield_now().await;
    }
    let view = controller.board().view();
    assert_eq!((view.sites, view.status.failure), (before.sites, None));
}
