//! Quell's part of a page: what stands between two anchors of its own. All else is people's.

use quell_deliver::Key;

/// A part of Quell's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Whether it is open or closed.
    State,
    /// The letter.
    Letter,
}

impl Part {
    /// The name of the anchor before (`from`) or below it.
    fn name(self, key: &Key, end: &str) -> String {
        let part = match self {
            Self::State => "state-",
            Self::Letter => "",
        };
        format!("{}-{part}{end}", key.mark())
    }

    /// The part with its anchors.
    pub(super) fn whole(self, key: &Key, inner: &str) -> String {
        let (from, to) = (self.name(key, "from"), self.name(key, "to"));
        format!("{}{inner}{}", anchor(&from), anchor(&to))
    }

    /// The part of a page, and what stands before and after it. `None` where its anchors are
    /// gone, doubled or moved into something else.
    pub(super) fn of<'a>(self, key: &Key, page: &'a str) -> Option<[&'a str; 3]> {
        let from = format!("{}</ac:parameter>", self.name(key, "from"));
        let to = format!("{}</ac:parameter>", self.name(key, "to"));
        if page.matches(&from).count() != 1 || page.matches(&to).count() != 1 {
            return None;
        }
        let start = page.find(&from)?;
        let start = start + page.get(start..)?.find("</p>")? + "</p>".len();
        let end = page.find(&to)?;
        let end = paragraph_before(page, end)?;
        let (before, inner, after) = (page.get(..start)?, page.get(start..end)?, page.get(end..)?);
        // Anchors that a person moved apart may have half a table between them.
        is_whole(inner).then_some([before, inner, after])
    }

    /// A page with this part written anew.
    pub(super) fn replaced(self, key: &Key, page: &str, inner: &str) -> Option<String> {
        let [before, _, after] = self.of(key, page)?;
        Some(format!("{before}{inner}{after}"))
    }
}

/// The key that the anchors of a page bear.
pub(super) fn key_in(page: &str) -> Option<Key> {
    let marked = page.split("quell-").skip(1);
    let mut keys =
        marked.filter_map(|rest| rest.split_once("-from</ac:parameter>")?.0.parse().ok());
    keys.next()
}

/// An anchor in a paragraph of its own.
fn anchor(name: &str) -> String {
    format!(
        "<p><ac:structured-macro ac:name=\"anchor\"><ac:parameter ac:name=\"\">{name}\
         </ac:parameter></ac:structured-macro></p>"
    )
}

/// Where the paragraph begins that holds a place.
fn paragraph_before(page: &str, place: usize) -> Option<usize> {
    let before = page.get(..place)?;
    let plain = before.rfind("<p>");
    let named = before.rfind("<p ");
    plain.max(named)
}

/// Whether each tag that opens in a text closes in it, in order.
pub(super) fn is_whole(text: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        if let Some(unread) = after.strip_prefix("![CDATA[") {
            let Some((_, after)) = unread.split_once("]]>") else { return false };
            rest = after;
            continue;
        }
        let Some((tag, after)) = after.split_once('>') else { return false };
        rest = after;
        let name = tag.split([' ', '\t', '\n', '/']).next().unwrap_or_default();
        if let Some(closing) = tag.strip_prefix('/') {
            if open.pop() != Some(closing.trim()) {
                return false;
            }
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    open.is_empty()
}
