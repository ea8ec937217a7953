//! The tree of RFC 6962, grown leaf by leaf.

use ring::digest::{Context, SHA256};

/// A SHA-256.
pub type Hash = [u8; 32];

fn finish(context: Context) -> Hash {
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    hash
}

/// SHA-256 over parts.
pub(crate) fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    finish(context)
}

pub(crate) fn of_leaf(leaf: &[u8]) -> Hash {
    sha256(&[&[0], leaf])
}

pub(crate) fn of_nodes(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

/// A tree as far as it is known: the roots of its whole subtrees, the largest first.
#[derive(Debug, Clone, Default)]
pub struct Growing {
    size: u64,
    /// Heights and hashes.
    subtrees: Vec<(u32, Hash)>,
}

impl Growing {
    /// How many leaves it has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        self.size += 1;
        let mut new = (0, leaf);
        while let Some(last) = self.subtrees.pop_if(|last| last.0 == new.0) {
            new = (new.0 + 1, of_nodes(&last.1, &new.1));
        }
        self.subtrees.push(new);
    }

    /// The root of what is there.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut from_right = self.subtrees.iter().rev().map(|(_, hash)| *hash);
        let Some(smallest) = from_right.next() else { return sha256(&[]) };
        from_right.fold(smallest, |right, left| of_nodes(&left, &right))
    }
}
