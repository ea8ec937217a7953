//! What a fix brings along: what is made, what is taken, what is asked for.

use crate::Settings;
use crate::terraform::recipes::testing::{check, made, refuse, with_settings};

const FIX: &str = "recipe = 'set_attributes'\nresource = ['aws_efs_file_system']\n\
    beside = ['account', 'kms_key']\nset = { kms_key_id = { expr = '{{kms_key}}.arn' } }";

const EFS: &str = "resource \"aws_efs_file_system\" \"f\" {\n  encrypted = true\n} # end\n";

#[test]
fn a_key_and_what_it_needs_are_written_below() {
    let key = |name: &str| {
        include_str!("stock/kms_key.tf")
            .replace("{{name}}", name)
            .replace("{{account}}", "data.aws_caller_identity.current")
    };
    let changed = EFS.replace("= true\n", "= true\n\n  kms_key_id = aws_kms_key.data.arn\n");
    let after =
        format!("{changed}\ndata \"aws_caller_identity\" \"current\" {{}}\n\n{}", key("data"));
    check(FIX, EFS, &after);
}

#[test]
fn a_key_that_leaves_it_to_the_account_is_taken() {
    let key = "resource \"aws_kms_key\" \"main\" {\n}\n";
    let changed = EFS.replace("= true\n", "= true\n\n  kms_key_id = aws_kms_key.main.arn\n");
    check(FIX, &format!("{EFS}{key}"), &format!("{changed}{key}"));
}

#[test]
fn the_recipe_still_decides_what_is_withheld() {
    let text =
        "variable \"k\" {}\nresource \"aws_efs_file_system\" \"f\" {\n  kms_key_id = var.k\n}\n";
    refuse(FIX, text, "decide where");
}

const MONITORED: &str = "recipe = 'set_attributes'\nresource = ['aws_db_instance']\n\
    beside = ['partition', 'rds_role', 'rds_role_policy']\n\
    set = { monitoring_interval = 60, monitoring_role_arn = { expr = '{{rds_role}}.arn' } }";

#[test]
fn what_hangs_on_a_new_block_comes_with_it() {
    let text = made(MONITORED, "resource \"aws_db_instance\" \"d\" {\n  engine = \"mysql\"\n}\n");
    for part in ["data \"aws_partition\"", "\"aws_iam_role\"", "\"aws_iam_role_policy_attachment\""]
    {
        assert_eq!(text.matches(part).count(), 1, "{part} in {text}");
    }
    let again = text.replace("\"mysql\"\n", "\"mysql\"\n}\nresource \"aws_db_instance\" \"e\" {\n");
    let second = made(MONITORED, &again.replacen("\"aws_db_instance\" \"d\"", "\"x\" \"d\"", 1));
    assert_eq!(second.matches("\"aws_iam_role\"").count(), 1, "the role is shared: {second}");
}

#[test]
fn blocks_beside_have_the_provider_and_layout_of_the_resource() {
    let text = "resource \"aws_efs_file_system\" \"f\" {\r\n\tprovider = aws.west\r\n\tencrypted = true\r\n}\r\n";
    let text = made(FIX, text);
    assert_eq!(text.matches("provider = aws.west").count(), 3, "{text}");
    assert!(text.contains("{\r\n\tprovider = aws.west\r\n\r\n\tdescription "), "{text:?}");
    assert!(!text.replace("\r\n", "").contains('\n'), "{text:?}");
    assert!(!text.contains("\n  "), "{text:?}");
}

#[test]
fn a_value_that_is_not_written_is_asked_for() {
    let fix = "recipe = 'set_attributes'\nresource = ['aws_api_gateway_method']\n\
        beside = ['request_validator']\n\
        set = { request_validator_id = { expr = '{{request_validator}}.id' } }";
    let method = |body: &str| format!("resource \"aws_api_gateway_method\" \"m\" {{\n{body}}}\n");
    refuse(fix, &method("  http_method = \"GET\"\n"), "`rest_api_id` is not written");
    refuse(fix, &method("  rest_api_id = each.value\n"), "holds for it alone");
    let text = made(fix, &method("  rest_api_id = aws_api_gateway_rest_api.a.id\n"));
    assert!(text.contains("= aws_api_gateway_rest_api.a.id\n  validate_request_body"), "{text}");
}

const SAVED: &str = "recipe = 'companion_block'\nresource = ['aws_rds_cluster']\n\
    companion = 'aws_backup_selection'\nlink = 'resources'\n\
    set = { resources = [{ expr = '{{self}}.arn' }, { others = 'aws_ebs_volume.arn' }] }";

#[test]
fn what_no_companion_names_is_taken_in_once() {
    let cluster = |name: &str| format!("resource \"aws_rds_cluster\" \"{name}\" {{\n}}\n");
    let disk = |more: &str| format!("resource \"aws_ebs_volume\" \"v\" {{\n{more}}}\n");
    let first = made(SAVED, &(cluster("a") + &disk("")));
    assert!(first.contains("resources = [aws_rds_cluster.a.arn, aws_ebs_volume.v.arn]"), "{first}");
    assert_eq!(made(SAVED, &first), first, "a second run changes nothing");
    let second = made(SAVED, &(cluster("b") + &first));
    assert!(second.contains("resources = [aws_rds_cluster.b.arn]"), "{second}");
    let elsewhere = made(SAVED, &(cluster("a") + &disk("  provider = aws.west\n")));
    assert!(elsewhere.contains("resources = [aws_rds_cluster.a.arn]"), "{elsewhere}");
    refuse(SAVED, &(cluster("a") + &disk("  count = 2\n")), "is repeated");
}

