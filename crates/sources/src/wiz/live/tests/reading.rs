//! Whether a reading brings what the world has, and no request too many.

use super::*;

#[tokio::test]
async fn a_whole_reading_is_what_the_world_has() {
    let bench = Bench::with(700, &[("page_size", "60"), ("detection_days", "365")], KEY.1).await;
    {
        let mut state = bench.world.write();
        for number in [3, 50, 200, 201, 202] {
            state.end(number, begin(), number % 2 == 0);
        }
    }
    let unresolved = |flaw: &Flaw| flaw.is_open();
    let of = |kind: Kind, fits: &dyn Fn(&Flaw, &Thing) -> bool| ids_of(kind, &bench.seen(fits));
    let issues = of(Kind::Issue, &|flaw, thing| unresolved(flaw) && has_issue(flaw, thing));
    let settings = of(Kind::Configuration, &|flaw, _| {
        unresolved(flaw) && matches!(flaw.cause, Cause::Misconfiguration(_))
    });
    let weaknesses = of(Kind::Vulnerability, &|flaw, _| {
        unresolved(flaw) && matches!(flaw.cause, Cause::Vulnerability(_))
    });
    let detections = of(Kind::Detection, &|flaw, _| matches!(flaw.cause, Cause::Detection(_)));
    let things: Vec<usize> = (0..bench.world.read().things.len()).collect();
    for (name, truth) in [
        ("issues", issues),
        ("configuration", settings),
        ("vulnerabilities", weaknesses),
        ("detections", detections),
        ("resources", ids_of(Kind::Resource, &things)),
    ] {
        let items = bench.read(name, None).await;
        assert!(truth.len() > 20, "{name} has {}", truth.len());
        assert_eq!(ids(&items), truth, "{name}");
        assert_eq!(items.len(), truth.len(), "{name} brings some twice");
        assert!(items.iter().all(|item| item.changed.is_some()), "{name}");
    }
}

async fn all_streams_are_read(bench: &Bench) {
    let inventory = ["resources", "projects", "identities", "exposures"];
    for stream in bench.connector.streams() {
        let items = bench.read(stream.name, None).await;
        assert!(!items.is_empty(), "{}", stream.name);
        let records = normalized(stream, &items);
        let findings = records.iter().filter(|r| matches!(r, Record::Finding(_))).count();
        let only_things = inventory.contains(&stream.name);
        assert_eq!(findings, if only_things { 0 } else { items.len() }, "{}", stream.name);
    }
}

#[tokio::test]
async fn every_stream_is_read_by_the_normalizer() {
    let bench = Bench::new(400).await;
    all_streams_are_read(&bench).await;
    bench.wiz.behave(|manner| manner.sparse = true);
    all_streams_are_read(&bench).await;
}

#[tokio::test]
async fn what_is_known_of_things_is_kept() {
    let bench = Bench::new(300).await;
    let assets = async |name: &str| -> Vec<quell_model::Asset> {
        let items = bench.read(name, None).await;
        let records = normalized(bench.stream(name), &items).into_iter();
        records
            .filter_map(|record| match record {
                Record::Asset(asset) => Some(*asset),
                Record::Finding(finding) => Some(finding.asset),
                Record::Evidence(_)
                | Record::Activity(_)
                | Record::Statement(_)
                | Record::Relation(_)
                | Record::Exploited(_) => None,
            })
            .collect()
    };
    let resources = assets("resources").await;
    let owner = resources[0].context.owner.as_ref().unwrap();
    assert!(owner.value.raw().starts_with("team-"), "{owner:?}");
    let exposed: BTreeSet<String> =
        assets("exposures").await.iter().map(|asset| asset.id.key().to_owned()).collect();
    let marked = resources.iter().filter(|asset| asset.signals.internet_exposed == Some(true));
    let marked: BTreeSet<String> = marked.map(|asset| asset.id.key().to_owned()).collect();
    assert!(!exposed.is_empty());
    assert_eq!(exposed, marked, "exposures and resources speak of the same things");
    let identities = assets("identities").await;
    assert_eq!(identities[0].signals.high_privilege, Some(true));
    let entitled = assets("entitlements").await;
    assert_eq!(entitled[0].id.key(), identities[0].id.key());
    let projects = assets("projects").await;
    assert_eq!(projects[0].context.owner.as_ref().unwrap().value.raw(), "Team Shop");
}

