//! Where what stands below the folder of a log.
//!
//! `checkpoint`, `tile/<L>/<N>` and `tile/entries/<N>` are those of C2SP tlog-tiles.

use std::path::{Path, PathBuf};

/// The newest signed tree head.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// Leaves as they are appended.
pub(crate) const JOURNAL: &str = "journal";
/// The key that signs.
pub(crate) const KEY: &str = "key";
/// A key that is about to sign.
pub(crate) const NEXT_KEY: &str = "key.next";
/// What the keys are checked with, the first first.
pub(crate) const PUBLIC_KEYS: &str = "key.pub";
/// Locked while somebody writes.
pub(crate) const LOCK: &str = "lock";
/// Personal data, beside the tree.
pub(crate) const PERSONAL: &str = "personal";

/// The number of a tile as a path: three digits an element, all but the last behind an `x`.
pub(crate) fn number(index: u64) -> String {
    let mut text = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1000);
        rest /= 1000;
    }
    text
}

/// Where a tile of hashes stands. A width below 256 is a partial one.
pub(crate) fn tile(folder: &Path, level: u8, index: u64, width: usize) -> PathBuf {
    with_width(&folder.join("tile").join(level.to_string()), index, width)
}

/// Where leaves stand.
pub(crate) fn entries(folder: &Path, index: u64, width: usize) -> PathBuf {
    with_width(&folder.join("tile").join("entries"), index, width)
}

fn with_width(folder: &Path, index: u64, width: usize) -> PathBuf {
    let number = number(index);
    if width >= 256 {
        return folder.join(number);
    }
    folder.join(format!("{number}.p")).join(width.to_string())
}

/// Where personal data of the leaves of a bundle stands.
pub(crate) fn personal(folder: &Path, bundle: u64) -> PathBuf {
    folder.join(PERSONAL).join(number(bundle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let at = |path: PathBuf| path.to_string_lossy().into_owned();
        let folder = Path::new("");
        assert_eq!(at(tile(folder, 0, 1_234_067, 256)), "tile/0/x001/x234/067");
        assert_eq!(at(tile(folder, 1, 0, 17)), "tile/1/000.p/17");
        assert_eq!(at(entries(folder, 273, 112)), "tile/entries/273.p/112");
        assert_eq!(at(entries(folder, 1000, 256)), "tile/entries/x001/000");
    }
}
