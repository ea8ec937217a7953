//! What is promised of a configuration as a whole.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use crate::key::{Key, Kind, Table};
use crate::read::path_of;
use crate::{
    Config, Fault, Faults, FileText, Loaded, Origin, Override, Place, Sources, TABLES, environment,
    example, page, schema, text,
};

fn load(text: &str) -> Result<Loaded, Faults> {
    let file = Some(FileText { path: "etc/quell.toml", text });
    Config::load(&Sources { file, formats: &["wiz", "asff"], ..Sources::default() })
}

fn with_environment(text: &str, pairs: &[(&str, &str)]) -> Result<Loaded, Faults> {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let environment: BTreeMap<String, String> = pairs.collect();
    let file = Some(FileText { path: "quell.toml", text });
    Config::load(&Sources { file, environment: Some(&environment), ..Sources::default() })
}

fn errors(text: &str) -> Vec<Fault> {
    load(text).unwrap_err().errors
}

/// The example with everything switched on.
fn everything() -> String {
    let on = |line: &str| match line.strip_prefix('#') {
        Some(code) if !code.starts_with(' ') && !code.is_empty() => format!("{code}\n"),
        _ => format!("{line}\n"),
    };
    // A hook has no key for each way at once: those of `basic` stand aside.
    example().lines().filter(|line| !line.starts_with("#user")).map(on).collect()
}

/// Every key, with the name of its table.
fn keys() -> impl Iterator<Item = (&'static Table, &'static str, &'static Key)> {
    TABLES.iter().flat_map(|table| {
        table.keys.iter().map(move |key| (table, table.named.unwrap_or_default(), key))
    })
}

/// What a table must hold beside one key so that the key has a meaning.
fn beside(table: &Table, key: &str) -> String {
    let said: &[(&str, &str)] = match table.name {
        "hooks" if key == "user" => &[("auth", "basic"), ("secrets", "['env:A']")],
        "hooks" if key == "signed" => &[
            ("auth", "hmac"),
            ("header", "'X-S'"),
            ("timestamp", "'X-T'"),
            ("secrets", "['env:A']"),
        ],
        "hooks" => &[("auth", "hmac"), ("header", "'X-S'"), ("secrets", "['env:A']")],
        "folders" => &[("path", "'x'")],
        "buckets" => &[("bucket", "'b'"), ("access_key", "'env:A'"), ("secret_key", "'env:B'")],
        "audit_streams" => {
            &[("file", "'x'"), ("url", "'https://x'"), ("token", "'env:A'"), ("address", "'x:1'")]
        }
        "inventory" => &[("file", "'x'"), ("password", "'env:A'")],
        "sinks" => &[("kind", "'jira'")],
        "llm" => &[
            ("kind", "'anthropic'"),
            ("model", "'m'"),
            ("price_input", "'1'"),
            ("price_output", "'1'"),
        ],
        "routes" => &[
            ("sinks", "['jira']"),
            ("quiet_from", "'22:00'"),
            ("quiet_to", "'06:00'"),
            ("escalate_to", "['pager']"),
        ],
        "sources" => &[("kind", "'wiz'"), ("key_secret", "'env:A'")],
        "aws" => &[("access_key", "'env:A'"), ("secret_key", "'env:B'")],
        _ => &[],
    };
    let said = said.iter().filter(|(name, _)| *name != key).map(|(name, value)| {
        if *name == "auth" { format!("auth = '{value}'\n") } else { format!("{name} = {value}\n") }
    });
    format!("[{}]\n{}", table.header(), said.collect::<String>())
}

