//! Facts about CloudTrail events.

use quell_model::{Activity, Finding, Record};
use serde_json::{Value, json};

use crate::testing::normalize_text;

fn activities(text: &str) -> Vec<Activity> {
    let results = normalize_text(text).into_iter().flat_map(|r| r.unwrap());
    results
        .map(|record| match record {
            Record::Activity(activity) => *activity,
            other @ (Record::Finding(_)
            | Record::Evidence(_)
            | Record::Asset(_)
            | Record::Statement(_)
            | Record::Relation(_)
            | Record::Exploited(_)) => {
                panic!("{other:?}")
            }
        })
        .collect()
}

fn only(value: &Value) -> Activity {
    let mut found = activities(&value.to_string());
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn event(source: &str, name: &str, request: Value) -> Value {
    let mut event = json!({
        "eventVersion": "1.09", "eventID": "e-1", "requestID": "r-1",
        "eventTime": "2026-03-04T05:06:07Z", "eventSource": format!("{source}.amazonaws.com"),
        "eventName": name, "eventType": "AwsApiCall", "awsRegion": "ca-central-1",
        "sourceIPAddress": "192.0.2.8", "userAgent": "tool/1", "readOnly": false,
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::343434343434:user/bo",
            "accountId": "343434343434", "accessKeyId": "KEYEXAMPLE", "userName": "bo"},
        "responseElements": null, "recipientAccountId": "343434343434",
    });
    event["requestParameters"] = request;
    event
}

fn delete_bucket() -> Value {
    event("s3", "DeleteBucket", json!({"bucketName": "takings"}))
}

#[test]
fn an_event_is_an_activity_with_who_what_and_where() {
    let found = only(&delete_bucket());
    assert_eq!((found.native_id.as_str(), found.action.as_str()), ("e-1", "DeleteBucket"));
    assert_eq!(found.principal.raw(), "arn:aws:iam::343434343434:user/bo");
    assert_eq!(found.asset.id.key(), "aws:s3.bucket:takings");
    assert_eq!(found.asset.id.account, "343434343434");
    assert_eq!(found.time, Some("2026-03-04T05:06:07Z".parse().unwrap()));
    assert_eq!(found.succeeded, Some(true));
    let names: Vec<_> = found.evidence.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["eventSource", "sourceIPAddress", "accessKeyId", "userAgent", "requestParameters"]
    );
}

#[test]
fn every_wrapping_reads_alike() {
    let bare = delete_bucket();
    let wrapped = json!({"version": "0", "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.s3", "account": "343434343434", "detail": bare});
    let looked_up = json!({"EventId": "e-1", "EventName": "DeleteBucket", "Username": "bo",
        "EventTime": 1_772_600_767.0, "ReadOnly": "false", "Resources": [],
        "CloudTrailEvent": bare.to_string()});
    // CloudTrail itself writes the version first.
    let plain = bare.to_string().replacen("\"eventVersion\":\"1.09\",", "", 1);
    let text = plain.replacen('{', "{\"eventVersion\":\"1.09\",", 1);
    let expected = only(&bare);
    for value in [
        json!({"Records": [bare]}),
        json!([bare]),
        wrapped.clone(),
        json!([wrapped]),
        json!({"Events": [looked_up], "NextToken": "n"}),
        json!([looked_up]),
        looked_up.clone(),
        json!({"events": [{"timestamp": 1, "message": text, "eventId": "9"}]}),
        json!({"messageType": "DATA_MESSAGE", "logEvents": [{"id": "9", "timestamp": 1, "message": text}]}),
    ] {
        assert_eq!(only(&value), expected, "{value}");
    }
    assert_eq!(activities(&format!("{bare}\n{wrapped}\n{looked_up}\n")).len(), 3);
}

#[test]
fn a_message_is_known_by_its_beginning_wherever_the_look_at_it_ends() {
    for padding in 0..16 {
        let agent = format!("{}{}", "x".repeat(padding), "\"é\u{1f600}\u{7}".repeat(99));
        let rest = json!({"eventName": "Cut", "userAgent": agent}).to_string();
        let message = rest.replacen('{', "{\"eventVersion\":\"1.09\",", 1);
        let value = json!({"events": [{"timestamp": 1, "message": message}]});
        assert_eq!(only(&value).action, "Cut", "{padding}");
    }
}

