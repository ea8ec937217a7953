//! How bad the tool says a finding is, on one scale.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The vendor's severity, mapped to one scale (OCSF `severity_id` where it has a word for it).
///
/// The vendor's own word is kept beside it on the finding. A word nobody knows becomes
/// `unknown`, which sorts as high: an unread label must not hide a breach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// No harm by itself.
    Informational,
    /// Worth fixing when passing by.
    Low,
    /// Fix in the normal course of work.
    Medium,
    /// The tool gave none, or one that no mapping knows. Sorts with high.
    Unknown,
    /// Fix soon.
    High,
    /// Fix now.
    Critical,
}

impl Severity {
    /// All severities, least severe first.
    pub const ALL: [Self; 6] =
        [Self::Informational, Self::Low, Self::Medium, Self::Unknown, Self::High, Self::Critical];

    /// Reads any spelling met in the field: words, letters, OCSF numbers as words.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "informational" | "information" | "info" | "none" | "note" | "notice" | "debug"
            | "negligible" | "hazardless" | "informative" => Self::Informational,
            "low" | "minor" => Self::Low,
            "medium" | "moderate" | "warning" | "warn" => Self::Medium,
            "high" | "error" | "important" | "major" => Self::High,
            "critical" | "fatal" | "emergency" | "alert" | "imminent compromise" | "severe" => {
                Self::Critical
            }
            _ => Self::Unknown,
        }
    }

    /// From a CVSS score (FIRST CVSS v3.1, section 5: qualitative severity rating scale).
    #[must_use]
    pub fn from_cvss(score: f64) -> Self {
        match score {
            s if s.is_nan() => Self::Unknown,
            s if s >= 9.0 => Self::Critical,
            s if s >= 7.0 => Self::High,
            s if s >= 4.0 => Self::Medium,
            s if s > 0.0 => Self::Low,
            _ => Self::Informational,
        }
    }

    /// From the ASFF `Severity.Normalized` scale, 0 to 100.
    #[must_use]
    pub const fn from_asff_normalized(value: i64) -> Self {
        match value {
            ..=0 => Self::Informational,
            1..=39 => Self::Low,
            40..=69 => Self::Medium,
            70..=89 => Self::High,
            90.. => Self::Critical,
        }
    }

    /// From OCSF `severity_id` (0 unknown, 1 informational … 5 critical, 6 fatal, 99 other).
    #[must_use]
    pub const fn from_ocsf_id(id: i64) -> Self {
        match id {
            1 => Self::Informational,
            2 => Self::Low,
            3 => Self::Medium,
            4 => Self::High,
            5 | 6 => Self::Critical,
            _ => Self::Unknown,
        }
    }

    /// Position on the scale for sorting; [`Severity::Unknown`] stands just below high.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Informational => 0,
            Self::Low => 1,
            Self::Medium => 2,
            Self::Unknown => 3,
            Self::High => 4,
            Self::Critical => 5,
        }
    }

    /// The lower-case word, as in the report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::Unknown => "unknown",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl PartialOrd for Severity {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Severity {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_no_mapping_knows_sort_above_medium() {
        for word in ["", "SEVERE?", "7", "p1"] {
            let severity = Severity::from_word(word);
            assert_eq!(severity, Severity::Unknown, "{word}");
            assert!(severity > Severity::Medium && severity < Severity::High);
        }
        assert_eq!(Severity::from_word("critical "), Severity::Critical);
    }

    #[test]
    fn cvss_bands_follow_the_published_table() {
        for (score, expected) in [
            (0.0, Severity::Informational),
            (0.1, Severity::Low),
            (3.9, Severity::Low),
            (4.0, Severity::Medium),
            (6.9, Severity::Medium),
            (7.0, Severity::High),
            (8.9, Severity::High),
            (9.0, Severity::Critical),
            (10.0, Severity::Critical),
            (f64::NAN, Severity::Unknown),
        ] {
            assert_eq!(Severity::from_cvss(score), expected, "{score}");
        }
    }
}
