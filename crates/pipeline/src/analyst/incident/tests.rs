//! Briefs of the sample world, and of stories that are large or hostile.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

use quell_analyst::{Audience, Brief, By, Call, Grants, Tasks, Why};
use quell_model::{FixedClock, TimelineEvent, Timestamp, Untrusted};
use quell_report::{IncidentStory, IssueReport};
use quell_store::Store;

use super::{Details, brief};
use crate::{Progress, Request, Setup, run, show_incident};

static TASKS: LazyLock<Tasks> = LazyLock::new(|| Tasks::embedded().unwrap());
pub(in crate::analyst) static WORLD: LazyLock<World> = LazyLock::new(World::new);

/// The sample world: each incident with what the store knows of it.
pub(in crate::analyst) struct World {
    pub(in crate::analyst) setup: Setup,
    pub(in crate::analyst) stories: Vec<(IncidentStory, Details)>,
}

fn demo(part: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../content/demo").join(part)
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("data")).unwrap();
        let setup = Setup::embedded(None).unwrap();
        let now: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        let code = demo("infrastructure");
        let request = Request {
            paths: vec![demo("findings")],
            repository: Some(code.clone()),
            ..Request::default()
        };
        let progress =
            Progress { cancelled: &AtomicBool::new(false), bytes: &|_, _| (), doing: &|_| () };
        let outcome = run(&mut store, &setup, &request, &FixedClock(now), &progress).unwrap();
        let story = |id: &str| show_incident(&store, &setup, id, Some(&code), now).unwrap();
        let stories = outcome.report.incidents.iter().map(|one| {
            let story = story(&one.id);
            let details = Details::read(&store, &story).unwrap();
            (story, details)
        });
        let stories = stories.collect();
        Self { setup, stories }
    }

    fn brief(&self, (story, details): &(IncidentStory, Details)) -> Brief<'_> {
        brief(story, details, self.setup.catalog())
    }

    fn attack(&self) -> &(IncidentStory, Details) {
        self.stories.iter().find(|(story, _)| story.incident.timeline.is_some()).unwrap()
    }
}

fn known(brief: &Brief<'_>, part: &str) -> Vec<String> {
    brief.known(part).iter().map(|claim| claim.text.raw().to_owned()).collect()
}

fn call<'a>(task: &'static str, brief: &'a Brief<'a>) -> Call<'a> {
    Call::new(TASKS.get(task).unwrap(), brief, Audience::Owner, Grants::default()).unwrap()
}

#[test]
fn each_incident_has_rules_for_each_part_of_each_task() {
    assert!(WORLD.stories.len() > 30);
    for one in &WORLD.stories {
        let brief = WORLD.brief(one);
        for task in TASKS.iter().filter(|task| ["incident", "runtime"].contains(&&*task.id)) {
            if task.id == "runtime" && one.0.incident.timeline.is_none() {
                continue;
            }
            let call = Call::new(task, &brief, Audience::Owner, Grants::default()).unwrap();
            let written = call.by_rules(Why::NotConfigured);
            for part in task.parts.iter().filter(|part| part.least > 0) {
                assert!(written.part(&part.name).is_some(), "{}: {}", one.0.incident.id, part.name);
            }
            assert!(call.input().len() <= task.most_input_bytes + 400);
        }
    }
}

#[test]
fn what_the_rules_say_rests_on_records_that_can_be_found() {
    for one in &WORLD.stories {
        let (story, brief) = (&one.0, WORLD.brief(one));
        let findings = story.issues.iter().flat_map(|issue| &issue.findings);
        let mut ids: HashSet<String> =
            findings.map(|finding| format!("finding:{}", finding.id)).collect();
        ids.extend(story.issues.iter().map(|issue| format!("issue:{}", issue.id)));
        ids.extend(story.fixes.iter().map(|fix| format!("fix:{}", fix.id)));
        ids.insert(format!("incident:{}", story.incident.id));
        let is_known = |id: &String| {
            let whole = id.split('#').next().unwrap_or_default();
            ids.contains(whole)
                || whole.starts_with("control:")
                || whole.starts_with("intelligence:")
        };
        for (part, claims) in &brief.known {
            for claim in claims {
                assert!(!claim.evidence.is_empty(), "{part}: {claim:?}");
                assert!(claim.evidence.iter().all(is_known), "{part}: {claim:?}");
            }
        }
        for record in &brief.records {
            assert!(is_known(&record.id) && !record.fields.is_empty(), "{record:?}");
        }
    }
}

#[test]
fn no_name_of_an_asset_leaves() {
    for one in &WORLD.stories {
        let brief = WORLD.brief(one);
        let input = call("incident", &brief).input().to_lowercase();
        for asset in &one.0.assets {
            let names = [asset.name.raw(), asset.native_id.raw(), &asset.id, asset.account.raw()];
            for name in names.iter().filter(|name| name.len() > 5) {
                assert!(!input.contains(&name.to_lowercase()), "{name}: {input}");
            }
        }
    }
}

