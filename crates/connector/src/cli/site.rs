//! `site`: what is declared, and whether the connector reaches it.

use serde_json::json;

use super::args::{Args, SiteCommand};
use super::output::{Failure, Output, table};
use super::{block_on, load};
use crate::config::{Allow, Config, Identity, SiteConfig};
use crate::site::Site;
use crate::text::hint;

pub(super) fn run(args: &Args, command: &SiteCommand, output: &mut Output) -> Result<(), Failure> {
    let config = load(args)?;
    for warning in config.warnings() {
        Output::hint(&format!("note: {warning}"));
    }
    match command {
        SiteCommand::List => list(&config, output),
        SiteCommand::Test { name } => test(&config, name.as_deref(), output),
    }
}

fn list(config: &Config, output: &mut Output) -> Result<(), Failure> {
    let sites: Vec<_> = config
        .sites
        .iter()
        .map(|site| {
            json!({
                "name": site.name.as_str(),
                "url": site.origin.to_string(),
                "upstream": site.upstream.to_string(),
                "allow": allow(site),
                "identity": identity(site),
            })
        })
        .collect();
    let rows: Vec<_> = config
        .sites
        .iter()
        .map(|site| {
            vec![
                site.name.to_string(),
                site.origin.to_string(),
                site.upstream.to_string(),
                if allow(site).is_empty() { "nobody".to_owned() } else { allow(site).join(" ") },
                identity(site),
            ]
        })
        .collect();
    output.result(&json!({ "sites": sites }), &table(&["NAME", "URL", "UPSTREAM", "ALLOW", "IDENTITY"], &rows))
}

fn test(config: &Config, name: Option<&str>, output: &mut Output) -> Result<(), Failure> {
    let chosen: Vec<_> = config
        .sites
        .iter()
        .filter(|site| name.is_none_or(|name| site.name.as_str().eq_ignore_ascii_case(name)))
        .collect();
    if let (Some(name), true) = (name, chosen.is_empty()) {
        let near = hint(name, config.sites.iter().map(|site| site.name.as_str()));
        return Err(Failure::message(format!("no site `{name}`{near}")));
    }
    let mut results = Vec::new();
    let mut rows = Vec::new();
    let mut failed = 0;
    for declared in chosen {
        let site = Site::new(declared.clone())?;
        let outcome = block_on(site.upstream.probe())?.map_err(|error| Failure::from(error).text());
        failed += usize::from(outcome.is_err());
        let said = outcome.as_ref().err().map_or("reached", String::as_str).to_owned();
        results.push(json!({ "name": declared.name.as_str(), "reached": outcome.is_ok(), "error": outcome.err() }));
        rows.push(vec![declared.name.to_string(), declared.upstream.to_string(), said]);
    }
    output.result(&json!({ "sites": results }), &table(&["NAME", "UPSTREAM", "RESULT"], &rows))?;
    match failed {
        0 => Ok(()),
        1 => Err(Failure::message("one site was not reached")),
        failed => Err(Failure::message(format!("{failed} sites were not reached"))),
    }
}

fn allow(site: &SiteConfig) -> Vec<String> {
    match &site.allow {
        Allow::Everyone => vec!["*".to_owned()],
        Allow::Groups(groups) => groups.iter().cloned().collect(),
    }
}

fn identity(site: &SiteConfig) -> String {
    match &site.identity {
        Identity::None if site.passthrough => "passthrough".to_owned(),
        Identity::None => "none".to_owned(),
        Identity::Header(name) => name.to_string(),
        Identity::Jwt => "jwt".to_owned(),
    }
}