#[tokio::test]
async fn a_detection_tells_who_did_what_and_how() {
    let bench = Bench::with(300, &[("detection_days", "365")], KEY.1).await;
    let items = bench.read("detections", None).await;
    let records = normalized(bench.stream("detections"), &items);
    let mut processes = 0;
    for record in &records {
        let Record::Finding(finding) = record else { panic!("{record:?}") };
        let told = finding.detection.as_ref().unwrap();
        assert!(told.techniques.iter().all(|t| t.starts_with('T')) && told.techniques.len() == 1);
        assert!(told.tactics[0].starts_with("TA00"), "{:?}", told.tactics);
        assert!(!told.remote_addresses.is_empty());
        processes += told.processes.len();
    }
    assert!(processes > 0);
}

#[tokio::test]
async fn an_issue_about_a_threat_tells_who() {
    let bench = Bench::new(300).await;
    let items = bench.read("issues", None).await;
    let records = normalized(bench.stream("issues"), &items);
    let threats: Vec<_> = records
        .iter()
        .filter_map(|record| match record {
            Record::Finding(finding) => finding.detection.as_ref(),
            Record::Evidence(_)
            | Record::Asset(_)
            | Record::Activity(_)
            | Record::Statement(_)
            | Record::Relation(_)
            | Record::Exploited(_) => None,
        })
        .collect();
    assert!(!threats.is_empty());
    for threat in threats {
        assert!(threat.principal.raw().starts_with("arn:aws:iam::"), "{threat:?}");
        assert!(threat.also_involved.is_empty(), "the resource is the issue's own");
    }
}

#[tokio::test]
async fn the_next_reading_brings_what_changed_and_nothing_else() {
    let bench = Bench::new(500).await;
    let streams = ["issues", "configuration", "vulnerabilities", "detections"];
    bench.pass(3_600);
    let since = bench.now();
    for name in streams {
        assert_eq!(ids(&bench.read(name, Some(since)).await), BTreeSet::new(), "{name}");
    }
    bench.pass(60);
    let old = bench.seen(|flaw, _| flaw.is_open());
    {
        let now = bench.now();
        let mut state = bench.world.write();
        for number in old.iter().step_by(9) {
            state.end(*number, now, false);
        }
        for _ in 0..20 {
            state.open(now);
        }
    }
    let changed = |flaw: &Flaw| flaw.changed > since;
    let of = |kind: Kind, fits: &dyn Fn(&Flaw, &Thing) -> bool| {
        ids_of(kind, &bench.seen(|flaw, thing| changed(flaw) && fits(flaw, thing)))
    };
    for (name, truth) in [
        ("issues", of(Kind::Issue, &has_issue)),
        (
            "configuration",
            of(Kind::Configuration, &|flaw, _| matches!(flaw.cause, Cause::Misconfiguration(_))),
        ),
        (
            "vulnerabilities",
            of(Kind::Vulnerability, &|flaw, _| matches!(flaw.cause, Cause::Vulnerability(_))),
        ),
        ("detections", of(Kind::Detection, &|flaw, _| matches!(flaw.cause, Cause::Detection(_)))),
    ] {
        let items = bench.read(name, Some(since)).await;
        assert_eq!(ids(&items), truth, "{name}");
        assert!(items.iter().all(|item| item.changed > Some(since)), "{name}");
    }
    // What passes now is evidence that closes; what is resolved says so.
    let items = bench.read("configuration", Some(since)).await;
    let records = normalized(bench.stream("configuration"), &items);
    assert!(records.iter().any(|record| matches!(record, Record::Evidence(e) if e.passed)));
    let items = bench.read("vulnerabilities", Some(since)).await;
    let records = normalized(bench.stream("vulnerabilities"), &items);
    let resolved = |record: &Record| matches!(record, Record::Finding(f) if f.status == quell_model::Status::Resolved);
    assert!(records.iter().any(resolved));
}