#[test]
fn an_attack_is_told_with_its_events_and_processes_before_all_else() {
    let brief = WORLD.brief(WORLD.attack());
    let kinds: Vec<&str> = brief.records.iter().map(|record| &*record.kind).collect();
    assert_eq!(kinds[..7], ["incident", "issue", "event", "event", "event", "event", "process"]);
    let call = call("runtime", &brief);
    let input = call.input();
    for said in ["T1190", "initial_access", "2026-10-26T02:11:05Z", "sh (4711)", "2.15.0"] {
        assert!(input.contains(said), "{said}: {input}");
    }
    assert!(!input.contains("java -Xmx512m") && !input.contains("198.51.100.23"), "{input}");
    // One thing has one placeholder, by whatever name a text calls it.
    assert!(input.contains("were made on `<resource:1 pod>` within days"), "{input}");
    assert!(input.contains(r#""asset":"<resource:1 pod>""#), "{input}");
    let logs = Grants { logs: true, ..Grants::default() };
    let runtime = TASKS.get("runtime").unwrap();
    let more = Call::new(runtime, &brief, Audience::Analyst, logs).unwrap();
    assert!(more.input().contains("java -Xmx512m"), "{}", more.input());
    let written = call.by_rules(Why::NotConfigured);
    assert_eq!(written.by, By::Rules);
    let names: Vec<&str> = written.parts.iter().map(|part| part.name.as_str()).collect();
    let parts = ["chain", "processes", "techniques", "hypothesis", "confidence", "next"];
    assert_eq!(names, parts);
    assert_eq!(written.part("confidence").unwrap().choice.as_deref(), Some("high"));
    let steps = known(&brief, "steps");
    assert!(steps[0].starts_with("Contain checkout-7d9f"), "{steps:?}");
}

#[test]
fn a_proved_change_is_the_first_step_where_nothing_happened() {
    let has_fix = |one: &&(IncidentStory, Details)| {
        one.0.fixes.iter().any(|fix| fix.state == "proved") && one.0.incident.timeline.is_none()
    };
    let one = WORLD.stories.iter().find(has_fix).unwrap();
    let brief = WORLD.brief(one);
    let steps = known(&brief, "steps");
    assert!(steps[0].starts_with("A proved change of "), "{steps:?}");
    assert!(brief.records.iter().any(|record| record.kind == "fix"));
    assert!(brief.figures.contains(&("proved_fixes", "1".to_owned())), "{:?}", brief.figures);
}

#[test]
fn without_the_store_the_report_is_told() {
    for one in &WORLD.stories {
        let brief = brief(&one.0, &Details::default(), WORLD.setup.catalog());
        let whole = WORLD.brief(one);
        assert_eq!(brief.records.len(), whole.records.len());
        assert_eq!(known(&brief, "risk").len(), known(&whole, "risk").len());
        assert_eq!(known(&brief, "techniques").is_empty(), known(&whole, "techniques").is_empty());
    }
}

#[test]
fn a_story_of_a_thousand_issues_is_bounded_and_counted() {
    let mut story = WORLD.attack().0.clone();
    let issue = story.issues.first().unwrap().clone();
    for number in 0..1_000 {
        story.issues.push(IssueReport { id: format!("more-{number}"), ..issue.clone() });
    }
    let timeline = story.incident.timeline.as_mut().unwrap();
    let event = timeline.events.first().unwrap().clone();
    for number in 0..400 {
        let title = Untrusted::from(format!("thing {number}"));
        timeline.events.push(TimelineEvent { title, ..event.clone() });
    }
    let brief = brief(&story, &Details::default(), WORLD.setup.catalog());
    assert!(brief.records.len() < 120, "{}", brief.records.len());
    assert!(brief.figures.contains(&("issues", "1005".to_owned())), "{:?}", brief.figures);
    assert!(brief.figures.contains(&("events", "404".to_owned())), "{:?}", brief.figures);
    let chain = known(&brief, "chain");
    assert_eq!(chain.len(), 6, "{chain:?}");
    assert!(chain[3].ends_with("more events were seen after that."), "{chain:?}");
    assert!(chain[5].contains("thing 399"), "{chain:?}");
    for task in TASKS.iter() {
        let call = Call::new(task, &brief, Audience::Owner, Grants::default()).unwrap();
        assert!(call.input().len() <= task.most_input_bytes + 400);
    }
}

#[test]
fn a_login_that_everybody_has_stays_and_a_persons_does_not() {
    for (name, plain) in [
        ("root", true),
        ("NT AUTHORITY\\SYSTEM", true),
        ("www-data", true),
        ("ada.lovelace", false),
        ("arn:aws:iam::111122223333:user/ada", false),
        ("system:serviceaccount:shop:web", false),
        ("rootkit", false),
    ] {
        assert_eq!(super::names::is_plain_user(name), plain, "{name}");
    }
}
