//! Templates of CloudFormation: which resources they have. They are found, not changed.

use std::collections::BTreeMap;

use crate::code::Place;
use crate::inventory::{Lines, Making};
use crate::yaml::{Kind, Node, Yaml};

/// Most resources of one template; CloudFormation takes 500.
const MOST: usize = 2_000;

/// The resources of a template, as YAML or JSON; none where the text is no template.
#[must_use]
pub fn template_resources(path: &str, text: &str) -> Vec<Making> {
    if !text.contains("Resources") || !text.contains("::") {
        return Vec::new();
    }
    let Ok(yaml) = Yaml::parse(text.to_owned()) else { return Vec::new() };
    let [document] = yaml.documents() else { return Vec::new() };
    let resources = document.root().and_then(|root| root.get("Resources"));
    let Some(Node { kind: Kind::Mapping { entries, .. }, .. }) = resources else {
        return Vec::new();
    };
    let mut lines = Lines::new(text);
    let start = document.start();
    let read = entries.iter().take(MOST).filter_map(|entry| {
        let kind = text_of(entry.value.get("Type")?)?;
        let properties = entry.value.get("Properties");
        Some(Making {
            place: Place { file: path.to_owned(), address: entry.key.clone() },
            line: lines.of(start + entry.key_span.start),
            kind: kind.to_owned(),
            names: properties.map(|all| names(all, kind)).unwrap_or_default(),
            prefixes: Vec::new(),
            tags: BTreeMap::new(),
            namespace: None,
        })
    });
    read.filter(|one| one.kind.contains("::")).collect()
}

/// The name that a resource is given: `BucketName` of a bucket, or plain `Name`.
fn names(properties: &Node, kind: &str) -> Vec<String> {
    let noun = kind.rsplit("::").next().unwrap_or_default();
    let keys = [format!("{noun}Name"), format!("{noun}Identifier"), "Name".to_owned()];
    let text = |key: &String| properties.get(key).and_then(text_of).map(ToOwned::to_owned);
    keys.iter().filter_map(text).filter(|name| !name.contains("${")).collect()
}

/// A text that no function makes.
fn text_of(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Scalar { value, .. } if !node.tagged && !value.is_empty() => Some(value),
        Kind::Scalar { .. } | Kind::Sequence { .. } | Kind::Mapping { .. } | Kind::Alias(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_read_with_their_lines_and_literal_names() {
        let text = "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Logs:\n    Type: AWS::S3::Bucket\n    \
                    Properties:\n      BucketName: acme-logs\n  Topic:\n    Type: AWS::SNS::Topic\n    \
                    Properties:\n      TopicName: !Sub '${AWS::StackName}-t'\n  Bad: 3\n";
        let made = template_resources("cfn/web.yaml", text);
        let read: Vec<(&str, &str, u32, Vec<String>)> = made
            .iter()
            .map(|one| (one.place.address.as_str(), one.kind.as_str(), one.line, one.names.clone()))
            .collect();
        let expected = [
            ("Logs", "AWS::S3::Bucket", 3, vec!["acme-logs".to_owned()]),
            ("Topic", "AWS::SNS::Topic", 7, Vec::new()),
        ];
        assert_eq!(read, expected);
        let json = r#"{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}"#;
        assert_eq!(template_resources("a.json", json).len(), 1);
    }

    #[test]
    fn what_is_no_template_has_none() {
        for text in ["", "Resources: {}", "a: b", "Resources: [::", "Resources:\n  A: {Type: x}\n"]
        {
            assert_eq!(template_resources("a.yaml", text), [], "{text}");
        }
    }
}
