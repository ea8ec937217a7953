//! From assets to blocks, by all that may speak for one.

use quell_model::{Asset, AssetId, Hints, Provider, Untrusted};
use serde_json::json;

use super::*;

const BUCKET: &str = "arn:aws:s3:::acme-prod-logs";

fn asset(native: &str, tags: &[(&str, &str)]) -> Asset {
    Asset {
        id: AssetId::parse(native, &Hints::default()),
        native_id: native.into(),
        tags: tags.iter().map(|(key, value)| ((*key).into(), Untrusted::from(*value))).collect(),
        ..Asset::default()
    }
}

fn block(file: &str, address: &str, names: &[&str]) -> Block {
    Block {
        file: file.into(),
        line: 3,
        address: address.into(),
        kind: address.split('.').next().unwrap().into(),
        names: names.iter().map(|name| (*name).into()).collect(),
        ..Block::default()
    }
}

fn yor(block: Block, yor: &str) -> Block {
    Block { tags: [("yor_trace".to_owned(), yor.to_owned())].into(), ..block }
}

fn state(address: &str, attributes: &serde_json::Value) -> Record {
    let (module, own) = address.rsplit_once('/').unwrap_or(("", address));
    let (kind, name) = own.split_once('.').unwrap();
    let text = json!({"version": 4, "serial": 1, "lineage": address, "resources": [{"module": module,
        "mode": "managed", "type": kind, "name": name, "instances": [{"attributes": attributes}]}]});
    read(text.to_string().as_bytes()).unwrap()
}

/// What a search comes to: the verdict, then each candidate with what speaks for it.
struct Case {
    blocks: Vec<Block>,
    calls: Vec<Call>,
    ledger: Ledger,
    here: Vec<Origin>,
}

impl Case {
    fn new(blocks: Vec<Block>) -> Self {
        Self { blocks, calls: Vec::new(), ledger: Ledger::default(), here: Vec::new() }
    }

    fn state(mut self, folder: Option<&str>, record: Record) -> Self {
        let name = format!("{}.tfstate", self.ledger.files());
        self.ledger.add(name, folder.map(ToOwned::to_owned), record);
        self
    }

    fn here(mut self, origin: &str) -> Self {
        self.here.extend(Origin::parse(origin));
        self
    }

    fn trace(&self, asset: &Asset) -> Trace {
        let code = Code::new(self.blocks.clone(), self.calls.clone(), Vec::new());
        trace(&Wanted::new(asset), (&code, &self.ledger), Some((&self.here, "")))
    }

    #[track_caller]
    fn says(&self, asset: &Asset, expected: &str) -> Trace {
        let trace = self.trace(asset);
        let verdict = match trace.verdict {
            Verdict::Found(confidence) => confidence.as_str().to_owned(),
            Verdict::Ambiguous(confidence, count) => {
                format!("ambiguous {} {count}", confidence.as_str())
            }
            Verdict::Nothing => "nothing".to_owned(),
        };
        let mut said = vec![verdict];
        for one in &trace.candidates {
            let whys: Vec<&str> = one.reasons.iter().map(|reason| reason.why.as_str()).collect();
            said.push(format!("{} {} {}", one.file, one.address, whys.join("+")));
        }
        assert_eq!(said.join("; "), expected, "{:?}", trace.notes);
        trace
    }
}

fn logs(folder: &str) -> Block {
    block(&format!("{folder}/main.tf"), "aws_s3_bucket.logs", &["acme-prod-logs"])
}

fn logs_state() -> Record {
    state("aws_s3_bucket.logs", &json!({"arn": BUCKET, "id": "acme-prod-logs"}))
}

#[test]
fn a_name_alone_is_weak_and_two_of_them_are_ambiguous() {
    let asset = asset(BUCKET, &[]);
    Case::new(vec![logs("a")]).says(&asset, "weak; a/main.tf aws_s3_bucket.logs name");
    Case::new(vec![logs("a"), logs("b")]).says(
        &asset,
        "ambiguous weak 2; a/main.tf aws_s3_bucket.logs name; b/main.tf aws_s3_bucket.logs name",
    );
    let other = block("a/main.tf", "aws_sqs_queue.q", &["acme-prod-logs"]);
    Case::new(vec![other]).says(&asset, "nothing");
}

