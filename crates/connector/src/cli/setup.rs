//! `init`.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use latchgate_link::dial::{DialConfig, TlsRoots};
use latchgate_protocol::GatewayOrigin;
use serde_json::json;
use zeroize::Zeroizing;

use super::args::{Args, InitArgs};
use super::output::{Failure, Output};
use super::{block_on, plain_http};
use crate::config::{Config, Template, render_template};
use crate::init::init;

pub(super) fn run(args: &Args, wanted: &InitArgs, output: &mut Output) -> Result<(), Failure> {
    let gateway = GatewayOrigin::parse(&wanted.gateway, plain_http(args))
        .map_err(|error| Failure::Usage(format!("--gateway: {error}")))?;
    let folder = args.config.parent().unwrap_or(Path::new(""));
    let data = choose_data(args, wanted)?;
    let token = wanted.token_file.as_deref().map(read_token).transpose()?;
    let roots = match &wanted.ca {
        None => TlsRoots::Platform,
        Some(path) => TlsRoots::Pem(std::fs::read(path).map_err(|error| Failure::in_file(path, error))?),
    };
    let dial = DialConfig { gateway: gateway.clone(), roots, proxy: None };
    let store = block_on(init(&folder.join(&data), dial, token.as_ref().map(|token| token.as_str())))??;
    let account = store.account()?;
    let fingerprint = store.connector_key().fingerprint();
    let ca = wanted.ca.as_deref().map(std::path::absolute).transpose()?;
    let template = Template {
        data: &data,
        company: wanted.name.as_deref(),
        gateway: &gateway,
        plain_http: plain_http(args),
        ca: ca.as_deref(),
    };
    let written = write_config(&args.config, &render_template(&template))?;
    let result = json!({
        "instance": account.instance_id,
        "fingerprint": fingerprint,
        "data": store.data(),
        "config": args.config,
        "config_written": written,
    });
    let kept = if written { "written" } else { "exists and was left alone; check [gateway] url in it" };
    let text = format!(
        "Registered at {gateway} as instance {}.\nKeys and store: {}\nFingerprint, shown on devices: {fingerprint}\n\
         Configuration: {} ({kept})\n",
        account.instance_id,
        store.data().display(),
        args.config.display(),
    );
    output.result(&result, &text)?;
    Output::hint("next: declare a [[site]], then `person add`, `device invite` and `serve`");
    Ok(())
}

/// Returns the data folder as it stands in the configuration.
fn choose_data(args: &Args, wanted: &InitArgs) -> Result<PathBuf, Failure> {
    if let Some(data) = &wanted.data {
        // What is given on the command line starts at the working folder, what is configured at the file's.
        return Ok(std::path::absolute(data)?);
    }
    match std::fs::read_to_string(&args.config) {
        Ok(text) => Config::data_folder(&text, Path::new("")).map_err(|error| Failure::in_file(&args.config, error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(PathBuf::from("connector-data")),
        Err(error) => Err(Failure::in_file(&args.config, error)),
    }
}

fn read_token(path: &Path) -> Result<Zeroizing<String>, Failure> {
    const LONGEST: u64 = 4096;

    let mut text = Zeroizing::new(String::new());
    let read = if path == Path::new("-") {
        io::stdin().take(LONGEST).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text))
    };
    read.map_err(|error| Failure::in_file(path, error))?;
    let token = Zeroizing::new(text.trim().to_owned());
    if token.is_empty() { Err(Failure::message(format!("{} is empty", path.display()))) } else { Ok(token) }
}

/// Writes a new configuration; an existing one is left alone.
fn write_config(path: &Path, text: &str) -> Result<bool, Failure> {
    match std::fs::File::create_new(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map(|()| true).map_err(|error| Failure::in_file(path, error)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Failure::in_file(path, error)),
    }
}