#[test]
fn each_type_of_identity_is_named() {
    for (identity, expected) in [
        (
            json!({"type": "Root", "arn": "arn:aws:iam::343434343434:root"}),
            "arn:aws:iam::343434343434:root",
        ),
        (json!({"type": "Root", "accountId": "343434343434"}), "343434343434"),
        (json!({"type": "IAMUser", "userName": "bo"}), "bo"),
        (
            json!({"type": "AssumedRole", "arn": "arn:aws:sts::343434343434:assumed-role/ops/bo"}),
            "arn:aws:sts::343434343434:assumed-role/ops/bo",
        ),
        (
            json!({"type": "AssumedRole", "principalId": "AROA:bo", "sessionContext": {
                "sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::343434343434:role/ops"}}}),
            "arn:aws:iam::343434343434:role/ops",
        ),
        (
            json!({"type": "FederatedUser", "arn": "arn:aws:sts::343434343434:federated-user/bo"}),
            "arn:aws:sts::343434343434:federated-user/bo",
        ),
        (json!({"type": "AWSService", "invokedBy": "ecs.amazonaws.com"}), "ecs.amazonaws.com"),
        (
            json!({"type": "AWSAccount", "principalId": "AIDAX", "accountId": "565656565656"}),
            "AIDAX",
        ),
        (json!({"type": "SAMLUser", "userName": "bo", "identityProvider": "idp"}), "idp/bo"),
        (
            json!({"type": "WebIdentityUser", "principalId": "accounts.example:app:1",
                "identityProvider": "accounts.example"}),
            "accounts.example/accounts.example:app:1",
        ),
        (
            json!({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "9067-aa"}, "credentialId": "c"}),
            "9067-aa",
        ),
        (json!({"type": "Directory", "userName": "bo@corp"}), "bo@corp"),
        (json!({"type": "Unknown", "principalId": "p"}), "p"),
        (
            json!({"type": "IAMUser", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS",
            "accountId": "343434343434"}),
            "343434343434",
        ),
        (json!({"invokedBy": "AWS Internal"}), "AWS Internal"),
        (json!("odd"), ""),
        (json!(null), ""),
    ] {
        let mut value = delete_bucket();
        value["userIdentity"] = identity.clone();
        assert_eq!(only(&value).principal.raw(), expected, "{identity}");
    }
}

