//! Predicates over a resource's configuration, strict about intent: what cannot be resolved is
//! unknown, and unknown never counts as proved.

use serde::Deserialize;

/// What came out of judging a predicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    Holds,
    /// It does not hold.
    Fails,
    /// It depends on something that could not be resolved.
    Unknown,
}

/// What an absent attribute means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbsentMeans {
    /// The provider's default is the safe one.
    Holds,
    /// The provider's default is not safe, or there is none.
    #[default]
    Fails,
}

/// A predicate over a configuration tree.
///
/// A `path` is dotted. Where a segment meets a list (repeated blocks, a list of objects), every
/// element must satisfy the test; an empty list is absent. In TOML a predicate is one of:
///
/// ```toml
/// { all = [ … ] }   { any = [ … ] }   { not = … }
/// { each = "ingress", holds = … }                  # every element; none is fine
/// { some = "rule", holds = … }                     # at least one element
/// { companion = "aws_s3_bucket_versioning", link = "bucket", holds = … }
/// { target = "rest_api_id", holds = … }            # the one block that the attribute refers to
/// { path = "encrypted", equals = true, absent = "fails" }
/// { path = "x", one_of = ["a", "b"] }   { path = "x", none_of = ["a"] }
/// { path = "x", at_least = 7 }          { path = "x", at_most = 90 }
/// { path = "x", matches = "^TLS" }      { path = "x", not_matches = "\\*" }
/// { path = "x", contains = "NET_RAW" }  { path = "x", excludes = "0.0.0.0/0" }
/// { path = "x", present = true }        { path = "x", present = false }
/// ```
///
/// `contains` and `excludes` look into a list (or, for text, into the text).
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Predicate {
    /// Every one holds.
    All {
        /// The predicates.
        all: Vec<Predicate>,
    },
    /// At least one holds.
    Any {
        /// The predicates.
        any: Vec<Predicate>,
    },
    /// It does not hold.
    Not {
        /// The predicate.
        not: Box<Predicate>,
    },
    /// Holds on every element at the path.
    Each {
        /// The path of the list.
        each: String,
        /// The predicate for one element.
        holds: Box<Predicate>,
    },
    /// Holds on at least one element at the path.
    Some {
        /// The path of the list.
        some: String,
        /// The predicate for one element.
        holds: Box<Predicate>,
    },
    /// A resource of another type that refers to this one holds it.
    Companion {
        /// The other resource's type.
        companion: String,
        /// The other resource's attribute that refers to this one.
        link: String,
        /// The predicate on the other resource.
        holds: Box<Predicate>,
    },
    /// The resource that an attribute refers to holds it.
    Target {
        /// The attribute that refers to the other resource.
        target: String,
        /// The predicate on the other resource.
        holds: Box<Predicate>,
    },
    /// A test of one value.
    Test(Box<crate::predicate_test::ValueTest>),
}
