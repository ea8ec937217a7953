//! An amount of money, without the errors of binary fractions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

/// Places behind the point.
const PLACES: usize = 6;
/// Millionths of one.
const ONE: u64 = 1_000_000;

/// An amount of money, in millionths. Which money it is, nobody says: that of the prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Money(u64);

impl Money {
    /// So many millionths.
    #[must_use]
    pub const fn of_millionths(millionths: u64) -> Self {
        Self(millionths)
    }

    /// In millionths.
    #[must_use]
    pub const fn millionths(self) -> u64 {
        self.0
    }
}

impl FromStr for Money {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "is no amount such as `5` or `0.25`";
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(part) || part.len() > PLACES {
            return Err(WRONG);
        }
        let whole: u64 = whole.parse().map_err(|_| WRONG)?;
        let part: u64 = format!("{part:0<PLACES$}").parse().map_err(|_| WRONG)?;
        let all = whole.checked_mul(ONE).and_then(|whole| whole.checked_add(part));
        all.map(Self).ok_or(WRONG)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = format!("{:06}", self.0 % ONE);
        let part = part.trim_end_matches('0');
        write!(f, "{}.{part:0<2}", self.0 / ONE)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_read_and_odd_ones_are_not() {
        for (text, millionths) in [("5", 5_000_000), ("0.25", 250_000), ("10.000001", 10_000_001)] {
            assert_eq!(text.parse(), Ok(Money(millionths)), "{text}");
        }
        for text in
            ["", ".", "1.", ".5", "-1", "1e3", "1,5", "0.0000001", "99999999999999999999", "NaN"]
        {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
        assert_eq!(Money(5_000_000).to_string(), "5.00");
        assert_eq!(Money(1_234_500).to_string(), "1.2345");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(millionths in 0..u64::MAX / 2) {
            prop_assert_eq!(Money(millionths).to_string().parse(), Ok(Money(millionths)));
        }
    }
}
