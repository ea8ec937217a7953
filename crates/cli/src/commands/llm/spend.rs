//! `quell llm spend`: what models cost, and what is left today.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Result;
use clap::Args;
use quell_config::{Config, Money};
use quell_model::{Clock, TenantId};
use quell_report::{count, number};
use quell_server::{SpendLeftReport, SpendLimitReport, SpendReport, SpentBy, SpentRow, offline};

use super::cell;
use crate::commands::jobs::tenant;
use crate::console::{say, write_json};
use crate::environment::{Environment, SystemClock};
use crate::exit::Exit;
use crate::remote::ServerArguments;

/// What is told.
#[derive(Debug, Args)]
pub(super) struct Wanted {
    /// How many days, today among them
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=400))]
    days: u32,
    /// By what it is told apart
    #[arg(long, value_name = "WHAT", default_value = "day", value_parser = SpentBy::ALL.map(SpentBy::as_str))]
    by: String,
    /// Whose, on the data directory; a server knows it by the token
    #[arg(long, value_name = "TENANT", default_value = TenantId::DEFAULT)]
    tenant: String,
    #[command(flatten)]
    server: ServerArguments,
}

/// Tells it.
pub(super) fn run(
    wanted: &Wanted,
    (data, named): (&Path, Option<&Path>),
    (config, environment, json): (&Config, &Environment, bool),
) -> Result<Exit> {
    let by = SpentBy::from_word(&wanted.by).unwrap_or_default();
    let report: SpendReport = match wanted.server.connect(named, environment)? {
        Some(remote) => remote.ask(remote.connection.llm_spend(wanted.days, by.as_str()))?,
        None => {
            let tenant = tenant(&wanted.tenant)?;
            let now = SystemClock.now();
            offline::llm_spend(data, &config.analyst, &tenant, (wanted.days, by), now)?
        }
    };
    let mut out = BufWriter::new(io::stdout().lock());
    if json {
        write_json(&mut out, &report)?;
    } else {
        write(&report, &mut out)?;
    }
    out.flush()?;
    if !json && report.total == SpentRow::default() && report.under_way.calls == 0 {
        say("nothing was spent; docs/llm.md says who may ask models, and for what");
    }
    Ok(Exit::Clean)
}

fn write(report: &SpendReport, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "left today: {}", left(&report.tenant))?;
    if let Some(user) = &report.user {
        writeln!(out, "left for you: {}", left(user))?;
    }
    let open = report.under_way;
    if open.calls > 0 {
        let [tokens, money] = [number(open.tokens), Money::of_millionths(open.money).to_string()];
        let calls = count(open.calls, "call");
        writeln!(out, "{calls} under way, with {tokens} tokens and {money} reserved")?;
    }
    writeln!(out)?;
    let by = report.by.as_str();
    writeln!(
        out,
        "{by:<27} {:>7} {:>13} {:>12} {:>7} {:>8}",
        "calls", "tokens", "money", "kept", "refused"
    )?;
    for row in &report.items {
        let name = if row.name.is_empty() { "(none)" } else { &row.name };
        write_row(&cell(name, 27), row, out)?;
    }
    let days = count(u64::from(report.days), "day");
    write_row(&format!("all of {days}"), &report.total, out)?;
    let lost = report.total.unended_calls;
    if lost > 0 {
        let tokens = number(report.total.lost_tokens);
        let calls = count(lost, "call");
        writeln!(out, "{calls} without an end: all that was reserved counts ({tokens} tokens)")?;
    }
    if report.total.over_calls > 0 {
        let calls = count(report.total.over_calls, "call");
        writeln!(out, "{calls} took more than was reserved")?;
    }
    Ok(())
}

fn write_row(name: &str, row: &SpentRow, out: &mut impl Write) -> io::Result<()> {
    let money = Money::of_millionths(row.money).to_string();
    let [calls, tokens] = [row.calls, row.tokens].map(number);
    let [kept, refused] = [row.kept_answers, row.refused_calls].map(number);
    writeln!(out, "{name:<27} {calls:>7} {tokens:>13} {money:>12} {kept:>7} {refused:>8}")
}

/// What is left of both limits.
fn left(report: &SpendLeftReport) -> String {
    let SpendLimitReport { limit, left, .. } = report.tokens;
    let money = report.money;
    let [has, most] = [money.left, money.limit].map(Money::of_millionths);
    format!("{} of {} tokens, {has} of {most} money", number(left), number(limit))
}

#[cfg(test)]
mod tests {
    use quell_server::SpendUnderWay;

    use super::*;

    fn limit(limit: u64, left: u64) -> SpendLimitReport {
        SpendLimitReport { limit, used: limit - left, left }
    }

    fn row(name: &str, calls: u64) -> SpentRow {
        SpentRow {
            name: name.to_owned(),
            calls,
            tokens: calls * 1_234,
            money: calls * 4_250,
            kept_answers: calls / 2,
            ..SpentRow::default()
        }
    }

    #[test]
    fn what_is_left_comes_first_and_no_line_is_longer_than_80() {
        let left = |tokens, money| SpendLeftReport { tokens, money };
        let report = SpendReport {
            today: "2026-11-22".parse().unwrap(),
            tenant: left(limit(2_000_000, 1_987_660), limit(10_000_000, 9_957_500)),
            user: Some(left(limit(400_000, 387_660), limit(2_000_000, 1_957_500))),
            under_way: SpendUnderWay { calls: 2, tokens: 6_000, money: 30_000 },
            days: 7,
            by: SpentBy::Provider,
            items: vec![row("claude claude-haiku-5-5 with a name that is long", 1_000), row("", 1)],
            total: SpentRow {
                unended_calls: 2,
                lost_tokens: 5_000,
                over_calls: 1,
                refused_calls: 3,
                ..row("", 1_001)
            },
        };
        let mut out = Vec::new();
        write(&report, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert_eq!(text, include_str!("spend.txt"));
        let none =
            SpendReport { user: None, items: Vec::new(), total: SpentRow::default(), ..report };
        let mut out = Vec::new();
        write(&none, &mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().ends_with(" 0        0\n"));
    }
}
