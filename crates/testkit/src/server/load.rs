//! Many senders at once, each over a connection that it keeps.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::signature;
use super::wire::find;

/// What is sent.
#[derive(Debug, Clone)]
pub struct Load {
    /// Where the server listens.
    pub address: SocketAddr,
    /// The webhook, whose signature stands in `x-signature`.
    pub hook: String,
    /// Its secret.
    pub secret: Vec<u8>,
    /// What the findings are called.
    pub run: String,
    /// The number of the first; each is sent once.
    pub first: u64,
    /// Bytes of a body.
    pub bytes: usize,
    /// What makes a body of a run, a number and a size; equal numbers are equal bytes.
    pub make: fn(&str, u64, usize) -> Vec<u8>,
    /// Connections at once.
    pub connections: usize,
    /// Deliveries a second that are aimed at; 0 sends as fast as answers come.
    pub per_second: u64,
    /// How long.
    pub time: Duration,
    /// How many at most.
    pub most: Option<u64>,
}

/// What became of it.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Numbers of the deliveries that were acknowledged.
    pub acked: Vec<u64>,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Answers of 429 and 503 that did not say when to come again.
    pub without_wait: u64,
    /// Microseconds of each acknowledged delivery, from the moment when it was due.
    pub micros: Vec<u64>,
    /// Connections that broke.
    pub broken: u64,
    /// The number after the last that was sent.
    pub next: u64,
}

impl Tally {
    /// A share of the deliveries was acknowledged within so many microseconds.
    #[must_use]
    pub fn micros_at(&mut self, per_mille: u64) -> u64 {
        self.micros.sort_unstable();
        let count = self.micros.len() as u64;
        let at = (count * per_mille / 1000).min(count.saturating_sub(1));
        usize::try_from(at).ok().and_then(|at| self.micros.get(at)).copied().unwrap_or(0)
    }

    fn note(&mut self, number: u64, (status, waits): (u16, bool), due: Instant) {
        *self.statuses.entry(status).or_default() += 1;
        if (200..300).contains(&status) {
            self.acked.push(number);
            self.micros.push(micros(due.elapsed()));
        } else if matches!(status, 429 | 503) && !waits {
            self.without_wait += 1;
        }
    }

    fn add(&mut self, other: Self) {
        self.acked.extend(other.acked);
        self.micros.extend(other.micros);
        self.broken += other.broken;
        self.without_wait += other.without_wait;
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
    }
}

/// Sends until the time is over, `stop` is set, or nobody answers any more.
pub async fn load(load: Load, stop: Arc<AtomicBool>) -> Tally {
    let begun = Instant::now();
    let next = Arc::new(AtomicU64::new(load.first));
    let load = Arc::new(load);
    let mut senders = JoinSet::new();
    for _ in 0..load.connections {
        let sender = Sender { load: Arc::clone(&load), next: Arc::clone(&next), begun };
        senders.spawn(sender.run(Arc::clone(&stop)));
    }
    let mut sum = Tally::default();
    while let Some(ended) = senders.join_next().await {
        sum.add(ended.unwrap_or_default());
    }
    sum.next = next.load(Ordering::SeqCst);
    sum
}

struct Sender {
    load: Arc<Load>,
    next: Arc<AtomicU64>,
    begun: Instant,
}

impl Sender {
    async fn run(self, stop: Arc<AtomicBool>) -> Tally {
        let mut tally = Tally::default();
        let mut stream: Option<TcpStream> = None;
        while !stop.load(Ordering::SeqCst) && self.begun.elapsed() < self.load.time {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            if self.load.most.is_some_and(|most| number - self.load.first >= most) {
                break;
            }
            let due = self.due(number).await;
            let connected = match stream.take() {
                Some(stream) => Ok(stream),
                None => TcpStream::connect(self.load.address).await,
            };
            let Ok(mut connected) = connected else {
                tally.broken += 1;
                break;
            };
            match self.post(&mut connected, number).await {
                Ok(answered) => {
                    tally.note(number, answered, due);
                    stream = Some(connected);
                }
                Err(_) => tally.broken += 1,
            }
        }
        tally
    }

    /// Waits until a delivery is due. What comes late through the server counts from then on.
    async fn due(&self, number: u64) -> Instant {
        let Some(nanos) = 1_000_000_000_u64.checked_div(self.load.per_second) else {
            return Instant::now();
        };
        let after = Duration::from_nanos(nanos.saturating_mul(number - self.load.first));
        let due = self.begun + after;
        tokio::time::sleep_until(due).await;
        due
    }

    /// Sends one; the status, and whether the answer says when to come again.
    async fn post(&self, stream: &mut TcpStream, number: u64) -> io::Result<(u16, bool)> {
        let Load { address, hook, secret, run, bytes, make, .. } = &*self.load;
        let body = make(run, number, *bytes);
        let mut request = format!(
            "POST /api/v1/hooks/{hook} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             x-signature: {}\r\nContent-Length: {}\r\n\r\n",
            signature(secret, &body),
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(&body);
        stream.write_all(&request).await?;
        answer(stream).await
    }
}

async fn answer(stream: &mut TcpStream) -> io::Result<(u16, bool)> {
    let odd = || io::Error::from(io::ErrorKind::InvalidData);
    let mut got = Vec::with_capacity(1024);
    let end = loop {
        if stream.read_buf(&mut got).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(end) = find(&got, b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8_lossy(got.get(..end).unwrap_or_default()).to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or_else(odd)?;
    let value = |name: &str| {
        head.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<usize>().ok())
    };
    let waits = value("retry-after:").is_some();
    let length = value("content-length:").ok_or_else(odd)?;
    while got.len() < end + 4 + length {
        if stream.read_buf(&mut got).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok((status, waits))
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