/// Another value than the default, as the environment writes it.
fn other(key: &Key) -> String {
    match key.kind {
        Kind::Integer { least, most, .. } => {
            let default: i64 = key.shown().parse().unwrap();
            (if default == most { least } else { default + 1 }).to_string()
        }
        Kind::Truth => "false".to_owned(),
        Kind::Choice(words) => (*words.last().unwrap()).to_owned(),
        Kind::Address => "[::1]:9000".to_owned(),
        Kind::Format => "wiz".to_owned(),
        Kind::Hosts => "a.example,b.example".to_owned(),
        Kind::Words => "tag,cmdb".to_owned(),
        Kind::Networks => "10.0.0.0/8,vault.internal:8200".to_owned(),
        Kind::Parameters => "{ 'kubernetes.namespace' = 'shop' }".to_owned(),
        Kind::Paths => "/policies".to_owned(),
        Kind::Tenant | Kind::Text => "other".to_owned(),
        Kind::Money => "0.75".to_owned(),
        Kind::Template => "v0:{timestamp}:{body}".to_owned(),
        Kind::Header | Kind::Path | Kind::Secret | Kind::Secrets | Kind::Url => {
            key.shown().to_owned()
        }
    }
}

#[test]
fn nothing_said_gives_the_defaults_and_the_example_says_the_same() {
    let nothing = Config::load(&Sources::default()).unwrap();
    assert_eq!(load(&example()).unwrap().config, nothing.config);
    assert_eq!(nothing.config.server.listen.to_string(), "127.0.0.1:8420");
    assert_eq!(nothing.config.intake.hook_max_bytes, 8 << 20);
    assert_eq!(nothing.config.server.max_import_bytes, 1 << 30);
    assert!(nothing.entries.iter().all(|entry| entry.origin == Origin::Default));
    assert!(nothing.warnings.is_empty(), "{:?}", nothing.warnings);
}

#[test]
fn the_example_with_everything_switched_on_sets_every_key() {
    let loaded = load(&everything()).unwrap_or_else(|faults| panic!("{faults}"));
    for (table, name, key) in keys().filter(|(_, _, key)| key.name != "user") {
        let path = path_of(table, name, key.name);
        let entry = loaded.entries.iter().find(|entry| entry.key == path);
        assert!(matches!(entry.unwrap().origin, Origin::File(_)), "{path}");
    }
    assert_eq!(loaded.config.hooks["wiz"].secrets[0].secret.as_str(), "env:WIZ_HOOK_SECRET");
}

#[test]
fn every_key_is_set_by_file_environment_and_flag_each_over_the_last() {
    for (table, name, key) in keys() {
        let path = path_of(table, name, key.name);
        let value = other(key);
        let written = crate::write::toml_value(&text::value(key.kind, &value).unwrap());
        let base = beside(table, key.name);
        let variable = environment::variable(table, name, key);
        let by_file = load(&format!("{base}{} = {written}\n", key.name));
        let by_environment = with_environment(&base, &[(&variable, &value)]);
        let flag = [Override { flag: "--set", key: path.clone(), value: value.clone() }];
        let file = Some(FileText { path: "quell.toml", text: &base });
        let second: BTreeMap<_, _> = [(variable.clone(), key.shown().to_owned())].into();
        let by_flag = Config::load(&Sources {
            file,
            environment: Some(&second),
            overrides: &flag,
            formats: &[],
        });
        let mut seen = Vec::new();
        for (loaded, origin) in [(by_file, "etc"), (by_environment, &variable), (by_flag, "--set")]
        {
            let loaded = loaded.unwrap_or_else(|faults| panic!("{path} by {origin}: {faults}"));
            let entry = loaded.entries.into_iter().find(|entry| entry.key == path).unwrap();
            assert!(entry.origin.to_string().starts_with(origin), "{path}: {}", entry.origin);
            let text = entry.value.to_string().replace("etc/", "");
            seen.push(text);
        }
        assert!(seen.iter().all(|value| *value == seen[0]), "{path}: {seen:?}");
    }
}

#[test]
fn no_variable_can_mean_two_keys() {
    for table in TABLES.iter().filter(|table| table.named.is_some()) {
        for (one, two) in table.keys.iter().flat_map(|a| table.keys.iter().map(move |b| (a, b))) {
            assert!(!one.name.ends_with(&format!("_{}", two.name)), "{} {}", one.name, two.name);
        }
    }
}

