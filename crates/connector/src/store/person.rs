//! People and the groups that they are in. A group exists as long as somebody is in it.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension as _};
use serde::Serialize;

use super::{Store, StoreError, device, unknown_person};
use crate::limits::NAME_LENGTH;
use crate::text::is_misleading;
use crate::time::UnixSeconds;

/// One person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonRow {
    /// What sites know the person by.
    pub login: String,
    /// What people know the person by.
    pub name: String,
    /// The groups that the person is in.
    pub groups: BTreeSet<String>,
    /// Whether every request of the person is refused.
    pub suspended: bool,
}

impl Store {
    /// Adds a person.
    ///
    /// # Errors
    /// [`StoreError::PersonExists`], and [`StoreError::UnusableName`] for a login or group that could be
    /// mistaken for another or break a header.
    pub fn add_person(&self, login: &str, name: &str, groups: &[String], now: UnixSeconds) -> Result<(), StoreError> {
        check_login(login)?;
        check_display_name(name)?;
        self.write(|transaction| {
            let added = transaction.execute(
                "INSERT INTO person (login, name, created) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                (login, name.trim(), now.to_sql()),
            )?;
            if added == 0 {
                return Err(StoreError::PersonExists(login.to_owned()));
            }
            groups.iter().try_for_each(|group| join(transaction, login, group))
        })
    }

    /// Lists all people, by login.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn people(&self) -> Result<Vec<PersonRow>, StoreError> {
        people(&self.lock())
    }

    /// Returns one person.
    ///
    /// # Errors
    /// [`StoreError::UnknownPerson`] with the nearest known login.
    pub fn person(&self, login: &str) -> Result<PersonRow, StoreError> {
        let found = self.people()?.into_iter().find(|person| person.login == login);
        found.ok_or_else(|| unknown_person(&self.lock(), login))
    }

    /// Suspends or resumes a person; holds from the next request on.
    ///
    /// # Errors
    /// [`StoreError::UnknownPerson`].
    pub fn set_suspended(&self, login: &str, suspended: bool) -> Result<(), StoreError> {
        self.write(|transaction| {
            let changed =
                transaction.execute("UPDATE person SET suspended = ?2 WHERE login = ?1", (login, suspended))?;
            if changed == 0 { Err(unknown_person(transaction, login)) } else { Ok(()) }
        })
    }

    /// Removes a person and revokes all of the person's devices.
    ///
    /// # Errors
    /// [`StoreError::UnknownPerson`].
    pub fn remove_person(&self, login: &str, now: UnixSeconds) -> Result<(), StoreError> {
        self.write(|transaction| {
            device::revoke_all_of(transaction, login, now)?;
            let removed = transaction.execute("DELETE FROM person WHERE login = ?1", [login])?;
            if removed == 0 { Err(unknown_person(transaction, login)) } else { Ok(()) }
        })
    }

    /// Puts a person into a group.
    ///
    /// # Errors
    /// [`StoreError::UnknownPerson`], [`StoreError::UnusableName`].
    pub fn join_group(&self, group: &str, login: &str) -> Result<(), StoreError> {
        self.write(|transaction| {
            require_person(transaction, login)?;
            join(transaction, login, group)
        })
    }

    /// Takes a person out of a group. Returns whether the person was in it.
    ///
    /// # Errors
    /// [`StoreError::UnknownPerson`].
    pub fn leave_group(&self, group: &str, login: &str) -> Result<bool, StoreError> {
        self.write(|transaction| {
            require_person(transaction, login)?;
            let left = transaction.execute("DELETE FROM membership WHERE login = ?1 AND grp = ?2", (login, group))?;
            Ok(left > 0)
        })
    }
}

pub(super) fn people(connection: &Connection) -> Result<Vec<PersonRow>, StoreError> {
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut statement = connection.prepare_cached("SELECT login, grp FROM membership")?;
    for row in statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))? {
        let (login, group): (String, String) = row?;
        groups.entry(login).or_default().insert(group);
    }
    let mut statement = connection.prepare_cached("SELECT login, name, suspended FROM person ORDER BY login")?;
    let rows = statement.query_map([], |row| {
        let login: String = row.get(0)?;
        let groups = groups.get(&login).cloned().unwrap_or_default();
        Ok(PersonRow { login, name: row.get(1)?, groups, suspended: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn logins(connection: &Connection) -> Result<Vec<String>, StoreError> {
    Ok(people(connection)?.into_iter().map(|person| person.login).collect())
}

pub(super) fn require_person(connection: &Connection, login: &str) -> Result<(), StoreError> {
    let found = connection.query_row("SELECT 1 FROM person WHERE login = ?1", [login], |_| Ok(())).optional()?;
    found.ok_or_else(|| unknown_person(connection, login))
}

fn join(connection: &Connection, login: &str, group: &str) -> Result<(), StoreError> {
    check_login(group)?;
    connection.execute("INSERT INTO membership (login, grp) VALUES (?1, ?2) ON CONFLICT DO NOTHING", (login, group))?;
    Ok(())
}

/// Accepts what is safe as a header value, in a path and in a log line.
fn check_login(login: &str) -> Result<(), StoreError> {
    let usable = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._@-".contains(&byte);
    let begins = login.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit());
    if begins && login.len() <= NAME_LENGTH && login.bytes().all(usable) {
        Ok(())
    } else {
        Err(StoreError::UnusableName(login.chars().filter(|c| !is_misleading(*c)).take(NAME_LENGTH).collect()))
    }
}

fn check_display_name(name: &str) -> Result<(), StoreError> {
    let length = name.trim().chars().count();
    if length == 0 || length > NAME_LENGTH || name.chars().any(is_misleading) {
        return Err(StoreError::UnusableDisplayName);
    }
    Ok(())
}
