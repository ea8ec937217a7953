use crate::terraform::recipes::testing::{check, refuse};

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
