//! `status`: what this machine is paired with, and whether it works.

use std::time::Duration;

use latchgate_client::view::{AppView, Light, ProfileView, Screen};
use latchgate_client::{Client, Failure, Fault};
use serde_json::json;
use tokio::time::timeout;

use crate::args::{Common, StatusTask};
use crate::input::unlock_secret;
use crate::output::Output;
use crate::pair::name_or;
use crate::{Ended, open};

/// How long a connection may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) async fn run(common: &Common, task: &StatusTask, output: &Output) -> Result<(), Ended> {
    if task.check {
        return check(common, output).await;
    }
    let described = Client::describe(&common.data_dir()?, &common.profile_name()?).map_err(anyhow::Error::from)?;
    let words = described.as_ref().map_or_else(|| "Not paired.".to_owned(), describe);
    output.result(&json!({ "paired": described.is_some(), "profile": described }), &words);
    Ok(())
}

async fn check(common: &Common, output: &Output) -> Result<(), Ended> {
    let client = open(common)?;
    client.unlock(unlock_secret(common)?).await?;
    let view = settle(&client).await;
    client.lock();
    let sites = view.sites.len();
    let profile = view.profile.as_ref().map(describe).unwrap_or_default();
    output.result(
        &json!({ "paired": true, "profile": view.profile, "status": view.status, "sites": sites }),
        &format!("{profile}\nSites: {sites}\nConnection: {}", if works(&view) { "works" } else { "does not work" }),
    );
    if works(&view) {
        return Ok(());
    }
    Err(failure_of(view).into())
}

fn failure_of(view: AppView) -> Failure {
    let pairing = match view.screen {
        Screen::Pairing { progress } => Some(progress.failure.unwrap_or_else(|| Fault::PairingUnfinished.failure())),
        Screen::Welcome | Screen::Locked { .. } | Screen::Unlocking | Screen::Portal => None,
    };
    pairing.or(view.status.failure).unwrap_or_else(|| Fault::TunnelDown.failure())
}

/// Waits until the company answered, or something says that it will not.
async fn settle(client: &Client) -> AppView {
    let mut views = client.watch();
    let settled = views.wait_for(|view| works(view) || view.status.failure.is_some() || stopped(view));
    // Whatever is known when the patience ends is shown.
    drop(timeout(PATIENCE, settled).await);
    client.view()
}

fn works(view: &AppView) -> bool {
    view.status.company == Light::Good && view.status.failure.is_none()
}

fn stopped(view: &AppView) -> bool {
    match &view.screen {
        Screen::Pairing { progress } => progress.failure.is_some(),
        Screen::Welcome | Screen::Locked { .. } => true,
        Screen::Unlocking | Screen::Portal => false,
    }
}

fn describe(profile: &ProfileView) -> String {
    let company = name_or(&profile.company, "a company that did not say its name");
    let person = profile.person.as_ref().map(|person| format!("\nPerson: {person}")).unwrap_or_default();
    format!(
        "Paired with {company}{person}\nDevice: {}\nGateway: {}\nThe company's fingerprint: {}",
        profile.device_label, profile.gateway_host, profile.company_fingerprint
    )
}
