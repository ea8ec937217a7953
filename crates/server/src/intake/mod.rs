//! What comes in: webhooks, imports, folders and buckets.

mod buckets;
mod drain;
mod ends;
mod folders;
mod gate;
mod hooks;
mod house;
mod inventories;
mod items;
mod objects;
mod oidc;
mod receive;
mod times;

pub(crate) use buckets::poll_bucket;
pub(crate) use drain::{drain, oldest_waiting, taken};
pub(crate) use folders::{Found, queue, watch_folders};
pub(crate) use gate::{Gate, GatePlan};
pub(crate) use hooks::{__path_receive_hook, Hooks, receive_hook};
pub(crate) use house::{CLOCK_SEEN, keep_house};
pub(crate) use inventories::watch_inventories;
pub(crate) use items::ask_inventories;
pub(crate) use objects::{bucket_of, take_object};
pub(crate) use receive::{keep_bytes, receive};
pub(crate) use times::keep_times;
