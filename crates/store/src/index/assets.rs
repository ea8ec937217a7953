//! The keys of all assets, each once, in lower case, made to be searched.
//!
//! A key is kept in two parts: its head, up to the last `:` or `/`, which many assets share, and
//! its tail. A text that is searched for stands in a head, in a tail, or over the one place where
//! they meet, which is behind its own last `:` or `/`.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, OnceLock};

use hashbrown::{HashMap, HashTable};
use memchr::memmem::Finder;
use quell_model::KeyHasher;
use rayon::prelude::*;

use super::chunked::Chunked;
use crate::IdSet;

/// Assets of a chunk.
const CHUNK: usize = 4096;
/// Stands before each tail; no text holds it.
const BEFORE: u8 = 0xFF;
/// Every so many tails the place of one is kept.
const MARKED: usize = 16;

/// The keys of all assets.
#[derive(Debug, Clone, Default)]
pub(super) struct Assets {
    heads: Chunked<Arc<str>>,
    chunks: Vec<Arc<Chunk>>,
}

#[derive(Debug, Clone, Default)]
struct Chunk {
    heads: Vec<u32>,
    /// All tails, each behind [`BEFORE`].
    tails: Vec<u8>,
    /// Where the first of each [`MARKED`] tails stands.
    marks: Vec<u32>,
    /// The order of assets that are otherwise alike; made when it is first asked for.
    ties: OnceLock<Box<[u64]>>,
}

/// Finds the number of a key; only who adds keys needs it.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    heads: HashMap<Arc<str>, u32>,
    assets: HashTable<u32>,
    hasher: RandomState,
}

/// A key's head and tail.
fn parts(key: &str) -> (&str, &str) {
    let end = key.rfind([':', '/']).map_or(0, |at| at + 1);
    key.split_at_checked(end).unwrap_or(("", key))
}

impl Lookup {
    /// Makes room for so many more keys. Those that are known may move.
    pub(super) fn reserve(&mut self, assets: &Assets, more: usize) {
        let hasher = &self.hasher;
        self.assets.reserve(more, |number| hash_of(hasher, assets, *number));
    }

    /// The number of a key, which is added where it is new.
    pub(super) fn number(&mut self, assets: &mut Assets, key: &str) -> u32 {
        let (head, tail) = parts(key);
        let head = match self.heads.get(head) {
            Some(number) => *number,
            None => {
                let text: Arc<str> = Arc::from(head);
                let number = assets.heads.push(Arc::clone(&text));
                self.heads.insert(text, number);
                number
            }
        };
        let hash = self.hasher.hash_one((head, tail.as_bytes()));
        let is_it = |number: &u32| assets.halves(*number) == Some((head, tail.as_bytes()));
        if let Some(number) = self.assets.find(hash, is_it) {
            return *number;
        }
        let number = assets.push(head, tail);
        let hasher = &self.hasher;
        self.assets.insert_unique(hash, number, |number| hash_of(hasher, assets, *number));
        number
    }
}

/// The hash of a key that has its number.
fn hash_of(hasher: &RandomState, assets: &Assets, number: u32) -> u64 {
    hasher.hash_one(assets.halves(number).unwrap_or_default())
}

impl Assets {
    pub(super) fn len(&self) -> usize {
        let full = self.chunks.len().saturating_sub(1) * CHUNK;
        full + self.chunks.last().map_or(0, |chunk| chunk.heads.len())
    }

    /// About how many bytes the keys take, with those that find a key's number.
    pub(super) fn heap_bytes(&self) -> usize {
        let heads: usize = self.heads.iter().map(|head| 2 * head.len() + 64).sum();
        let chunk = |chunk: &Arc<Chunk>| {
            let ties = chunk.ties.get().map_or(0, |ties| ties.len() * 8);
            chunk.tails.capacity() + 4 * (chunk.heads.capacity() + chunk.marks.len()) + ties
        };
        // A place of the table is a number and a byte, and a power of two of them is kept.
        let table = 5 * (self.len() * 8 / 7).next_power_of_two();
        heads + self.chunks.iter().map(chunk).sum::<usize>() + table
    }