#[test]
fn all_errors_come_at_once_each_with_its_place_and_what_to_do() {
    let faults = errors(
        "[server]\nlisten = 'nowhere'\nlisen = 'x'\n\n[inteke]\n[jobs]\n  workers = 0\n\
         [hooks.Wiz]\n[hooks.orca]\nauth = 'hmac'\nformat = 'wizz'\nuser = 'x'\n",
    );
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let expected = [
        "etc/quell.toml:2:10: `server.listen` must be an IP address with a port",
        "etc/quell.toml:3:1: `server.lisen` is no key of the configuration; do you mean `listen`?",
        "etc/quell.toml:5:2: `inteke` is no table of the configuration; do you mean `intake`?",
        "etc/quell.toml:7:13: `jobs.workers` must be a whole number from 1 to 64",
        "etc/quell.toml:8:8: `hooks.Wiz` has a name that cannot be used; use small letters",
        "etc/quell.toml:9:8: `hooks.orca.header` is missing",
        "etc/quell.toml:9:8: `hooks.orca.secrets` is missing; set it to a list of one or two",
        "etc/quell.toml:11:10: `hooks.orca.format` must be `auto`, or a format of \
         docs/formats.md; do you mean `wiz`?",
        "etc/quell.toml:12:8: `hooks.orca.user` has no meaning with `auth = \"hmac\"`",
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, begin) in lines.iter().zip(expected) {
        assert!(line.starts_with(begin), "{line}\n{begin}");
    }
}

#[test]
fn text_that_is_no_toml_is_told_with_what_else_is_wrong() {
    let faults = errors("[server]\nlisten = \n[jobs]\nworkers = 99\nworkers = 1\n[limits\n");
    let at = |line: usize| {
        faults.iter().any(|f| matches!(f.place, Place::File { line: l, .. } if l == line))
    };
    assert!(at(2) && at(4) && at(5) && at(6), "{faults:?}");
}

#[test]
fn a_secret_in_the_wrong_place_is_never_repeated() {
    let canary = "hunter2-canary";
    for text in [
        format!("[hooks.a]\nauth='bearer'\nsecrets=['{canary}']\n"),
        format!("[hooks.a]\nauth='bearer'\nsecrets='{canary}'\n"),
        format!("[hooks.a]\nauth='bearer'\nsecrets=[{{secret='{canary}'}}]\n"),
        format!("[hooks.a]\nauth='bearer'\nsecrets=['file:{canary}']\n"),
        format!("[buckets.a]\nbucket='b'\naccess_key='env:A'\nsecret_key='{canary}'\n"),
        format!("[server]\npublic_url='https://user:{canary}@host'\n"),
        format!("[server]\npassword='{canary}'\n"),
        format!("[hooks.a]\nauth='{canary}'\n"),
        format!("[egress]\nallow=['{canary}/x']\nproxy = {canary}\n"),
        format!("secret = '{canary}\n"),
    ] {
        let faults = load(&text).unwrap_err();
        let told = format!("{faults}\n{faults:?}");
        assert!(!told.contains(canary), "{told}");
    }
    let faults = with_environment("", &[("QUELL_BUCKETS_A_SECRET_KEY", canary)]).unwrap_err();
    assert!(!format!("{faults}{faults:?}").contains(canary), "{faults}");
}

#[test]
fn flags_go_over_the_environment_and_that_over_the_file() {
    let file = "[server]\nlisten = '127.0.0.1:1'\ndata = 'x'\n[jobs]\nworkers = 3\n";
    let loaded =
        with_environment(file, &[("QUELL_SERVER_LISTEN", "127.0.0.1:2"), ("QUELL_DATA", "/y")]);
    let config = loaded.unwrap().config;
    assert_eq!(config.server.listen.port(), 2);
    assert_eq!(config.server.data.unwrap().to_str(), Some("/y"));
    assert_eq!(config.jobs.workers, 3);
    let both = [("QUELL_DATA", "/y"), ("QUELL_SERVER_DATA", "/z")];
    let config = with_environment(file, &both).unwrap().config;
    assert_eq!(config.server.data.unwrap().to_str(), Some("/z"));
}

