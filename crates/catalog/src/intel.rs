//! What is known of weaknesses beyond what tools say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::EpssScores;

/// Public intelligence: the extract that comes with Quell, or the lists that a user gave.
#[derive(Debug, Clone, Default)]
pub struct Intel {
    kev: BTreeMap<String, KevEntry>,
    kev_list: Listing,
    epss: EpssScores,
    epss_list: Listing,
}

/// Where a list comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Its date, as the list says.
    pub date: String,
    /// The address it was taken from, or the user's file.
    pub source: String,
    /// Under which licence; empty for a user's file.
    pub licence: String,
    /// Whether a user gave it.
    pub from_file: bool,
}

/// One file of `content/intel`: an extract with its date and source.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Extract {
    date: String,
    source: String,
    licence: String,
    #[serde(default)]
    kev: BTreeMap<String, KevEntry>,
    #[serde(default)]
    epss: BTreeMap<String, f32>,
}

/// A weakness on CISA's list of known exploited vulnerabilities.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KevEntry {
    /// When it was added.
    pub added: String,
    /// Whether ransomware is known to use it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ransomware: bool,
}

impl Intel {
    /// Takes an extract that comes with Quell.
    pub(crate) fn add(&mut self, extract: Extract) {
        let Extract { date, source, licence, kev, epss } = extract;
        let listing = Listing { date, source, licence, from_file: false };
        if !kev.is_empty() {
            self.kev = kev;
            self.kev_list = listing.clone();
        }
        if !epss.is_empty() {
            self.epss = EpssScores::of(epss.iter().map(|(cve, score)| (cve.as_str(), *score)));
            self.epss_list = listing;
        }
    }

    /// The same with a user's list of exploited weaknesses in place of its own.
    #[must_use]
    pub fn with_kev(self, kev: BTreeMap<String, KevEntry>, date: String, source: String) -> Self {
        let kev_list = Listing { date, source, licence: String::new(), from_file: true };
        Self { kev, kev_list, ..self }
    }

    /// The same with a user's probabilities in place of its own.
    #[must_use]
    pub fn with_epss(self, epss: EpssScores, date: String, source: String) -> Self {
        let epss_list = Listing { date, source, licence: String::new(), from_file: true };
        Self { epss, epss_list, ..self }
    }

    /// The entry of a weakness that is exploited in the wild.
    #[must_use]
    pub fn is_kev(&self, cve: &str) -> Option<&KevEntry> {
        self.kev.get(cve)
    }

    /// The probability that a weakness is exploited, by its ids. A user's list comes before what
    /// a tool says, a bundled one after: it is the oldest of the three.
    pub fn epss<'i>(
        &self,
        mut ids: impl Iterator<Item = &'i str>,
        by_tool: Option<f64>,
    ) -> Option<f64> {
        let mut listed = || ids.find_map(|id| self.epss.get(id)).map(f64::from);
        if self.epss_list.from_file { listed().or(by_tool) } else { by_tool.or_else(listed) }
    }

    /// Each list with its name and how many entries it has; lists without any are left out.
    #[must_use]
    pub fn listings(&self) -> Vec<(&'static str, &Listing, usize)> {
        let all =
            [("kev", &self.kev_list, self.kev.len()), ("epss", &self.epss_list, self.epss.len())];
        all.into_iter().filter(|(_, listing, rows)| *rows > 0 || listing.from_file).collect()
    }

    /// All that risks rest on, to tell whether it changed.
    #[must_use]
    pub fn fingerprint(&self) -> Vec<u8> {
        let mut bytes = self.epss.to_bytes();
        bytes.push(u8::from(self.epss_list.from_file));
        for cve in self.kev.keys() {
            bytes.extend_from_slice(cve.as_bytes());
            bytes.push(b'\n');
        }
        bytes
    }
}