const QUEUED: &str = "recipe = 'set_attributes'\nresource = ['aws_lambda_function']\n\
    beside = ['failed_queue', 'failed_queue_policy']\n\
    set = { 'dead_letter_config.target_arn' = { expr = '{{failed_queue}}.arn' }, \
    depends_on = [{ expr = '{{failed_queue_policy}}' }] }";

#[test]
fn the_role_that_a_function_names_gets_the_right() {
    let function =
        |role: &str| format!("resource \"aws_lambda_function\" \"f\" {{\n  role = {role}\n}}\n");
    for role in ["aws_iam_role.r.arn", "\"${aws_iam_role.r.arn}\"", "\"${ aws_iam_role.r.arn }\""] {
        let text = made(QUEUED, &function(role));
        assert!(text.contains("role        = aws_iam_role.r.name"), "{text}");
        assert!(text.contains("Resource = aws_sqs_queue.f.arn"), "{text}");
        assert!(text.contains("depends_on = [aws_iam_role_policy.f]"), "{text}");
        assert_eq!(made(QUEUED, &text), text, "a second run changes nothing");
    }
    for role in ["var.role", "\"arn:aws:iam::111122223333:role/r\"", "local.role.arn"] {
        refuse(QUEUED, &function(role), "a person must look");
    }
}

/// Signing of a zone, with the blocks that are put beside it.
fn signing(beside: &str, last: &str) -> String {
    format!(
        "recipe = 'companion_block'\nresource = ['aws_route53_zone']\nbeside = [{beside}]\n\
         companion = 'aws_route53_hosted_zone_dnssec'\nlink = 'hosted_zone_id'\nlink_to = 'zone_id'\n\
         set = {{ depends_on = {{ expr = '[{{{{{last}}}}}]' }} }}"
    )
}

const ZONE: &str = "resource \"aws_route53_zone\" \"z\" {\n  name = \"example.com\"\n}\n";

#[test]
fn the_key_of_a_zone_stands_in_us_east_1() {
    let fix = signing("'account', 'dnssec_key', 'dnssec_signing_key'", "dnssec_signing_key");
    let provider = |lines: &str| format!("provider \"aws\" {{\n{lines}}}\n");
    let far = provider("  region = \"eu-west-1\"\n");
    let near = provider("  region = \"us-east-1\"\n");
    let named = provider("  alias  = \"virginia\"\n  region = \"us-east-1\"\n");
    let varied = provider("  region = var.region\n");
    for text in [ZONE.to_owned(), format!("{ZONE}{far}"), format!("{ZONE}{varied}")] {
        refuse(&fix, &text, "set `aws.dnssec_key` below");
    }
    let after = made(&fix, &format!("{ZONE}{near}"));
    assert!(after.contains("\"aws_kms_key\" \"dnssec\" {\n  description "), "{after}");
    let after = made(&fix, &format!("{ZONE}{far}{named}"));
    let head = "\"aws_kms_key\" \"dnssec\" {\n  provider = aws.virginia\n\n  description ";
    assert!(after.contains(head), "{after}");
    let rest = "resource \"aws_route53_hosted_zone_dnssec\" \"z\" {\n  hosted_zone_id = \
        aws_route53_zone.z.zone_id\n  depends_on     = [aws_route53_key_signing_key.z]\n}\n";
    assert!(after.contains(rest), "{after}");
    assert_eq!(made(&fix, &after), after);
}

#[test]
fn a_key_that_is_named_signs_every_zone_of_a_loop() {
    let fix = signing("'zone_signing_key'", "zone_signing_key");
    let with = |said: &str, text: &str| {
        let pairs = [("aws.dnssec_key".to_owned(), said.to_owned())];
        with_settings(&fix, text, &Settings::from_iter(pairs))
    };
    let key = "arn:aws:kms:us-east-1:111122223333:key/1234";
    let looped = ZONE.replace("  name", "  for_each = var.zones\n  name");
    let after = with(key, &looped).unwrap();
    let block = format!(
        "resource \"aws_route53_key_signing_key\" \"z\" {{\n  for_each = var.zones\n\n  hosted_zone_id            \
         \x20= aws_route53_zone.z[each.key].zone_id\n  key_management_service_arn = \"{key}\"\n  name                      \
         \x20= \"signing\"\n}}\n"
    );
    assert!(after.contains(&block), "{after}");
    refuse(&fix, ZONE, "set `aws.dnssec_key` below");
    for said in [
        "arn:aws:kms:eu-west-1:111122223333:key/1",
        "key/1",
        "arn:aws:kms:us-east-1:111122223333:key/1\"}",
    ] {
        assert!(with(said, ZONE).unwrap_err().contains("is not the ARN of a key"), "{said}");
    }
}
