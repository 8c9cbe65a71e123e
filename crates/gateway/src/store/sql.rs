//! What the store's jobs see of a database: statements, values and rows.
//!
//! Statements are written once, in the SQL that SQLite and PostgreSQL share, with `?1` for the first value.

use std::cell::RefCell;

use latchgate_protocol::{DeviceId, InstanceId};
use rusqlite::OptionalExtension as _;
use rusqlite::types::{ToSqlOutput, ValueRef};

use super::StoreError;
use super::postgres::Session;

/// A database in a transaction.
pub(super) enum Sql<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(&'a RefCell<Session>),
}

/// A value on its way into a statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Int(i64),
    Bool(bool),
    Bytes(&'a [u8]),
}

/// A row on its way out.
pub(super) enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a postgres::Row),
}

/// A value of a row.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cell<'a> {
    Null,
    Int(i64),
    Bytes(&'a [u8]),
}

/// What a cell is read as.
pub(super) trait Column: Sized {
    fn read(cell: Cell<'_>) -> Option<Self>;
}

/// Lists the values of a statement.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::store::sql::Value::from(&$value)),*] };
}
pub(super) use values;

impl Sql<'_> {
    /// Runs a statement and returns how many rows it changed.
    pub(super) fn execute(&self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(connection) => {
                let changed = connection.prepare_cached(sql)?.execute(rusqlite::params_from_iter(values))?;
                Ok(changed as u64)
            }
            Self::Postgres(session) => session.borrow_mut().execute(sql, values),
        }
    }

    /// Reads the first row, if there is one.
    pub(super) fn first<T>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match self {
            Self::Sqlite(connection) => connection
                .prepare_cached(sql)?
                .query_row(rusqlite::params_from_iter(values), |row| Ok(read(&Row::Sqlite(row))))
                .optional()?
                .transpose(),
            Self::Postgres(session) => {
                let rows = session.borrow_mut().query(sql, values)?;
                rows.first().map(|row| read(&Row::Postgres(row))).transpose()
            }
        }
    }

    /// Reads every row.
    pub(super) fn all<T>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        match self {
            Self::Sqlite(connection) => connection
                .prepare_cached(sql)?
                .query_map(rusqlite::params_from_iter(values), |row| Ok(read(&Row::Sqlite(row))))?
                .map(|row| row?)
                .collect(),
            Self::Postgres(session) => {
                let rows = session.borrow_mut().query(sql, values)?;
                rows.iter().map(|row| read(&Row::Postgres(row))).collect()
            }
        }
    }
}

impl Row<'_> {
    /// Reads a column.
    pub(super) fn get<T: Column>(&self, column: usize) -> Result<T, StoreError> {
        let cell = match self {
            Self::Sqlite(row) => match row.get_ref(column)? {
                ValueRef::Null => Some(Cell::Null),
                ValueRef::Integer(value) => Some(Cell::Int(value)),
                ValueRef::Blob(bytes) => Some(Cell::Bytes(bytes)),
                ValueRef::Real(_) | ValueRef::Text(_) => None,
            },
            Self::Postgres(row) => super::postgres::cell(row, column)?,
        };
        cell.and_then(T::read).ok_or(StoreError::Unexpected)
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Int(value) => ValueRef::Integer(value),
            Self::Bool(value) => ValueRef::Integer(value.into()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl From<&i64> for Value<'_> {
    fn from(value: &i64) -> Self {
        Self::Int(*value)
    }
}

impl From<&u32> for Value<'_> {
    fn from(value: &u32) -> Self {
        Self::Int((*value).into())
    }
}

impl From<&u64> for Value<'_> {
    /// Times and counts: what is beyond the range stays at its end.
    fn from(value: &u64) -> Self {
        Self::Int(i64::try_from(*value).unwrap_or(i64::MAX))
    }
}

impl From<&bool> for Value<'_> {
    fn from(value: &bool) -> Self {
        Self::Bool(*value)
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<&'a InstanceId> for Value<'a> {
    fn from(id: &'a InstanceId) -> Self {
        Self::Bytes(id.as_bytes())
    }
}

impl<'a> From<&'a DeviceId> for Value<'a> {
    fn from(id: &'a DeviceId) -> Self {
        Self::Bytes(id.as_bytes())
    }
}

impl Column for i64 {
    fn read(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Int(value) = cell { Some(value) } else { None }
    }
}

impl Column for u64 {
    fn read(cell: Cell<'_>) -> Option<Self> {
        i64::read(cell)?.try_into().ok()
    }
}

impl Column for u32 {
    fn read(cell: Cell<'_>) -> Option<Self> {
        i64::read(cell)?.try_into().ok()
    }
}

impl Column for bool {
    fn read(cell: Cell<'_>) -> Option<Self> {
        i64::read(cell).map(|value| value != 0)
    }
}

impl Column for Vec<u8> {
    fn read(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Bytes(bytes) = cell { Some(bytes.to_vec()) } else { None }
    }
}

impl<const N: usize> Column for [u8; N] {
    fn read(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Bytes(bytes) = cell { bytes.try_into().ok() } else { None }
    }
}

impl Column for InstanceId {
    fn read(cell: Cell<'_>) -> Option<Self> {
        Column::read(cell).map(Self::from_bytes)
    }
}

impl Column for DeviceId {
    fn read(cell: Cell<'_>) -> Option<Self> {
        Column::read(cell).map(Self::from_bytes)
    }
}

impl<T: Column> Column for Option<T> {
    fn read(cell: Cell<'_>) -> Option<Self> {
        if matches!(cell, Cell::Null) { Some(None) } else { T::read(cell).map(Some) }
    }
}