#[test]
fn a_state_file_is_exact_where_its_folder_is_known() {
    let asset = asset(BUCKET, &[]);
    Case::new(vec![logs("a"), logs("b")]).state(Some("b"), logs_state()).says(
        &asset,
        "exact; b/main.tf aws_s3_bucket.logs state_id+name; a/main.tf aws_s3_bucket.logs name",
    );
    // Without its folder two blocks have the address.
    let both = Case::new(vec![logs("a"), logs("b")]).state(None, logs_state());
    both.says(
        &asset,
        "ambiguous exact 2; a/main.tf aws_s3_bucket.logs state_id+name; \
         b/main.tf aws_s3_bucket.logs state_id+name",
    );
    assert!(both.trace(&asset).sure().is_none());
}

#[test]
fn an_address_that_leads_nowhere_is_said() {
    let case = Case::new(vec![block("a/main.tf", "aws_s3_bucket.other", &[])])
        .state(Some("a"), logs_state());
    let trace = case.says(&asset(BUCKET, &[]), "nothing");
    assert_eq!(trace.notes, ["`0.tfstate` names `aws_s3_bucket.logs`, which is not in `a`"]);
}

#[test]
fn blocks_that_set_up_a_part_are_not_the_one_that_makes_it() {
    let topic = "arn:aws:sns:eu-west-1:111122223333:alerts";
    let policy = block("main.tf", "aws_sns_topic_policy.p", &[]);
    let own = block("main.tf", "aws_sns_topic.t", &[]);
    let named = json!({"arn": topic, "id": topic});
    let only =
        Case::new(vec![policy, own]).state(Some(""), state("aws_sns_topic_policy.p", &named));
    let trace = only.says(&asset(topic, &[]), "nothing");
    assert!(trace.notes[0].contains("sets up a part"), "{:?}", trace.notes);
    only.state(Some(""), state("aws_sns_topic.t", &named))
        .says(&asset(topic, &[]), "exact; main.tf aws_sns_topic.t state_id");
}

#[test]
fn an_alias_with_the_id_of_its_function_is_not_the_function() {
    let function = "arn:aws:lambda:eu-west-1:111122223333:function:pay";
    let blocks = vec![
        block("m.tf", "aws_lambda_alias.live", &[]),
        block("m.tf", "aws_lambda_function.f", &[]),
    ];
    Case::new(blocks)
        .state(
            Some(""),
            state("aws_lambda_alias.live", &json!({"arn": format!("{function}:live")})),
        )
        .state(Some(""), state("aws_lambda_function.f", &json!({"arn": function})))
        .says(&asset(function, &[]), "exact; m.tf aws_lambda_function.f state_id");
}

#[test]
fn a_module_from_elsewhere_leads_to_its_call() {
    let call = Call {
        file: "prod/main.tf".into(),
        line: 9,
        name: "logs".into(),
        source: "terraform-aws-modules/s3-bucket/aws".into(),
        folder: None,
    };
    let mut case = Case::new(Vec::new())
        .state(Some("prod"), state("module.logs/aws_s3_bucket.this", &json!({"arn": BUCKET})));
    case.calls.push(call);
    let trace = case.says(&asset(BUCKET, &[]), "exact; prod/main.tf module.logs state_id");
    let found = trace.sure().unwrap();
    assert_eq!(found.instances, ["module.logs.aws_s3_bucket.this"]);
    assert_eq!(found.module.as_deref(), Some("terraform-aws-modules/s3-bucket/aws"));
}

#[test]
fn the_tag_of_yor_is_exact_unless_a_block_was_copied() {
    let asset = asset(BUCKET, &[("yor_trace", "u-1")]);
    let one = yor(block("a/main.tf", "aws_s3_bucket.x", &[]), "u-1");
    let two = yor(block("b/main.tf", "aws_s3_bucket.y", &[]), "u-1");
    Case::new(vec![one.clone()]).says(&asset, "exact; a/main.tf aws_s3_bucket.x yor_trace");
    Case::new(vec![one, two]).says(
        &asset,
        "ambiguous exact 2; a/main.tf aws_s3_bucket.x yor_trace; \
         b/main.tf aws_s3_bucket.y yor_trace",
    );
    let trace = Case::new(vec![logs("a")]).says(&asset, "weak; a/main.tf aws_s3_bucket.logs name");
    assert_eq!(trace.notes, ["no block here has the tag yor_trace `u-1`"]);
}

#[test]
fn state_and_tag_that_disagree_are_left_to_a_person() {
    let asset = asset(BUCKET, &[("yor_trace", "u-1")]);
    let tagged = yor(block("b/main.tf", "aws_s3_bucket.x", &[]), "u-1");
    Case::new(vec![block("a/main.tf", "aws_s3_bucket.logs", &[]), tagged])
        .state(Some("a"), logs_state())
        .says(
            &asset,
            "ambiguous exact 2; a/main.tf aws_s3_bucket.logs state_id; \
             b/main.tf aws_s3_bucket.x yor_trace",
        );
}

