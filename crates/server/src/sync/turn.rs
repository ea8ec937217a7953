//! One turn: each stream that is due, page by page.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};
use quell_audit::{Action, Stage};
use quell_http::Verdict;
use quell_model::Timestamp;
use quell_sources::live::{Ask, LiveError, Pace, Page, Stream};
use quell_store::{Fence, Heard, StoreError, StreamRow};

use super::keep::keep;
use super::reading::{Circle, Recent, UnderWay};
use super::rest::{LONGEST, Rest};
use super::settle::settle;
use super::{PageName, Platform};
use crate::audit::by_server;
use crate::state::App;

/// How long a lease holds without being renewed. It is renewed with each page.
const LEASE: SignedDuration = SignedDuration::from_secs(180);
/// How long to wait while another process reads the platform.
const TAKEN: Duration = Duration::from_secs(10);
/// A stream that somebody has to repair is looked at again after this.
const REPAIR: SignedDuration = SignedDuration::from_secs(300);
/// A reading that brought nothing new is written down after this.
const NOTED_AFTER: SignedDuration = SignedDuration::from_mins(15);
/// How often a reading begins again because its cursor was refused.
const MOST_AGAIN: u8 = 3;

/// Why a turn ends early.
#[derive(Debug)]
pub(crate) enum Halt {
    /// Only this stream; others go on.
    Stream(String),
    /// The platform cannot be asked now; perhaps later, not before this.
    Later(String, Option<Duration>),
    /// Somebody has to repair it first.
    Repair(String),
    /// Another process reads it.
    Taken,
}

impl Halt {
    fn of(error: &LiveError) -> Self {
        let said = error.to_string();
        match (error, error.verdict()) {
            (LiveError::Forbidden { .. } | LiveError::Shape { .. }, _) | (_, Verdict::GiveUp) => {
                Self::Stream(said)
            }
            (_, Verdict::Later(wait)) => Self::Later(said, wait),
            (_, Verdict::NeedsHuman) => Self::Repair(said),
        }
    }

    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Stream(reason) | Self::Later(reason, _) | Self::Repair(reason) => reason,
            Self::Taken => "another process reads it",
        }
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Later(error.to_string(), None)
    }
}

/// Asks a platform until the server stops.
pub(crate) async fn run(app: Arc<App>, platform: Arc<Platform>) {
    let mut rest = Rest::default();
    loop {
        let result = turn(&app, &platform).await;
        let wait = until_next(&platform, &result, (&mut rest, fastrand::f64()));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = platform.wake.notified() => {}
        }
    }
}

/// How long a platform is left alone after a turn, unless somebody wakes it. `chance` is from 0
/// to 1.
pub(super) fn until_next(
    platform: &Platform,
    result: &Result<(), Halt>,
    (rest, chance): (&mut Rest, f64),
) -> Duration {
    match result {
        Ok(()) => {
            rest.worked();
            Duration::from_secs(platform.config.every_seconds)
        }
        Err(Halt::Taken) => TAKEN,
        Err(Halt::Later(reason, asked)) => {
            tracing::warn!(source = platform.name, reason, "a platform cannot be asked now");
            rest.after_failure(*asked, chance)
        }
        Err(Halt::Stream(reason) | Halt::Repair(reason)) => {
            tracing::error!(source = platform.name, reason, "a platform needs somebody");
            LONGEST
        }
    }
}

/// Reads every stream that is due. What is wrong with single streams stands in their rows.
pub(crate) async fn turn(app: &Arc<App>, platform: &Arc<Platform>) -> Result<(), Halt> {
    turn_of(app, platform, None).await
}

/// The same of one stream alone, where one is named.
pub(crate) async fn turn_of(
    app: &Arc<App>,
    platform: &Arc<Platform>,
    only: Option<&str>,
) -> Result<(), Halt> {
    let _turn = platform.turn.lock().await;
    if app.office().platform(platform.key())?.paused {
        return Ok(());
    }
    let fence = lease(app, platform)?;
    let known = app.office().streams(platform.key())?;
    let result = announced(app, platform, fence).await;
    let result = match result {
        Ok(()) => streams(app, platform, (fence, known), only).await,
        Err(halt) => Err(halt),
    };
    let failed = match &result {
        Ok(failed) => failed.clone(),
        Err(halt) => Some(halt.reason().to_owned()),
    };
    let before = platform.running();
    platform.note_running(|running| {
        running.stream = None;
        running.well = Some(failed.is_none());
        if failed.is_none() && only.is_none() {
            running.good_at = Some(app.clock.now());
        }
    });
    // That all is well is said once, and not with each turn.
    if failed.is_some() || before.well != Some(true) {
        heard(app, platform, failed)?;
    }
    result.map(|_| ())
}

