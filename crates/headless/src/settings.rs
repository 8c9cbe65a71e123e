//! `settings`: what the person chose on one machine, for another one. No key is in it.

use std::fs::OpenOptions;
use std::io::Write as _;

use anyhow::Context as _;
use serde_json::json;

use crate::args::{Common, SettingsTask};
use crate::input::{read_file, unlock_secret};
use crate::output::Output;
use crate::{Ended, open};

pub(crate) async fn run(common: &Common, task: &SettingsTask, output: &Output) -> Result<(), Ended> {
    let client = open(common)?;
    match task {
        SettingsTask::Export { file } => {
            let settings = client.export_settings()?;
            let written = OpenOptions::new().write(true).create_new(true).open(file);
            let written = written.and_then(|mut file| file.write_all(&settings));
            written.with_context(|| format!("cannot write {}", file.display()))?;
            let words = format!("The settings were written to {}.", file.display());
            output.result(&json!({ "settings": file }), &words);
        }
        SettingsTask::Import { file } => {
            let settings = read_file(file)?;
            client.unlock(unlock_secret(common)?).await?;
            let taken = client.import_settings(&settings).await;
            client.lock();
            taken?;
            output.result(&json!({ "state": "imported" }), "The settings were taken over.");
        }
    }
    Ok(())
}
