//! `pair`: from a code to keys in the vault.
//!
//! 1. The code is read and described; at a terminal the person confirms before anything is sent.
//! 2. The steps are told as they are begun. An earlier pairing that was interrupted is continued first.
//! 3. The check code is printed at the end, for the company to compare.

use latchgate_client::view::{AppView, PairingProgress, PairingStep, Screen};
use latchgate_client::{Client, Failure, Fault};
use serde_json::json;

use crate::args::{Common, PairTask, VaultKind, is_standard_input};
use crate::input::{confirm, make_missing_key, read_code, unlock_secret};
use crate::output::{Output, say};
use crate::{Ended, open};

pub(crate) async fn run(common: &Common, task: &PairTask, output: &Output) -> Result<(), Ended> {
    let both = common.passphrase_file.as_deref().is_some_and(is_standard_input) && is_standard_input(&task.code);
    if both {
        return Err(Ended::Usage("the code and the passphrase cannot both come from standard input".to_owned()));
    }
    let client = open(common)?;
    let begun = matches!(client.view().screen, Screen::Locked { .. });
    // An earlier pairing goes on without its code.
    let text = read_code(&client, &task.code).await;
    if !begun || !continue_earlier(&client, common, text.as_ref().ok().map(|text| text.as_str())).await? {
        begin(&client, common, task, &text?).await?;
    }
    let check_code = follow(&client).await.inspect_err(|_| offer_to_continue(&client.view()))?;
    finish(&client, task, &check_code).await?;
    let profile = client.view().profile;
    let company = profile.as_ref().map(|profile| profile.company.clone()).unwrap_or_default();
    let words = format!("Paired with {}. Check code: {check_code}", name_or(&company, "the company"));
    output.result(&json!({ "state": "paired", "checkCode": check_code, "profile": profile }), &words);
    client.lock();
    Ok(())
}

/// Reads the code, asks, and begins.
async fn begin(client: &Client, common: &Common, task: &PairTask, text: &str) -> Result<(), Ended> {
    let code = client.inspect_code(text)?;
    say(&format!("Gateway: {}\nThe company's fingerprint: {}", code.gateway_host, code.company_fingerprint));
    if code.expired {
        say("By this machine's clock the code has expired; the gateway decides.");
    }
    if !confirm("Pair this machine with them?", task.yes)? {
        return Err(Fault::PairingCancelled.failure().into());
    }
    make_missing_key(common)?;
    client.pair(text, unlock_secret(common)?).await.map_err(|failure| advise(failure, common).into())
}

/// Without a keychain the passphrase vault is the way out, and nothing takes it in silence.
fn advise(failure: Failure, common: &Common) -> Failure {
    let keychain = common.vault == VaultKind::Keychain && failure.code.starts_with("keychain-");
    if !keychain {
        return failure;
    }
    let advice = format!("{} Here: --vault passphrase --passphrase-file FILE.", failure.advice);
    Failure { advice, ..failure }
}

/// Opens the vault that is there. Returns `false` when its pairing was given up: it cannot finish, and there is
/// another code.
async fn continue_earlier(client: &Client, common: &Common, text: Option<&str>) -> Result<bool, Ended> {
    client.unlock(unlock_secret(common)?).await?;
    let Screen::Pairing { .. } = client.view().screen else {
        return Err(Fault::AlreadyPaired.failure().into());
    };
    say("Continuing the pairing that was begun here.");
    match follow(client).await {
        Ok(_) => Ok(true),
        Err(ended) if is_hopeless(&client.view()) => {
            if text.is_none() || client.began_with(text.unwrap_or_default()).await {
                return Err(ended);
            }
            say("It cannot be finished any more; the new code is used.");
            client.cancel_pairing().await?;
            Ok(false)
        }
        Err(ended) => Err(ended),
    }
}

fn offer_to_continue(view: &AppView) {
    if matches!(&view.screen, Screen::Pairing { progress } if progress.resumable) {
        say("Nothing is lost: the same command continues this pairing.");
    }
}

fn is_hopeless(view: &AppView) -> bool {
    matches!(&view.screen, Screen::Pairing { progress } if progress.failure.is_some() && !progress.resumable)
}

/// Tells the steps until the pairing is complete; returns the check code.
pub(crate) async fn follow(client: &Client) -> Result<String, Ended> {
    let mut views = client.watch();
    let mut told = None;
    loop {
        let screen = views.borrow_and_update().screen.clone();
        let Screen::Pairing { progress } = screen else {
            return Err(Fault::PairingCancelled.failure().into());
        };
        if told != Some(progress.step) {
            told = Some(progress.step);
            say(&tell(progress.step));
        }
        if let Some(check_code) = outcome(progress)? {
            return Ok(check_code);
        }
        if views.changed().await.is_err() {
            return Err(Fault::Internal.failure().into());
        }
    }
}

fn tell(step: PairingStep) -> String {
    let mut text = step.to_string();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text + " …"
}

/// Returns the check code of a complete pairing. A failure that is shown has stopped it: passing ones are tried
/// again before.
fn outcome(progress: PairingProgress) -> Result<Option<String>, Failure> {
    let complete = matches!(progress.step, PairingStep::Confirming | PairingStep::Done);
    match progress.failure {
        Some(failure) => Err(failure),
        None => Ok(progress.check_code.filter(|_| complete)),
    }
}

/// Leaves the last screen of the pairing.
async fn finish(client: &Client, task: &PairTask, check_code: &str) -> Result<(), Ended> {
    if confirm(&format!("Does your company's screen show the check code {check_code}?"), task.yes)? {
        return Ok(client.confirm_check_code().await?);
    }
    client.cancel_pairing().await?;
    Err(Fault::PairingCancelled.failure().into())
}

pub(crate) fn name_or<'a>(name: &'a str, other: &'a str) -> &'a str {
    if name.is_empty() { other } else { name }
}
