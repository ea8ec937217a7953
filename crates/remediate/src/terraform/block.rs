//! A block that checks can be about, and where it stands.

use std::ops::Range;

use hcl_edit::structure::Block;

use super::SourceFile;

/// A `resource`, `data`, `module` or `provider` block and where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resource<'r> {
    /// The file it is in.
    pub file: &'r SourceFile,
    /// The parsed block.
    pub(crate) block: &'r Block,
}

impl<'r> Resource<'r> {
    /// The resource blocks of one file; variable files have none.
    pub(crate) fn all_in(file: &'r SourceFile) -> impl Iterator<Item = Self> {
        Self::judged_in(file).filter(Self::is_made)
    }

    /// Every block of one file that a check can be about.
    pub(crate) fn judged_in(file: &'r SourceFile) -> impl Iterator<Item = Self> {
        let blocks = file.blocks().map(move |block| Self { file, block });
        blocks.filter(move |one| file.is_configuration() && one.is_judged())
    }

    fn is_judged(&self) -> bool {
        match self.block.ident.as_str() {
            "resource" | "data" => self.block.labels.len() == 2,
            "module" | "provider" => self.block.labels.len() == 1,
            _ => false,
        }
    }

    /// Whether the block makes something, rather than reads, calls or sets up.
    pub(crate) fn is_made(&self) -> bool {
        self.block.ident.as_str() == "resource"
    }

    fn label(&self, place: usize) -> &'r str {
        self.block.labels.get(place).map_or("", |label| label.as_str())
    }

    /// What checks call it: `aws_s3_bucket`, `data.aws_iam_policy_document`, `module`,
    /// `provider.aws`.
    #[must_use]
    pub(crate) fn kind(&self) -> String {
        match self.block.ident.as_str() {
            "resource" => self.label(0).to_owned(),
            "module" => "module".to_owned(),
            ident => format!("{ident}.{}", self.label(0)),
        }
    }

    /// Whether it is of a kind.
    #[must_use]
    pub(crate) fn is(&self, kind: &str) -> bool {
        match self.block.ident.as_str() {
            "resource" => kind == self.label(0),
            "module" => kind == "module",
            ident => kind.split_once('.') == Some((ident, self.label(0))),
        }
    }

    /// The resource's name in the configuration (`logs`).
    #[must_use]
    pub(crate) fn name(&self) -> &'r str {
        match self.block.ident.as_str() {
            "module" => self.label(0),
            "provider" => self.alias(),
            _ => self.label(1),
        }
    }

    /// The alias of a provider block; empty for the one without.
    fn alias(&self) -> &'r str {
        let alias = self.block.body.get_attribute("alias");
        alias.and_then(|alias| alias.value.as_str()).unwrap_or_default()
    }

    /// `type.name`, `data.type.name`, `module.name`, `provider.aws.alias`.
    #[must_use]
    pub(crate) fn address(&self) -> String {
        let (kind, name) = (self.kind(), self.name());
        if name.is_empty() { kind } else { format!("{kind}.{name}") }
    }

    /// The address, where a check can be about the block and the address is no other one's too.
    pub(super) fn own_address(&self) -> Option<String> {
        let is_one = self.file.is_configuration() && self.is_judged();
        let address = is_one.then(|| self.address())?;
        self.has_address(&address).then_some(address)
    }

    /// Whether this is its address.
    #[must_use]
    pub(crate) fn has_address(&self, address: &str) -> bool {
        if self.is_made() {
            return address.split_once('.') == Some((self.label(0), self.label(1)));
        }
        self.address() == address
    }

    /// Whether this is the address by which a module in a folder writes it.
    #[must_use]
    pub(crate) fn is_written(&self, address: &str, folder: &str) -> bool {
        let own = self.file.folder();
        let rest = if own == folder {
            Some(address)
        } else {
            address.strip_prefix(own).and_then(|rest| rest.strip_prefix("//"))
        };
        // No address is put together for what is asked of each block that may be tied to it.
        let own = |rest: &str| {
            let name = rest.strip_prefix(self.label(0)).and_then(|rest| rest.strip_prefix('.'));
            name == Some(self.name())
        };
        let is_plain = self.is_made() && !self.name().is_empty();
        rest.is_some_and(|rest| if is_plain { own(rest) } else { rest == self.address() })
    }

    /// Where the block stands in its file.
    #[must_use]
    pub(crate) fn span(&self) -> Range<usize> {
        let written = self.file.span(self.block);
        written.or_else(|| self.file.json_span(&self.address())).unwrap_or_default()
    }

    /// First and last line of the block, from 1.
    #[must_use]
    pub(crate) fn lines(&self) -> (usize, usize) {
        let span = self.span();
        (self.file.line(span.start), self.file.line(span.end))
    }

    /// `path:line`, for people.
    #[must_use]
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.file.path, self.lines().0)
    }
}
