//! From a picture of a code to a page that knows the person's name.

use crate::support::{System, WIKI};

#[tokio::test]
async fn a_device_paired_from_a_picture_is_greeted_by_name() {
    let system = System::start().await;
    let device = system.paired("maria").await;

    let page = device.proxy().get(&format!("{WIKI}/")).await;

    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.text().contains("Hello, maria"), "{}", page.text());
}

#[tokio::test]
async fn a_device_paired_from_text_is_greeted_by_name() {
    let system = System::start().await;
    let mut device = system.device("maria");
    let paired = device.try_text(&system.invite("maria").await.text).await;
    assert!(paired.status.success(), "{paired:?}");
    device.start().await;

    let page = device.proxy().get(&format!("{WIKI}/")).await;

    assert!(page.text().contains("Hello, maria"), "{}", page.text());
}
