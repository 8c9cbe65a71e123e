//! `audit` and `usage`.

use serde_json::json;

use super::Context;
use super::args::{AuditCommand, UsageArgs};
use super::output::{Failure, Output, table};
use crate::store::UsageRow;

pub(super) fn run_audit(context: &Context, command: &AuditCommand, output: &mut Output) -> Result<(), Failure> {
    match command {
        AuditCommand::Show { last } => show(context, *last, output),
        AuditCommand::Verify => {
            let lines = context.audit.verify()?;
            output.result(&json!({ "lines": lines }), &format!("{lines} lines, unaltered\n"))
        }
    }
}

fn show(context: &Context, last: usize, output: &mut Output) -> Result<(), Failure> {
    let lines = context.audit.lines()?;
    let lines = lines.get(lines.len().saturating_sub(last)..).unwrap_or_default();
    let rows: Vec<_> = lines
        .iter()
        .map(|line| {
            let text = |name: &str| line.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
            let details = line
                .iter()
                .filter(|(name, _)| !matches!(name.as_str(), "seq" | "time" | "event" | "prev" | "hash"))
                .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
                .collect::<Vec<_>>()
                .join(" ");
            vec![line.get("seq").map(ToString::to_string).unwrap_or_default(), text("time"), text("event"), details]
        })
        .collect();
    output.result(&json!({ "lines": lines }), &table(&["SEQ", "TIME", "EVENT", "DETAILS"], &rows))
}

pub(super) fn run_usage(context: &Context, args: &UsageArgs, output: &mut Output) -> Result<(), Failure> {
    let usage = context.store.usage()?;
    let cells: Vec<_> = usage.iter().map(cells).collect();
    let text = if args.csv { csv(&cells) } else { table(&HEADLINE, &cells) };
    output.result(&json!({ "usage": usage }), &text)
}

const HEADLINE: [&str; 7] = ["DAY", "PERSON", "DEVICE", "SITE", "REQUESTS", "UP", "DOWN"];

fn cells(row: &UsageRow) -> Vec<String> {
    vec![
        row.day.clone(),
        row.login.clone(),
        row.device_id.to_string(),
        row.site.clone(),
        row.requests.to_string(),
        row.up.to_string(),
        row.down.to_string(),
    ]
}

/// Writes comma-separated values (RFC 4180); a cell that a spreadsheet would take for a formula is quoted as
/// text.
fn csv(rows: &[Vec<String>]) -> String {
    let quote = |cell: &String| {
        let inert = if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell.clone() };
        if inert.contains([',', '"', '\n', '\r']) { format!("\"{}\"", inert.replace('"', "\"\"")) } else { inert }
    };
    let mut text = HEADLINE.join(",").to_lowercase();
    text.push_str("\r\n");
    for row in rows {
        text.push_str(&row.iter().map(quote).collect::<Vec<_>>().join(","));
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        let row = ["2026-11-22", "maria", "00", "=1+1,\"x\"", "1", "2", "3"].map(str::to_owned).to_vec();
        assert_eq!(
            csv(&[row]),
            "day,person,device,site,requests,up,down\r\n2026-11-22,maria,00,\"'=1+1,\"\"x\"\"\",1,2,3\r\n"
        );
    }
}
