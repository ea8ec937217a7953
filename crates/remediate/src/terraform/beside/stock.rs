//! The blocks that can be written beside a resource. One file each below `stock/`, one line here.

use hcl_edit::structure::Block;

use crate::terraform::Resource;

/// When a block that stands already serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reuse {
    /// Any of its kind.
    Any,
    /// The one key of the module that leaves it to the account who may use it.
    OpenKey,
    /// Only one that was written for this resource.
    Never,
}

/// A block that can be written.
#[derive(Debug)]
pub(super) struct Stock {
    /// The name that recipes use.
    pub(super) id: &'static str,
    /// Its type (`aws_kms_key`).
    pub(super) kind: &'static str,
    pub(super) reuse: Reuse,
    /// Its text; `{{name}}`, `{{resource}}` and the names of blocks above it are put in.
    pub(super) text: &'static str,
}

impl Stock {
    /// Whether it reads something instead of making it.
    pub(super) fn is_data(&self) -> bool {
        self.text.starts_with("data ")
    }

    /// How expressions refer to it.
    pub(super) fn address(&self, name: &str) -> String {
        let root = if self.is_data() { "data." } else { "" };
        format!("{root}{}.{name}", self.kind)
    }

    /// Whether a block is of its type.
    pub(super) fn is_head_of(&self, block: &Block) -> bool {
        let ident = if self.is_data() { "data" } else { "resource" };
        block.ident.as_str() == ident
            && block.labels.len() == 2
            && block.labels.first().is_some_and(|label| label.as_str() == self.kind)
    }

    /// Whether a block that stands is of its type.
    pub(super) fn is_made_by(&self, one: &Resource<'_>) -> bool {
        self.is_head_of(one.block)
    }
}

macro_rules! text {
    ($name:literal) => {
        include_str!(concat!("stock/", $name, ".tf")).trim_ascii_end()
    };
}

/// Every block, by name.
const STOCK: &[Stock] = &[
    Stock { id: "account", kind: "aws_caller_identity", reuse: Reuse::Any, text: text!("account") },
    Stock { id: "kms_key", kind: "aws_kms_key", reuse: Reuse::OpenKey, text: text!("kms_key") },
    Stock { id: "logs_key", kind: "aws_kms_key", reuse: Reuse::Never, text: text!("logs_key") },
    Stock { id: "region", kind: "aws_region", reuse: Reuse::Any, text: text!("region") },
];

/// The block of that name.
pub(super) fn by_id(id: &str) -> Option<&'static Stock> {
    STOCK.iter().find(|stock| stock.id == id)
}
