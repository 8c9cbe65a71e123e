//! The key is replaced.

use super::*;

#[tokio::test]
async fn a_key_is_replaced_on_demand_while_pages_stay_open() {
    let device = Device::new();
    let controller = device.paired().await;
    for expected in 2..4 {
        controller.rotate().await.unwrap();
        assert_eq!(generation(&controller).await, expected);
        assert_eq!(controller.board().view().screen, Screen::Portal);
        let page = get(&controller.proxy().unwrap(), "http://wiki.example.com/start").await;
        assert!(page.ends_with("/start at wiki.example.com"), "{page}");
    }
}

#[tokio::test]
async fn a_key_is_replaced_when_the_company_asks() {
    let device = Device::new();
    let controller = device.paired().await;
    device.world.ask_for_rotation();
    while active(&controller).await.key.generation().0 != 2 {
        tokio::task::yield_now().await;
    }
    controller.rotate().await.unwrap();
    assert_eq!(generation(&controller).await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_rotation_without_a_connection_says_why() {
    let device = Device::new();
    let controller = device.paired().await;
    device.world.far().present = false;
    device.world.cut_sessions();
    until(&controller, |view| view.status.company != Light::Good).await;
    assert_eq!(controller.rotate().await.unwrap_err().code, "connector-offline");
    controller.lock(LockCause::Person);
    assert_eq!(controller.rotate().await.unwrap_err().code, "locked");
}

/// Tells the generation of the key in the vault.
async fn generation(controller: &Controller) -> u32 {
    let active = active(controller).await;
    assert!(active.next.is_none(), "a rotation is not finished");
    active.key.generation().0
}

async fn active(controller: &Controller) -> Active {
    let vault = controller.vault().unwrap();
    let Contents::Active(active) = vault.lock().await.contents().clone() else { panic!("not paired") };
    active
}
