//! Records read into their types, with the path of what does not fit.

use serde::Deserialize;

use crate::Rejection;

/// A record as its type. Where it does not fit, the path of the first thing that is wrong is told:
/// it is looked for only then.
///
/// # Errors
/// The text does not fit the type.
pub(crate) fn read_record<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Rejection> {
    serde_json::from_str(text).or_else(|error| {
        let mut again = serde_json::Deserializer::from_str(text);
        match serde_path_to_error::deserialize(&mut again) {
            Ok(record) => Ok(record),
            Err(placed) => Err(Rejection::new(format!(
                "not as this format has it at $.{}: {error}",
                placed.path()
            ))),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Outer {
        #[expect(dead_code, reason = "only read")]
        list: Vec<Inner>,
    }

    #[derive(Debug, serde::Deserialize)]
    struct Inner {
        #[expect(dead_code, reason = "only read")]
        number: u8,
    }

    #[test]
    fn what_does_not_fit_is_named_by_its_path() {
        assert!(read_record::<Outer>(r#"{"list":[{"number":1}]}"#).is_ok());
        let error = read_record::<Outer>(r#"{"list":[{"number":1},{"number":"x"}]}"#).unwrap_err();
        assert!(error.0.contains("$.list[1].number"), "{error}");
    }
}
