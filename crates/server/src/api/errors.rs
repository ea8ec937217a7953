//! The errors that many routes have in common, as the description names them.

use utoipa::{IntoParams, IntoResponses};

use super::Problem;

/// What any route with a token may answer.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described")]
pub(crate) enum Refused {
    /// The request is wrong; `detail` says where.
    #[response(status = 400, content_type = "application/problem+json")]
    Invalid(Problem),
    /// The token is not known.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// The token's role may not do that.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// Too many requests; `Retry-After` says when to try again.
    #[response(status = 429, content_type = "application/problem+json",
        headers(("Retry-After" = u64, description = "Seconds")))]
    TooMany(Problem),
    /// The server failed; its log says why.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Problem),
    /// It cannot be done now; `Retry-After` says when to try again.
    #[response(status = 503, content_type = "application/problem+json",
        headers(("Retry-After" = u64, description = "Seconds")))]
    Unavailable(Problem),
}

/// What a route with an id may answer beside.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described")]
pub(crate) enum Missing {
    /// There is nothing of that id, or more than one begins so.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
}

/// What a route that changes something takes beside.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct OnceKey {
    /// The same request with the same key is done once.
    #[param(rename = "Idempotency-Key", nullable = false, min_length = 1, max_length = 255)]
    key: Option<String>,
}

/// What a route that changes something may answer beside.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described")]
pub(crate) enum Unchanged {
    /// The body took too long.
    #[response(status = 408, content_type = "application/problem+json")]
    TooSlow(Problem),
    /// It is not in a state for that, or the same request is being answered.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(Problem),
    /// The body is larger than is taken.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// It cannot be done, or the key was used for another request.
    #[response(status = 422, content_type = "application/problem+json")]
    Unprocessable(Problem),
}

/// What a route that takes JSON may answer beside.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described")]
pub(crate) enum BadBody {
    /// The body is no JSON.
    #[response(status = 415, content_type = "application/problem+json")]
    Media(Problem),
}

/// What a route that asks somebody outside may answer beside.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described")]
pub(crate) enum Outside {
    /// Who was asked did not do it; `detail` holds their words.
    #[response(status = 502, content_type = "application/problem+json")]
    Gateway(Problem),
}

/// What a webhook may answer beside.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described")]
pub(crate) enum Undelivered {
    /// The body broke off.
    #[response(status = 400, content_type = "application/problem+json")]
    Invalid(Problem),
    /// The sender is not known, or there is no such webhook.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// It took too long.
    #[response(status = 408, content_type = "application/problem+json")]
    TooSlow(Problem),
    /// The body is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The body's type is not taken.
    #[response(status = 415, content_type = "application/problem+json")]
    Media(Problem),
    /// Too many; `Retry-After` says when to try again.
    #[response(status = 429, content_type = "application/problem+json",
        headers(("Retry-After" = u64, description = "Seconds")))]
    TooMany(Problem),
    /// It cannot be kept now; `Retry-After` says when to try again.
    #[response(status = 503, content_type = "application/problem+json",
        headers(("Retry-After" = u64, description = "Seconds")))]
    Unavailable(Problem),
}
