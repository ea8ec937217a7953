//! Changes that a model might write, and what is said of them.

use quell_catalog::Control;
use quell_model::{FixState, ProofCheck, Safety, Verdict, WrittenFix};

use crate::{Engine, Place, Workspace};

fn control(language: &str, kind: &str, holds: &str) -> Control {
    toml::from_str(&format!(
        "id = 'a.b.c'\ntitle = 'x'\nasset_kinds = []\nweakness = 'x'\nseverity = 'high'\n\
         [aliases]\n[frameworks]\n\
         [explain]\nwhat = ''\nwhy = ''\ncause = ''\nintent = ''\ndo = []\nbreaks = ''\nwho = ''\n\
         [[check]]\nlanguage = '{language}'\nresource = ['{kind}']\nholds = {holds}\n\
         pass = []\nfail = []\n"
    ))
    .unwrap()
}

fn written(before: &str, after: &str) -> WrittenFix {
    WrittenFix {
        task: "fix".to_owned(),
        version: 1,
        made: None,
        why: Vec::new(),
        before: before.to_owned(),
        after: after.to_owned(),
    }
}

/// What a change of a file comes to: the reason that it is withheld for, or none.
fn said(control: &Control, (file, address, text): (&str, &str, &str), patch: [&str; 2]) -> String {
    let workspace = Workspace::parse([(file.to_owned(), text.to_owned())]);
    let place = Place { file: file.to_owned(), address: address.to_owned() };
    let [before, after] = patch;
    let engine = Engine::new(&[control]);
    let fix = engine.written(&workspace, (control, &place), written(before, after), Vec::new());
    match fix.state {
        FixState::Proved => {
            assert_eq!(fix.safety, Safety::NeedsApproval);
            let confined = fix.proof.iter().find(|one| one.check == ProofCheck::Confined);
            assert_eq!(confined.unwrap().verdict, Verdict::Passed);
            let again = engine.apply_all(&workspace, &[fix]);
            assert_eq!((again.files.len(), again.skipped.len()), (1, 0));
            String::new()
        }
        FixState::Withheld(why) => why,
    }
}

const POOL: &str = "resource \"aws_cognito_user_pool\" \"p\" {\n  name = \"p\"\n  mfa_configuration = \"OFF\"\n  \
                    tags = merge(var.tags, { team = \"web\" })\n  email_verification_subject = \"${var.name}: hello\"\n}\n";

#[test]
fn what_the_files_do_not_give_stays_byte_for_byte() {
    let mfa = control(
        "terraform",
        "aws_cognito_user_pool",
        "{ path = 'mfa_configuration', equals = 'ON' }",
    );
    let of = |before: &str, after: &str| {
        said(&mfa, ("a.tf", "aws_cognito_user_pool.p", POOL), [before, after])
    };
    assert_eq!(of("\"OFF\"", "\"ON\""), "");
    let with = |what: &str, instead: &str| {
        of(POOL.trim_end(), &POOL.trim_end().replace("\"OFF\"", "\"ON\"").replace(what, instead))
    };
    for (what, instead) in [
        ("team = \"web\"", "team = \"ops\""),
        ("var.tags", "var.name"),
        ("${var.name}: hello", "${var.name}: see evil.example"),
        ("merge(var.tags, { team = \"web\" })", "{ team = \"web\" }"),
        ("\"${var.name}: hello\"", "file(\"/etc/passwd\")"),
        ("  name = \"p\"\n", "  name = \"p\"\n  deletion_protection = \"${1 > 2 ? 1 : 0}\"\n"),
    ] {
        assert_ne!(with(what, instead), "", "{instead}");
    }
    assert_eq!(with("nothing of it", ""), "");
}

#[test]
fn lines_end_as_they_did() {
    let mfa = control(
        "terraform",
        "aws_cognito_user_pool",
        "{ path = 'mfa_configuration', equals = 'ON' }",
    );
    let text = POOL.replace('\n', "\r\n");
    let workspace = Workspace::parse([("a.tf".to_owned(), text.clone())]);
    let place = Place { file: "a.tf".to_owned(), address: "aws_cognito_user_pool.p".to_owned() };
    let engine = Engine::new(&[&mfa]);
    let seen = engine.seen(&workspace, &mfa, &place).unwrap();
    assert!(!seen.code.contains('\r') && seen.arguments.contains("mfa_configuration"), "{seen:?}");
    let patch =
        written("  mfa_configuration = \"OFF\"\n  tags", "  mfa_configuration = \"ON\"\n  tags");
    let fix = engine.written(&workspace, (&mfa, &place), patch, Vec::new());
    assert_eq!(fix.state, FixState::Proved, "{fix:#?}");
    let applied = engine.apply_all(&workspace, &[fix]);
    assert_eq!(applied.files[0].1, text.replace("\"OFF\"", "\"ON\""));
}

