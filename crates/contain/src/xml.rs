//! Answers of AWS in XML.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::ContainError;

/// A list as the query protocol writes it.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub(crate) struct Members<T> {
    #[serde(default = "Vec::new")]
    pub(crate) member: Vec<T>,
}

/// Reads an answer.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8], what: &str) -> Result<T, ContainError> {
    let text =
        std::str::from_utf8(body).map_err(|_| ContainError::shape(what, "it is no UTF-8"))?;
    quick_xml::de::from_str(text).map_err(|error| ContainError::shape(what, error))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fault {
    code: Option<String>,
    error: Option<Inner>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inner {
    code: Option<String>,
}

/// The code of an error, in the shape of S3 or of the query protocol.
pub(crate) fn code(body: &[u8]) -> Option<String> {
    let fault: Fault = quick_xml::de::from_str(std::str::from_utf8(body).ok()?).ok()?;
    fault.code.or_else(|| fault.error?.code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_of_errors_have_a_code() {
        let s3 =
            b"<?xml version=\"1.0\"?><Error><Code>NoSuchBucket</Code><Message>m</Message></Error>";
        assert_eq!(code(s3).as_deref(), Some("NoSuchBucket"));
        let query = b"<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>NoSuchEntity</Code></Error><RequestId>r</RequestId></ErrorResponse>";
        assert_eq!(code(query).as_deref(), Some("NoSuchEntity"));
        for other in [&b""[..], b"{}", b"<html>no</html>", b"\xff", b"<Error><Code>"] {
            assert_eq!(code(other), None);
        }
    }

    #[test]
    fn an_empty_list_has_no_members() {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Answer {
            list: Members<String>,
        }
        let none: Answer = read(b"<A><List/></A>", "a").unwrap();
        assert!(none.list.member.is_empty());
        let two: Answer =
            read(b"<A><List><member>x</member><member>y</member></List></A>", "a").unwrap();
        assert_eq!(two.list.member, ["x", "y"]);
    }
}