#[tokio::test]
async fn with_nothing_new_a_round_needs_few_requests() {
    let bench = Bench::new(300).await;
    bench.pass(600);
    let since = bench.now();
    for stream in bench.connector.streams() {
        if stream.pace == crate::live::Pace::Often {
            assert_eq!(bench.read(stream.name, Some(since)).await.len(), 0, "{}", stream.name);
        }
    }
    assert_eq!(bench.double.ledger.of("/oauth/token").len(), 1);
    assert_eq!(bench.double.ledger.of("/graphql").len(), 5);
}

#[tokio::test]
async fn the_documented_rate_is_kept() {
    let bench = Bench::new(400).await;
    bench.wiz.behave(|manner| manner.per_second = 10);
    let policy = Policy { rate: LIVE.rate.unwrap(), ..policy() };
    let options: &[(&str, &str)] = &[("page_size", "20")];
    let connector = connect(&bench.double, &bench.clock, (options, KEY.1), policy);
    let bench = Bench { connector, ..bench };
    assert!(bench.read("resources", None).await.len() > 150);
    let asked = bench.double.ledger.count();
    assert!(asked > 8, "{asked}");
    assert_eq!(bench.double.ledger.over_limit(), 0);
}

#[tokio::test]
async fn an_empty_page_in_the_middle_ends_nothing() {
    let bench = Bench::new(200).await;
    let whole = ids(&bench.read("issues", None).await);
    bench.wiz.behave(|manner| manner.empty_pages = true);
    let first = bench.page("issues", None, None).await.unwrap();
    assert!(first.items.is_empty() && first.next.is_some());
    assert_eq!(ids(&bench.read("issues", None).await), whole);
}

#[tokio::test]
async fn what_moves_while_pages_are_read_is_not_lost() {
    let bench = Bench::with(600, &[("page_size", "25")], KEY.1).await;
    let open = |flaw: &Flaw, thing: &Thing| flaw.is_open() && has_issue(flaw, thing);
    let before: BTreeSet<usize> = bench.seen(open).into_iter().collect();
    let (mut items, mut cursor, mut page_number) = (Vec::new(), None, 0);
    loop {
        let page = bench.page("issues", None, cursor.as_ref()).await.unwrap();
        items.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
        page_number += 1;
        bench.pass(1);
        let now = bench.now();
        // Some end, some are worked on, some are new, while the reading goes on.
        let mut numbers: Vec<usize> = before.iter().copied().collect();
        numbers.rotate_left(page_number * 7);
        bench.world.write().end(numbers[0], now, false);
        bench.world.write().end(numbers[1], now, true);
        bench.world.write().open(now);
        let begin = Change::Begin { note: String::new() };
        let id = Kind::Issue.id(numbers[5]);
        if bench.wiz.touched(Kind::Issue, numbers[5]).status.is_none() {
            // It may just have ended.
            drop(bench.write("issues", &id, &begin).await);
        }
    }
    let stayed: Vec<usize> = {
        let after: BTreeSet<usize> = bench.seen(open).into_iter().collect();
        before.intersection(&after).copied().collect()
    };
    let read = ids(&items);
    assert!(page_number > 4);
    for id in ids_of(Kind::Issue, &stayed) {
        assert!(read.contains(&id), "{id} was passed over");
    }
}

#[tokio::test]
async fn one_record_is_fetched_as_a_page_reads_it() {
    let bench = Bench::with(200, &[("detection_days", "365")], KEY.1).await;
    for name in ["issues", "configuration", "vulnerabilities", "detections"] {
        let items = bench.read(name, None).await;
        let pulled = &items[0];
        let target = Target { stream: name.to_owned(), id: pulled.id.clone() };
        let (stream, page) = bench.connector.fetch(&target).await.unwrap();
        assert_eq!(stream.name, name);
        assert_eq!(page.items[0].json.get(), pulled.json.get());
        let gone = Target { stream: name.to_owned(), id: "no-such-id".to_owned() };
        assert!(bench.connector.fetch(&gone).await.is_err(), "{name}");
    }
    let project = Target { stream: "projects".to_owned(), id: "project-prod".to_owned() };
    let error = bench.connector.fetch(&project).await.unwrap_err();
    assert!(matches!(error, LiveError::Unsupported(_)), "{error}");
}
