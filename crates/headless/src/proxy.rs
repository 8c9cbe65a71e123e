//! `proxy`: serves the intranet to programs on this machine until it is stopped.
//!
//! `READY http://USER:PASSWORD@127.0.0.1:PORT` is printed once requests can be served, that is, after the first
//! catalogue; the files that were asked for are written before. With `--lock-with-session`, `LOCKED` is printed
//! when the keys are out of memory, and `READY` again when the person is back.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use latchgate_client::presence::{self, PresenceEvent};
use latchgate_client::view::{AwayView, LockCause, Screen};
use latchgate_client::{Client, Failure, Fault, ProxyEndpoint, ProxyOptions};
use serde_json::json;
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::args::{Common, ProxyTask, is_standard_input};
use crate::input::unlock_secret;
use crate::output::{Output, say};
use crate::{Ended, open, pair};

/// How long an ending process tries to tell the company that the device erased itself.
const TELL_WITHIN: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

pub(crate) async fn run(common: &Common, task: &ProxyTask, output: &Output) -> Result<(), Ended> {
    if !task.listen.ip().is_loopback() {
        return Err(Ended::Usage("the proxy listens on this machine only: --listen 127.0.0.1:PORT".to_owned()));
    }
    if task.lock_with_session && common.passphrase_file.as_deref().is_some_and(is_standard_input) {
        return Err(Ended::Usage(
            "--lock-with-session opens again by itself and needs a passphrase in a file".to_owned(),
        ));
    }
    let client = open(common)?;
    let credentials = task.credentials_file.as_deref().map(read_credentials).transpose()?.flatten();
    let kept = credentials.is_some();
    client.set_proxy_options(ProxyOptions { listen: task.listen, credentials });
    let mut person = follow_person(task.lock_with_session);
    loop {
        client.unlock(unlock_secret(common)?).await?;
        tokio::select! {
            served = serve(&client, task, kept, common.json, output) => {
                client.lock();
                tell_of_erasure(&client).await;
                return served;
            }
            stopped = stop_signal() => {
                stopped?;
                client.lock();
                return Ok(());
            }
            _ = person.wait_for(|there| !there) => {}
        }
        client.lock();
        client.closed().await;
        output.line(if common.json { r#"{"locked":true}"# } else { "LOCKED" });
        tokio::select! {
            _ = person.wait_for(|there| *there) => {}
            stopped = stop_signal() => return stopped,
        }
    }
}

/// The company wants to hear that this device erased itself; what is not told is told by the next start.
async fn tell_of_erasure(client: &Client) {
    let told = async {
        while client.is_leaving() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    drop(tokio::time::timeout(TELL_WITHIN, told).await);
}

/// Follows whether the person is there; always, where nobody asked for it.
fn follow_person(wanted: bool) -> watch::Receiver<bool> {
    let (there, person) = watch::channel(true);
    tokio::spawn(async move {
        if wanted {
            let heard = |event| {
                there.send_replace(event == PresenceEvent::Back);
            };
            presence::system().follow(Box::new(heard)).await;
        }
        // Keeps the channel open.
        std::future::pending::<()>().await;
        drop(there);
    });
    person
}

async fn serve(client: &Client, task: &ProxyTask, kept: bool, json: bool, output: &Output) -> Result<(), Ended> {
    if let Screen::Pairing { .. } = client.view().screen {
        say("Continuing the pairing that was begun here.");
        let check_code = pair::follow(client).await?;
        say(&format!("Check code: {check_code}"));
        client.confirm_check_code().await?;
    }
    let endpoint = client.proxy().ok_or_else(|| Fault::Locked.failure())?;
    if let Some(path) = &task.ca_out {
        std::fs::write(path, &endpoint.ca_pem).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Some(path) = task.credentials_file.as_deref().filter(|_| !kept) {
        write_credentials(path, &endpoint)?;
    }
    if let Some(away) = client.view().away {
        tell_of_silence(away);
    }
    say("Connecting to the company …");
    report_until(client, |ready| ready).await?;
    let url = Zeroizing::new(format!("http://{}:{}@{}", endpoint.user, *endpoint.password, endpoint.addr));
    if json {
        output.line(&json!({ "ready": *url }).to_string());
    } else {
        output.line(&format!("READY {}", *url));
    }
    report_until(client, |_| false).await
}

/// Says each change of what is wrong until `enough`, given whether a catalogue is there.
async fn report_until(client: &Client, enough: impl Fn(bool) -> bool) -> Result<(), Ended> {
    let mut views = client.watch();
    let mut said: Option<Failure> = None;
    loop {
        let (failure, ready, open, erasing, notice) = {
            let view = views.borrow_and_update();
            let ready = view.profile.as_ref().is_some_and(|profile| profile.person.is_some());
            let erasing = view.ended.is_some() && view.screen != Screen::Welcome;
            let notice = view.ended.clone().or_else(|| why_locked(&view.screen));
            (view.status.failure.clone(), ready, view.screen == Screen::Portal, erasing, notice)
        };
        // A process that ends now would leave the erasure to the next one.
        if !open && !erasing {
            return Err(notice.unwrap_or_else(|| Fault::Locked.failure()).into());
        }
        if failure != said {
            say(&failure.as_ref().map_or_else(|| "Connected.".to_owned(), ToString::to_string));
            said = failure;
        }
        if enough(ready) {
            return Ok(());
        }
        if views.changed().await.is_err() {
            return Err(Fault::Internal.failure().into());
        }
    }
}

/// Says what a program that serves others could not foresee.
fn why_locked(screen: &Screen) -> Option<Failure> {
    match screen {
        Screen::Locked { cause: LockCause::Contact, .. } => Some(Fault::NoContact.failure()),
        Screen::Locked { .. } | Screen::Welcome | Screen::Pairing { .. } | Screen::Unlocking | Screen::Portal => None,
    }
}

/// Says since when the company has not answered, where its rules make that worth saying.
fn tell_of_silence(away: AwayView) {
    let AwayView { days, waiting, erases_in_days } = away;
    if waiting {
        say(&format!("Your company last answered {days} days ago. Nothing is served until it answers again."));
    }
    if let Some(left) = erases_in_days {
        say(&format!(
            "If your company does not answer within {left} days, this device erases its keys, as it requires."
        ));
    }
}

fn read_credentials(path: &Path) -> Result<Option<(String, Zeroizing<String>)>, Ended> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(anyhow::Error::from(error).context(format!("cannot read {}", path.display())).into()),
    };
    let pair = text.trim().split_once(':').filter(|(user, password)| !user.is_empty() && password.len() >= 16);
    let Some((user, password)) = pair else {
        let reason = format!("{} must hold user:password, the password of at least 16 characters", path.display());
        return Err(anyhow::anyhow!(reason).into());
    };
    Ok(Some((user.to_owned(), Zeroizing::new(password.to_owned()))))
}

fn write_credentials(path: &Path, endpoint: &ProxyEndpoint) -> Result<(), Ended> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let line = Zeroizing::new(format!("{}:{}\n", endpoint.user, *endpoint.password));
    let written = options.open(path).and_then(|mut file| file.write_all(line.as_bytes()));
    Ok(written.with_context(|| format!("cannot write {}", path.display()))?)
}

#[cfg(unix)]
async fn stop_signal() -> Result<(), Ended> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for signals")?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.context("cannot wait for signals")?,
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn stop_signal() -> Result<(), Ended> {
    Ok(tokio::signal::ctrl_c().await.context("cannot wait for signals")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_credentials_are_read_and_weak_ones_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        assert!(read_credentials(&path).unwrap().is_none());
        std::fs::write(&path, "script:0123456789abcdef\n").unwrap();
        let (user, password) = read_credentials(&path).unwrap().unwrap();
        assert_eq!((user.as_str(), password.as_str()), ("script", "0123456789abcdef"));
        for weak in ["", "script", "script:short", ":0123456789abcdef"] {
            std::fs::write(&path, weak).unwrap();
            assert!(read_credentials(&path).is_err(), "{weak}");
        }
    }
}