#[test]
fn an_environment_alone_makes_a_hook() {
    let config = with_environment(
        "",
        &[
            ("QUELL_HOOKS_MY_WIZ_AUTH", "bearer"),
            ("QUELL_HOOKS_MY_WIZ_SECRETS", "env:QUELL_TOKEN, file:/run/old"),
            ("QUELL_TOKEN", "not told"),
        ],
    )
    .unwrap();
    assert_eq!(config.config.hooks["my-wiz"].secrets.len(), 2);
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn a_reference_into_a_vault_needs_the_vault() {
    let hook = "[hooks.a]\nauth='bearer'\nsecrets=['vault:kv/wiz#a', 'aws-sm:wiz']\n";
    let faults = load(hook).unwrap_err().to_string();
    assert!(faults.contains("`vault.address`") && faults.contains("`aws.region`"), "{faults}");
    let vaults = "[aws]\nregion='eu-west-1'\n[vault]\naddress='https://v:8200'\n";
    let config = load(&format!("{hook}{vaults}login='approle'\n")).unwrap().config;
    let used: Vec<String> = config.secrets().into_iter().map(|(key, _)| key).collect();
    let mut expected =
        vec!["hooks.a.secrets", "hooks.a.secrets", "vault.role_id", "vault.secret_id"];
    assert_eq!(used, expected);
    let keys = "access_key='env:A'\nsecret_key='env:B'\n";
    let given = vaults.replacen("[vault]", &format!("{keys}[vault]"), 1);
    let config = load(&format!("{hook}{given}login='approle'\n")).unwrap().config;
    let used: Vec<String> = config.secrets().into_iter().map(|(key, _)| key).collect();
    expected.extend(["aws.access_key", "aws.secret_key"]);
    assert_eq!(used, expected);
    let half = given.replacen("secret_key='env:B'\n", "", 1);
    let faults = load(&format!("{hook}{half}")).unwrap_err().to_string();
    assert!(faults.contains("`aws.secret_key` is missing beside"), "{faults}");
    let faults = load(&format!("{hook}{vaults}token='vault:kv/t#t'\n")).unwrap_err().to_string();
    assert!(faults.contains("by `env:` or `file:`"), "{faults}");
}

#[test]
fn the_variables_of_vaults_own_tools_count_and_never_stop_the_start() {
    let hook = "[hooks.a]\nauth='bearer'\nsecrets=['vault:kv/wiz#a', 'aws-sm:wiz']\n";
    let loaded = with_environment(hook, &[("VAULT_ADDR", "https://v"), ("AWS_REGION", "eu")]);
    let config = loaded.unwrap().config;
    assert_eq!(
        (config.vault.address.as_deref(), config.aws.region.as_deref()),
        (Some("https://v"), Some("eu"))
    );
    let odd = with_environment("", &[("VAULT_ADDR", "v:8200")]).unwrap();
    assert_eq!((odd.config.vault.address, odd.warnings.len()), (None, 1));
}

#[test]
fn every_reference_to_a_secret_is_listed() {
    let loaded = load(&everything()).unwrap();
    let listed: Vec<String> = loaded.config.secrets().into_iter().map(|(key, _)| key).collect();
    let kept = |entry: &&crate::Entry| {
        // No vault is named, so nothing opens one.
        let opens = entry.key.starts_with("vault.") || entry.key.starts_with("aws.");
        entry.value.to_string().contains("\"env:") && !opens
    };
    let keys = loaded.entries.iter().filter(kept).map(|entry| entry.key.clone());
    assert_eq!(listed, keys.collect::<Vec<_>>());
}

#[test]
fn what_is_signed_and_the_headers_go_together() {
    let hook = |more: &str| {
        load(&format!("[hooks.a]\nauth='hmac'\nheader='X-S'\nsecrets=['env:A']\n{more}"))
    };
    for (more, signed) in [
        ("", "{body}"),
        ("timestamp='X-T'\n", "{timestamp}.{body}"),
        ("delivery='X-D'\nsigned='{id}.{body}'\n", "{id}.{body}"),
    ] {
        assert_eq!(hook(more).unwrap().config.hooks["a"].signed_text(), signed);
    }
    for (more, problem) in [
        ("signed='{timestamp}.{body}'\n", "`hooks.a.timestamp` is missing"),
        ("signed='{id}.{body}'\n", "`hooks.a.delivery` is missing"),
        ("timestamp='X-T'\nsigned='{body}'\n", "proves nothing"),
        ("signed='body'\n", "must be text with `{body}` once"),
        ("signed='{body}{body}'\n", "must be text with `{body}` once"),
        ("signed='{bodies}{body}'\n", "must be text with `{body}` once"),
    ] {
        let faults = hook(more).unwrap_err().to_string();
        assert!(faults.contains(problem), "{more}: {faults}");
    }
}

#[test]
fn a_variable_that_sets_nothing_is_named_with_the_nearest() {
    let loaded = with_environment(
        "",
        &[("QUELL_SERVER_LISEN", "x"), ("QUELL_CONFIG", "f"), ("QUELL_JOBS_WORKERS", "")],
    );
    let warnings = loaded.unwrap().warnings;
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].help.contains("`QUELL_SERVER_LISTEN`"), "{}", warnings[0]);
}

