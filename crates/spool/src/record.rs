//! What is kept of one delivery.

use std::fmt;

use crate::bytes::{padded, short, wide};
use crate::error::SpoolError;
use crate::frame::FIXED_BYTES;
use crate::limits::BODY_BYTES;

/// Longest tenant id.
pub(crate) const TENANT_BYTES: usize = 64;
/// Longest name of a source.
pub(crate) const SOURCE_BYTES: usize = 128;
/// Longest id that a sender gives a delivery.
pub(crate) const DELIVERY_BYTES: usize = 256;

/// How an id of a delivery begins that Quell gave itself. Two deliveries of the same content are
/// told apart by such ids; otherwise they are one, whatever their senders call them.
pub const APART: &str = "page:";

/// Where a delivery came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The tenant's id, at most 64 bytes.
    pub tenant: String,
    /// The source's name, at most 128 bytes.
    pub source: String,
    /// The sender's own id of the delivery, at most 256 bytes.
    pub delivery: Option<String>,
}

/// One delivery: its body as it came, and where and when.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    origin: Origin,
    received_at_micros: i64,
    hash: [u8; 32],
    likeness: [u8; 16],
    body: Vec<u8>,
}

impl Record {
    /// Takes a body of at most 8 MiB and hashes it, which is why this is done by the caller's
    /// thread. `received_at_micros` counts from 1970.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Refused`] when a part is too long or the tenant or source is empty.
    pub fn new(
        origin: Origin,
        received_at_micros: i64,
        body: impl Into<Vec<u8>>,
    ) -> Result<Self, SpoolError> {
        let body = body.into();
        let refuse = |reason| Err(SpoolError::Refused { reason });
        if origin.tenant.is_empty() || origin.tenant.len() > TENANT_BYTES {
            return refuse("a tenant id has 1 to 64 bytes");
        }
        if origin.source.is_empty() || origin.source.len() > SOURCE_BYTES {
            return refuse("a source name has 1 to 128 bytes");
        }
        if origin.delivery.as_ref().is_some_and(|id| id.len() > DELIVERY_BYTES) {
            return refuse("a delivery id has at most 256 bytes");
        }
        if body.len() > BODY_BYTES {
            return refuse("a body has at most 8 MiB");
        }
        let hash = *blake3::hash(&body).as_bytes();
        Ok(Self::checked(origin, received_at_micros, hash, body))
    }

    /// A record whose parts and hash have been checked.
    pub(crate) fn checked(
        origin: Origin,
        received_at_micros: i64,
        hash: [u8; 32],
        body: Vec<u8>,
    ) -> Self {
        let likeness = likeness(&origin, &hash);
        Self { origin, received_at_micros, hash, likeness, body }
    }

    /// Where it came from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// When it was received, in microseconds since 1970.
    #[must_use]
    pub fn received_at_micros(&self) -> i64 {
        self.received_at_micros
    }

    /// The BLAKE3 hash of the body.
    #[must_use]
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// The body as it came.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body, without a copy.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    /// Tells duplicates: the same for the same tenant, source and content.
    pub(crate) fn likeness(&self) -> [u8; 16] {
        self.likeness
    }

    /// What it takes in a segment.
    pub(crate) fn frame_bytes(&self) -> usize {
        let delivery = self.origin.delivery.as_ref().map_or(0, String::len);
        let texts = self.origin.tenant.len() + self.origin.source.len() + delivery;
        padded(FIXED_BYTES + texts + self.body.len())
    }
}

/// The key by which duplicates are told.
pub(crate) fn likeness(origin: &Origin, hash: &[u8; 32]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    let apart = origin.delivery.as_deref().filter(|id| id.starts_with(APART));
    let parts = [origin.tenant.as_bytes(), origin.source.as_bytes(), hash.as_slice()];
    for part in parts.into_iter().chain(apart.map(str::as_bytes)) {
        hasher.update(&wide(part.len()).to_le_bytes()).update(part);
    }
    short(&hasher.finalize())
}

impl fmt::Debug for Record {
    /// Without the body, which is the customer's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("origin", &self.origin)
            .field("received_at_micros", &self.received_at_micros)
            .field("hash", &blake3::Hash::from_bytes(self.hash).to_hex().as_str())
            .field("body_bytes", &self.body.len())
            .finish()
    }
}