#[test]
fn the_asset_is_what_the_event_or_its_parameters_name() {
    let named = |source: &str, request: Value, response: Value| {
        let mut value = event(source, "X", request);
        value["responseElements"] = response;
        only(&value).asset.id.key().to_owned()
    };
    let at = "343434343434:ca-central-1";
    for (source, request, response, expected) in [
        (
            "iam",
            json!({"roleName": "ops", "policyArn": "arn:aws:iam::aws:policy/Admin"}),
            json!(null),
            "aws:iam.role:343434343434::ops".to_owned(),
        ),
        (
            "ec2",
            json!({"instancesSet": {"items": [{"instanceId": "i-0123456789abcdef0"}]}}),
            json!(null),
            "aws:ec2.instance:i-0123456789abcdef0".to_owned(),
        ),
        (
            "ec2",
            json!({"instanceType": "t3.micro"}),
            json!({"instancesSet": {"items": [{"instanceId": "i-0123456789abcdef1"}]}}),
            "aws:ec2.instance:i-0123456789abcdef1".to_owned(),
        ),
        (
            "ec2",
            json!({"groupId": "sg-0123456789abcdef0"}),
            json!(null),
            "aws:ec2.security-group:sg-0123456789abcdef0".to_owned(),
        ),
        (
            "lambda",
            json!({"functionName": "pay"}),
            json!(null),
            format!("aws:lambda.function:{at}:pay"),
        ),
        ("kms", json!({"keyId": "alias/till"}), json!(null), format!("aws:kms.alias:{at}:till")),
        (
            "rds",
            json!({"dBInstanceIdentifier": "Orders"}),
            json!(null),
            format!("aws:rds.db:{at}:orders"),
        ),
        (
            "sns",
            json!({"topicArn": "arn:aws:sns:ca-central-1:343434343434:news"}),
            json!(null),
            format!("aws:sns.topic:{at}:news"),
        ),
        ("sts", json!({}), json!(null), "aws:account:343434343434".to_owned()),
        (
            "nosuch",
            json!({"roleName": "ops"}),
            json!("text"),
            "aws:account:343434343434".to_owned(),
        ),
    ] {
        assert_eq!(named(source, request.clone(), response), expected, "{source} {request}");
    }
    let mut value = event("s3", "GetObject", json!({"bucketName": "takings", "key": "a"}));
    value["resources"] = json!([
        {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::takings/a"},
        {"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::takings", "accountId": "343434343434"}]);
    assert_eq!(only(&value).asset.id.key(), "aws:s3.object:takings/a");
}

#[test]
fn errors_and_refused_logins_did_not_succeed() {
    let mut denied = delete_bucket();
    denied["errorCode"] = json!("AccessDenied");
    assert_eq!(only(&denied).succeeded, Some(false));
    for (word, expected) in [("Failure", Some(false)), ("Success", Some(true))] {
        let mut login = event("signin", "ConsoleLogin", json!(null));
        login["eventType"] = json!("AwsConsoleSignIn");
        login["responseElements"] = json!({"ConsoleLogin": word});
        login["additionalEventData"] = json!({"MFAUsed": "No"});
        let wrapped = json!({"detail-type": "AWS Console Sign In via CloudTrail", "detail": login});
        let found = only(&wrapped);
        assert_eq!(found.succeeded, expected);
        assert!(found.evidence.iter().any(|(name, value)| name == "mfa" && value.raw() == "No"));
    }
    let mut of_service = event("kms", "RotateKey", json!(null));
    of_service["eventType"] = json!("AwsServiceEvent");
    assert_eq!(only(&of_service).succeeded, None);
}

/// An Insights event of one state, with what it tells of it.
fn insight(state: &str, statistics: &Value) -> Value {
    json!({"eventVersion": "1.08", "eventTime": "2026-03-04T05:06:00Z",
        "awsRegion": "ca-central-1", "eventID": format!("e-{state}"),
        "eventType": "AwsCloudTrailInsight", "recipientAccountId": "343434343434",
        "sharedEventID": "s-9", "eventCategory": "Insight",
        "insightDetails": {"state": state, "eventSource": "iam.amazonaws.com",
            "eventName": "CreateUser", "insightType": "ApiCallRateInsight", "insightContext": {
                "statistics": statistics,
                "attributions": [
                    {"attribute": "userIdentityArn",
                        "insight": [{"value": "arn:aws:iam::343434343434:user/bo", "average": 9},
                            {"value": "arn:aws:iam::343434343434:role/ci", "average": 0.5}],
                        "baseline": [{"value": "arn:aws:iam::343434343434:role/ci", "average": 0.1}]},
                    {"attribute": "userAgent", "insight": [{"value": "curl/8", "average": 9}],
                        "baseline": []},
                    {"attribute": "errorCode", "insight": [{"value": "null", "average": 9}]}]}}})
}

fn detection(value: &Value) -> Finding {
    let results = normalize_text(&value.to_string());
    let Ok(records) = &results[0] else { panic!("{results:?}") };
    let [Record::Finding(found)] = records.as_slice() else { panic!("{records:?}") };
    (**found).clone()
}

#[test]
fn an_insights_event_is_a_detection_and_no_call() {
    let statistics = json!({"baseline": {"average": 0.1}, "insight": {"average": 9}});
    let bare = insight("Start", &statistics);
    for value in [bare.clone(), json!({"Records": [bare]})] {
        let found = detection(&value);
        assert_eq!(found.rule.id, "ApiCallRateInsight:CreateUser");
        assert_eq!(
            found.title.raw(),
            "CreateUser of iam.amazonaws.com is called at an unusual rate"
        );
        let seen = found.detection.as_ref().unwrap();
        assert_eq!(seen.principal.raw(), "arn:aws:iam::343434343434:user/bo");
        assert_eq!(found.asset.id.key(), "aws:account:343434343434");
        let fact = |name: &str| {
            let fact = found.evidence.iter().find(|(known, _)| known == name);
            fact.unwrap_or_else(|| panic!("{name}")).1.raw().to_owned()
        };
        assert_eq!(
            fact("usual"),
            "identities usually: arn:aws:iam::343434343434:role/ci (0.1 a minute)"
        );
        assert!(fact("unusual").starts_with(
            "identities not among those that usually call it: \
             arn:aws:iam::343434343434:user/bo (9 a minute); user agents"
        ));
        assert!(!fact("unusual").contains("error codes"));
        assert_eq!((fact("userAgent").as_str(), fact("state").as_str()), ("curl/8", "Start"));
        assert_eq!(serde_json::from_str::<Value>(&fact("statistics")).unwrap(), statistics);
    }
}

#[test]
fn the_beginning_and_the_end_of_what_is_unusual_are_one() {
    let statistics = json!({"baseline": {"average": 0.1}, "insight": {"average": 9},
        "insightDuration": 6, "baselineDuration": 10_080});
    let (start, end) =
        (detection(&insight("Start", &json!({}))), detection(&insight("End", &statistics)));
    assert_eq!((&start.native_id, start.native_id.as_str()), (&end.native_id, "s-9"));
    assert_eq!(start.first_seen, Some("2026-03-04T05:06:00Z".parse().unwrap()));
    assert_eq!(end.first_seen, Some("2026-03-04T05:00:00Z".parse().unwrap()));
    assert_eq!(end.last_seen, start.last_seen);
    for odd in [json!(-1), json!(1e300), json!("x"), json!(null)] {
        let found = detection(&insight("End", &json!({"insightDuration": odd})));
        assert_eq!(found.first_seen, None, "{odd}");
    }
    let mut error = insight("Start", &json!(null));
    error["insightDetails"]["insightType"] = json!("ApiErrorRateInsight");
    error["insightDetails"]["errorCode"] = json!("AccessDenied");
    error.as_object_mut().unwrap().remove("recipientAccountId");
    let found = detection(&error);
    assert!(found.title.raw().contains("fails with AccessDenied"), "{:?}", found.title);
    assert_eq!(found.asset.id.key(), "aws:account:343434343434");
}

#[test]
fn a_digest_file_is_refused_as_one() {
    let digest = json!({"awsAccountId": "343434343434", "digestStartTime": "2026-03-04T05:00:00Z",
        "digestEndTime": "2026-03-04T06:00:00Z", "digestS3Bucket": "trails",
        "digestS3Object": "AWSLogs/x.json.gz", "logFiles": [{"s3Bucket": "trails", "s3Object": "y"}]});
    let results = normalize_text(&digest.to_string());
    assert_eq!(results.len(), 1);
    assert!(results[0].as_ref().unwrap_err().contains("digest file"));
    let mixed = normalize_text(&format!("{}\n{digest}\n", delete_bucket()));
    assert!(mixed[0].is_ok() && mixed[1].is_err());
}

#[test]
fn a_looked_up_event_falls_back_on_what_stands_beside_it() {
    let value = json!({"Events": [
        {"EventId": "e-2", "EventName": "CreateThing", "Username": "bo", "EventTime": "2026-03-04T05:06:07Z",
         "Resources": [{"ResourceType": "AWS::S3::Bucket", "ResourceName": "takings"}],
         "CloudTrailEvent": "{\"awsRegion\":\"ca-central-1\"}"},
        {"EventId": "e-3", "EventName": "Cut", "CloudTrailEvent": "{\"eventVersion\""}]});
    let results = normalize_text(&value.to_string());
    let Ok(records) = &results[0] else { panic!("{results:?}") };
    let Record::Activity(found) = &records[0] else { panic!("{records:?}") };
    assert_eq!((found.native_id.as_str(), found.principal.raw()), ("e-2", "bo"));
    assert_eq!(found.asset.id.key(), "aws:s3.bucket:takings");
    assert!(results[1].as_ref().unwrap_err().contains("`$.CloudTrailEvent` is no event"));
}

#[test]
fn notifications_of_s3_are_no_trail() {
    let notification = json!({"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3",
        "eventTime": "2026-03-04T05:06:07Z", "eventName": "ObjectCreated:Put",
        "awsRegion": "ca-central-1", "userIdentity": {"principalId": "AWS:X"},
        "s3": {"bucket": {"name": "takings"}}}]});
    let refused = std::panic::catch_unwind(|| normalize_text(&notification.to_string()));
    assert!(refused.is_err(), "the reader of tests panics where no format fits");
}

#[test]
fn ocsf_keeps_its_form_of_the_same_event() {
    let ocsf = json!({"class_uid": 6003, "category_uid": 6, "activity_id": 1, "severity_id": 1,
        "class_name": "API Activity", "api": {"operation": "DeleteBucket"},
        "metadata": {"version": "1.1.0", "uid": "e-1", "product": {"name": "CloudTrail"}},
        "actor": {"user": {"name": "bo"}}});
    assert_eq!(only(&ocsf).tool.format, "ocsf");
}

#[test]
fn every_record_of_a_log_file_is_counted() {
    let mut nameless = delete_bucket();
    nameless.as_object_mut().unwrap().remove("eventName");
    let results =
        normalize_text(&json!({"Records": [delete_bucket(), nameless, {}, 3]}).to_string());
    assert_eq!(results.len(), 4);
    assert!(results[0].is_ok());
    assert!(results[1].as_ref().unwrap_err().contains("`$.eventName` is missing"));
    assert!(results[2].is_err() && results[3].is_err());
}