#[test]
fn a_relative_path_begins_at_the_files_folder() {
    let config = load("[server]\ndata='d'\n[fix]\npolicies='p'\n[egress]\nca_file='/c'\n").unwrap();
    assert_eq!(config.config.server.data.unwrap().to_str(), Some("etc/d"));
    assert_eq!(config.config.fix.policies[0].to_str(), Some("etc/p"));
    assert_eq!(config.config.egress.ca_file.unwrap().to_str(), Some("/c"));
}

#[test]
fn what_fix_reads_stays_valid() {
    let config = load(
        "[fix]\npolicies = ['rules/', 'more.rego']\n[fix.parameters]\n\
         'kubernetes.namespace' = 'shop'\n'kubernetes.run_as_user' = 1000\n\
         [fix.parameters.kubernetes.image_tag]\n'nginx' = '1.27'\n",
    );
    let parameters = config.unwrap().config.fix.parameters;
    assert_eq!(parameters["kubernetes.namespace"], "shop");
    assert_eq!(parameters["kubernetes.run_as_user"], "1000");
    assert_eq!(parameters["kubernetes.image_tag.nginx"], "1.27");
}

#[test]
fn a_server_open_to_others_is_warned_of() {
    let loaded = load("[server]\nlisten = '0.0.0.0:8420'\n").unwrap();
    assert_eq!(loaded.warnings.len(), 1);
    assert!(loaded.warnings[0].to_string().starts_with("etc/quell.toml:2:10: `server.listen`"));
}

#[test]
fn the_schema_takes_the_example_and_refuses_what_is_wrong() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let json = |text: &str| serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap());
    for text in [example(), everything()] {
        let value = json(&text).unwrap();
        let faults: Vec<_> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?}");
    }
    for wrong in [
        json!({"server": {"lisen": "x"}}),
        json!({"jobs": {"workers": 0}}),
        json!({"hooks": {"Wiz": {}}}),
        json!({"hooks": {"wiz": {"auth": "none"}}}),
        json!({"buckets": {"a": {"secret_key": "plain"}}}),
        json!({"llms": {}}),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}

#[test]
fn the_page_is_in_step() {
    let stored = include_str!("../../../docs/configuration.md");
    assert!(stored == page(), "run `quell config page > docs/configuration.md`");
}

/// A text near to a configuration: lines of the example, changed.
fn near() -> impl Strategy<Value = String> {
    let lines: Vec<String> = everything().lines().map(str::to_owned).collect();
    let line =
        (prop::sample::select(lines), any::<prop::sample::Index>(), "\\PC{0,3}|['\"\\[\\]{}=#.\n]");
    let changed = line.prop_map(|(mut line, at, with)| {
        let cut = at.index(line.len() + 1);
        if line.is_char_boundary(cut) && !with.is_empty() {
            line.insert_str(cut, &with);
        }
        line
    });
    prop::collection::vec(changed, 0..40).prop_map(|lines| lines.join("\n"))
}

