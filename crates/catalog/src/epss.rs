//! Probabilities of exploitation, packed: the whole of EPSS has some 300,000 rows.

/// A row in bytes: the weakness as a number, and the probability.
const ROW_BYTES: usize = 12;

/// Probabilities by weakness: twelve bytes a row, sorted, found by halving.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EpssScores {
    weaknesses: Vec<u64>,
    scores: Vec<f32>,
}

impl EpssScores {
    /// Scores of these weaknesses; what is no CVE id is left out, the last of two rows counts.
    #[must_use]
    pub fn of<'c>(rows: impl Iterator<Item = (&'c str, f32)>) -> Self {
        let rows = rows.filter_map(|(cve, score)| Some((cve_number(cve)?, score)));
        Self::from_rows(rows.collect())
    }

    /// Scores of weaknesses by their numbers; the last of two rows counts.
    #[must_use]
    pub fn from_rows(mut rows: Vec<(u64, f32)>) -> Self {
        rows.sort_by_key(|(number, _)| *number);
        let mut made = Self::default();
        made.weaknesses.reserve_exact(rows.len());
        made.scores.reserve_exact(rows.len());
        for (number, score) in rows {
            if made.weaknesses.last() == Some(&number) {
                made.scores.pop();
            } else {
                made.weaknesses.push(number);
            }
            made.scores.push(score);
        }
        made
    }

    /// The probability of one weakness.
    #[must_use]
    pub fn get(&self, cve: &str) -> Option<f32> {
        let at = self.weaknesses.binary_search(&cve_number(cve)?).ok()?;
        self.scores.get(at).copied()
    }

    /// How many weaknesses have one.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.weaknesses.len()
    }

    /// Whether none has.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.weaknesses.is_empty()
    }

    /// The rows as bytes, to be kept.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len() * ROW_BYTES + 16);
        for (weakness, score) in self.weaknesses.iter().zip(&self.scores) {
            bytes.extend_from_slice(&weakness.to_le_bytes());
            bytes.extend_from_slice(&score.to_bits().to_le_bytes());
        }
        bytes
    }

    /// Reads what [`EpssScores::to_bytes`] wrote; `None` for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if !bytes.len().is_multiple_of(ROW_BYTES) {
            return None;
        }
        let row = |row: &[u8]| {
            let (weakness, score) = row.split_first_chunk::<8>()?;
            let score = f32::from_bits(u32::from_le_bytes(*score.first_chunk::<4>()?));
            Some((u64::from_le_bytes(*weakness), score))
        };
        let rows = bytes.chunks_exact(ROW_BYTES).map(row).collect::<Option<Vec<_>>>()?;
        Some(Self::from_rows(rows))
    }
}

/// `CVE-2031-1234` as one number: the year above, the rest below.
#[must_use]
pub fn cve_number(cve: &str) -> Option<u64> {
    let (scheme, rest) = cve.split_at_checked(4)?;
    let (year, number) = rest.split_once('-')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !scheme.eq_ignore_ascii_case("CVE-") || !digits(year) || !digits(number) {
        return None;
    }
    let (year, number): (u16, u32) = (year.parse().ok()?, number.parse().ok()?);
    Some((u64::from(year) << 32) | u64::from(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_the_last_row_counts() {
        let rows = [("CVE-2031-9", 0.5), ("CVE-1999-1", 0.25), ("x", 0.1), ("cve-2031-9", 0.75)];
        let scores = EpssScores::of(rows.into_iter());
        assert_eq!((scores.len(), scores.get("CVE-2031-9")), (2, Some(0.75)));
        assert_eq!(EpssScores::from_bytes(&scores.to_bytes()).as_ref(), Some(&scores));
        assert_eq!(EpssScores::from_bytes(b"123"), None);
        for absent in ["CVE-2031-8", "CVE-2031-", "CVE-", "", "GHSA-1-2", "CVE-1-99999999999"] {
            assert_eq!(scores.get(absent), None, "{absent}");
        }
    }
}