    fn push(&mut self, head: u32, tail: &str) -> u32 {
        let number = u32::try_from(self.len()).unwrap_or(u32::MAX);
        if self.chunks.last().is_none_or(|chunk| chunk.heads.len() >= CHUNK) {
            // A full chunk stays as it is.
            if let Some(full) = self.chunks.last_mut().and_then(Arc::get_mut) {
                full.shrink();
            }
            self.chunks.push(Arc::default());
        }
        if let Some(chunk) = self.chunks.last_mut() {
            Arc::make_mut(chunk).push(head, tail);
        }
        number
    }

    /// A key's head and tail, by its number.
    fn halves(&self, number: u32) -> Option<(u32, &[u8])> {
        let number = usize::try_from(number).ok()?;
        self.chunks.get(number / CHUNK)?.halves(number % CHUNK)
    }

    /// A key, by its number.
    pub(super) fn key(&self, number: u32) -> Option<String> {
        let (head, tail) = self.halves(number)?;
        let head = self.heads.get(head)?;
        Some(format!("{head}{}", String::from_utf8_lossy(tail)))
    }

    /// The order of an asset among those that are otherwise alike.
    pub(super) fn tie(&self, number: u32) -> u64 {
        let tie = |number: usize| {
            let chunk = self.chunks.get(number / CHUNK)?;
            chunk.ties.get_or_init(|| self.ties(chunk)).get(number % CHUNK).copied()
        };
        usize::try_from(number).ok().and_then(tie).unwrap_or_default()
    }

    /// Makes the order of all assets, which is kept with them.
    pub(super) fn make_ties(&self) {
        self.chunks.par_iter().for_each(|chunk| {
            chunk.ties.get_or_init(|| self.ties(chunk));
        });
    }

    fn ties(&self, chunk: &Chunk) -> Box<[u64]> {
        let tie = |(head, tail): (&u32, &[u8])| {
            let head = self.heads.get(*head).map(AsRef::as_ref).unwrap_or_default();
            let key = format!("{head}{}", String::from_utf8_lossy(tail));
            let hash = KeyHasher::new("asset").part(&key).finish::<()>();
            hash.as_bytes().first_chunk::<8>().map_or(0, |first| u64::from_be_bytes(*first))
        };
        chunk.heads.iter().zip(chunk.each_tail()).map(tie).collect()
    }

    /// The assets whose key holds a text, which is in lower case.
    pub(super) fn holding(&self, text: &str) -> IdSet {
        let mut found = IdSet::default();
        let finder = Finder::new(text);
        let whole = self.heads_that(|head| finder.find(head.as_bytes()).is_some());
        let (over, rest) = parts(text);
        let ending = self.heads_that(|head| !over.is_empty() && head.ends_with(over));
        let begin = [&[BEFORE], rest.as_bytes()].concat();
        let in_tail = Finder::new(if over.is_empty() { text.as_bytes() } else { &begin });
        for (number, chunk) in (0..).zip(&self.chunks) {
            let first = number * CHUNK;
            if !whole.is_empty() {
                chunk.add_with_head(&whole, first, &mut found);
            }
            if over.is_empty() {
                chunk.add_with_tail(&in_tail, None, first, &mut found);
            } else if !ending.is_empty() {
                chunk.add_with_tail(&in_tail, Some(&ending), first, &mut found);
            }
        }
        found
    }

    /// The number of a key, found without a [`Lookup`].
    pub(super) fn find(&self, key: &str) -> Option<u32> {
        let all = self.holding(key);
        let mut numbers = all.iter().filter_map(|number| u32::try_from(number).ok());
        numbers.find(|number| self.key(*number).is_some_and(|found| found == key))
    }

    fn heads_that(&self, fits: impl Fn(&str) -> bool) -> IdSet {
        let mut found = IdSet::default();
        for (number, _) in (0..).zip(self.heads.iter()).filter(|(_, head)| fits(head)) {
            found.insert(number);
        }
        found
    }
}

impl Chunk {
    fn push(&mut self, head: u32, tail: &str) {
        if self.heads.len().is_multiple_of(MARKED) {
            self.marks.push(u32::try_from(self.tails.len()).unwrap_or(u32::MAX));
        }
        self.heads.push(head);
        self.tails.push(BEFORE);
        self.tails.extend_from_slice(tail.as_bytes());
        self.ties = OnceLock::new();
    }

    fn shrink(&mut self) {
        self.heads.shrink_to_fit();
        self.tails.shrink_to_fit();
        self.marks.shrink_to_fit();
    }

    fn each_tail(&self) -> impl Iterator<Item = &[u8]> {
        self.tails.split(|byte| *byte == BEFORE).skip(1)
    }

