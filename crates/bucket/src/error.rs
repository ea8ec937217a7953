//! Why a bucket cannot be read, and what to do about it.

use quell_http::{HttpError, Verdict};
use serde::Deserialize;

/// A bucket that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// There is no key to sign with.
    #[error("the key for the bucket `{bucket}` cannot be had: {why}")]
    Keys {
        /// The bucket.
        bucket: String,
        /// Why not.
        why: String,
    },
    /// The store says no.
    #[error("the bucket `{bucket}` cannot be read ({code}); {step}")]
    Denied {
        /// The bucket.
        bucket: String,
        /// Code of the store.
        code: String,
        /// What to do.
        step: &'static str,
    },
    /// The object is gone, or is another one by now.
    #[error("the object changed or went since it was listed; it is listed anew with the next poll")]
    Changed,
    /// The object is larger than allowed.
    #[error(
        "the object has {bytes} bytes, more than the {limit} allowed; raise `server.max_import_bytes` if it is right"
    )]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The largest allowed.
        limit: u64,
    },
    /// The answer is no listing.
    #[error("the listing of the bucket `{bucket}` cannot be read ({why}); is the endpoint right?")]
    Malformed {
        /// The bucket.
        bucket: String,
        /// What is wrong with it.
        why: String,
    },
    /// The request failed otherwise.
    #[error("the bucket `{bucket}` cannot be read: {error}")]
    Http {
        /// The bucket.
        bucket: String,
        /// The failure.
        error: HttpError,
    },
}

impl BucketError {
    /// What a caller does next.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Keys { .. } | Self::Changed => Verdict::Later(None),
            Self::Denied { .. } | Self::TooLarge { .. } | Self::Malformed { .. } => {
                Verdict::NeedsHuman
            }
            Self::Http { error, .. } => error.verdict(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fault {
    code: String,
}

/// What the store means by an error.
pub(crate) fn told(bucket: &str, error: HttpError) -> BucketError {
    let bucket = bucket.to_owned();
    let body = error.remote().map(|remote| String::from_utf8_lossy(remote.body()).into_owned());
    let code = body.and_then(|body| quick_xml::de::from_str::<Fault>(&body).ok());
    let code = code.map(|fault| fault.code).unwrap_or_default();
    let step = match code.as_str() {
        "NoSuchKey" | "PreconditionFailed" => return BucketError::Changed,
        "NoSuchBucket" => "check its name and the endpoint",
        "AccessDenied" | "AllAccessDisabled" => {
            "allow `s3:ListBucket` on it and `s3:GetObject` on its objects, and `s3:PutObject` \
             where something is kept there"
        }
        "InvalidAccessKeyId" | "InvalidToken" | "ExpiredToken" => "check the access key",
        "SignatureDoesNotMatch" => "check the secret key",
        "RequestTimeTooSkewed" => "set this machine's clock",
        "PermanentRedirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException" => "check its region",
        "InvalidObjectState" => "the object is archived; restore it, or exclude it by the prefix",
        _ => match error.status() {
            Some(404 | 412) => return BucketError::Changed,
            Some(301) => "check its region",
            Some(_) | None => return BucketError::Http { bucket, error },
        },
    };
    BucketError::Denied { bucket, code, step }
}
