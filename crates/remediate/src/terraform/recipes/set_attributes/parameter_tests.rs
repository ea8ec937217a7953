//! Values that need a choice.

use super::super::testing::{check, refuse, with_settings};
use crate::Settings;

const FIX: &str = "recipe = 'set_attributes'\nresource = ['aws_x']\n\
    set = { kms = { parameter = 'aws.kms_key', existing = ['aws_kms_key'], attribute = 'arn', \
    without = ['key_usage'], ask = 'which key encrypts it' } }";

fn text(kms: &str, rest: &str) -> String {
    format!("resource \"aws_x\" \"y\" {{\n  a   = 1\n{kms}}}\n{rest}")
}

#[test]
fn the_one_block_that_fits_is_taken() {
    let key = |name: &str, rest: &str| format!("resource \"aws_kms_key\" \"{name}\" {{{rest}}}\n");
    let rest = key("k", "") + &key("sign", "\n  key_usage = \"SIGN_VERIFY\"\n");
    check(FIX, &text("", &rest), &text("  kms = aws_kms_key.k.arn\n", &rest));
    let two = key("k", "") + &key("l", "");
    refuse(FIX, &text("", &two), "both aws_kms_key.k and aws_kms_key.l could be meant");
    let circle = key("k", "\n  p = aws_x.y.id\n");
    refuse(FIX, &text("", &circle), "a person must say which key encrypts it: set `aws.kms_key`");
}

#[test]
fn neighbours_that_agree_are_followed() {
    let other = |kms: &str| format!("resource \"aws_x\" \"z\" {{\n  kms = {kms}\n}}\n");
    let rest = other("var.key");
    check(FIX, &text("", &rest), &text("  kms = var.key\n", &rest));
    refuse(FIX, &text("", &other("\"a\"")), "a person must say");
}

#[test]
fn settings_come_first_and_defaults_last() {
    let settings = Settings::from_iter([("aws.kms_key".to_owned(), "arn:k".to_owned())]);
    let made = with_settings(FIX, &text("", ""), &settings).unwrap();
    assert_eq!(made, text("  kms = \"arn:k\"\n", ""));
    let days = "recipe = 'set_attributes'\nresource = ['aws_x']\n\
        set = { kms = { parameter = 'aws.days', default = 30 } }";
    check(days, &text("", ""), &text("  kms = 30\n", ""));
    let settings = Settings::from_iter([("aws.days".to_owned(), "90".to_owned())]);
    assert_eq!(with_settings(days, &text("", ""), &settings).unwrap(), text("  kms = 90\n", ""));
}
