//! The errors that many routes have in common, as the description names them.

use utoipa::IntoResponses;

use super::Problem;

/// What any route with a token may answer.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described")]
pub(crate) enum Refused {
    /// The request is wrong; `detail` says where.
    #[response(status = 400)]
    Invalid(#[to_schema] Problem),
    /// The token is not known.
    #[response(status = 401)]
    Unauthorized(#[to_schema] Problem),
    /// The token's role may not do that.
    #[response(status = 403)]
    Forbidden(#[to_schema] Problem),
    /// Too many requests; `Retry-After` says when to try again.
    #[response(status = 429)]
    TooMany(#[to_schema] Problem),
    /// The server failed; its log says why.
    #[response(status = 500)]
    Internal(#[to_schema] Problem),
    /// It cannot be done now; `Retry-After` says when to try again.
    #[response(status = 503)]
    Unavailable(#[to_schema] Problem),
}

/// What a route with an id may answer beside.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described")]
pub(crate) enum Missing {
    /// There is nothing of that id, or more than one begins so.
    #[response(status = 404)]
    NotFound(#[to_schema] Problem),
}

/// What a route that takes JSON may answer beside.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described")]
pub(crate) enum BadBody {
    /// The body is larger than is taken.
    #[response(status = 413)]
    TooLarge(#[to_schema] Problem),
    /// The body is no JSON.
    #[response(status = 415)]
    Media(#[to_schema] Problem),
    /// The body says something that cannot be done.
    #[response(status = 422)]
    Unprocessable(#[to_schema] Problem),
}