/// A value that fits a key, as the environment writes it.
fn fitting(key: &'static Key) -> BoxedStrategy<String> {
    match key.kind {
        // The second wait is never shorter than the first.
        Kind::Integer { least, most, .. } => {
            (least.max(5)..=most).prop_map(|n| n.to_string()).boxed()
        }
        Kind::Truth => any::<bool>().prop_map(|truth| truth.to_string()).boxed(),
        Kind::Choice(words) => prop::sample::select(words).prop_map(str::to_owned).boxed(),
        Kind::Text | Kind::Path => "[^\\p{C}]{1,40}".boxed(),
        Kind::Money => "[0-9]{1,4}\\.[0-9]{1,6}".boxed(),
        Kind::Template => "[a-z0-9:.]{0,5}\\{timestamp\\}[:.]\\{id\\}\\{body\\}".boxed(),
        Kind::Tenant => "[a-z][a-z0-9-]{0,20}".boxed(),
        Kind::Header => "[A-Za-z][A-Za-z0-9-]{0,20}".boxed(),
        Kind::Url => "https://[a-z]{1,9}(:[1-9][0-9]{1,3})?(/[a-z~%]{0,9})?".boxed(),
        Kind::Hosts | Kind::Networks => "([a-z]{1,9}(,[a-z0-9]{1,5}\\.[a-z]{2}){0,3})?".boxed(),
        Kind::Words => "(tag(,cmdb)?(,source)?)?".boxed(),
        Kind::Secret => "env:[A-Z][A-Z0-9_]{0,9}|file:/[a-z]{1,9}".boxed(),
        Kind::Parameters => "\\{ '[a-z.]{1,12}' = '[^\\p{C}']{0,9}' \\}".boxed(),
        Kind::Address | Kind::Format | Kind::Paths | Kind::Secrets => Just(other(key)).boxed(),
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC*|(?s).{0,200}") {
        drop(load(&text));
    }

    #[test]
    fn no_text_near_a_configuration_makes_it_panic(text in near()) {
        if let Err(faults) = load(&text) {
            prop_assert!(!faults.errors.is_empty());
        }
    }

    #[test]
    fn no_variable_makes_it_panic(name in "QUELL_[A-Z_]{0,30}", value in "\\PC*") {
        drop(with_environment("", &[(&name, &value)]));
    }

    #[test]
    fn what_is_rendered_says_the_same(
        chosen in prop::sample::subsequence(keys().map(|(t, _, k)| (t.name, k.name)).collect::<Vec<_>>(), 0..20),
        seed in any::<u64>(),
    ) {
        let mut runner = proptest::test_runner::TestRunner::new_with_rng(
            ProptestConfig::default(),
            proptest::test_runner::TestRng::from_seed(
                proptest::test_runner::RngAlgorithm::ChaCha,
                &[seed.to_le_bytes(); 4].concat(),
            ),
        );
        let overrides: Vec<Override> = keys()
            .filter(|(table, _, key)| chosen.contains(&(table.name, key.name)))
            // Those depend on what others say.
            .filter(|(_, _, key)| !matches!(key.name, "user" | "auth" | "backoff_first_seconds"))
            .map(|(table, name, key)| Override {
                flag: "--set",
                key: path_of(table, name, key.name),
                value: fitting(key).new_tree(&mut runner).unwrap().current(),
            })
            .collect();
        let text = everything();
        let file = Some(FileText { path: "quell.toml", text: &text });
        let sources = Sources { file, overrides: &overrides, ..Sources::default() };
        let first = Config::load(&sources).unwrap_or_else(|faults| panic!("{faults}"));
        let text = first.to_toml();
        let file = Some(FileText { path: "quell.toml", text: &text });
        let again = Config::load(&Sources { file, ..Sources::default() });
        let again = again.unwrap_or_else(|faults| panic!("{faults}\n{text}"));
        prop_assert_eq!(&again.config, &first.config);
        prop_assert_eq!(again.to_toml(), text);
    }
}

#[test]
fn defaults_and_samples_fit_their_keys() {
    for (_, _, key) in keys() {
        let value = text::value(key.kind, key.shown()).unwrap();
        assert!(!value.is_null() && crate::check::check(key, value, &[]).is_ok(), "{}", key.name);
        assert!(key.doc.ends_with('.') && !(key.required && key.default.is_some()), "{}", key.name);
    }
}
