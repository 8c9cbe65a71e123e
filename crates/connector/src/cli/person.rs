//! `person` and `group`.

use serde_json::json;

use super::Context;
use super::args::{GroupCommand, PersonCommand};
use super::output::{Failure, Output, table};
use crate::audit::Event;
use crate::store::PersonRow;
use crate::time::UnixSeconds;

pub(super) fn run_person(context: &Context, command: &PersonCommand, output: &mut Output) -> Result<(), Failure> {
    match command {
        PersonCommand::Add { login, name, groups } => {
            add(context, login, name.as_deref().unwrap_or(login), groups, output)
        }
        PersonCommand::List => list(context, output),
        PersonCommand::Show { login } => show(context, login, output),
        PersonCommand::Suspend { login } => suspend(context, login, true, output),
        PersonCommand::Resume { login } => suspend(context, login, false, output),
        PersonCommand::Remove { login } => remove(context, login, output),
    }
}

pub(super) fn run_group(context: &Context, command: &GroupCommand, output: &mut Output) -> Result<(), Failure> {
    match command {
        GroupCommand::Add { group, logins } => {
            for login in logins {
                context.store.join_group(group, login)?;
                context.audit.note(Event::GroupJoined, &[("group", group), ("login", login)]);
            }
            warn_about_unused(context, [group]);
            output.done(&format!("{} in {group}", logins.join(", ")))
        }
        GroupCommand::Remove { group, logins } => {
            for login in logins {
                if context.store.leave_group(group, login)? {
                    context.audit.note(Event::GroupLeft, &[("group", group), ("login", login)]);
                }
            }
            output.done(&format!("{} not in {group}", logins.join(", ")))
        }
    }
}

fn add(context: &Context, login: &str, name: &str, groups: &[String], output: &mut Output) -> Result<(), Failure> {
    context.store.add_person(login, name, groups, UnixSeconds::now())?;
    context.audit.note(Event::PersonAdded, &[("login", login), ("groups", &groups.join(" "))]);
    warn_about_unused(context, groups);
    output.done(&format!("{login} added"))?;
    Output::hint(&format!("next: latchgate-connector device invite {login}"));
    Ok(())
}

/// A group that no site names is most likely a misspelt one.
fn warn_about_unused<'a>(context: &Context, groups: impl IntoIterator<Item = &'a String>) {
    for group in groups {
        if !context.config.sites.iter().any(|site| site.allow.admits([group])) {
            Output::hint(&format!("note: no site lets the group `{group}` in"));
        }
    }
}

fn list(context: &Context, output: &mut Output) -> Result<(), Failure> {
    let people = context.store.people()?;
    let devices = context.store.devices()?;
    let rows: Vec<_> = people
        .iter()
        .map(|person| {
            let count = devices.iter().filter(|device| device.login == person.login).count();
            vec![person.login.clone(), person.name.clone(), groups(person), count.to_string(), state(person)]
        })
        .collect();
    output.result(&json!({ "people": people }), &table(&["LOGIN", "NAME", "GROUPS", "DEVICES", "STATE"], &rows))
}

fn show(context: &Context, login: &str, output: &mut Output) -> Result<(), Failure> {
    let person = context.store.person(login)?;
    let devices: Vec<_> = context.store.devices()?.into_iter().filter(|device| device.login == login).collect();
    let sites: Vec<_> = context
        .config
        .sites
        .iter()
        .filter(|site| site.allow.admits(&person.groups))
        .map(|site| site.name.as_str())
        .collect();
    let text = format!(
        "{}\n\nsites: {}\n\n{}",
        table(
            &["LOGIN", "NAME", "GROUPS", "STATE"],
            &[vec![person.login.clone(), person.name.clone(), groups(&person), state(&person)]],
        )
        .trim_end(),
        if sites.is_empty() { "none".to_owned() } else { sites.join(", ") },
        super::device::device_table(context, &devices),
    );
    output.result(&json!({ "person": person, "sites": sites, "devices": devices }), &text)
}

fn suspend(context: &Context, login: &str, suspended: bool, output: &mut Output) -> Result<(), Failure> {
    context.store.set_suspended(login, suspended)?;
    let (event, done) =
        if suspended { (Event::PersonSuspended, "suspended") } else { (Event::PersonResumed, "resumed") };
    context.audit.note(event, &[("login", login)]);
    output.done(&format!("{login} {done}"))
}

fn remove(context: &Context, login: &str, output: &mut Output) -> Result<(), Failure> {
    context.store.remove_person(login, UnixSeconds::now())?;
    context.audit.note(Event::PersonRemoved, &[("login", login)]);
    super::device::tell_gateway(context)?;
    output.done(&format!("{login} removed, with all devices"))
}

fn groups(person: &PersonRow) -> String {
    person.groups.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn state(person: &PersonRow) -> String {
    if person.suspended { "suspended" } else { "active" }.to_owned()
}
