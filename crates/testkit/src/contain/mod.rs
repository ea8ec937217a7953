//! Doubles of what containment changes: an API server of Kubernetes, AWS's STS, IAM and S3, and the
//! storage of Azure and Google Cloud. Each holds every request against its own small description.

mod aws;
mod iam;
mod kubernetes;
mod storage;

pub use aws::{AwsDouble, Session};
pub use iam::Identity;
pub use kubernetes::KubernetesDouble;
pub use storage::{AzureDouble, GoogleDouble};

use std::collections::BTreeMap;

use serde_json::Value;

use crate::net::{Answer, Asked};
use crate::sinks::Contract;

/// A description that stands beside its double.
fn contract(text: &str) -> Contract {
    Contract::new(&serde_json::from_str(text).unwrap_or_default())
}

fn json(status: u16, body: &Value) -> Answer {
    Answer::new(status, body.to_string()).header("content-type", "application/json")
}

/// Sets a field of the object at a pointer; null takes it away.
fn set(value: &mut Value, at: &str, key: &str, new: Value) {
    let Some(object) = value.pointer_mut(at).and_then(Value::as_object_mut) else { return };
    if new.is_null() {
        object.remove(key);
    } else {
        object.insert(key.to_owned(), new);
    }
}

fn bearer(asked: &Asked) -> &str {
    asked.header("authorization").and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default()
}

/// The fields of a form or a query.
fn fields(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = after;
            }
            (byte, _) => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::double::Platform as _;

    fn asked(method: &str, target: &str, kind: &str, body: &str) -> Asked {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Asked {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: vec![("content-type".to_owned(), kind.to_owned())],
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn requests_that_are_described_nowhere_are_refused_and_noted() {
        let kube = KubernetesDouble::default();
        let pod = "/api/v1/namespaces/shop/pods/web-0";
        let version = json!({"resourceVersion": "1", "labels": {"quell.security/contained": "a"}});
        let merge = "application/merge-patch+json";
        let patch = json!({"metadata": version}).to_string();
        let wider = json!({"metadata": version, "spec": {}}).to_string();
        let blind = json!({"metadata": {"labels": {}}}).to_string();
        for (method, target, kind, body) in [
            ("DELETE", pod, "", ""),
            ("GET", "/api/v1/namespaces/shop/secrets/a", "", ""),
            ("PATCH", pod, "application/json", patch.as_str()),
            ("PATCH", pod, merge, &wider),
            ("PATCH", pod, merge, &blind),
            ("PATCH", "/api/v1/namespaces/shop/pods/web-0?force=true", merge, &patch),
        ] {
            assert_eq!(kube.answer(&asked(method, target, kind, body)).status, 400, "{body}");
        }
        assert_eq!(kube.wrong().len(), 6);
        assert_eq!(kube.answer(&asked("PATCH", pod, merge, &patch)).status, 401);
    }

    #[test]
    fn calls_of_aws_have_exactly_their_fields() {
        let aws = AwsDouble::default();
        let form = "application/x-www-form-urlencoded";
        let good = "Action=GetRole&Version=2010-05-08&RoleName=web";
        for body in [
            "Action=DeleteUser&Version=2010-05-08&UserName=a",
            "Action=GetRole&Version=2010-05-08",
            "Action=GetRole&Version=2011-06-15&RoleName=web",
            "Action=GetRole&Version=2010-05-08&RoleName=web&Extra=1",
            "Action=UpdateAccessKey&Version=2010-05-08&UserName=a&AccessKeyId=AAAAAAAAAAAAAAAA&Status=Gone",
        ] {
            assert_eq!(aws.answer(&asked("POST", "/", form, body)).status, 400, "{body}");
        }
        assert_eq!(aws.answer(&asked("GET", "/", form, good)).status, 400);
        assert_eq!(aws.wrong().len(), 6);
        assert_eq!(aws.answer(&asked("POST", "/", form, good)).status, 403);
    }
}
