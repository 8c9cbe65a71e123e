//! `backup` and `restore`: a pairing as a file that a passphrase opens.

use std::fs::OpenOptions;
use std::io::Write as _;

use anyhow::Context as _;
use latchgate_client::Fault;
use latchgate_client::view::Settings;
use serde_json::json;

use crate::args::{BackupTask, Common, is_standard_input};
use crate::input::{confirm, make_missing_key, read_file, read_passphrase, unlock_secret};
use crate::output::{Output, say};
use crate::{Ended, open};

pub(crate) async fn write(common: &Common, task: &BackupTask, output: &Output) -> Result<(), Ended> {
    check_inputs(common, task)?;
    let client = open(common)?;
    client.unlock(unlock_secret(common)?).await?;
    say(
        "Whoever has this file and its passphrase is this machine to your company, until one of the two changes its keys.",
    );
    if !confirm("Write the backup?", task.yes)? {
        return Err(Ended::Usage("no backup was written".to_owned()));
    }
    let before = client.view().settings;
    client.set_settings(Settings { backups: true, ..before.clone() }).await?;
    let made = client.back_up(read_passphrase(&task.backup_passphrase_file)?).await;
    client.set_settings(before).await?;
    client.lock();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let bytes = made?;
    let written = options.open(&task.file).and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()));
    written.with_context(|| format!("cannot write {}", task.file.display()))?;
    let words = format!("The backup was written to {}.", task.file.display());
    output.result(&json!({ "backup": task.file }), &words);
    Ok(())
}

pub(crate) async fn restore(common: &Common, task: &BackupTask, output: &Output) -> Result<(), Ended> {
    check_inputs(common, task)?;
    let client = open(common)?;
    let backup = read_file(&task.file)?;
    let passphrase = read_passphrase(&task.backup_passphrase_file)?;
    make_missing_key(common)?;
    client.restore(&backup, passphrase, unlock_secret(common)?).await?;
    let profile = client.view().profile.ok_or_else(|| Fault::Internal.failure())?;
    client.lock();
    let words = format!("Restored: {} at {}.", profile.device_label, profile.company);
    output.result(&json!({ "state": "paired", "profile": profile }), &words);
    Ok(())
}

fn check_inputs(common: &Common, task: &BackupTask) -> Result<(), Ended> {
    let both = common.passphrase_file.as_deref().is_some_and(is_standard_input)
        && is_standard_input(&task.backup_passphrase_file);
    if both { Err(Ended::Usage("the two passphrases cannot both come from standard input".to_owned())) } else { Ok(()) }
}
