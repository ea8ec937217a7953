//! Pages on their way into the intake log.

use std::sync::Arc;
use std::time::Duration;

use quell_sources::live::{Item, Stream};
use quell_spool::{Appended, Origin, Record, SpoolError};
use tokio::sync::oneshot;

use super::{PageName, Platform};
use crate::intake::{Found, keep_bytes, queue};
use crate::state::App;

/// Bytes of one delivery: a page that is larger becomes several.
const MOST_BYTES: usize = 2 << 20;
/// How long to wait where the log takes no more just now.
const FULL: Duration = Duration::from_millis(200);

/// Keeps records in the intake log, as many deliveries as are needed. Where the last one stands;
/// none where there was nothing to keep. What it says is on the disk.
pub(super) async fn keep(
    app: &Arc<App>,
    platform: &Platform,
    stream: &'static Stream,
    (mut name, items): (PageName, Vec<Item>),
) -> Result<(i64, Option<i64>), String> {
    let mut last = None;
    let mut body = Body::new(stream);
    for item in items {
        let text = item.json.get();
        if text.len() > MOST_BYTES {
            large(app, platform, &item)?;
            // Its number stays without a page, so the reading does not count as whole.
            name.page += 1;
            continue;
        }
        if body.length() + text.len() > MOST_BYTES {
            last = Some(append(app, platform, &name, body.end()).await?);
            name.page += 1;
            body = Body::new(stream);
        }
        body.add(text);
    }
    if !body.is_empty() {
        last = Some(append(app, platform, &name, body.end()).await?);
        name.page += 1;
    }
    app.delivered.wake();
    Ok((name.page, last))
}

/// A record that is too large for the log is kept as a file is, and a job takes it in.
fn large(app: &App, platform: &Platform, item: &Item) -> Result<(), String> {
    let payload = keep_bytes(app, item.json.get().as_bytes())?;
    let version = blake3::Hash::from_bytes(payload.hash).to_hex().to_string();
    let found = Found { name: &item.id, version: &version, format: platform.kind.id };
    let of = (&platform.config.tenant, platform.name.as_str());
    queue(app, of, &found, &payload).map_err(|error| error.to_string())
}

async fn append(
    app: &Arc<App>,
    platform: &Platform,
    name: &PageName,
    body: Vec<u8>,
) -> Result<i64, String> {
    let origin = Origin {
        tenant: platform.config.tenant.to_string(),
        source: platform.name.clone(),
        delivery: Some(name.to_string()),
    };
    let now = app.clock.now().as_microsecond();
    let record = Record::new(origin, now, body).map_err(|error| error.to_string())?;
    loop {
        let (done, kept) = oneshot::channel::<Result<Appended, SpoolError>>();
        let asked = app.spool.append(record.clone(), move |result| drop(done.send(result)));
        match asked {
            Ok(()) => {
                let kept = kept.await.map_err(|_| SpoolError::Closed.to_string())?;
                return Ok(kept.map_err(|error| error.to_string())?.position.to_i64());
            }
            Err(SpoolError::Full { .. }) => tokio::time::sleep(FULL).await,
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Records as one answer of the vendor.
struct Body {
    stream: &'static Stream,
    text: Vec<u8>,
    count: usize,
}

impl Body {
    fn new(stream: &'static Stream) -> Self {
        Self { stream, text: stream.around.0.as_bytes().to_vec(), count: 0 }
    }

    const fn length(&self) -> usize {
        self.text.len()
    }

    const fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn add(&mut self, json: &str) {
        let lines = self.stream.around == ("", "");
        if self.count > 0 {
            self.text.push(if lines { b'\n' } else { b',' });
        }
        // A line is one record only where it holds no line end of its own; between the tokens of
        // JSON a blank says the same, and inside of texts there is none.
        self.text.extend(json.bytes().map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { b }));
        self.count += 1;
    }

    fn end(mut self) -> Vec<u8> {
        self.text.extend_from_slice(self.stream.around.1.as_bytes());
        self.text
    }
}
