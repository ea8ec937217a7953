//! Pairs of different resources that look alike, and pairs of spellings that do not.

use proptest::prelude::*;

use super::*;

fn of<'a>(provider: Provider, kind: &'a str, account: &'a str, region: &'a str) -> Hints<'a> {
    Hints {
        provider: Some(provider),
        account: Some(account),
        region: Some(region),
        kind: Some(kind),
        ..Hints::default()
    }
}

fn aws(kind: &str) -> Hints<'_> {
    of(Provider::Aws, kind, "111122223333", "eu-west-1")
}

fn key(native: &str, hints: &Hints<'_>) -> String {
    AssetId::parse(native, hints).key().to_owned()
}

/// Every line is one resource; all lines differ.
fn check_apart(lines: &[(&str, Hints<'_>)]) {
    for (at, (native, hints)) in lines.iter().enumerate() {
        for (other, of_other) in lines.iter().skip(at + 1) {
            assert_ne!(key(native, hints), key(other, of_other), "{native} and {other}");
        }
    }
}

/// Every line is the same resource.
fn check_same(lines: &[(&str, Hints<'_>)]) {
    for pair in lines.windows(2) {
        let [(a, of_a), (b, of_b)] = pair else { continue };
        assert_eq!(key(a, of_a), key(b, of_b), "{a} and {b}");
    }
}

#[test]
fn a_managed_policy_is_not_the_customers_policy_of_that_name() {
    let none = Hints::default();
    check_apart(&[
        ("arn:aws:iam::aws:policy/ReadOnly", aws("AwsIamPolicy")),
        ("arn:aws:iam::111122223333:policy/ReadOnly", none),
        ("arn:aws:iam::444455556666:policy/ReadOnly", none),
    ]);
    check_same(&[
        ("arn:aws:iam::aws:policy/ReadOnly", aws("AwsIamPolicy")),
        ("arn:aws:iam::aws:policy/ReadOnly", none),
    ]);
}

#[test]
fn access_points_of_two_accounts_stay_apart() {
    let none = Hints::default();
    check_apart(&[
        ("arn:aws:s3:eu-west-1:111122223333:accesspoint/logs", none),
        ("arn:aws:s3:eu-west-1:444455556666:accesspoint/logs", none),
        ("arn:aws:s3:us-east-1:111122223333:accesspoint/logs", none),
        ("arn:aws:s3:::accesspoint/logs", none),
    ]);
}

#[test]
fn only_iam_names_the_account_as_root() {
    let none = Hints::default();
    check_apart(&[
        ("arn:aws:sns:eu-west-1:111122223333:root", none),
        ("arn:aws:sqs:eu-west-1:111122223333:root", none),
        ("arn:aws:iam::111122223333:root", none),
    ]);
}

#[test]
fn one_bucket_name_is_two_buckets_in_two_partitions() {
    let none = Hints::default();
    let china = of(Provider::Aws, "AwsS3Bucket", "111122223333", "cn-north-1");
    check_apart(&[
        ("arn:aws:s3:::acme-logs", none),
        ("arn:aws-cn:s3:::acme-logs", none),
        ("arn:aws-us-gov:s3:::acme-logs", none),
    ]);
    check_same(&[("arn:aws-cn:s3:::acme-logs", none), ("acme-logs", china)]);
    check_same(&[("arn:aws:s3:::acme-logs", none), ("acme-logs", aws("s3 bucket"))]);
}

#[test]
fn a_name_that_looks_like_an_instance_is_not_the_instance() {
    let none = Hints::default();
    check_apart(&[
        ("i-0abc12345678", aws("AwsEc2Instance")),
        ("arn:aws:iam::111122223333:user/i-0abc12345678", none),
        ("arn:aws:lambda:eu-west-1:111122223333:function:i-0abc12345678", none),
        ("i-0abc12345678", aws("AwsDynamoDbTable")),
        ("arn:aws:ec2:eu-west-1:111122223333:key-pair/i-0abc12345678", none),
        ("secret/x", aws("AwsSecretsManagerSecret")),
        ("x", aws("AwsSecretsManagerSecret")),
    ]);
}

#[test]
fn an_ec2_name_tag_does_not_name_the_instance() {
    check_apart(&[("web", aws("AwsEc2Instance")), ("web", aws("AwsEc2SecurityGroup"))]);
    let short = AssetId::parse("i-123", &aws("AwsEc2Instance"));
    assert_eq!(short.kind, "ec2.instance");
    assert!(short.key().contains("111122223333"), "{short:?}");
}

#[test]
fn objects_that_differ_by_a_slash_stay_apart() {
    let none = Hints::default();
    check_apart(&[
        ("arn:aws:s3:::acme/logs", none),
        ("arn:aws:s3:::acme/logs/", none),
        ("arn:aws:s3:::acme", none),
    ]);
    check_same(&[("arn:aws:s3:::acme", none), ("arn:aws:s3:::acme/*", none), ("s3://acme/", none)]);
}

#[test]
fn what_fits_no_grammar_is_told_apart_by_all_that_is_said() {
    let other = |kind, account, region| of(Provider::Other, kind, account, region);
    check_apart(&[
        ("admin", other("user", "1", "x")),
        ("admin", other("group", "1", "x")),
        ("admin", other("user", "2", "x")),
        ("admin", other("user", "1", "y")),
        ("admin", of(Provider::Aws, "strange", "1", "x")),
        ("admin", of(Provider::Azure, "strange", "1", "x")),
    ]);
    let uuid = "6f1c3f0e-7a39-4a55-9b2c-3f5f0f6f7a11";
    check_same(&[(uuid, other("vm", "1", "x")), (uuid, other("VIRTUAL_MACHINE", "1", ""))]);
}

#[test]
fn aws_spellings_of_one_resource_meet() {
    let none = Hints::default();
    check_same(&[
        ("arn:aws:iam::111122223333:root", none),
        ("AWS::::Account:111122223333", none),
        ("111122223333", aws("AwsAccount")),
        ("1111-2222-3333", aws("AWS Account")),
        ("arn:aws:account::111122223333:account", none),
        ("arn:aws:organizations::999988887777:account/o-abc/111122223333", none),
    ]);
    check_same(&[
        (
            "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188",
            none,
        ),
        ("web", aws("AWS::ElasticLoadBalancingV2::LoadBalancer")),
        ("web", aws("AwsElbv2LoadBalancer")),
        ("web", aws("aws_lb")),
    ]);
    check_same(&[
        ("arn:aws:rds:eu-west-1:111122223333:db:orders", none),
        ("Orders", aws("AwsRdsDbInstance")),
        ("orders", aws("aws_db_instance")),
    ]);
    check_same(&[
        ("arn:aws:sqs:eu-west-1:111122223333:jobs", none),
        ("https://sqs.eu-west-1.amazonaws.com/111122223333/jobs", none),
        ("https://eu-west-1.queue.amazonaws.com/111122223333/jobs", none),
        ("jobs", aws("AWS::SQS::Queue")),
    ]);
    check_same(&[
        ("arn:aws:lambda:eu-west-1:111122223333:function:pay:$LATEST", none),
        ("pay:$LATEST", aws("AwsLambdaFunction")),
        ("pay", aws("AWS::Lambda::Function")),
    ]);
    check_same(&[
        ("arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/pay:*", none),
        ("/aws/lambda/pay", aws("AWS::Logs::LogGroup")),
    ]);
    check_same(&[
        (
            "arn:aws:dynamodb:eu-west-1:111122223333:table/orders/stream/2026-01-01T00:00:00.000",
            none,
        ),
        ("orders", aws("aws_dynamodb_table")),
    ]);
    check_same(&[
        (
            "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:9f0c:autoScalingGroupName/web",
            none,
        ),
        ("web", aws("AwsAutoScalingAutoScalingGroup")),
        ("web", aws("aws_autoscaling_group")),
    ]);
    check_same(&[
        ("arn:aws:kms:eu-west-1:111122223333:alias/app", none),
        ("alias/app", aws("AWS::KMS::Alias")),
    ]);
}

#[test]
fn classic_and_new_load_balancers_of_one_name_stay_apart() {
    let none = Hints::default();
    check_apart(&[
        ("arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/web", none),
        ("arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc6c49", none),
    ]);
}

#[test]
fn an_image_in_a_registry_is_its_digest() {
    let hex = "a".repeat(64);
    let none = Hints::default();
    let image = Hints { kind: Some("container_image"), ..none };
    let arn = format!("arn:aws:ecr:eu-west-1:111122223333:repository/acme/web/sha256:{hex}");
    let reference = format!("acme/web:1@sha256:{hex}");
    check_same(&[(&arn, none), (&reference, none), (&format!("sha256:{hex}"), image)]);
    check_apart(&[
        ("nginx@sha256:aaaa", image),
        ("nginx@sha256:bbbb", image),
        ("nginx", image),
        ("ghcr.io/acme/nginx", image),
        ("localhost:5000/nginx", image),
    ]);
    check_same(&[("GHCR.io/acme/web:1", image), ("ghcr.io/acme/web:1", image)]);
    let gcp_image = of(Provider::Gcp, "image", "p", "");
    assert_ne!(AssetId::parse("golden", &gcp_image).provider, Provider::Image);
}

#[test]
fn pods_of_two_clusters_stay_apart() {
    let bare = Hints { provider: Some(Provider::Kubernetes), ..Hints::default() };
    check_apart(&[
        ("prod/shop/Pod/web-1", bare),
        ("dev/shop/Pod/web-1", bare),
        ("shop/Pod/web-1", bare),
        ("shop/Deployment/web-1", bare),
        ("infra/Pod/web-1", bare),
        ("shop/Pod/web-1/container/app", bare),
        ("infra/Pod/web-1/container/app", bare),
    ]);
    let container = |namespace| Hints {
        kind: Some("Container"),
        name: Some("app"),
        namespace: Some(namespace),
        ..bare
    };
    check_apart(&[("pod-a", container("shop")), ("pod-b", container("shop"))]);
}

#[test]
fn kubernetes_spellings_of_one_object_meet() {
    let prod =
        Hints { provider: Some(Provider::Kubernetes), account: Some("prod"), ..Hints::default() };
    let named =
        Hints { namespace: Some("shop"), kind: Some("Deployment"), name: Some("web"), ..prod };
    check_same(&[
        ("uid-1", named),
        ("shop/Deployment/web", prod),
        ("shop/deployment.apps/web", prod),
        ("prod/shop/Deployment/web", prod),
        ("Deployment.shop.web", prod),
        ("/apis/apps/v1/namespaces/shop/deployments/web", prod),
        ("k8s://shop/Deployment/web", prod),
    ]);
    let node = Hints { kind: Some("Node"), name: Some("node.example.com"), ..prod };
    check_same(&[
        ("node.example.com", node),
        ("/api/v1/nodes/node.example.com", prod),
        ("Node/node.example.com", Hints { namespace: Some("default"), ..prod }),
    ]);
}

#[test]
fn google_spellings_of_one_resource_meet() {
    let none = Hints::default();
    let gcp = |kind, region| of(Provider::Gcp, kind, "acme-prod", region);
    check_same(&[
        ("//storage.googleapis.com/acme-b", none),
        ("https://www.googleapis.com/storage/v1/b/acme-b", none),
        ("gs://acme-b/", none),
        ("acme-b", gcp("google.cloud.storage.Bucket", "eu")),
        ("projects/_/buckets/acme-b", gcp("", "")),
    ]);
    check_same(&[
        ("//compute.googleapis.com/projects/acme-prod/zones/europe-west1-b/instances/web", none),
        (
            "https://www.googleapis.com/compute/beta/projects/acme-prod/zones/europe-west1-b/instances/web",
            none,
        ),
        ("projects/acme-prod/zones/europe-west1-b/instances/web/", gcp("", "")),
        ("web", gcp("compute.googleapis.com/Instance", "europe-west1-b")),
    ]);
    check_same(&[
        ("//container.googleapis.com/projects/acme-prod/zones/europe-west1-b/clusters/c", none),
        ("//container.googleapis.com/projects/acme-prod/locations/europe-west1-b/clusters/c", none),
        (
            "https://container.googleapis.com/v1/projects/acme-prod/zones/europe-west1-b/clusters/c",
            none,
        ),
    ]);
    check_same(&[
        ("//cloudsql.googleapis.com/projects/acme-prod/instances/db", none),
        ("//sqladmin.googleapis.com/projects/acme-prod/instances/db", none),
        ("https://sqladmin.googleapis.com/sql/v1beta4/projects/acme-prod/instances/db", none),
        ("db", gcp("google.cloud.sql.Instance", "europe-west1")),
    ]);
    check_same(&[
        ("//cloudresourcemanager.googleapis.com/projects/acme-prod", none),
        ("projects/acme-prod/", gcp("", "")),
        ("acme-prod", gcp("cloudresourcemanager.googleapis.com/Project", "")),
    ]);
}

#[test]
fn google_objects_and_projects_stay_apart() {
    let none = Hints::default();
    let gcp = of(Provider::Gcp, "", "", "");
    check_apart(&[
        ("https://storage.googleapis.com/acme-b/file", none),
        ("//storage.googleapis.com/file", none),
        ("//storage.googleapis.com/acme-b", none),
        ("gs://acme-b/other", gcp),
        ("gs://acme-b/objects/other", gcp),
        ("gs://other", gcp),
        ("https://storage.googleapis.com/acme-b/v1/b/other", none),
        ("projects/acme/locations/eu/buckets/other", gcp),
        ("//cloudresourcemanager.googleapis.com/projects/123456", none),
        ("//cloudresourcemanager.googleapis.com/projects/acme", none),
    ]);
}

#[test]
fn azure_spellings_of_one_resource_meet() {
    let none = Hints::default();
    let azure = of(Provider::Azure, "subscription", "", "");
    check_same(&[
        ("/subscriptions/S1/resourceGroups/R/providers/Microsoft.Web/sites/App", none),
        ("subscriptions/s1/resourcegroups/r/providers/microsoft.web/sites/app", azure),
        (
            "https://management.azure.com/subscriptions/s1/resourceGroups/r/providers/Microsoft.Web/sites/app?api-version=1",
            none,
        ),
        ("/subscriptions/s1//resourceGroups/r/providers/Microsoft.Web/sites/app/", none),
    ]);
    let id = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";
    check_same(&[
        (&format!("/subscriptions/{id}"), none),
        (&format!("/SUBSCRIPTIONS/{id}/"), none),
        (&id.to_uppercase(), azure),
    ]);
}

#[test]
fn files_and_blocks_with_colons_stay_apart() {
    assert_ne!(AssetId::iac("a", "b:c", "d").key(), AssetId::iac("a", "b", "c:d").key());
    assert_ne!(AssetId::code("a:b", "c").key(), AssetId::code("a", "b:c").key());
    assert_eq!(AssetId::iac("t", "/./a\\b.tf", "x").key(), AssetId::iac("t", "a//b.tf", "x").key());
    assert_ne!(AssetId::iac("t", "../a.tf", "x").key(), AssetId::iac("t", "a.tf", "x").key());
}

#[test]
fn hostile_text_is_kept_whole() {
    let long = "a/".repeat(4096);
    for native in [
        "",
        "*",
        "arn:",
        "arn:aws",
        "arn:aws:::::",
        "arn:aws:ec2:r:1:instance/",
        "//",
        "///",
        "/",
        "@",
        ":",
        "https://",
        "s3://",
        "gs://",
        "/subscriptions/",
        "sha256:",
        "@sha256:",
        "İ/subscriptions/x",
        "é",
        &long,
    ] {
        for kind in ["", "bucket", "container_image", "Pod", "account", "instance"] {
            for provider in [
                Provider::Aws,
                Provider::Gcp,
                Provider::Azure,
                Provider::Kubernetes,
                Provider::Other,
            ] {
                let id = AssetId::parse(native, &of(provider, kind, "1", "r"));
                assert!(!id.key().is_empty());
                assert_eq!(id, AssetId::parse(native, &of(provider, kind, "1", "r")));
            }
        }
    }
    check_apart(&[
        ("arn:aws:ec2:eu-west-1:111122223333:instance/", Hints::default()),
        ("arn:aws:ec2:eu-west-1:444455556666:instance/", Hints::default()),
    ]);
}

proptest! {
    #[test]
    fn bare_names_and_arns_meet(
        name in "[a-z][a-z0-9-]{2,20}", account in "[0-9]{12}", region in "(us|eu|ap)-(east|west)-[1-9]",
        row in 0usize..6,
    ) {
        let (middle, kinds) = [
            ("rds:R:A:db:", ["AwsRdsDbInstance", "aws_db_instance"]),
            ("iam::A:role/path/", ["AWS::IAM::Role", "aws_iam_role"]),
            ("lambda:R:A:function:", ["AwsLambdaFunction", "AWS::Lambda::Function"]),
            ("sns:R:A:", ["AwsSnsTopic", "aws_sns_topic"]),
            ("eks:R:A:cluster/", ["AwsEksCluster", "aws_eks_cluster"]),
            ("dynamodb:R:A:table/", ["AwsDynamoDbTable", "AWS::DynamoDB::Table"]),
        ][row];
        let arn = format!("arn:aws:{}{name}", middle.replace('R', &region).replace('A', &account));
        for kind in kinds {
            let hints = of(Provider::Aws, kind, &account, &region);
            prop_assert_eq!(key(&name, &hints), key(&arn, &Hints::default()));
        }
    }

    #[test]
    fn account_region_and_name_each_count(
        a in "[0-9]{12}", b in "[0-9]{12}", x in "[a-z]{3,9}", y in "[a-z]{3,9}",
        kind in "AwsRdsDbInstance|AwsLambdaFunction|AwsSnsTopic|AwsEksCluster|whatever",
    ) {
        let base = key(&x, &of(Provider::Aws, &kind, &a, "eu-west-1"));
        if a != b {
            prop_assert_ne!(&base, &key(&x, &of(Provider::Aws, &kind, &b, "eu-west-1")));
        }
        if x != y {
            prop_assert_ne!(&base, &key(&y, &of(Provider::Aws, &kind, &a, "eu-west-1")));
        }
        prop_assert_ne!(&base, &key(&x, &of(Provider::Aws, &kind, &a, "eu-west-2")));
    }

    #[test]
    fn any_text_is_read_without_a_panic(
        head in "(arn:aws:|arn:aws:s3:|//storage.googleapis.com/|https://www.googleapis.com/|/subscriptions/|s3://|gs://|)",
        tail in ".{0,60}", kind in ".{0,12}", provider in 0usize..6,
    ) {
        let provider = [Provider::Aws, Provider::Gcp, Provider::Azure, Provider::Kubernetes, Provider::Image, Provider::Other][provider];
        let native = format!("{head}{tail}");
        let hints = of(provider, &kind, "1", "r");
        let id = AssetId::parse(&native, &hints);
        prop_assert!(!id.key().is_empty());
        prop_assert_eq!(&id, &AssetId::parse(&native, &hints));
    }
}
