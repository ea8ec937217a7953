//! One reading of a stream: where it is, what it skips, and how far it brings the stream.

use std::collections::HashSet;

use jiff::SignedDuration;
use quell_model::Timestamp;
use quell_sources::live::{Item, Page, Stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Hashes of what was brought within the overlap; more are read again without harm.
const MOST_RECENT: usize = 20_000;
/// Sentences about parts that were not read.
const MOST_UNREAD: usize = 20;

/// A reading that is not at its end, as it is stored after each page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UnderWay {
    /// Its number: when it began, in microseconds.
    pub(super) number: i64,
    /// Whether it reads all that there is.
    pub(super) whole: bool,
    /// What changed before is not asked for.
    pub(super) since: Option<Timestamp>,
    /// When it began, by our clock.
    pub(super) until: Timestamp,
    /// And by the vendor's, where that is earlier.
    #[serde(default)]
    pub(super) vendor_until: Option<Timestamp>,
    /// Where the next page begins.
    pub(super) cursor: Option<Value>,
    /// Pages kept so far, parts of pages counted.
    pub(super) pages: i64,
    /// Records brought so far.
    pub(super) items: u64,
    /// Records that were new.
    pub(super) kept: u64,
    /// What could not be read.
    #[serde(default)]
    pub(super) unread: Vec<String>,
    /// Where its last page stands in the intake log.
    pub(super) position: i64,
    /// How often it began again.
    #[serde(default)]
    pub(super) again: u8,
    /// Whether all pages are there.
    #[serde(default)]
    pub(super) ended: bool,
}

impl UnderWay {
    /// Begins a reading. One of what is new reaches back behind the last one.
    pub(super) fn begin(stream: &Stream, since: Option<Timestamp>, now: Timestamp) -> Self {
        let overlap = SignedDuration::from_secs(i64::from(stream.overlap_seconds));
        Self {
            number: now.as_microsecond(),
            whole: since.is_none(),
            since: since.map(|since| since.checked_sub(overlap).unwrap_or(since)),
            until: now,
            vendor_until: None,
            cursor: None,
            pages: 0,
            items: 0,
            kept: 0,
            unread: Vec::new(),
            position: 0,
            again: 0,
            ended: false,
        }
    }

    /// Begins again from the first page: the vendor knows the cursor no more.
    pub(super) fn restart(&mut self) {
        self.number += 1;
        self.cursor = None;
        self.pages = 0;
        self.items = 0;
        self.again += 1;
    }

    /// Notes what a page says of itself.
    pub(super) fn look_at(&mut self, page: &Page) {
        if self.cursor.is_none() && self.vendor_until.is_none() {
            self.vendor_until = page.vendor_time;
        }
    }

    /// Notes a page whose records are kept.
    pub(super) fn pass(&mut self, page: Page, brought: usize) {
        self.items += u64::try_from(brought).unwrap_or(u64::MAX);
        let room = MOST_UNREAD.saturating_sub(self.unread.len());
        self.unread.extend(page.unread.into_iter().take(room));
        self.ended = page.next.is_none();
        self.cursor = page.next;
    }

    /// What the stream was read up to once this is at its end: never later than the vendor's clock
    /// or ours said at its beginning, whatever times its records carry.
    pub(super) fn reached(&self) -> Timestamp {
        self.vendor_until.map_or(self.until, |vendor| vendor.min(self.until))
    }
}

/// What tells a record's content from another.
pub(super) fn hash(item: &Item) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(item.id.as_bytes());
    hasher.update(&[0]);
    hasher.update(item.json.get().as_bytes());
    let hash = hasher.finalize();
    let head: [u8; 8] = std::array::from_fn(|at| hash.as_bytes().get(at).copied().unwrap_or(0));
    u64::from_le_bytes(head)
}

/// What was brought within the overlap: by the reading before, and by this one for the next.
#[derive(Debug, Default)]
pub(super) struct Recent {
    before: HashSet<u64>,
    now: Vec<u64>,
}

impl Recent {
    pub(super) fn new(before: &[u64]) -> Self {
        Self { before: before.iter().copied().collect(), now: Vec::new() }
    }

    /// Leaves out what the reading before brought, and remembers what the next one will meet again.
    pub(super) fn sift(
        &mut self,
        items: Vec<Item>,
        under_way: &UnderWay,
        stream: &Stream,
    ) -> Vec<Item> {
        let overlap = SignedDuration::from_secs(i64::from(stream.overlap_seconds));
        let from = under_way.reached().checked_sub(overlap).unwrap_or(Timestamp::MIN);
        items
            .into_iter()
            .filter(|item| {
                let hash = hash(item);
                let near = item.changed.is_none_or(|changed| changed >= from);
                if near && self.now.len() < MOST_RECENT {
                    self.now.push(hash);
                }
                under_way.whole || !self.before.contains(&hash)
            })
            .collect()
    }

    /// What the next reading leaves out.
    pub(super) fn next(self) -> Vec<u64> {
        self.now
    }
}