    fn halves(&self, slot: usize) -> Option<(u32, &[u8])> {
        let mark = usize::try_from(*self.marks.get(slot / MARKED)?).ok()?;
        let mut rest = self.tails.get(mark + 1..)?;
        for _ in 0..slot % MARKED {
            let (_, behind) = rest.split_at_checked(memchr::memchr(BEFORE, rest)? + 1)?;
            rest = behind;
        }
        let end = memchr::memchr(BEFORE, rest).unwrap_or(rest.len());
        Some((*self.heads.get(slot)?, rest.get(..end)?))
    }

    fn add_with_head(&self, heads: &IdSet, first: usize, to: &mut IdSet) {
        for (number, head) in (first..).zip(&self.heads) {
            if heads.contains(i64::from(*head)) {
                to.insert(i64::try_from(number).unwrap_or(-1));
            }
        }
    }

    /// Adds those whose tail is hit, if their head is one of these.
    fn add_with_tail(
        &self,
        finder: &Finder<'_>,
        heads: Option<&IdSet>,
        first: usize,
        to: &mut IdSet,
    ) {
        let (mut tails, mut counted) = (0, 0);
        for hit in finder.find_iter(&self.tails) {
            let between = self.tails.get(counted..=hit).unwrap_or_default();
            tails += memchr::memchr_iter(BEFORE, between).count();
            counted = hit + 1;
            let Some(slot) = tails.checked_sub(1) else { continue };
            let fits = heads.is_none_or(|heads| {
                self.heads.get(slot).is_some_and(|head| heads.contains(i64::from(*head)))
            });
            if fits {
                to.insert(i64::try_from(first + slot).unwrap_or(-1));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(keys: &[String]) -> (Assets, Lookup) {
        let (mut assets, mut lookup) = (Assets::default(), Lookup::default());
        for (number, key) in (0..).zip(keys) {
            assert_eq!(lookup.number(&mut assets, key), number, "{key}");
        }
        (assets, lookup)
    }

    fn keys() -> Vec<String> {
        let mut keys: Vec<String> = vec![
            String::new(),
            ":".to_owned(),
            "plain".to_owned(),
            "aws:s3.bucket:logs".to_owned(),
            "aws:s3.bucket:".to_owned(),
            "a:b:s3.bucket".to_owned(),
            "code:repo/src/main.rs".to_owned(),
            "é:ü/漢".to_owned(),
        ];
        keys.extend((0..9000).map(|n| format!("gcp:{}/name-{n}", n % 7)));
        keys
    }

    #[test]
    fn keys_are_known_by_their_numbers_once_room_was_made_for_more() {
        let all = keys();
        let (mut assets, mut lookup) = built(&all);
        lookup.reserve(&assets, 20 * all.len());
        for (number, key) in (0..).zip(&all) {
            assert_eq!(lookup.number(&mut assets, key), number, "{key}");
        }
        assert_eq!(assets.len(), all.len());
    }

    #[test]
    fn keys_come_back_and_have_one_number() {
        let all = keys();
        let (mut assets, mut lookup) = built(&all);
        for (number, key) in (0..).zip(&all) {
            assert_eq!(assets.key(number).as_ref(), Some(key));
            assert_eq!(lookup.number(&mut assets, key), number);
        }
        assert_eq!(assets.len(), all.len());
        assert_eq!(assets.find("aws:s3.bucket:logs"), Some(3));
        assert_eq!(assets.find("aws:s3.bucket:log"), None);
    }

    #[test]
    fn a_text_is_found_wherever_it_stands() {
        let all = keys();
        let (assets, _) = built(&all);
        for text in [
            "",
            ":",
            "/",
            "s3",
            "s3.bucket",
            "s3.bucket:",
            "bucket:lo",
            ":s3.bucket:logs",
            "name-1",
            "3/name-1",
            "gcp:3/",
            "gcp:3/name-899",
            "8999",
            "é",
            "ü/漢",
            "none",
            "a:b:",
            "b:s3",
            "name-1/",
            "main.rs",
        ] {
            let plain: Vec<i64> =
                (0..).zip(&all).filter(|(_, key)| key.contains(text)).map(|(n, _)| n).collect();
            assert_eq!(assets.holding(text).iter().collect::<Vec<_>>(), plain, "`{text}`");
        }
    }
}