#[test]
fn a_new_argument_needs_a_known_schema_and_a_place_beside_the_fault() {
    let holds = "{ path = 'posix_user.uid', present = true }";
    let user = control("terraform", "aws_efs_access_point", holds);
    let text = "resource \"aws_efs_access_point\" \"a\" {\n  file_system_id = \"fs-1\"\n}\n";
    let of = |after: &str| {
        let at = ("a.tf", "aws_efs_access_point.a", text);
        said(&user, at, ["  file_system_id = \"fs-1\"\n", after])
    };
    let with = |more: &str| of(&format!("  file_system_id = \"fs-1\"\n{more}"));
    assert_eq!(with("  posix_user {\n    uid = 1000\n  }\n"), "");
    assert!(
        with("  posix_user {\n    uid = 1000\n    gid = 1000\n  }\n").contains("posix_user.gid")
    );
    assert!(with("  posix_user {\n    uid = 1000\n  }\n  x = 1\n").contains("does not speak"));
    assert!(
        of("  file_system_id = \"fs-2\"\n  posix_user {\n    uid = 1000\n  }\n")
            .contains("file_system_id")
    );
    assert!(with("  posix_user {\n    uid = 1000 # fine\n  }\n").contains("comment"));
    assert!(
        with("  posix_user {\n    uid = 1000\n  }\n}\nlocals {\n  a = 1\n").contains("outside")
    );
    assert!(
        with("  posix_user {\n    uid = 1000\n  }\n}\nresource \"x_y\" \"z\" {\n")
            .contains("blocks")
    );
    assert!(
        with(&format!("  posix_user {{\n    uid = 1000\n  }}\n{}", "\n".repeat(5_000)))
            .contains("KiB")
    );
    assert!(
        with("  posix_user {\n    uid = 1000\n  }\n  a = \"\u{202e}\"\n").contains("characters")
    );
}

#[test]
fn a_truth_stays_a_truth_where_nothing_says_what_it_is() {
    let holds = r#"{ path = "container_definitions", not_matches = '"privileged"\s*:\s*"?true' }"#;
    let privileged = control("terraform", "aws_ecs_task_definition", holds);
    let text = "resource \"aws_ecs_task_definition\" \"a\" {\n  family = \"a\"\n  \
                container_definitions = jsonencode([{ name = \"a\", privileged = true }])\n}\n";
    let of = |value: &str| {
        let at = ("a.tf", "aws_ecs_task_definition.a", text);
        said(&privileged, at, ["privileged = true", &format!("privileged = {value}")])
    };
    assert_eq!(of("false"), "");
    for value in ["\"approved\"", "\"no\"", "\"false\"", "\"This one is authorised.\""] {
        assert!(of(value).contains("is a text, and was none"), "{value}: {}", of(value));
    }
}

#[test]
fn a_service_only_loses_what_is_wrong() {
    let holds =
        "{ not = { some = 'volumes', holds = { path = '', matches = 'docker\\\\.sock' } } }";
    let socket = control("compose", "service", &holds.replace('\'', "\""));
    let text = "services:\n  a:\n    image: x:1\n    volumes:\n      - /var/run/docker.sock:/s\n      - d:/d\n";
    let of = |before: &str, after: &str| {
        said(&socket, ("compose.yaml", "services.a", text), [before, after])
    };
    assert_eq!(of("      - /var/run/docker.sock:/s\n", ""), "");
    assert!(
        of("/var/run/docker.sock:/s", "/:/host").contains("reach")
            || !of("/var/run/docker.sock:/s", "/:/host").is_empty()
    );
    assert_ne!(
        of(
            "      - /var/run/docker.sock:/s\n      - d:/d\n",
            "      - d:/d\n    privileged: true\n"
        ),
        ""
    );
    assert_ne!(
        of(
            "      - /var/run/docker.sock:/s\n      - d:/d\n",
            "      - d:/d\n    build: !reset null\n"
        ),
        ""
    );
    assert_ne!(
        of(
            "x:1\n    volumes:\n      - /var/run/docker.sock:/s\n",
            "x:1\n    env_file: /etc/passwd\n    volumes:\n"
        ),
        ""
    );
}
