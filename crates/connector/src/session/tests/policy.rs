//! Who may open what, and as whom.

use http::header::{ETAG, IF_NONE_MATCH};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Frame;
use latchgate_tunnel::catalogue::{Catalogue, TIME_HEADER};
use tokio::sync::mpsc;

use crate::fixture::{TestApp, Upstream, WIKI, empty, full, refusal, text};

const HEADER: &str = "identity = { header = \"X-Remote-User\" }";
const PING: &str = "http://connector.latchgate.internal/v1/ping";
const CATALOGUE: &str = "http://connector.latchgate.internal/v1/catalogue";

#[tokio::test]
async fn two_people_see_the_same_address_as_themselves() {
    let upstream = Upstream::echo_identity().await;
    let app = TestApp::new(&upstream.as_wiki(HEADER));
    let maria = app.device_of("maria", "staff").await;
    let ada = app.device_of("ada", "staff").await;
    for _ in 0..3 {
        assert_eq!(maria.get_text(WIKI).await, "maria");
        assert_eq!(ada.get_text(WIKI).await, "ada");
    }
}

#[tokio::test]
async fn ab_60_a_forged_identity_never_reaches_the_site() {
    let upstream = Upstream::echo_identity().await;
    let other =
        "[[site]]\nname = \"Other\"\nurl = \"https://other.example.com\"\nidentity = { header = \"X-Other-Person\" }\n";
    let app = TestApp::new(&format!("{}{other}", upstream.as_wiki(HEADER)));
    let device = app.device_of("maria", "staff").await;
    let mut request = Request::get(WIKI);
    for name in [
        "x-remote-user",
        "x_remote_user",
        "x-remote_user",
        "remote-user",
        "x-other-person",
        "x_other_person",
        "x-forwarded-user",
        "x-forwarded-for",
        "forwarded",
        "latchgate-assertion",
        "latchgate_assertion",
    ] {
        request = request.header(name, "eve");
    }
    let response = device.send(request.body(empty()).unwrap()).await;
    assert_eq!(text(response).await, "maria");
    let head = &upstream.heads()[0];
    assert!(head.headers.values().all(|value| value != "eve"), "{:?}", head.headers);
    assert_eq!(head.headers.get_all("x-remote-user").iter().count(), 1);
    assert_eq!(head.headers["host"], "wiki.example.com");
    assert_eq!(head.headers["x-forwarded-proto"], "https");
    assert_eq!(head.headers["x-forwarded-host"], "wiki.example.com");
}

#[tokio::test]
async fn ab_60_a_forged_identity_in_trailers_never_reaches_the_site() {
    let upstream = Upstream::new(|request| async move {
        let collected = request.into_body().collect().await.unwrap();
        let mut names: Vec<_> =
            collected.trailers().map(|trailers| trailers.keys().map(ToString::to_string).collect()).unwrap_or_default();
        names.sort();
        Response::new(full(names.join(" ")))
    })
    .await;
    let app = TestApp::new(&upstream.as_wiki(HEADER));
    let device = app.device_of("maria", "staff").await;
    let mut trailers = http::HeaderMap::new();
    trailers.insert("x-remote-user", "eve".parse().unwrap());
    trailers.insert("x-checksum", "1".parse().unwrap());
    let body = full("body").with_trailers(async move { Some(Ok(trailers)) }).boxed();
    let request = Request::post(WIKI).header("trailer", "x-remote-user, x-checksum").body(body).unwrap();
    assert_eq!(text(device.send(request).await).await, "x-checksum");
}

#[tokio::test]
async fn a_signed_identity_is_sent_where_the_site_asks_for_one() {
    let upstream = Upstream::echo_identity().await;
    let app = TestApp::new(&upstream.as_wiki("identity = { jwt = true }"));
    let device = app.device_of("maria", "staff").await;
    let request = Request::get(WIKI).header("latchgate-assertion", "forged").body(empty()).unwrap();
    device.send(request).await;
    let heads = upstream.heads();
    let assertion = heads[0].headers["latchgate-assertion"].to_str().unwrap();
    assert_eq!(assertion.split('.').count(), 3);
    assert_eq!(heads[0].headers.get_all("latchgate-assertion").iter().count(), 1);
}