async fn streams(
    app: &Arc<App>,
    platform: &Arc<Platform>,
    (fence, known): (Fence, Vec<StreamRow>),
    only: Option<&str>,
) -> Result<Option<String>, Halt> {
    let mut failed = None;
    for stream in platform.streams().filter(|stream| only.is_none_or(|only| only == stream.name)) {
        let row = known.iter().find(|row| row.name == stream.name).cloned();
        let row = row
            .unwrap_or_else(|| StreamRow { name: stream.name.to_owned(), ..StreamRow::default() });
        let now = app.clock.now();
        let Some(since) = due(stream, &row, (now, platform.config.nightly_hour)) else { continue };
        if platform.rests(stream, now) {
            failed = failed.or(row.reason);
            continue;
        }
        let mut read = Reader { app, platform, stream, fence, row };
        let mut result = read.read(since).await;
        // What was under way began before somebody asked.
        if result.is_ok()
            && read.row.asked_at.is_some()
            && let Some(since) = due(stream, &read.row, (now, platform.config.nightly_hour))
        {
            result = read.read(since).await;
        }
        match result {
            Ok(()) => {}
            Err(Halt::Taken) => return Err(Halt::Taken),
            Err(halt) => {
                read.fail(halt.reason())?;
                match halt {
                    Halt::Stream(reason) => {
                        platform.rest(stream, now.checked_add(REPAIR).unwrap_or(now));
                        failed = failed.or(Some(format!("{}: {reason}", stream.name)));
                    }
                    other @ (Halt::Later(..) | Halt::Repair(_) | Halt::Taken) => return Err(other),
                }
            }
        }
    }
    Ok(failed)
}

/// What is to be read of a stream now: what changed since a time, or all; nothing where it is not due.
fn due(
    stream: &Stream,
    row: &StreamRow,
    (now, hour): (Timestamp, i8),
) -> Option<Option<Timestamp>> {
    if row.under_way.is_some() {
        return Some(row.since);
    }
    let Some(whole_at) = row.whole_at else { return Some(None) };
    if whole_at < last_night(now, hour) || row.wanted_at.is_some_and(|wanted| wanted > whole_at) {
        return Some(None);
    }
    let is_asked = row.asked_at.is_some();
    match stream.pace {
        Pace::Often => Some(row.since),
        Pace::Hourly => (is_asked || is_hour_past(row, now)).then_some(row.since),
        Pace::Nightly => is_asked.then_some(None),
    }
}

/// Whether the last reading began an hour ago.
fn is_hour_past(row: &StreamRow, now: Timestamp) -> bool {
    row.since.is_none_or(|since| now.duration_since(since) >= SignedDuration::from_hours(1))
}

/// When the hour of the nightly reading last came.
fn last_night(now: Timestamp, hour: i8) -> Timestamp {
    let here = now.to_zoned(TimeZone::UTC);
    let today = here.with().hour(hour).minute(0).second(0).subsec_nanosecond(0).build();
    let Ok(today) = today else { return now };
    if today.timestamp() <= now {
        return today.timestamp();
    }
    today.checked_sub(1.day()).map_or(now, |before| before.timestamp())
}

fn lease(app: &App, platform: &Platform) -> Result<Fence, Halt> {
    let now = app.clock.now();
    let until = now.checked_add(LEASE).unwrap_or(now);
    let held = app.office().platform_lease(platform.key(), &app.process, (now, until))?;
    held.ok_or(Halt::Taken)
}

/// Asks for what webhooks announced.
async fn announced(app: &Arc<App>, platform: &Arc<Platform>, fence: Fence) -> Result<(), Halt> {
    while let Some(target) = platform.next_announced() {
        let (stream, page) = match platform.connector.fetch(&target).await {
            Ok(found) => found,
            // What cannot be asked for singly comes with what is new.
            Err(LiveError::Unsupported(_)) => continue,
            Err(error) => {
                let halt = Halt::of(&error);
                if let Halt::Stream(reason) = &halt {
                    tracing::warn!(
                        source = platform.name,
                        reason,
                        "what was announced is not there"
                    );
                    continue;
                }
                platform.put_back(target);
                return Err(halt);
            }
        };
        check_owner(app, platform, &page)?;
        let now = app.clock.now();
        let under_way = UnderWay::begin(stream, Some(now), now);
        let name = PageName {
            stream: stream.name.to_owned(),
            reading: under_way.number,
            whole: false,
            page: 0,
        };
        let kept = keep(app, platform, stream, (name, page.items)).await;
        kept.map_err(|reason| Halt::Later(reason, None))?;
        renew(app, platform, fence)?;
    }
    Ok(())
}

