//! What every platform can do.

use std::fmt;
use std::pin::Pin;

use super::{Ask, Change, LiveError, Page, Right, Stream, Target, Written};

/// What comes of a question, later.
pub type Future<'a, T> =
    Pin<Box<dyn std::future::Future<Output = Result<T, LiveError>> + Send + 'a>>;

/// One login at one platform. Questions may be asked at once from several tasks; the token is shared.
pub trait Connector: Send + Sync + fmt::Debug {
    /// What it can be asked for.
    fn streams(&self) -> &'static [Stream];

    /// One page of a stream. An error changes nothing: the same page is asked for again later.
    fn page<'a>(&'a self, ask: Ask<'a>) -> Future<'a, Page>;

    /// Logs in and looks at what the login may do, changing nothing.
    fn test(&self) -> Future<'_, Vec<Right>>;

    /// Tells the platform what became of one of its records. What is so already counts as done.
    fn write<'a>(&'a self, target: &'a Target, change: &'a Change) -> Future<'a, Written>;

    /// The records that a webhook's body only announces, where the vendor's webhook proves nothing.
    /// They are then asked for by [`Connector::fetch`], and the body itself is not taken. `None` where the body is believed.
    fn announced(&self, _body: &[u8]) -> Option<Vec<Target>> {
        None
    }

    /// One record by its id, in the stream it belongs to, as a page of its own.
    fn fetch<'a>(&'a self, target: &'a Target) -> Future<'a, (&'static Stream, Page)>;
}
