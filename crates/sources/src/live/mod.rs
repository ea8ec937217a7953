//! What a platform is that is asked over the network, and not only read from files.
//!
//! A connector knows one vendor's protocol: how to log in, which page comes next, what a refusal
//! means. It keeps nothing but its token. When to ask, what was asked, what is kept and what a
//! silence means is the server's, and the same for all.

mod connector;
mod error;
mod page;
mod plan;
mod stream;
mod write;

pub use connector::{Connector, Future};
pub use error::LiveError;
pub(crate) use error::refuses_login;
pub use page::{Ask, Item, Page};
pub use plan::{Credential, Credentials, Live, Plan, Setting};
pub use stream::{Pace, Right, RightState, Stream};
pub use write::{Change, Dismissal, Target, Written};
