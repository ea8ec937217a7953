//! Letters of the sample world.

use std::sync::LazyLock;

use quell_analyst::{Audience, By, Call, Grants, Tasks, Why};

use super::{Form, brief, digest};
use crate::analyst::incident::tests::WORLD;

static TASKS: LazyLock<Tasks> = LazyLock::new(|| Tasks::embedded().unwrap());

#[test]
fn the_rules_fill_every_letter_and_cite_what_is_there() {
    let (world, task) = (&*WORLD, TASKS.get("message").unwrap());
    let catalog = world.setup.catalog();
    let mut with_fix = 0;
    for (story, details) in &world.stories {
        let fixes = story.fixes.iter().filter(|fix| fix.state == "proved").map(Some);
        for (form, fix) in [(Form::Ticket, None), (Form::Chat, None)]
            .into_iter()
            .chain(fixes.take(1).map(|fix| (Form::PullRequest, fix)))
        {
            let told: Vec<_> = fix.into_iter().collect();
            let brief = brief(form, (story, details), &told, catalog);
            let call = Call::new(task, &brief, Audience::Owner, Grants::default()).unwrap();
            assert!(call.input().contains(form.as_str()), "{}", call.input());
            let written = call.by_rules(Why::NotConfigured);
            for part in ["summary", "why_now", "done_when"] {
                let part = written.part(part).unwrap();
                assert_eq!(part.by, By::Rules);
                assert!(!part.sentences.iter().any(|claim| claim.text.is_empty()), "{part:?}");
            }
            let done = &written.part("done_when").unwrap().sentences[0];
            assert!(done.evidence.iter().all(|id| id.starts_with("issue:")), "{done:?}");
            assert_eq!(written.part("what_changes").is_some(), fix.is_some());
            let fixes = brief.records.iter().filter(|record| record.kind == "fix").count();
            assert!(fix.is_none() || fixes == 1, "a letter about a fix tells of that one alone");
            with_fix += usize::from(fix.is_some());
            let names = story.assets.iter().map(|asset| asset.name.raw());
            let long = names.filter(|name| name.len() > 12 && name.contains('-'));
            for name in long {
                assert!(!call.input().contains(name), "{name} leaves: {}", call.input());
            }
        }
    }
    assert!(with_fix > 3, "{with_fix}");
}

#[test]
fn a_letter_about_no_fix_says_nothing_of_a_change() {
    let (story, details) = &WORLD.stories[0];
    let brief = brief(Form::Ticket, (story, details), &[], WORLD.setup.catalog());
    assert!(brief.known("what_changes").is_empty());
    assert_eq!(brief.records[0].kind, "letter");
}

#[test]
fn a_request_with_several_fixes_tells_each() {
    let all = WORLD.stories.iter().flat_map(|(story, _)| &story.fixes);
    let fixes: Vec<_> = all.filter(|fix| fix.state == "proved").take(3).collect();
    assert_eq!(fixes.len(), 3);
    let (story, details) = &WORLD.stories[0];
    let brief = brief(Form::PullRequest, (story, details), &fixes, WORLD.setup.catalog());
    let told = brief.records.iter().filter(|record| record.kind == "fix");
    let told: Vec<&str> = told.map(|record| record.id.as_str()).collect();
    let expected: Vec<String> = fixes.iter().map(|fix| format!("fix:{}", fix.id)).collect();
    assert_eq!(told, expected);
    assert!(brief.known("what_changes").len() >= 3);
}

#[test]
fn a_digest_tells_of_several_incidents_and_no_name_leaves() {
    let (world, task) = (&*WORLD, TASKS.get("message").unwrap());
    let brief = digest(&world.stories, world.setup.catalog()).unwrap();
    let call = Call::new(task, &brief, Audience::Owner, Grants::default()).unwrap();
    assert!(call.input().contains("a digest of several incidents"), "{}", call.input());
    let told = |(story, _): &&(_, _)| {
        let story: &quell_report::IncidentStory = story;
        let lead = story.issues.first().map(|issue| format!("issue:{}", issue.id));
        brief.records.iter().any(|record| Some(&record.id) == lead.as_ref())
    };
    assert!(world.stories.iter().take(6).filter(told).count() > 3, "{:?}", brief.records);
    for (story, _) in world.stories.iter().take(6) {
        let names = story.assets.iter().map(|asset| asset.name.raw());
        for name in names.filter(|name| name.len() > 12 && name.contains('-')) {
            assert!(!call.input().contains(name), "{name} leaves: {}", call.input());
        }
    }
    let written = call.by_rules(Why::NotConfigured);
    assert_eq!(written.part("summary").unwrap().sentences.len(), 2);
    assert!(written.part("what_changes").is_none());
    assert!(digest(&[], world.setup.catalog()).is_none());
}