#[tokio::test]
async fn ab_57_only_declared_sites_are_reached() {
    let upstream = Upstream::echo_identity().await;
    let app = TestApp::new(&upstream.as_wiki(""));
    let device = app.device_of("maria", "staff").await;
    for url in [
        "http://169.254.169.254/",
        "http://wiki.example.com/",
        "https://wiki.example.com:8443/",
        "https://evil.example.com/",
        "http://127.0.0.1/",
        &format!("http://{}/", upstream.address),
        "https://localhost/",
    ] {
        let response = device.get(url).await;
        assert_eq!(refusal(&response), (403, "site-unknown"), "{url}");
    }
    assert!(upstream.heads().is_empty());
    assert_eq!(device.get("https://WIKI.example.com:443/").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn ab_57_the_site_sees_the_normal_form_and_rules_match_it() {
    let upstream = Upstream::echo_identity().await;
    let app = TestApp::new(&upstream.as_wiki("paths = [\"/wiki\", \"/admin\"]\ndeny_paths = [\"/admin\"]"));
    let device = app.device_of("maria", "staff").await;
    for (target, status, seen) in [
        ("wiki/page?a=/../b", 200, Some("/wiki/page?a=/../b")),
        ("wiki/./x/../page", 200, Some("/wiki/page")),
        ("wiki/%70age", 200, Some("/wiki/page")),
        ("wiki/a%2Fb", 200, Some("/wiki/a%2Fb")),
        ("wiki/../admin", 403, None),
        ("wiki/%2e%2e/admin", 403, None),
        ("%61dmin/x", 403, None),
        ("ADMIN", 403, None),
        ("//admin", 403, None),
        ("other", 403, None),
        ("wikipedia", 403, None),
        ("wiki/..;/admin", 400, None),
        ("wiki/%2e%2e%2fadmin", 400, None),
        ("wiki/%252e%252e/admin", 400, None),
        ("wiki/%c0%ae%c0%ae/admin", 400, None),
        ("wiki/%5c..%5cadmin", 400, None),
    ] {
        let before = upstream.heads().len();
        let response = device.get(&format!("{WIKI}{target}")).await;
        assert_eq!(response.status().as_u16(), status, "{target}");
        let heads = upstream.heads();
        let sent = heads.get(before).map(|head| head.uri.to_string());
        assert_eq!(sent.as_deref(), seen, "{target}");
    }
}

#[tokio::test]
async fn ab_71_a_site_without_groups_is_opened_by_nobody() {
    let upstream = Upstream::echo_identity().await;
    let site = upstream.as_wiki("").replace("allow = [\"staff\"]", "allow = [\"\"]");
    let app = TestApp::new(&site);
    let device = app.device_of("maria", "staff").await;
    assert_eq!(refusal(&device.get(WIKI).await), (403, "site-not-allowed"));
    assert!(upstream.heads().is_empty());
}

#[tokio::test]
async fn ab_68_a_suspended_person_is_refused_from_the_next_request_on() {
    let upstream = Upstream::echo_identity().await;
    let app = TestApp::new(&upstream.as_wiki(HEADER));
    let maria = app.device_of("maria", "staff").await;
    let ada = app.device_of("ada", "staff").await;
    assert_eq!(maria.get_text(WIKI).await, "maria");
    app.test.store.set_suspended("maria", true).unwrap();
    app.refresh();
    assert_eq!(refusal(&maria.get(WIKI).await), (403, "person-suspended"));
    assert_eq!(refusal(&maria.get(CATALOGUE).await), (403, "person-suspended"));
    assert_eq!(ada.get_text(WIKI).await, "ada");
    app.test.store.set_suspended("maria", false).unwrap();
    app.refresh();
    assert_eq!(maria.get_text(WIKI).await, "maria");
}

#[tokio::test]
async fn ab_72_new_streams_obey_a_changed_policy_at_once_and_running_ones_are_cut() {
    let (sender, receiver) = mpsc::unbounded_channel::<&'static str>();
    let receiver = std::sync::Arc::new(tokio::sync::Mutex::new(receiver));
    let upstream = Upstream::new(move |_| {
        let receiver = std::sync::Arc::clone(&receiver);
        async move {
            let body = futures_body(receiver);
            Response::new(body)
        }
    })
    .await;
    let app = TestApp::new(&upstream.as_wiki(""));
    let maria = app.device_of("maria", "staff").await;
    let mut running = maria.get(WIKI).await.into_body();
    sender.send("first").unwrap();
    assert_eq!(running.frame().await.unwrap().unwrap().into_data().unwrap(), "first");

    app.test.store.leave_group("staff", "maria").unwrap();
    app.refresh();
    assert_eq!(refusal(&maria.get(WIKI).await), (403, "site-not-allowed"));
    assert!(running.frame().await.unwrap().is_err(), "the running stream was not cut");

    app.test.store.join_group("staff", "maria").unwrap();
    app.refresh();
    assert_eq!(maria.get(WIKI).await.status(), StatusCode::OK);
}

/// A body whose frames come from a channel.
fn futures_body(
    receiver: std::sync::Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<&'static str>>>,
) -> crate::fixture::TestBody {
    struct Channel(std::sync::Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<&'static str>>>);
    impl hyper::body::Body for Channel {
        type Data = bytes::Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<Frame<bytes::Bytes>, Self::Error>>> {
            let mut receiver = self.0.try_lock().expect("one stream reads at a time");
            receiver.poll_recv(cx).map(|text| text.map(|text| Ok(Frame::data(bytes::Bytes::from(text)))))
        }
    }
    Channel(receiver).boxed()
}

#[tokio::test]
async fn ab_72_a_site_that_is_not_declared_any_more_is_unknown_at_once() {
    let upstream = Upstream::echo_identity().await;
    let app = TestApp::new(&upstream.as_wiki(HEADER));
    let device = app.device_of("maria", "staff").await;
    assert_eq!(device.get_text(WIKI).await, "maria");
    app.declare("");
    assert_eq!(refusal(&device.get(WIKI).await), (403, "site-unknown"));
    app.declare(&upstream.as_wiki(HEADER));
    assert_eq!(device.get_text(WIKI).await, "maria");
}

#[tokio::test]
async fn a_revoked_device_loses_its_open_session_and_gets_nothing_on_a_new_one() {
    let upstream = Upstream::echo_identity().await;
    let app = TestApp::new(&upstream.as_wiki(HEADER));
    let device = app.device_of("maria", "staff").await;
    let other = app.pair("maria", false).await;
    app.test.store.revoke(device.device_id, crate::fixture::NOW).unwrap();
    app.refresh();
    while device.try_send(Request::get(PING).body(empty()).unwrap()).await.is_ok() {}
    let again = app.connect(device.device_id).await;
    for url in [WIKI, CATALOGUE, PING] {
        assert_eq!(again.get(url).await.status(), StatusCode::FORBIDDEN);
    }
    assert_eq!(other.get_text(WIKI).await, "maria");
    assert_eq!(upstream.heads().len(), 1);
}

#[tokio::test]
async fn ab_45_a_printed_code_is_served_only_after_its_check_code_was_confirmed() {
    let upstream = Upstream::echo_identity().await;
    let app = TestApp::new(&upstream.as_wiki(HEADER));
    app.add_person("maria", "staff");
    let device = app.pair("maria", true).await;
    assert_eq!(refusal(&device.get(WIKI).await), (403, "device-not-confirmed"));
    assert_eq!(refusal(&device.get(CATALOGUE).await), (403, "device-not-confirmed"));
    assert_eq!(device.get(PING).await.status(), StatusCode::NO_CONTENT);
    app.test.store.approve(device.device_id, None).unwrap();
    app.refresh();
    assert_eq!(device.get_text(WIKI).await, "maria");
}

#[tokio::test]
async fn where_the_policy_asks_for_it_every_device_is_confirmed() {
    let upstream = Upstream::echo_identity().await;
    for confirm in ["person", "administrator"] {
        let app = TestApp::new(&format!("confirm = \"{confirm}\"\n---\n{}", upstream.as_wiki(HEADER)));
        let device = app.device_of("maria", "staff").await;
        assert_eq!(refusal(&device.get(WIKI).await), (403, "device-not-confirmed"));
    }
}

#[tokio::test]
async fn the_catalogue_lists_what_the_person_may_open_and_nothing_else() {
    let upstream = Upstream::echo_identity().await;
    let others = "[[site]]\nname = \"Payroll\"\nurl = \"https://pay.example.com\"\nallow = [\"finance\"]\n\
                  [[site]]\nname = \"Canteen\"\nurl = \"https://food.example.com\"\nallow = [\"*\"]\nicon = \"🍽\"\n";
    let app = TestApp::new(&format!("{}{others}", upstream.as_wiki("group = \"Knowledge\"")));
    let device = app.device_of("maria", "staff").await;
    let catalogue: Catalogue = serde_json::from_str(&device.get_text(CATALOGUE).await).unwrap();
    assert_eq!(catalogue.company, "Example Ltd");
    assert_eq!(catalogue.person.name, "Name of maria");
    let names: Vec<_> = catalogue.sites.iter().map(|site| site.name.as_str()).collect();
    assert_eq!(names, ["Wiki", "Canteen"]);
    assert_eq!(catalogue.sites[0].url, "https://wiki.example.com");
    assert_eq!(catalogue.sites[0].group.as_deref(), Some("Knowledge"));
    assert_eq!(catalogue.sites[0].reachable, None);
    device.get(WIKI).await;
    let catalogue: Catalogue = serde_json::from_str(&device.get_text(CATALOGUE).await).unwrap();
    assert_eq!(catalogue.sites[0].reachable, Some(true));
    let post = Request::builder().method(Method::POST).uri(CATALOGUE).body(empty()).unwrap();
    assert_eq!(device.send(post).await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(device.get("http://connector.latchgate.internal/other").await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn usage_is_counted_per_site() {
    let upstream = Upstream::new(|request| async move {
        request.into_body().collect().await.unwrap();
        Response::new(full("seven b"))
    })
    .await;
    let app = TestApp::new(&upstream.as_wiki(""));
    let device = app.device_of("maria", "staff").await;
    let request = Request::post(WIKI).body(full("four")).unwrap();
    text(device.send(request).await).await;
    app.shared.usage.flush(&app.test.store).unwrap();
    let rows = app.test.store.usage().unwrap();
    assert_eq!((rows[0].requests, rows[0].up, rows[0].down), (1, 4, 7));
    assert_eq!((rows[0].login.as_str(), rows[0].site.as_str()), ("maria", "Wiki"));
}

#[tokio::test]
async fn devices_hear_with_the_catalogue_what_is_asked_of_them_and_of_each_change() {
    let app = TestApp::new("[devices]\nlock_after = \"14d\"\nauto_lock = \"10m\"\n");
    let device = app.device_of("maria", "staff").await;
    let ask = async || serde_json::from_str::<Catalogue>(&device.get_text(CATALOGUE).await).unwrap();
    let catalogue = ask().await;
    assert_eq!((catalogue.rules.lock_after, catalogue.rules.auto_lock_minutes), (Some(14 * 86_400), Some(10)));
    assert!(catalogue.time.unwrap() > 1_700_000_000);
    app.declare("[devices]\nerase_after = \"90d\"\n");
    let rules = ask().await.rules;
    assert_eq!((rules.lock_after, rules.erase_after, rules.auto_lock_minutes), (None, Some(90 * 86_400), None));
}

#[tokio::test]
async fn a_device_that_has_the_present_catalogue_hears_only_the_time() {
    let app = TestApp::new("[brand]\nnote = \"Help desk: 200\"\n");
    let device = app.device_of("maria", "staff").await;
    let ask = async |tag: &HeaderValue| {
        let request = Request::get(CATALOGUE).header(IF_NONE_MATCH, tag).body(full("")).unwrap();
        device.send(request).await
    };
    let first = ask(&HeaderValue::from_static("\"another\"")).await;
    assert_eq!(first.status(), StatusCode::OK);
    let tag = first.headers()[ETAG].clone();
    let catalogue: Catalogue = serde_json::from_str(&text(first).await).unwrap();
    assert_eq!(catalogue.brand.unwrap().note.as_deref(), Some("Help desk: 200"));

    let same = ask(&tag).await;
    assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
    assert!(same.headers()[TIME_HEADER].to_str().unwrap().parse::<u64>().unwrap() > 1_700_000_000);
    assert!(text(same).await.is_empty());
    app.declare("[brand]\nnote = \"Help desk: 300\"\n");
    assert_eq!(ask(&tag).await.status(), StatusCode::OK);
}
