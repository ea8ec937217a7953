//! A scalar as it came: text, a number or a boolean, borrowed from the input where that can be.

use std::borrow::Cow;
use std::fmt;

use quell_model::{Timestamp, Untrusted, parse_timestamp};
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

/// Whole numbers below are exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Text, or a number or boolean written as text. Null, lists and objects are no text at all, so
/// that one odd field does not cost a whole record.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Text<'a>(Option<Cow<'a, str>>);

impl<'a> Text<'a> {
    /// The text as it came.
    pub(crate) fn into_text(self) -> Option<Cow<'a, str>> {
        self.0
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Some(Cow::Borrowed(text)))
    }
}

impl Text<'_> {
    /// No text.
    pub(crate) const EMPTY: Text<'static> = Text(None);

    /// A text of one's own.
    pub(crate) const fn owned(text: String) -> Self {
        Self(Some(Cow::Owned(text)))
    }

    /// The text without the blanks around it; `None` where there is none or it is empty.
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }

    /// The text, or an empty one.
    pub(crate) fn or_empty(&self) -> &str {
        self.get().unwrap_or_default()
    }

    /// As a point in time. Epochs in milliseconds, which both vendors write, stay exact.
    pub(crate) fn time(&self) -> Option<Timestamp> {
        let text = self.get()?;
        match text.parse::<i64>() {
            Ok(millis @ 100_000_000_000..100_000_000_000_000) => {
                Timestamp::from_millisecond(millis).ok()
            }
            Ok(_) | Err(_) => parse_timestamp(text),
        }
    }

    /// As a number.
    pub(crate) fn number(&self) -> Option<f64> {
        self.get()?.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// As a whole number.
    pub(crate) fn integer(&self) -> Option<i64> {
        self.get()?.parse().ok()
    }

    /// Whether it says yes.
    pub(crate) fn is_true(&self) -> bool {
        matches!(self.get(), Some("true" | "1" | "True" | "TRUE"))
    }

    /// Whether it says yes or no; none where it says neither.
    pub(crate) fn flag(&self) -> Option<bool> {
        self.get()?.to_ascii_lowercase().parse().ok()
    }

    /// As text for people, cut to `limit_bytes`.
    pub(crate) fn untrusted(&self, limit_bytes: usize) -> Untrusted {
        Untrusted::from(self.or_empty()).capped(limit_bytes)
    }

    /// As a link; only `http` and `https` count as one.
    pub(crate) fn link(&self) -> Option<String> {
        self.get()
            .filter(|link| link.starts_with("https://") || link.starts_with("http://"))
            .filter(|link| link.len() <= 2048)
            .map(str::to_owned)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor).map(Text)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(if truth { "true" } else { "false" })))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(number.to_string())))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        // A whole number that came as this had more digits than it keeps: as an id it would be
        // another's.
        let is_rounded = number.fract() == 0.0 && number.abs() >= EXACT;
        Ok((!is_rounded).then(|| Cow::Owned(number.to_string())))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// Reads a field whose null means the same as its absence.
///
/// # Errors
/// Where the value is neither null nor of the field's type.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Collects facts worth citing: at most eight, none empty, each cut to 1 KiB and its name to 128
/// characters, since some records bring names of their own.
#[derive(Debug, Default)]
pub(crate) struct Facts(Vec<(String, Untrusted)>);

impl Facts {
    /// Adds a fact unless it is empty or there are eight already.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        let value = value.trim();
        if !value.is_empty() && self.0.len() < 8 {
            let name = name.chars().take(128).collect();
            self.0.push((name, Untrusted::from(value).capped(1024)));
        }
    }

    /// The facts, in the order in which they were added.
    pub(crate) fn into_vec(self) -> Vec<(String, Untrusted)> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_no_word_holds_is_none_and_is_never_rounded() {
        for (written, read) in [
            ("111122223333", Some("111122223333")),
            ("18446744073709551615", Some("18446744073709551615")),
            ("-9223372036854775808", Some("-9223372036854775808")),
            ("18446744073709551617", None),
            ("123456789012345678901234567890", None),
            ("1e20", None),
            ("0.975", Some("0.975")),
            ("7.0", Some("7")),
            ("\"123456789012345678901234567890\"", Some("123456789012345678901234567890")),
        ] {
            let text: Text<'_> = serde_json::from_str(written).unwrap();
            assert_eq!(text.get(), read, "{written}");
        }
        assert!(serde_json::from_str::<Text<'_>>("1e400").is_err());
        assert!(serde_json::from_str::<Text<'_>>("NaN").is_err());
    }
}