/// Keeps the lease, if it is still this process's.
fn renew(app: &App, platform: &Platform, fence: Fence) -> Result<(), Halt> {
    if lease(app, platform)? == fence { Ok(()) } else { Err(Halt::Taken) }
}

/// The data has to stay the same owner's.
fn check_owner(app: &App, platform: &Platform, page: &Page) -> Result<(), Halt> {
    let Some(owner) = page.owner.as_deref() else { return Ok(()) };
    let mut office = app.office();
    match office.platform(platform.key())?.owner {
        None => {
            let leaf = by_server(
                (Action::SourceAdopt, Stage::Noted),
                &platform.config.tenant,
                app.clock.now(),
            );
            let leaf = leaf.object("source", &platform.name).word("owner", owner);
            app.audit.note(leaf).map_err(|error| Halt::Later(error.to_string(), None))?;
            Ok(office.platform_owner(platform.key(), Some(owner))?)
        }
        Some(known) if known == owner => Ok(()),
        Some(known) => Err(Halt::Repair(format!(
            "the platform answers with the data of `{owner}`, and `{known}` was read before; nothing of it is taken"
        ))),
    }
}

fn heard(app: &App, platform: &Platform, failed: Option<String>) -> Result<(), StoreError> {
    let key = (&platform.config.tenant, platform.name.as_str(), "platform");
    app.office().source_heard(key, &Heard { failed, ..Heard::default() }, app.clock.now())
}

/// Reads one stream.
struct Reader<'a> {
    app: &'a Arc<App>,
    platform: &'a Arc<Platform>,
    stream: &'static Stream,
    fence: Fence,
    row: StreamRow,
}

impl Reader<'_> {
    async fn read(&mut self, since: Option<Timestamp>) -> Result<(), Halt> {
        let stored = self.row.under_way.as_deref();
        let stored = stored.and_then(|text| serde_json::from_str::<UnderWay>(text).ok());
        let mut under_way =
            stored.unwrap_or_else(|| UnderWay::begin(self.stream, since, self.app.clock.now()));
        let mut recent = Recent::new(&self.row.recent);
        let mut circle = Circle::default();
        self.platform.note_running(|running| {
            running.stream = Some(self.stream.name.to_owned());
            running.items = under_way.items;
            running.total = None;
        });
        while !under_way.ended {
            match self.page(&mut under_way, (&mut recent, &mut circle)).await {
                Ok(()) => {}
                Err(LiveOr::Live(LiveError::Cursor(_))) if under_way.again < MOST_AGAIN => {
                    under_way.restart();
                    circle = Circle::default();
                    self.store(&under_way)?;
                }
                Err(LiveOr::Live(error)) => return Err(Halt::of(&error)),
                Err(LiveOr::Halt(halt)) => return Err(halt),
            }
        }
        self.end(under_way, recent).await
    }

    /// Reads one page and keeps it; then the place in the stream moves on.
    async fn page(
        &mut self,
        under_way: &mut UnderWay,
        (recent, circle): (&mut Recent, &mut Circle),
    ) -> Result<(), LiveOr> {
        let (app, platform) = (self.app, self.platform);
        let ask = Ask {
            stream: self.stream,
            since: under_way.since,
            until: under_way.until,
            cursor: under_way.cursor.as_ref(),
        };
        let mut page = platform.connector.page(ask).await?;
        check_owner(app, platform, &page)?;
        circle.check(under_way.cursor.as_ref(), &page).map_err(Halt::Stream)?;
        under_way.look_at(&page);
        let items = std::mem::take(&mut page.items);
        let brought = items.len();
        let items = recent.sift(items, under_way, self.stream);
        let kept = u64::try_from(items.len()).unwrap_or(u64::MAX);
        let name = PageName {
            stream: self.stream.name.to_owned(),
            reading: under_way.number,
            whole: under_way.whole && self.stream.closes,
            page: under_way.pages,
        };
        let written = keep(app, platform, self.stream, (name, items)).await;
        let (pages, position) = written.map_err(|reason| Halt::Later(reason, None))?;
        under_way.pages = pages;
        under_way.position = position.unwrap_or(under_way.position);
        under_way.kept += kept;
        let (total, calls_left) = (page.total, page.calls_left);
        under_way.pass(page, brought);
        platform.note_running(|running| {
            running.items = under_way.items;
            running.total = total.or(running.total);
            running.calls_left = calls_left.or(running.calls_left);
        });
        // A page that brought nothing new is not worth a flush; reading it again does no harm.
        if kept > 0 || under_way.whole {
            renew(app, platform, self.fence)?;
            self.store(under_way)?;
        }
        Ok(())
    }

    fn store(&mut self, under_way: &UnderWay) -> Result<(), Halt> {
        self.row.under_way = Some(serde_json::to_string(under_way).map_err(StoreError::from)?);
        self.write()
    }

    fn write(&self) -> Result<(), Halt> {
        let written = self.app.office().stream_set(self.platform.key(), self.fence, &self.row)?;
        if written { Ok(()) } else { Err(Halt::Taken) }
    }

    async fn end(&mut self, under_way: UnderWay, recent: Recent) -> Result<(), Halt> {
        let (app, now) = (self.app, self.app.clock.now());
        let mut remark = None;
        if under_way.whole && self.stream.closes && under_way.unread.is_empty() {
            let settled = settle(app, self.platform, &under_way, &mut self.row).await;
            remark = settled.map_err(|reason| Halt::Later(reason, None))?;
        }
        if let Some(unread) = under_way.unread.first() {
            remark = Some(format!("a part was not read, and nothing closes for it: {unread}"));
        }
        let reached = under_way.reached();
        let old = self.row.since.is_none_or(|since| now.duration_since(since) > NOTED_AFTER);
        let news = under_way.kept > 0
            || self.row.under_way.is_some()
            || self.row.asked_at.is_some()
            || self.row.reason != remark;
        if !(under_way.whole || old || news) {
            return Ok(());
        }
        self.row.since = self.row.since.max(Some(reached));
        if under_way.whole {
            self.row.whole_at = Some(under_way.until);
        }
        self.row.good_at = Some(now);
        self.row.under_way = None;
        self.row.recent = recent.next();
        self.row.failed_at = remark.as_ref().map(|_| now);
        self.row.reason = remark;
        self.write()?;
        if self.row.asked_at.is_some_and(|asked| asked <= under_way.until) {
            self.row.asked_at = None;
            let (key, name) = (self.platform.key(), self.stream.name);
            app.office().stream_answered(key, name, under_way.until)?;
        }
        Ok(())
    }

    /// Notes why the stream was not read to its end. What it has read stays.
    fn fail(&mut self, reason: &str) -> Result<(), Halt> {
        self.row.failed_at = Some(self.app.clock.now());
        self.row.reason = Some(reason.to_owned());
        self.write()
    }
}