#[test]
fn tags_of_git_with_the_name_are_strong() {
    let asset = asset(BUCKET, &[("git_file", "b/main.tf"), ("git_repo", "infra")]);
    let case = Case::new(vec![logs("a"), logs("b")]).here("git@github.com:acme/infra.git");
    case.says(
        &asset,
        "strong; b/main.tf aws_s3_bucket.logs git_file+name+only_in_file; \
         a/main.tf aws_s3_bucket.logs name",
    );
    let renamed = block("b/main.tf", "aws_s3_bucket.logs", &[]);
    Case::new(vec![renamed]).says(&asset, "weak; b/main.tf aws_s3_bucket.logs only_in_file");
}

#[test]
fn a_tag_of_another_repository_takes_strength_away() {
    let asset = asset(BUCKET, &[("git_file", "a/main.tf"), ("git_repo", "acme/other")]);
    let case = Case::new(vec![logs("a")]).here("https://github.com/acme/infra");
    let trace = case.says(&asset, "weak; a/main.tf aws_s3_bucket.logs git_file+name+only_in_file");
    assert!(trace.notes[0].contains("`acme/other`"), "{:?}", trace.notes);
    // What a state file says stands.
    case.state(Some("a"), logs_state())
        .says(&asset, "exact; a/main.tf aws_s3_bucket.logs state_id+git_file+name+only_in_file");
}

#[test]
fn the_repository_alone_with_the_name_is_strong_where_one_block_fits() {
    let asset = asset(BUCKET, &[("repo", "https://github.com/acme/infra")]);
    Case::new(vec![logs("a")])
        .here("acme/infra")
        .says(&asset, "strong; a/main.tf aws_s3_bucket.logs git_repository+name");
    Case::new(vec![logs("a"), logs("b")]).here("acme/infra").says(
        &asset,
        "ambiguous strong 2; a/main.tf aws_s3_bucket.logs git_repository+name; \
         b/main.tf aws_s3_bucket.logs git_repository+name",
    );
}

#[test]
fn a_prefix_counts_with_the_ending_of_terraform_only() {
    let prefixed =
        Block { prefixes: vec!["acme-".into()], ..block("m.tf", "aws_s3_bucket.x", &[]) };
    let case = Case::new(vec![prefixed]);
    let made = asset("arn:aws:s3:::acme-20240131101112131400000001", &[]);
    case.says(&made, "weak; m.tf aws_s3_bucket.x name_prefix");
    case.says(&asset("arn:aws:s3:::acme-prod", &[]), "nothing");
}

#[test]
fn stacks_lead_to_the_template_of_that_name() {
    let resource = |file: &str| Block {
        file: file.into(),
        address: "Logs".into(),
        kind: "AWS::S3::Bucket".into(),
        ..Block::default()
    };
    let tags =
        [("aws:cloudformation:stack-name", "web"), ("aws:cloudformation:logical-id", "Logs")];
    let asset = asset(BUCKET, &tags);
    Case::new(vec![resource("cfn/web.yaml"), resource("cfn/api.yaml")])
        .says(&asset, "strong; cfn/web.yaml Logs stack");
    Case::new(vec![resource("cfn/a.yaml"), resource("cfn/b.yaml")])
        .says(&asset, "ambiguous strong 2; cfn/a.yaml Logs stack; cfn/b.yaml Logs stack");
    let trace = Case::new(Vec::new()).says(&asset, "nothing");
    assert_eq!(trace.notes, ["no template here has `Logs` of `web`"]);
}

#[test]
fn objects_are_found_in_manifests_and_in_terraform() {
    let hints = Hints { provider: Some(Provider::Kubernetes), ..Hints::default() };
    let native = "prod/shop/Deployment/web";
    let asset =
        Asset { id: AssetId::parse(native, &hints), native_id: native.into(), ..Asset::default() };
    let manifest = |file: &str, space: Option<&str>| Block {
        namespace: space.map(ToOwned::to_owned),
        ..block(file, "Deployment.web", &["web"])
    };
    Case::new(vec![manifest("a.yaml", Some("shop")), manifest("b.yaml", Some("other"))])
        .says(&asset, "strong; a.yaml Deployment.web object");
    Case::new(vec![manifest("a.yaml", None)]).says(&asset, "weak; a.yaml Deployment.web name");
    let made = state(
        "kubernetes_deployment_v1.web",
        &json!({"id": "shop/web", "metadata": [{"name": "web", "namespace": "shop"}]}),
    );
    Case::new(vec![block("k.tf", "kubernetes_deployment_v1.web", &[])])
        .state(Some(""), made)
        .says(&asset, "strong; k.tf kubernetes_deployment_v1.web object");
    let any = state(
        "kubernetes_manifest.web",
        &json!({"manifest": {"type": [], "value": {"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop"}}}}),
    );
    Case::new(vec![block("k.tf", "kubernetes_manifest.web", &[])])
        .state(Some(""), any)
        .says(&asset, "strong; k.tf kubernetes_manifest.web object");
}

