//! Different spellings of one thing meet; different things never do.

use proptest::prelude::*;

use super::*;

fn aws<'a>(kind: &'a str, account: &'a str, region: &'a str) -> Hints<'a> {
    Hints {
        provider: Some(Provider::Aws),
        account: Some(account),
        region: Some(region),
        kind: Some(kind),
        ..Hints::default()
    }
}

fn key(native: &str, hints: &Hints<'_>) -> String {
    AssetId::parse(native, hints).key().to_owned()
}

#[test]
fn spellings_of_one_resource_meet() {
    let none = Hints::default();
    let here = |kind| aws(kind, "111122223333", "eu-west-1");
    let gcp = Hints { provider: Some(Provider::Gcp), kind: Some("storage-bucket"), ..none };
    let image = Hints { kind: Some("container_image"), ..none };
    for (a, of_a, b, of_b) in [
        ("arn:aws:s3:::acme-logs", none, "acme-logs", here("AwsS3Bucket")),
        ("arn:aws:s3:::acme-logs", none, "s3://acme-logs/", none),
        (
            "arn:aws-cn:s3:::acme-logs",
            none,
            "acme-logs",
            aws("AWS::S3::Bucket", "111122223333", "cn-north-1"),
        ),
        (
            "arn:aws:ec2:eu-west-1:111122223333:instance/i-0abc12345678",
            none,
            "i-0abc12345678",
            here("INSTANCE"),
        ),
        ("arn:aws:iam::111122223333:role/service/deployer", none, "deployer", here("AwsIamRole")),
        (
            "arn:aws:sts::111122223333:assumed-role/deployer/session",
            none,
            "deployer",
            here("AWS::IAM::Role"),
        ),
        (
            "arn:aws:rds:eu-west-1:111122223333:db:orders",
            none,
            "orders",
            here("AWS::RDS::DBInstance"),
        ),
        (
            "arn:aws:lambda:eu-west-1:111122223333:function:pay:7",
            none,
            "pay",
            here("aws_lambda_function"),
        ),
        ("arn:aws:iam::111122223333:root", none, "AWS::::Account:111122223333", none),
        (
            "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs",
            here("x"),
            "arn:aws:sqs:eu-west-1:111122223333:jobs",
            none,
        ),
        (
            "/subscriptions/S/resourceGroups/R/providers/Microsoft.Compute/virtualMachines/V",
            none,
            "/subscriptions/s/resourcegroups/r/providers/microsoft.compute/virtualmachines/v/",
            none,
        ),
        (
            "//compute.googleapis.com/projects/p/zones/z/instances/i",
            none,
            "https://www.googleapis.com/compute/v1/projects/p/zones/z/instances/i",
            none,
        ),
        ("//storage.googleapis.com/acme", none, "acme", gcp),
        (
            "//storage.googleapis.com/projects/_/buckets/acme",
            none,
            "//storage.googleapis.com/acme",
            none,
        ),
        ("nginx", image, "docker.io/library/nginx:latest", image),
    ] {
        assert_eq!(key(a, &of_a), key(b, &of_b), "{a} and {b}");
    }
}

#[test]
fn different_resources_stay_apart() {
    let here = |kind| aws(kind, "111122223333", "eu-west-1");
    for (a, of_a, b, of_b) in [
        (
            "arn:aws:rds:eu-west-1:111122223333:db:orders",
            here(""),
            "arn:aws:rds:eu-west-2:111122223333:db:orders",
            here(""),
        ),
        (
            "arn:aws:rds:eu-west-1:111122223333:db:orders",
            here(""),
            "arn:aws:rds:eu-west-1:444455556666:db:orders",
            here(""),
        ),
        (
            "arn:aws:iam::111122223333:role/a",
            here(""),
            "arn:aws:iam::111122223333:user/a",
            here(""),
        ),
        ("arn:aws:s3:::b", here(""), "arn:aws:s3:::b/key", here("")),
        (
            "web",
            aws("instance", "111122223333", "eu-west-1"),
            "web",
            aws("instance", "444455556666", "eu-west-1"),
        ),
        (
            "nginx:1",
            Hints { kind: Some("image"), ..Hints::default() },
            "nginx:2",
            Hints { kind: Some("image"), ..Hints::default() },
        ),
    ] {
        assert_ne!(key(a, &of_a), key(b, &of_b), "{a} and {b}");
    }
}

#[test]
fn the_parts_of_an_id_are_read() {
    let id = AssetId::parse(
        "arn:aws-us-gov:rds:us-gov-west-1:111122223333:db:orders",
        &Hints::default(),
    );
    assert_eq!((id.account.as_str(), id.region.as_str()), ("111122223333", "us-gov-west-1"));
    assert_eq!((id.kind.as_str(), id.name.as_str()), ("rds.db", "orders"));
    let id =
        AssetId::parse("//compute.googleapis.com/projects/p/global/firewalls/f", &Hints::default());
    assert_eq!(
        (id.account.as_str(), id.kind.as_str(), id.name.as_str()),
        ("p", "compute.firewalls", "f")
    );
    let id = AssetId::iac("", "./infra/main.tf", "module.net.aws_vpc.main");
    assert_eq!(
        (id.key(), id.kind.as_str()),
        ("iac::infra/main.tf:module.net.aws_vpc.main", "aws_vpc")
    );
}

#[test]
fn a_pod_is_one_whatever_names_it() {
    let by_path =
        Hints { provider: Some(Provider::Kubernetes), account: Some("prod"), ..Hints::default() };
    let by_name =
        Hints { namespace: Some("shop"), kind: Some("Pod"), name: Some("web-1"), ..by_path };
    assert_eq!(key("shop/Pod/web-1", &by_path), key("uid-1", &by_name));
    assert_eq!(key("prod/shop/Pod/web-1", &by_path), key("uid-1", &by_name));
}

proptest! {
    #[test]
    fn no_text_breaks_it(native in "\\PC{0,80}", kind in "[A-Za-z:_. ]{0,20}", provider in 0usize..4) {
        let provider = [None, Some(Provider::Aws), Some(Provider::Gcp), Some(Provider::Kubernetes)][provider];
        let hints = Hints { provider, kind: Some(&kind), account: Some("1"), ..Hints::default() };
        let id = AssetId::parse(&native, &hints);
        prop_assert!(!id.key().is_empty());
        prop_assert_eq!(AssetId::parse(&native, &hints), id);
    }

    #[test]
    fn arns_of_other_accounts_never_meet(
        service in "ec2|rds|lambda|kms", kind in "[a-z]{2,8}", name in "[a-z0-9]{1,12}",
        a in "[0-9]{12}", b in "[0-9]{12}",
    ) {
        prop_assume!(a != b);
        let arn = |account: &str| format!("arn:aws:{service}:eu-west-1:{account}:{kind}/{name}");
        prop_assert_ne!(key(&arn(&a), &Hints::default()), key(&arn(&b), &Hints::default()));
    }
}