/// Whether a list goes in a circle: it names a place where it was before.
#[derive(Debug, Default)]
pub(super) struct Circle {
    places: HashSet<[u8; 32]>,
    last: Option<[u8; 32]>,
}

impl Circle {
    /// Looks at a page, asked for at a place. Says what is wrong with it.
    pub(super) fn check(&mut self, asked: Option<&Value>, page: &Page) -> Result<(), String> {
        let place = |value: &Value| *blake3::hash(value.to_string().as_bytes()).as_bytes();
        self.places.extend(asked.map(place));
        if page.next.as_ref().is_some_and(|next| self.places.contains(&place(next))) {
            return Err(
                "the list goes in a circle: a page names a place where it was before".to_owned()
            );
        }
        let mut hasher = blake3::Hasher::new();
        page.items.iter().for_each(|item| {
            hasher.update(&hash(item).to_le_bytes());
        });
        let content = (!page.items.is_empty()).then(|| *hasher.finalize().as_bytes());
        if content.is_some() && content == self.last && page.next.is_some() {
            return Err("the list goes in a circle: the same page came twice".to_owned());
        }
        self.last = content;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use quell_sources::live::Pace;
    use serde_json::json;
    use serde_json::value::to_raw_value;

    use super::*;

    static STREAM: Stream = Stream {
        name: "alerts",
        title: "alerts",
        pace: Pace::Often,
        around: ("[", "]"),
        closes: true,
        overlap_seconds: 60,
        right: "read",
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn item(id: &str, changed: Option<i64>) -> Item {
        Item {
            id: id.to_owned(),
            changed: changed.map(at),
            json: to_raw_value(&json!({ "id": id })).unwrap(),
        }
    }

    #[test]
    fn the_watermark_never_passes_either_clock_at_the_beginning() {
        let mut under_way = UnderWay::begin(&STREAM, Some(at(0)), at(1_000));
        assert_eq!(under_way.since, Some(at(-60)));
        let page = Page {
            items: vec![item("a", Some(9_999_999))],
            vendor_time: Some(at(400)),
            ..Page::default()
        };
        under_way.look_at(&page);
        under_way.pass(page, 1);
        assert_eq!(under_way.reached(), at(400));
        let mut ahead = UnderWay::begin(&STREAM, Some(at(0)), at(1_000));
        ahead.look_at(&Page { vendor_time: Some(at(5_000)), ..Page::default() });
        assert_eq!(ahead.reached(), at(1_000));
    }

    #[test]
    fn what_the_overlap_brings_again_is_left_out_unless_it_changed() {
        let first = UnderWay::begin(&STREAM, None, at(1_000));
        let mut recent = Recent::new(&[]);
        let old = item("old", Some(100));
        let near = item("near", Some(990));
        let all = recent.sift(vec![old, near.clone()], &first, &STREAM);
        assert_eq!(all.len(), 2);
        let next = recent.next();
        assert_eq!(next, [hash(&near)]);
        let second = UnderWay::begin(&STREAM, Some(first.reached()), at(1_300));
        let mut recent = Recent::new(&next);
        let mut changed = near.clone();
        changed.json = to_raw_value(&json!({ "id": "near", "status": "closed" })).unwrap();
        let kept = recent.sift(vec![near.clone(), changed], &second, &STREAM);
        assert_eq!(kept.len(), 1);
        // A whole reading leaves nothing out: it tells what is listed.
        let whole = UnderWay::begin(&STREAM, None, at(1_300));
        assert_eq!(Recent::new(&next).sift(vec![near], &whole, &STREAM).len(), 1);
    }

    #[test]
    fn a_circle_shows_within_two_pages_and_an_empty_page_is_none() {
        let page = |next: Option<i64>, ids: &[&str]| Page {
            items: ids.iter().map(|id| item(id, None)).collect(),
            next: next.map(Value::from),
            ..Page::default()
        };
        let mut same = Circle::default();
        same.check(None, &page(Some(1), &["a"])).unwrap();
        assert!(same.check(Some(&json!(1)), &page(Some(1), &["b"])).is_err());
        let mut repeated = Circle::default();
        repeated.check(None, &page(Some(1), &["a"])).unwrap();
        assert!(repeated.check(Some(&json!(1)), &page(Some(2), &["a"])).is_err());
        let mut fine = Circle::default();
        for (asked, next, ids) in
            [(None, Some(1), vec!["a"]), (Some(1), Some(2), vec![]), (Some(2), Some(3), vec![])]
        {
            fine.check(asked.map(Value::from).as_ref(), &page(next, &ids)).unwrap();
        }
        fine.check(Some(&json!(3)), &page(None, &["b"])).unwrap();
    }

    #[test]
    fn a_reading_comes_back_from_what_is_stored() {
        let mut under_way = UnderWay::begin(&STREAM, Some(at(0)), at(9));
        let page = Page {
            next: Some(json!({"after": "x"})),
            unread: vec!["project p".to_owned()],
            ..Page::default()
        };
        under_way.pass(page, 7);
        let text = serde_json::to_string(&under_way).unwrap();
        assert_eq!(serde_json::from_str::<UnderWay>(&text).unwrap(), under_way);
    }
}
