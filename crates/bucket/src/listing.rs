//! Pages of a listing, and which of the objects are new.

use std::collections::BinaryHeap;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use quell_model::Timestamp;
use serde::Deserialize;

/// An object as it was listed. The order is that of its time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// When it was written, or its upload in parts began.
    pub modified: Timestamp,
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// Tells its content from another under the same key.
    pub e_tag: Option<String>,
}

/// How far a bucket was read: the time of the newest object that is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mark(pub Option<Timestamp>);

impl Mark {
    /// Moves on to an object that is done; never back.
    pub fn pass(&mut self, object: &Object) {
        self.0 = self.0.max(Some(object.modified));
    }

    /// The time before which nothing is new.
    fn floor(self, overlap: Duration) -> Option<Timestamp> {
        self.0.and_then(|at| at.checked_sub(overlap).ok())
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    #[serde(default)]
    contents: Vec<Entry>,
    #[serde(default)]
    is_truncated: bool,
    #[serde(default)]
    next_continuation_token: Option<String>,
    #[serde(default)]
    encoding_type: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    key: String,
    last_modified: String,
    size: u64,
    #[serde(rename = "ETag", default)]
    e_tag: Option<String>,
}

/// A page as it is used.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) objects: Vec<Object>,
    pub(crate) next: Option<String>,
}

/// Reads a page.
pub(crate) fn page(text: &str) -> Result<Page, String> {
    let reply: Reply = quick_xml::de::from_str(text).map_err(|_| "it is no such XML".to_owned())?;
    let is_encoded = reply.encoding_type.as_deref() == Some("url");
    let objects = reply.contents.into_iter().map(|entry| object(entry, is_encoded));
    let objects = objects.collect::<Result<_, _>>()?;
    let next = reply.next_continuation_token.filter(|token| !token.is_empty());
    if reply.is_truncated && next.is_none() {
        return Err("it ends without saying where it goes on".to_owned());
    }
    Ok(Page { objects, next: next.filter(|_| reply.is_truncated) })
}

fn object(entry: Entry, is_encoded: bool) -> Result<Object, String> {
    let key = if is_encoded {
        let spaced = entry.key.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8();
        decoded.map_err(|_| "a key is no UTF-8".to_owned())?.into_owned()
    } else {
        entry.key
    };
    let modified = entry.last_modified.parse().map_err(|_| "a time cannot be read".to_owned())?;
    Ok(Object { modified, key, size: entry.size, e_tag: entry.e_tag })
}

/// The oldest of the new objects, and no more of them than asked for.
pub(crate) struct Newest<'a, F> {
    floor: Option<Timestamp>,
    most: usize,
    is_known: &'a F,
    kept: BinaryHeap<Object>,
    /// New objects that did not fit.
    pub(crate) left: u64,
    /// Objects seen.
    pub(crate) seen: u64,
}

impl<'a, F: Fn(&Object) -> bool> Newest<'a, F> {
    pub(crate) fn new(mark: Mark, overlap: Duration, most: usize, is_known: &'a F) -> Self {
        let floor = mark.floor(overlap);
        Self { floor, most: most.max(1), is_known, kept: BinaryHeap::new(), left: 0, seen: 0 }
    }

    pub(crate) fn see(&mut self, object: Object) {
        self.seen += 1;
        let is_folder = object.size == 0 && object.key.ends_with('/');
        let is_old = self.floor.is_some_and(|floor| object.modified < floor);
        if is_folder || is_old || (self.is_known)(&object) {
            return;
        }
        self.kept.push(object);
        if self.kept.len() > self.most {
            self.kept.pop();
            self.left += 1;
        }
    }

    /// The objects, oldest first.
    pub(crate) fn into_objects(self) -> Vec<Object> {
        self.kept.into_sorted_vec()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn object(second: i64) -> Object {
        let modified = Timestamp::from_second(second).unwrap();
        Object { modified, key: format!("k{second}"), size: 1, e_tag: None }
    }

    #[test]
    fn pages_are_read_and_odd_ones_refused() {
        let entry = "<Contents><Key>a+b%2F%2B</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><Size>7</Size><ETag>&quot;x&quot;</ETag></Contents>";
        let list = |inner: &str| {
            format!(
                "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>{inner}</ListBucketResult>"
            )
        };
        let read = page(&list(&format!("<EncodingType>url</EncodingType>{entry}"))).unwrap();
        assert_eq!(read.objects[0].key, "a b/+");
        assert_eq!(read.objects[0].e_tag.as_deref(), Some("\"x\""));
        assert_eq!(page(&list(entry)).unwrap().objects[0].key, "a+b%2F%2B");
        assert!(page(&list("")).unwrap().objects.is_empty());
        let more =
            "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>";
        assert_eq!(page(&list(more)).unwrap().next.as_deref(), Some("t"));
        for text in
            ["", "{}", "<a>", &list("<IsTruncated>true</IsTruncated>"), &list("<Contents/>")]
        {
            assert!(page(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_new_is_ever_passed_over(
            seconds in prop::collection::btree_set(1_000_i64..2_000, 0..40),
            most in 1_usize..10,
        ) {
            let mut mark = Mark::default();
            let mut done = std::collections::BTreeSet::new();
            for _ in 0..=seconds.len() {
                let known = |object: &Object| done.contains(&object.key);
                let mut newest = Newest::new(mark, Duration::from_secs(10), most, &known);
                seconds.iter().for_each(|second| newest.see(object(*second)));
                for object in newest.into_objects() {
                    mark.pass(&object);
                    done.insert(object.key);
                }
            }
            prop_assert_eq!(done.len(), seconds.len());
        }

        #[test]
        fn any_text_is_no_panic(text in ".{0,200}") {
            prop_assert!(page(&text).map_or(true, |page| page.objects.is_empty()));
        }
    }
}