/// What stops a page.
enum LiveOr {
    Live(LiveError),
    Halt(Halt),
}

impl From<LiveError> for LiveOr {
    fn from(error: LiveError) -> Self {
        Self::Live(error)
    }
}

impl From<Halt> for LiveOr {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_night_before_is_found_across_midnight() {
        for (now, hour, found) in [
            ("2026-11-21T02:00:00Z", 2, "2026-11-21T02:00:00Z"),
            ("2026-11-21T01:59:59Z", 2, "2026-11-20T02:00:00Z"),
            ("2026-11-21T23:59:59Z", 0, "2026-11-21T00:00:00Z"),
        ] {
            assert_eq!(last_night(at(now), hour), at(found), "{now}");
        }
    }

    #[test]
    fn a_stream_is_read_whole_first_then_what_is_new_then_whole_each_night() {
        let stream = |pace| Stream {
            name: "s",
            title: "s",
            pace,
            around: ("", ""),
            closes: true,
            overlap_seconds: 60,
            right: "",
        };
        let (often, nightly) = (stream(Pace::Often), stream(Pace::Nightly));
        let now = (at("2026-11-21T12:00:00Z"), 2);
        let new = StreamRow::default();
        assert_eq!(due(&often, &new, now), Some(None));
        let since = Some(at("2026-11-21T11:00:00Z"));
        let read = StreamRow { since, whole_at: since, ..StreamRow::default() };
        assert_eq!(due(&often, &read, now), Some(since));
        assert_eq!(due(&nightly, &read, now), None);
        let asked = StreamRow { asked_at: since, ..read.clone() };
        assert_eq!(due(&often, &asked, now), Some(since));
        assert_eq!(due(&nightly, &asked, now), Some(None));
        let hourly = stream(Pace::Hourly);
        assert_eq!(due(&hourly, &new, now), Some(None));
        assert_eq!(due(&hourly, &read, now), Some(since));
        let before = (at("2026-11-21T11:59:59Z"), 2);
        assert_eq!(due(&hourly, &read, before), None);
        assert_eq!(due(&hourly, &asked, before), Some(since));
        let tomorrow = (at("2026-11-22T02:00:01Z"), 2);
        assert_eq!(due(&often, &read, tomorrow), Some(None));
        assert_eq!(due(&hourly, &read, tomorrow), Some(None));
        assert_eq!(due(&nightly, &read, tomorrow), Some(None));
    }
}
