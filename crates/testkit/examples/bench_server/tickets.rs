//! From a webhook to the ticket that it causes.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::Arc;

use quell_testkit::double::Double;
use quell_testkit::letters::{Ahead, finding};
use quell_testkit::server::{Client, delivery};
use quell_testkit::sinks::JiraDouble;
use serde_json::{Value, json};

use super::drain::{deliver, millis, shares, store, total_of};
use super::{Outcome, Place, now, pause, say};

/// The variable with the token of the tracker, and the token.
pub(super) const TOKEN: (&str, &str) = ("BENCH_JIRA", "a-token-of-the-tracker");
/// Checks and accounts of what is stored: an incident for each pair.
const KINDS: u64 = 100;

/// Delivers one finding after the other, and waits for the ticket of each: with nothing stored, and
/// with as many findings as are asked for.
pub(super) fn tickets(quell: &str, stored: u64, deliveries: u64) -> Outcome<()> {
    for stored in [0, stored] {
        measure(quell, stored, deliveries)?;
    }
    Ok(())
}

fn measure(quell: &str, stored: u64, deliveries: u64) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let jira = Arc::new(JiraDouble::new(Arc::new(Ahead::default())));
    jira.set(|settings| {
        settings.user.clear();
        TOKEN.1.clone_into(&mut settings.token);
    });
    let double = runtime.block_on(Double::start(Arc::clone(&jira) as _))?;
    let place = Place::new(quell)?;
    let config = place.folder.path().join("quell.toml");
    write!(
        OpenOptions::new().append(true).open(config)?,
        "\n[egress]\nallow = [\"http://127.0.0.1\"]\n\n[sinks.jira]\nkind = \"jira\"\nurl = \"{}\"\n\
         project = \"SEC\"\nsecret = \"env:{}\"\n\n[routes.all]\nsinks = [\"jira\"]\n\
         least_severity = \"high\"\nrelease = \"rule\"\nletters_an_hour = 1000000\n",
        double.url(),
        TOKEN.0
    )?;
    let (process, client) = place.first()?;
    if stored > 0 {
        store(&client, (stored, medium))?;
        wait_for(&client, stored)?;
    }
    let mut took = Vec::new();
    for number in 0..deliveries {
        let begun = now();
        deliver(&process, ("ticket", finding), number)?;
        let wanted = usize::try_from(number + 1)?;
        while jira.count() < wanted {
            if begun.elapsed().as_secs() > 60 {
                return Err(format!("after a minute there is no ticket of {number}").into());
            }
            pause(1);
        }
        took.push(millis(begun));
    }
    took.sort_unstable();
    say(&format!("until a ticket stands, with {stored} findings: {}", shares(&took)));
    process.kill()?;
    Ok(())
}

/// Waits until all that is stored is in the lists.
fn wait_for(client: &Client, stored: u64) -> Outcome<()> {
    while total_of(client, "")? < stored {
        pause(50);
    }
    Ok(())
}

/// A finding that no route wants, of many checks and accounts.
fn medium(run: &str, number: u64, bytes: usize) -> Vec<u8> {
    let mut record: Value =
        serde_json::from_slice(&delivery(run, number, bytes)).unwrap_or_default();
    let (check, account) = (number % KINDS, number / KINDS % KINDS);
    let changes = [
        ("/class_uid", json!(2003)),
        ("/severity_id", json!(3)),
        ("/metadata/event_code", json!(format!("stored_check_{check}"))),
        ("/finding_info/title", json!(format!("A stored fault {check}"))),
        ("/cloud/account/uid", json!(format!("{:012}", 300_000_000_000 + account))),
    ];
    for (place, value) in changes {
        if let Some(field) = record.pointer_mut(place) {
            *field = value;
        }
    }
    record.to_string().into_bytes()
}
