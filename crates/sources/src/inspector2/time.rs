//! Times as Inspector writes them.

use quell_model::Timestamp;

use crate::wire::Text;

/// A time. Events on EventBridge have it as Java prints it for Americans: `Mar 7, 2022, 1:02:03 PM`,
/// with a narrow blank before the last word since Java 20.
pub(super) fn time(text: &Text<'_>) -> Option<Timestamp> {
    text.time().or_else(|| american(text.get()?))
}

fn american(text: &str) -> Option<Timestamp> {
    if text.len() > 64 {
        return None;
    }
    let plain = text.replace(['\u{202f}', '\u{a0}'], " ").replace(" at ", ", ");
    ["%b %d, %Y, %I:%M:%S %p", "%b %d, %Y %I:%M:%S %p"].into_iter().find_map(|format| {
        let civil = jiff::civil::DateTime::strptime(format, &plain).ok()?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn javas_american_times_are_read() {
        let expected: Timestamp = "2022-03-07T13:02:03Z".parse().unwrap();
        for text in
            ["Mar 7, 2022, 1:02:03 PM", "Mar 7, 2022, 1:02:03\u{202f}PM", "Mar 7, 2022 01:02:03 PM"]
        {
            assert_eq!(time(&Text::owned(text.to_owned())), Some(expected), "{text}");
        }
        assert_eq!(time(&Text::owned("Mar 77, 2022, 1:02:03 PM".to_owned())), None);
    }
}