#[test]
fn outputs_lead_to_what_they_give() {
    let text = json!({"version": 4, "resources": [],
        "outputs": {"logs": {"value": BUCKET, "type": "string"}, "hidden": {"value": BUCKET, "sensitive": true}}});
    let record = read(text.to_string().as_bytes()).unwrap();
    let mut ledger = Ledger::default();
    ledger.add("o.json".into(), None, record);
    let output = |name: &str| Output {
        folder: String::new(),
        name: name.into(),
        of_folder: "modules/s3".into(),
        of: "aws_s3_bucket.this".into(),
    };
    let blocks = vec![block("modules/s3/main.tf", "aws_s3_bucket.this", &[])];
    for (name, found) in [("logs", true), ("hidden", false)] {
        let code = Code::new(blocks.clone(), Vec::new(), vec![output(name)]);
        let trace = trace(&Wanted::new(&asset(BUCKET, &[])), (&code, &ledger), None);
        let expected = if found { Verdict::Found(Confidence::Strong) } else { Verdict::Nothing };
        assert_eq!(trace.verdict, expected, "{name}");
    }
}

#[test]
fn the_newest_version_of_a_state_counts() {
    let version = |serial: u64, name: &str| {
        let text = json!({"version": 4, "serial": serial, "lineage": "l", "resources": [
            {"mode": "managed", "type": "aws_s3_bucket", "name": name,
             "instances": [{"attributes": {"arn": BUCKET}}]}]});
        read(text.to_string().as_bytes()).unwrap()
    };
    let blocks =
        vec![block("m.tf", "aws_s3_bucket.old", &[]), block("m.tf", "aws_s3_bucket.new", &[])];
    for order in [[1, 2], [2, 1]] {
        let mut case = Case::new(blocks.clone());
        for serial in order {
            let name = if serial == 2 { "new" } else { "old" };
            case = case.state(Some(""), version(serial, name));
        }
        case.says(&asset(BUCKET, &[]), "exact; m.tf aws_s3_bucket.new state_id");
    }
}

#[test]
fn images_and_code_are_not_looked_for() {
    let id = AssetId::iac("repo", "main.tf", "aws_s3_bucket.logs");
    let asset = Asset { id, native_id: BUCKET.into(), ..Asset::default() };
    Case::new(vec![logs("a")]).state(Some("a"), logs_state()).says(&asset, "nothing");
}

proptest::proptest! {
    /// The order of files, blocks and states changes nothing, and one block is never guessed
    /// where two are equally good.
    #[test]
    fn order_does_not_matter(seed in 0_usize..720) {
        let mut blocks = vec![
            logs("a"), logs("b"), yor(logs("c"), "u-1"),
            block("d/main.tf", "aws_s3_bucket_versioning.logs", &["acme-prod-logs"]),
        ];
        let mut states = vec![
            ("a", state("aws_s3_bucket.logs", &json!({"arn": BUCKET}))),
            ("b", state("aws_s3_bucket.none", &json!({"arn": BUCKET}))),
        ];
        let count = blocks.len();
        blocks.rotate_left(seed % count);
        blocks.swap(0, seed % 3);
        if seed % 2 == 0 { states.reverse(); }
        let mut case = Case::new(blocks);
        for (folder, record) in states {
            let folder = Some(folder.to_owned());
            case.ledger.add("s".into(), folder, record);
        }
        let trace = case.trace(&asset(BUCKET, &[("yor_trace", "u-1")]));
        proptest::prop_assert_eq!(trace.verdict, Verdict::Ambiguous(Confidence::Exact, 2));
        let files: Vec<&str> = trace.candidates.iter().map(|one| one.file.as_str()).collect();
        proptest::prop_assert_eq!(files, ["a/main.tf", "c/main.tf", "b/main.tf"]);
    }
}
