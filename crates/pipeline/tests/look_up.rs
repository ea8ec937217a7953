//! Fixes whose values only a registry or a git host knows, from a finding to the proof.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use quell_http::Policy;
use quell_model::{Clock, FixState, FixedClock, ProofCheck};
use quell_pipeline::{
    FixHelp, FixPlan, FixRequest, LookUp, Looked, Progress, Request, Setup, plan_fixes, run,
};
use quell_refs::{Hosts, Resolver, Wanted};
use quell_store::Store;
use quell_testkit::double::Double;
use quell_testkit::refs::RefsDouble;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const DIGEST: &str = "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const COMMIT: &str = "1111111111111111111111111111111111111111";

struct World {
    folder: TempDir,
    setup: Setup,
    runtime: Runtime,
    hosts: Arc<RefsDouble>,
    double: Double,
    /// What was asked for, in order.
    asked: RefCell<Vec<Wanted>>,
}

fn clock() -> FixedClock {
    FixedClock("2026-06-01T12:00:00Z".parse().unwrap())
}

impl World {
    /// A repository of files, and findings of Checkov: check, resource, file.
    fn new(
        files: impl Fn(&str) -> Vec<(&'static str, String)>,
        framework: &str,
        findings: &[(&str, &str, &str)],
    ) -> Self {
        let runtime = Runtime::new().unwrap();
        let hosts = Arc::<RefsDouble>::default();
        let double = runtime.block_on(Double::start(hosts.clone())).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let host = double.url().trim_start_matches("http://").to_owned();
        for (name, text) in files(&host) {
            let path = folder.path().join("repo").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let failed: Vec<_> = findings
            .iter()
            .map(|(check, resource, file)| {
                json!({"check_id": check, "check_name": check, "check_result": {"result": "FAILED"},
                    "file_path": format!("/{file}"), "file_abs_path": format!("/scan/{file}"),
                    "file_line_range": [1, 4], "resource": resource})
            })
            .collect();
        let report = json!({"check_type": framework, "results": {"failed_checks": failed,
            "passed_checks": [], "skipped_checks": [], "parsing_errors": []}, "summary": {}});
        let result = folder.path().join("checkov.json");
        fs::write(&result, report.to_string()).unwrap();
        let setup = Setup::embedded(None).unwrap();
        let asked = RefCell::default();
        let world = Self { folder, setup, runtime, hosts, double, asked };
        let request = Request { paths: vec![result], ..Request::default() };
        let never = AtomicBool::new(false);
        let progress = Progress { cancelled: &never, bytes: &|_, _| {}, doing: &|_| {} };
        run(&mut world.store(), &world.setup, &request, &clock(), &progress).unwrap();
        world
    }

    fn store(&self) -> Store {
        Store::open(&self.folder.path().join("data")).unwrap()
    }

    fn host(&self) -> String {
        self.double.url().trim_start_matches("http://").to_owned()
    }

    fn plan(&self, hosts: &[&str]) -> FixPlan {
        let clock = clock();
        let resolver = {
            let _within = self.runtime.enter();
            let hosts = Hosts::parse(hosts.iter().copied()).unwrap();
            Arc::new(
                Resolver::new(hosts, Policy::default(), Arc::new(FixedClock(clock.now()))).unwrap(),
            )
        };
        let find = |wanted: &BTreeSet<Wanted>| -> Looked {
            self.asked.borrow_mut().extend(wanted.iter().cloned());
            self.runtime.block_on(resolver.find(wanted))
        };
        let look_up = LookUp { find: &find, at: clock.now() };
        let help = FixHelp { look_up: (!hosts.is_empty()).then_some(&look_up), writer: None };
        let never = AtomicBool::new(false);
        let progress = Progress { cancelled: &never, bytes: &|_, _| {}, doing: &|_| {} };
        let request =
            FixRequest { repository: self.folder.path().join("repo"), ..FixRequest::default() };
        plan_fixes(&self.store(), (&self.setup, &request), help, &clock, &progress).unwrap()
    }
}

#[track_caller]
fn withheld(plan: &FixPlan, words: &str) {
    let FixState::Withheld(why) = &plan.offers[0].fix.state else { panic!("it is offered") };
    assert!(why.contains(words), "{why}");
    assert!(plan.files.is_empty());
}

/// What the proof says of where a value came from.
fn looked_up(plan: &FixPlan) -> Vec<&str> {
    let proofs = plan.offers.iter().flat_map(|offer| &offer.fix.proof);
    let own = proofs.filter(|proof| proof.check == ProofCheck::LookedUp);
    own.map(|proof| proof.detail.as_str()).collect()
}

fn pod(host: &str, tag: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  \
         containers:\n  - name: a\n    image: {host}/shop/web{tag}\n    imagePullPolicy: Always\n"
    )
}

#[test]
fn a_digest_that_was_looked_up_is_proved_with_where_it_came_from() {
    let world = World::new(
        |host| vec![("pod.yaml", pod(host, ":1.4"))],
        "kubernetes",
        &[("CKV_K8S_43", "Pod.shop.web", "pod.yaml")],
    );
    let name = format!("`kubernetes.image_digest.{}/shop/web:1.4`", world.host());
    withheld(&world.plan(&[]), &name);
    assert_eq!(world.double.ledger.count(), 0);
    // A host that was not named is not asked, and the reason says how it would be.
    let plan = world.plan(&["docker.io"]);
    withheld(&plan, "is not among the hosts that may be asked");
    assert_eq!(world.double.ledger.count(), 0);
    world.hosts.image("shop/web:1.4", "no digest");
    withheld(&world.plan(&[&world.double.url()]), "is no digest");
    world.hosts.image("shop/web:1.4", DIGEST);
    let plan = world.plan(&[&world.double.url()]);
    assert_eq!(plan.files.len(), 1, "{:#?}", plan.offers);
    // A name that begins like a number is quoted.
    let after = plan.files[0].after.replace('"', "");
    assert_eq!(after, plan.files[0].before.replace(":1.4", &format!(":1.4@{DIGEST}")));
    let said = format!("as told by `{}` for `shop/web:1.4` on 2026-06-01T12:00:00Z", world.host());
    assert_eq!(looked_up(&plan), [said]);
}

#[test]
fn an_image_without_a_version_is_pinned_to_what_its_name_stands_for() {
    let world = World::new(
        |host| vec![("pod.yaml", pod(host, ""))],
        "kubernetes",
        &[("CKV_K8S_14", "Pod.shop.web", "pod.yaml"), ("CKV_K8S_43", "Pod.shop.web", "pod.yaml")],
    );
    world.hosts.image("shop/web:latest", DIGEST);
    let plan = world.plan(&[&world.double.url()]);
    assert!(plan.files[0].after.contains(&format!("/shop/web@{DIGEST}")), "{:#?}", plan.offers);
    assert!(plan.offers.iter().all(|offer| offer.fix.state == FixState::Proved));
    // Both findings ask for one name, which is asked for once.
    assert_eq!(world.asked.borrow().len(), 1);
    assert_eq!(world.double.ledger.of("/v2/").len(), 1);
}

#[test]
fn what_the_repository_pins_elsewhere_is_not_looked_up() {
    let world = World::new(
        |host| {
            let other = pod(host, &format!(":1.4@{DIGEST}")).replace("name: web", "name: other");
            vec![("pod.yaml", pod(host, ":1.4")), ("other.yaml", other)]
        },
        "kubernetes",
        &[("CKV_K8S_43", "Pod.shop.web", "pod.yaml")],
    );
    let plan = world.plan(&[&world.double.url()]);
    assert!(plan.files[0].after.contains(&format!(":1.4@{DIGEST}")));
    assert_eq!((world.asked.borrow().len(), world.double.ledger.count()), (0, 0));
    assert!(looked_up(&plan).is_empty());
}

#[test]
fn a_module_is_pinned_to_the_commit_that_its_host_names() {
    for (before, path, after) in [
        ("HOST/o/vpc.git//a?ref=v1.2", "o/vpc", "HOST/o/vpc.git//a?ref=COMMIT\" # v1.2\n"),
        (
            "me@HOST/o/p/_git/vpc?ref=v1.2",
            "o/p/_git/vpc",
            "me@HOST/o/p/_git/vpc?ref=COMMIT\" # v1.2\n",
        ),
    ] {
        let text = |host: &str| {
            let source = before.replace("HOST", host);
            format!("module \"vpc\" {{\n  source = \"git::https://{source}\"\n}}\n")
        };
        let finding = ("CKV_TF_1", "vpc", "main.tf");
        let world = World::new(|host| vec![("main.tf", text(host))], "terraform", &[finding]);
        let parameter = format!("`terraform.commit.{}/{path}@v1.2`", world.host());
        withheld(&world.plan(&[]), &parameter);
        world.hosts.repository(path, &[("refs/tags/v1.2", COMMIT)]);
        let plan = world.plan(&[&world.double.url()]);
        let expected = after.replace("HOST", &world.host()).replace("COMMIT", COMMIT);
        assert!(plan.files[0].after.contains(&expected), "{:#?}", plan.offers);
        assert_eq!(looked_up(&plan).len(), 1);
    }
}

#[test]
fn a_module_of_a_private_registry_keeps_its_folder() {
    let world = World::new(
        |host| {
            let text = format!(
                "module \"vpc\" {{\n  source  = \"{host}/o/vpc/aws//modules/a\"\n  version = \"~> 1.0\"\n}}\n"
            );
            vec![("main.tf", text)]
        },
        "terraform",
        &[("CKV_TF_1", "vpc", "main.tf")],
    );
    let source = format!("git::https://git.example/o/vpc?ref={COMMIT}");
    world.hosts.module("o/vpc/aws", &[("1.3.0", &source), ("2.0.0", "git::https://x/y?ref=z")]);
    let plan = world.plan(&[&world.double.url()]);
    let expected =
        format!("source  = \"git::https://git.example/o/vpc//modules/a?ref={COMMIT}\"\n}}");
    assert!(plan.files[0].after.contains(&expected), "{:#?}", plan.offers);
}
