//! The table of secrets, SECURITY.md: one test for each cell that says "never".

use crate::support::canary::{Canary, found};
use crate::support::journey::{INTRANET_PASSWORD, JOURNEY, Place, private_words};

#[test]
fn never_on_a_device_the_instance_password() {
    let journey = &*JOURNEY;
    never(&[&journey.instance_password], &[&journey.device_files, &journey.device_memory]);
}

#[test]
fn never_in_a_code_the_instance_password() {
    let journey = &*JOURNEY;
    never(&[&journey.instance_password], &[&journey.code]);
}

#[test]
fn never_stored_by_the_connector_the_device_setup_key() {
    let journey = &*JOURNEY;
    never(&[&journey.device_setup_key], &[&journey.connector_files]);
}

#[test]
fn never_in_a_code_the_device_password() {
    let journey = &*JOURNEY;
    never(&[&journey.device_password], &[&journey.code]);
}

#[test]
fn never_at_the_connector_the_device_password() {
    let journey = &*JOURNEY;
    never(&[&journey.device_password], &[&journey.connector_files, &journey.connector_memory]);
}

#[test]
fn never_at_the_gateway_the_device_setup_secret_key() {
    never_at_the_gateway(&[&JOURNEY.device_setup_secret_key]);
}

#[test]
fn never_in_a_code_the_device_secret_key() {
    let journey = &*JOURNEY;
    never(&[&journey.device_secret_key], &[&journey.code]);
}

#[test]
fn never_at_the_gateway_the_device_secret_key() {
    never_at_the_gateway(&[&JOURNEY.device_secret_key]);
}

#[test]
fn never_at_the_gateway_the_device_static_key() {
    never_at_the_gateway(&[&JOURNEY.device_static_key]);
}

#[test]
fn never_at_the_gateway_the_connector_static_key() {
    never_at_the_gateway(&[&JOURNEY.connector_static_key]);
}

#[test]
fn never_in_a_code_addresses_names_or_content() {
    never(&private_words().iter().collect::<Vec<_>>(), &[&JOURNEY.code]);
}

#[test]
fn never_at_the_gateway_addresses_names_or_content() {
    never_at_the_gateway(&private_words().iter().collect::<Vec<_>>());
}

#[test]
fn never_kept_on_a_device_a_persons_intranet_password() {
    never(&[&intranet_password()], &[&JOURNEY.device_files]);
}

#[test]
fn never_in_a_code_a_persons_intranet_password() {
    never(&[&intranet_password()], &[&JOURNEY.code]);
}

#[test]
fn never_at_the_gateway_a_persons_intranet_password() {
    never_at_the_gateway(&[&intranet_password()]);
}

#[test]
fn never_kept_by_the_connector_a_persons_intranet_password() {
    never(&[&intranet_password()], &[&JOURNEY.connector_files]);
}

#[test]
fn never_in_clear_in_the_gateways_store_log_or_metrics_what_it_verifies() {
    let journey = &*JOURNEY;
    never(
        &[&journey.instance_password, &journey.device_setup_key, &journey.device_password],
        &[&journey.gateway_files, &journey.gateway_log, &journey.gateway_metrics],
    );
}

#[test]
fn never_in_clear_at_rest_the_keys_of_device_and_connector() {
    let journey = &*JOURNEY;
    never(
        &[&journey.device_secret_key, &journey.device_static_key, &journey.device_password],
        &[&journey.device_files],
    );
    let mut connector = journey.connector_files.clone();
    connector.retain(|(name, _)| !name.ends_with("connector.key"));
    never(
        &[
            &journey.device_secret_key,
            &journey.device_setup_secret_key,
            &journey.instance_password,
            &journey.connector_static_key,
        ],
        &[&connector],
    );
}

#[test]
fn never_at_rest_on_a_device_addresses_people_or_content() {
    let mut words = private_words();
    // What the screen says about the pairing itself is kept: which company it is.
    words.retain(|word| word.name != "company's name");
    never(&words.iter().collect::<Vec<_>>(), &[&JOURNEY.device_files]);
}

/// The search itself: what must be somewhere is found there.
#[test]
fn what_may_be_held_is_found_where_it_is_held() {
    let journey = &*JOURNEY;
    for (canary, place) in [
        (&journey.instance_id, &journey.gateway_files),
        (&journey.instance_id, &journey.gateway_memory),
        (&journey.instance_id, &journey.relayed),
        (&journey.device_password, &journey.relayed),
        (&journey.device_setup_key, &journey.code),
        (&journey.device_setup_secret_key, &journey.code),
        (&journey.device_secret_key, &journey.device_memory),
        (&journey.connector_static_key, &journey.connector_memory),
    ] {
        let hits: usize = place.iter().map(|(_, heap)| found(std::slice::from_ref(canary), heap).len()).sum();
        assert!(hits > 0, "{} is not where it should be: {}", canary.name, place[0].0);
    }
}

fn intranet_password() -> Canary {
    Canary::text("intranet password", INTRANET_PASSWORD)
}

/// Nothing of this may be anywhere at the gateway, nor in what passes through it.
fn never_at_the_gateway(canaries: &[&Canary]) {
    let journey = &*JOURNEY;
    never(
        canaries,
        &[
            &journey.gateway_files,
            &journey.gateway_log,
            &journey.gateway_metrics,
            &journey.gateway_memory,
            &journey.relayed,
        ],
    );
}

fn never(canaries: &[&Canary], places: &[&Place]) {
    let canaries: Vec<Canary> = canaries.iter().map(|canary| (*canary).clone()).collect();
    for (name, heap) in places.iter().flat_map(|place| place.iter()) {
        let found = found(&canaries, heap);
        assert!(found.is_empty(), "in {name}: {found:#?}");
    }
}
