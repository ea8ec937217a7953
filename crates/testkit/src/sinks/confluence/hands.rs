//! What people do in Confluence.

use super::{ConfluenceDouble, ConfluencePage};

impl ConfluenceDouble {
    /// All pages that are not in the bin, by id.
    #[must_use]
    pub fn pages(&self) -> Vec<(String, ConfluencePage)> {
        let kept = self.kept();
        let there = kept.pages.iter().filter(|(_, page)| page.status != "trashed");
        there.map(|(id, page)| (id.to_string(), page.clone())).collect()
    }

    /// One of them.
    #[must_use]
    pub fn page(&self, id: &str) -> Option<ConfluencePage> {
        self.pages().into_iter().find(|(known, _)| known == id).map(|(_, page)| page)
    }

    /// Somebody changes a page.
    pub fn by_hand(&self, id: &str, change: impl FnOnce(&mut ConfluencePage)) {
        let mut kept = self.kept();
        let found = id.parse::<u64>().ok();
        if let Some(page) = found.and_then(|id| kept.pages.get_mut(&id)) {
            change(page);
            page.version += 1;
        }
    }

    /// Somebody writes below a page just before the next time that it is written, so many times.
    pub fn meddle(&self, id: &str, words: &str, times: usize) {
        let mut kept = self.kept();
        if let Ok(id) = id.parse::<u64>() {
            kept.meddling.extend(std::iter::repeat_n((id, format!("<p>{words}</p>")), times));
        }
    }

    /// Takes the right to write away, or gives it back.
    pub fn may_write(&self, may: bool) {
        self.kept().may_write = may;
    }
}
