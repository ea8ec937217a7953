//! A bucket that speaks S3: what is new in it, the objects as streams, and small texts kept there.
//!
//! The requests are made here and not by the `object_store` crate: that one ends a listing at the
//! first key which its path type cannot hold (`a//b`), so that one such object would hide all
//! after it, and it lists whole folders only, not the keys that begin with a prefix.

mod bucket;
mod error;
mod listing;
mod settings;
mod text;

pub use bucket::{Bucket, Listing, ObjectStream};
pub use error::BucketError;
pub use listing::{Mark, Object};
pub use settings::{BucketSettings, KeyPair, Keys, KeysFound};
