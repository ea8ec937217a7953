//! From a webhook to the ticket that it causes.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use quell_testkit::double::Double;
use quell_testkit::letters::{Ahead, finding};
use quell_testkit::server::{Client, Request, delivery};
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

/// Lets letters go while an import runs, one after the other, and waits for the ticket of each.
pub(super) fn letters(quell: &str, findings: u64, letters: u64) -> Outcome<()> {
    let tracker = Tracker::new("person")?;
    let place = Place::new(quell)?;
    tracker.add_to(&place)?;
    let (process, client) = place.first()?;
    for number in 0..letters {
        deliver(&process, ("letter", finding), number)?;
    }
    let held = || -> Outcome<Vec<i64>> {
        let answer = client.send(&Request::get("/api/v1/outbox?state=held&limit=500"))?.json();
        let items = answer.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(items.iter().filter_map(|row| row.get("id")?.as_i64()).collect())
    };
    let wanted = usize::try_from(letters.min(500))?;
    while held()?.len() < wanted {
        pause(50);
    }
    let is_over = AtomicBool::new(false);
    let took = std::thread::scope(|scope| -> Outcome<Vec<u64>> {
        let importing = scope.spawn(|| {
            let result = store(&client, (findings, medium)).map_err(|error| error.to_string());
            is_over.store(true, Ordering::SeqCst);
            result
        });
        let mut took = Vec::new();
        for row in held()? {
            let (before, begun) = (tracker.jira.count(), now());
            client.send(&Request::post(&format!("/api/v1/outbox/{row}/release"), ""))?;
            while tracker.jira.count() == before && begun.elapsed().as_secs() < 60 {
                pause(1);
            }
            if tracker.jira.count() == before {
                return Err(format!("after a minute there is no ticket of row {row}").into());
            }
            if is_over.load(Ordering::SeqCst) {
                break;
            }
            took.push(millis(begun));
        }
        importing.join().map_err(|_| "the import panicked")??;
        Ok(took)
    })?;
    let count = took.len();
    let mut took = took;
    took.sort_unstable();
    say(&format!(
        "until a ticket stands, while {findings} findings are imported: {count} letters, {}",
        shares(&took)
    ));
    process.kill()?;
    Ok(())
}

/// A tracker, and the configuration by which letters get there.
struct Tracker {
    jira: Arc<JiraDouble>,
    double: Double,
    release: &'static str,
    _runtime: tokio::runtime::Runtime,
}

impl Tracker {
    fn new(release: &'static str) -> Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let jira = Arc::new(JiraDouble::new(Arc::new(Ahead::default())));
        jira.set(|settings| {
            settings.user.clear();
            TOKEN.1.clone_into(&mut settings.token);
        });
        let double = runtime.block_on(Double::start(Arc::clone(&jira) as _))?;
        Ok(Self { jira, double, release, _runtime: runtime })
    }

    fn add_to(&self, place: &Place) -> Outcome<()> {
        let config = place.folder.path().join("quell.toml");
        write!(
            OpenOptions::new().append(true).open(config)?,
            "\n[egress]\nallow = [\"http://127.0.0.1\"]\n\n[sinks.jira]\nkind = \"jira\"\nurl = \"{}\"\n\
             project = \"SEC\"\nsecret = \"env:{}\"\n\n[routes.all]\nsinks = [\"jira\"]\n\
             least_severity = \"high\"\nrelease = \"{}\"\nletters_an_hour = 1000000\n",
            self.double.url(),
            TOKEN.0,
            self.release
        )?;
        Ok(())
    }
}

fn measure(quell: &str, stored: u64, deliveries: u64) -> Outcome<()> {
    let tracker = Tracker::new("rule")?;
    let place = Place::new(quell)?;
    tracker.add_to(&place)?;
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
        while tracker.jira.count() < wanted {
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
