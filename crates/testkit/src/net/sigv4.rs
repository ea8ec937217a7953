//! Checks AWS signatures, written from the receiver's side and apart from any signer.

use ring::{digest, hmac};

use super::http::Asked;

/// A key that may sign.
#[derive(Debug, Clone)]
pub struct SigningKey {
    /// Its id.
    pub access_key: String,
    /// Its secret.
    pub secret_key: String,
}

/// Checks the signature of a request: every part of it, and that all that must be signed is.
///
/// # Errors
/// What is wrong, as a sentence.
pub fn verify(asked: &Asked, key: &SigningKey, service: &str) -> Result<(), String> {
    let header = asked.header("authorization").ok_or("there is no signature")?;
    let rest = header.strip_prefix("AWS4-HMAC-SHA256 ").ok_or("the algorithm is another")?;
    let part = |name: &str| {
        rest.split(',')
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
            .ok_or_else(|| format!("`{name}` is missing"))
    };
    let (credential, names) = (part("Credential")?, part("SignedHeaders")?);
    let signature = part("Signature")?;
    let (id, scope) = credential.split_once('/').ok_or("the credential has no scope")?;
    let scope_parts: Vec<&str> = scope.split('/').collect();
    let [day, region, signed_service, "aws4_request"] = scope_parts.as_slice() else {
        return Err("the scope is malformed".to_owned());
    };
    let time = asked.header("x-amz-date").ok_or("there is no date")?;
    if id != key.access_key || *signed_service != service || !time.starts_with(day) {
        return Err("key, service or day do not fit".to_owned());
    }
    let canonical = canonical(asked, names)?;
    let hash = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{hash}");
    let mut tag = format!("AWS4{}", key.secret_key).into_bytes();
    for step in [day, region, signed_service, "aws4_request", to_sign.as_str()] {
        let signed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &tag), step.as_bytes());
        tag = signed.as_ref().to_vec();
    }
    if hex(&tag) == signature { Ok(()) } else { Err("the signature does not match".to_owned()) }
}

fn canonical(asked: &Asked, names: &str) -> Result<String, String> {
    let signed: Vec<&str> = names.split(';').collect();
    let must = |name: &&str| asked.header(name).is_some() && !signed.contains(name);
    let always = ["host", "x-amz-date", "x-amz-security-token", "x-amz-target"];
    if let Some(name) = always.iter().find(|name| must(name)) {
        return Err(format!("the header `{name}` is not signed"));
    }
    if !signed.is_sorted() {
        return Err("the signed headers are not sorted".to_owned());
    }
    let mut headers = String::new();
    for name in &signed {
        let value = asked.header(name).ok_or_else(|| format!("`{name}` is signed but not sent"))?;
        headers.push_str(&format!("{name}:{}\n", value.trim()));
    }
    let mut query: Vec<String> =
        asked.query.split('&').filter(|p| !p.is_empty()).map(pair).collect();
    query.sort();
    let own = hex(digest::digest(&digest::SHA256, &asked.body).as_ref());
    let body = match asked.header("x-amz-content-sha256") {
        Some("UNSIGNED-PAYLOAD") => "UNSIGNED-PAYLOAD",
        Some(told) if told != own => return Err("the hash of the body is wrong".to_owned()),
        Some(_) | None => &own,
    };
    let (method, path) = (&asked.method, &asked.path);
    Ok(format!("{method}\n{path}\n{}\n{headers}\n{names}\n{body}", query.join("&")))
}

/// A parameter without a value is signed with an empty one.
fn pair(text: &str) -> String {
    if text.contains('=') { text.to_owned() } else { format!("{text}=") }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `get-vanilla` of AWS's published test suite.
    fn vanilla() -> (Asked, SigningKey) {
        let header = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        let headers = [
            ("host", "example.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
            ("authorization", header),
        ];
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let asked = Asked { method: "GET".into(), path: "/".into(), headers, ..Asked::default() };
        let key = SigningKey {
            access_key: "AKIDEXAMPLE".into(),
            secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
        };
        (asked, key)
    }

    #[test]
    fn the_published_signature_is_right_and_changes_are_noticed() {
        let (asked, key) = vanilla();
        assert_eq!(verify(&asked, &key, "service"), Ok(()));
        assert!(verify(&asked, &key, "s3").is_err());
        for change in [
            |asked: &mut Asked| asked.method = "POST".into(),
            |asked: &mut Asked| asked.path = "/x".into(),
            |asked: &mut Asked| asked.query = "a=b".into(),
            |asked: &mut Asked| asked.body = b"x".to_vec(),
            |asked: &mut Asked| asked.headers.push(("x-amz-target".into(), "x".into())),
        ] {
            let (mut asked, key) = vanilla();
            change(&mut asked);
            assert!(verify(&asked, &key, "service").is_err(), "{asked:?}");
        }
    }
}
