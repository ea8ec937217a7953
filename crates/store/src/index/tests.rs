//! What is promised of lists: they say what a look at every row says, page by page, also while
//! files are imported.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use proptest::prelude::*;
use quell_model::{
    AssetId, Decision, FindingClass, FindingKey, Hints, IssueKey, KeyHasher, Scope, Severity,
    Status, Timestamp,
};

use super::{Index, Labels, ListFilter, Listed, Position, Snapshot, Sort, Wish};
use crate::state::{effective, seconds};
use crate::{
    Added, AssessedIssue, AssessedIssues, BlockBuilder, Brief, FinishedInput, MostClosed, NewBody,
    Packed, PreparedFinding, Store, Touched, place_text,
};

const STATUSES: [Status; 4] =
    [Status::Open, Status::InProgress, Status::Suppressed, Status::Resolved];
const TOOLS: [&str; 3] = ["prowler", "wiz", "trivy"];
const SORTS: [Sort; 4] = [Sort::Score, Sort::Severity, Sort::LastSeen, Sort::Id];

/// A finding as a file says it.
#[derive(Debug, Clone)]
struct Line {
    name: u8,
    issue: u8,
    severity: usize,
    status: usize,
    tool: usize,
    second: i64,
}

#[derive(Debug, Clone)]
struct File {
    lines: Vec<Line>,
    complete: bool,
    cautious: bool,
}

fn line() -> impl Strategy<Value = Line> {
    (0_u8..40, 0_u8..20, 0_usize..6, 0_usize..4, 0_usize..3, 0_i64..50).prop_map(
        |(name, issue, severity, status, tool, second)| Line {
            name,
            issue,
            severity,
            status,
            tool,
            second: second * 100_000,
        },
    )
}

fn file() -> impl Strategy<Value = File> {
    (prop::collection::vec(line(), 0..25), any::<bool>(), any::<bool>())
        .prop_map(|(lines, complete, cautious)| File { lines, complete, cautious })
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn import(store: &mut Store, file: &File) {
    let mut touched = Touched::default();
    let mut import = store.import("file.json", &mut touched).unwrap();
    let body = Packed::of(b"{}");
    for line in &file.lines {
        let key: FindingKey = KeyHasher::new("finding").part(&line.name.to_string()).finish();
        let place = format!("place {}", line.name % 3);
        let scope = Scope { target: "account".to_owned(), check: "check".to_owned(), place };
        let prepared = PreparedFinding {
            key,
            issue: issue_key(line.issue),
            control: None,
            content_hash: i64::try_from(line.severity * 100 + line.status * 10 + line.tool)
                .unwrap(),
            status: STATUSES[line.status],
            severity: Severity::ALL[line.severity],
            tool: TOOLS[line.tool],
            last_seen: at(line.second),
            scope: Some(&scope),
            offset_bytes: 0,
            body: NewBody::Alone(&body),
            alone: None,
        };
        import.finding(&prepared).unwrap();
    }
    let finished = FinishedInput {
        hash: None,
        path: "file.json",
        plain_bytes: None,
        format: "test",
        imported_at: at(0),
        complete: file.complete,
        most_closed: file.cautious.then_some(MostClosed { percent: 20, always: 0 }),
    };
    import.finish(&finished).unwrap();
}

fn issue_key(issue: u8) -> IssueKey {
    KeyHasher::new("issue").part(&issue.to_string()).finish()
}

/// A finding as its row in the store says it.
#[derive(Debug, Clone, PartialEq)]
struct Plain {
    row: i64,
    issue: i64,
    status: Status,
    severity: Severity,
    tool: &'static str,
    seen: u32,
}

fn findings(store: &Store) -> Vec<Plain> {
    let mut select = store
        .connection
        .prepare("SELECT id, issue, reported, gone_by, content_hash, last_seen FROM findings")
        .unwrap();
    let rows = select.query_map([], |row| {
        let said: usize = row.get::<_, i64>(4)?.try_into().unwrap();
        Ok(Plain {
            row: row.get(0)?,
            issue: row.get(1)?,
            status: effective(row.get(2)?, row.get(3)?),
            severity: Severity::ALL[said / 100],
            tool: TOOLS[said % 10],
            seen: seconds(row.get(5)?),
        })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// An issue as it was judged.
#[derive(Debug, Clone)]
struct Known {
    key: IssueKey,
    brief: Brief,
    seen: u32,
}

type World = BTreeMap<i64, Known>;

/// How many bodies each block says that rows name, and how many do.
fn uses(store: &Store) -> Vec<(i64, i64)> {
    let mut select = store
        .connection
        .prepare(
            "SELECT u.bodies, (SELECT COUNT(*) FROM findings f WHERE f.block = b.id)
                    + (SELECT COUNT(*) FROM issues i WHERE i.block = b.id)
               FROM blocks b LEFT JOIN block_uses u ON u.block = b.id",
        )
        .unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Judges what waits, as the pipeline would, and says all that is judged.
fn judge(store: &mut Store, world: &mut World) {
    let all = findings(store);
    let (mut together, mut judged) = (BlockBuilder::default(), Vec::new());
    for row in store.issue_list_dirty(1000).unwrap() {
        let members: Vec<&Plain> = all.iter().filter(|f| f.issue == row.id).collect();
        if members.is_empty() {
            store.issue_remove_empty(&[row.id]).unwrap();
            world.remove(&row.id);
            continue;
        }
        let brief = brief(row.key, &members);
        let text = row.id.to_string();
        let alone = Packed::of(text.as_bytes());
        // Some stand together, and others alone.
        let body = if row.id % 3 == 0 {
            Added::Alone(alone)
        } else {
            let write = |to: &mut Vec<u8>| to.write_all(text.as_bytes());
            together.write(write, |_| ()).unwrap().0
        };
        judged.push((row.id, body, brief.clone()));
        world.insert(row.id, Known { key: row.key, brief, seen: 0 });
    }
    let block = together.pack();
    let issues = judged
        .iter()
        .map(|(id, body, brief)| AssessedIssue { id: *id, body: body.as_new(), brief })
        .collect();
    store.issue_save(&[AssessedIssues { issues, block: block.as_ref() }]).unwrap();
    for row in world.keys() {
        let body = store.issue_get(*row).unwrap().unwrap().body.unwrap();
        assert_eq!(body.unpack().unwrap(), row.to_string().as_bytes());
    }
    assert!(uses(store).iter().all(|(said, rows)| said == rows), "{:?}", uses(store));
    for (row, known) in world {
        let members = all.iter().filter(|f| f.issue == *row);
        known.seen = members.map(|f| f.seen).max().unwrap_or_default();
    }
}

fn brief(key: IssueKey, members: &[&Plain]) -> Brief {
    let number = (0..20).find(|n| issue_key(*n) == key).unwrap();
    let open: Vec<&&Plain> = members.iter().filter(|f| f.status.is_open()).collect();
    let tools: BTreeSet<&str> = members.iter().map(|f| f.tool).collect();
    let region = ["eu-west-1", "us-east-1"][usize::from(number) % 2];
    let arn = format!("arn:aws:sns:{region}:11112222333{}:Topic-{}", number % 3, number / 2);
    let id = AssetId::parse(&arn, &Hints::default());
    Brief {
        status: open.first().map_or(Status::Resolved, |f| f.status),
        severity: members.iter().map(|f| f.severity).max().unwrap(),
        score: u32::try_from(members.len() * 7).unwrap() + u32::from(number % 5) * 100,
        control: ["aws.sns.encryption", "aws.sns.policy", "aws.snsx", ""]
            .get(usize::from(number) % 4)
            .filter(|control| !control.is_empty())
            .map(|control| (*control).to_owned()),
        tools: tools.into_iter().collect::<Vec<_>>().join(","),
        asset: id.key().to_owned(),
        place: place_text(&id),
        team: ["", "shop", "data"][usize::from(number) % 3].to_owned(),
        class: FindingClass::ALL[usize::from(number) % 9],
        decision: Decision::ALL[usize::from(number) % 4],
        first_seen: Some(at(i64::from(number) * 90_000)),
        candidate: b"{}".to_vec(),
        scope: Vec::new(),
    }
}

fn filter() -> impl Strategy<Value = ListFilter> {
    let some = |of: &[&'static str]| {
        prop::option::weighted(0.25, prop::sample::select(of.to_vec()))
            .prop_map(|text| text.map(str::to_owned))
    };
    let words = (
        some(&["aws.sns", "aws.sns.policy", "aws.s", "none"]),
        some(&["topic-3", "1", "eu-west-1:1", ":", "sns", "3:TOPIC", "nothing"]),
        some(&["111122223330", "111122223331", "x"]),
        some(&["eu-west-1", "us-east-1"]),
        prop::collection::vec(prop::sample::select(TOOLS.to_vec()), 0..2),
    );
    let numbers = (
        prop::collection::vec(0_usize..6, 0..4),
        prop::collection::vec(0_usize..4, 0..3),
        prop::collection::vec(0_usize..4, 0..2),
        prop::collection::vec(0_usize..9, 0..2),
        prop::option::weighted(0.2, 0_u32..600),
        prop::option::weighted(0.2, 0_i64..5_000_000),
    );
    (words, numbers).prop_map(|((control, asset, account, region, tools), numbers)| {
        let (severities, statuses, decisions, classes, min_score, since) = numbers;
        ListFilter {
            severities: severities.into_iter().map(|n| Severity::ALL[n]).collect(),
            statuses: statuses.into_iter().map(|n| STATUSES[n]).collect(),
            decisions: decisions.into_iter().map(|n| Decision::ALL[n]).collect(),
            classes: classes.into_iter().map(|n| FindingClass::ALL[n]).collect(),
            control,
            tools: tools.into_iter().map(str::to_owned).collect(),
            asset,
            team: account.clone().map(|_| "shop".to_owned()).filter(|_| region.is_some()),
            account,
            region,
            min_score,
            seen_since: since.map(at),
            ..ListFilter::default()
        }
    })
}

fn any_of<T: PartialEq>(wanted: &[T], value: &T) -> bool {
    wanted.is_empty() || wanted.contains(value)
}

fn seen_since(filter: &ListFilter, seen: u32) -> bool {
    filter.seen_since.is_none_or(|since| i64::from(seen) >= since.as_second())
}

/// What a filter asks of an issue that its findings do not say for themselves.
fn fits_context(filter: &ListFilter, brief: &Brief) -> bool {
    let [_, account, region, _]: [String; 4] = serde_json::from_str(&brief.place).unwrap();
    let control = brief.control.clone().unwrap_or_default();
    any_of(&filter.decisions, &brief.decision)
        && any_of(&filter.classes, &brief.class)
        && filter
            .control
            .as_ref()
            .is_none_or(|wanted| control == *wanted || control.starts_with(&format!("{wanted}.")))
        && filter
            .asset
            .as_ref()
            .is_none_or(|text| brief.asset.to_lowercase().contains(&text.to_lowercase()))
        && filter.team.as_ref().is_none_or(|wanted| brief.team == *wanted)
        && filter.account.as_ref().is_none_or(|wanted| account == *wanted)
        && filter.region.as_ref().is_none_or(|wanted| region == *wanted)
        && filter.min_score.is_none_or(|least| brief.score >= least)
}

fn fits_issue(filter: &ListFilter, known: &Known) -> bool {
    let brief = &known.brief;
    fits_context(filter, brief)
        && any_of(&filter.severities, &brief.severity)
        && any_of(&filter.statuses, &brief.status)
        && (filter.tools.is_empty()
            || filter.tools.iter().any(|wanted| brief.tools.split(',').any(|tool| tool == wanted)))
        && seen_since(filter, known.seen)
}

fn fits_finding(filter: &ListFilter, finding: &Plain, world: &World) -> bool {
    world.get(&finding.issue).is_some_and(|known| fits_context(filter, &known.brief))
        && any_of(&filter.severities, &finding.severity)
        && any_of(&filter.statuses, &finding.status)
        && any_of(&filter.tools, &finding.tool.to_owned())
        && seen_since(filter, finding.seen)
}

fn issue_rank(known: &Known, (sort, descending): (Sort, bool)) -> (i64, u128) {
    let id = u128::from_be_bytes(*known.key.as_bytes()) >> 1;
    let value = match sort {
        Sort::Score => i64::from(known.brief.score),
        Sort::Severity => i64::from(known.brief.severity.rank()),
        Sort::LastSeen => i64::from(known.seen),
        Sort::Id | Sort::OpenIssues => {
            return (0, if descending { u128::MAX - id } else { id });
        }
    };
    (if descending { -value } else { value }, id)
}

fn wish(filter: &ListFilter, (sort, descending): (Sort, bool)) -> Wish<'_> {
    Wish { filter, sort, descending, after: None, limit: 3, facets: true }
}

type Ask = fn(&Snapshot, &Wish<'_>) -> Listed<i64>;

/// All rows, page by page. Before each page the snapshot may be another.
fn paged(ask: Ask, first: &Wish<'_>, mut next: impl FnMut() -> Snapshot) -> Vec<i64> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = ask(&next(), &Wish { after, ..*first });
        rows.extend(page.rows);
        match page.next {
            Some(position) => after = Some(Position::from_bytes(position.to_bytes())),
            None => return rows,
        }
    }
}

fn facets_add_up<T>(listed: &Listed<T>) {
    for facet in listed.facets.iter().filter(|facet| facet.name != "tool") {
        let named: u64 = facet.values.iter().map(|(_, count)| count).sum();
        assert_eq!(named + facet.others, listed.count, "{facet:?}");
    }
}

fn check_against_plain(snapshot: &Snapshot, world: &World, all: &[Plain], filter: &ListFilter) {
    for order in SORTS.into_iter().flat_map(|sort| [(sort, false), (sort, true)]) {
        let wish = wish(filter, order);
        let listed = snapshot.issues(&wish);
        facets_add_up(&listed);
        let mut expected: Vec<(i64, &Known)> =
            world.iter().map(|(row, k)| (*row, k)).filter(|(_, k)| fits_issue(filter, k)).collect();
        expected.sort_by_key(|(_, known)| issue_rank(known, order));
        let expected: Vec<i64> = expected.into_iter().map(|(row, _)| row).collect();
        assert_eq!(usize::try_from(listed.count).unwrap(), expected.len());
        assert_eq!(paged(Snapshot::issues, &wish, || snapshot.clone()), expected);

        let listed = snapshot.findings(&wish);
        facets_add_up(&listed);
        let mut expected: Vec<&Plain> =
            all.iter().filter(|f| fits_finding(filter, f, world)).collect();
        expected.sort_by_key(|f| {
            let value = match order.0 {
                Sort::Score => i64::from(world[&f.issue].brief.score),
                Sort::Severity => i64::from(f.severity.rank()),
                Sort::LastSeen => i64::from(f.seen),
                Sort::Id | Sort::OpenIssues => f.row,
            };
            (if order.1 { -value } else { value }, f.row)
        });
        let expected: Vec<i64> = expected.into_iter().map(|f| f.row).collect();
        assert_eq!(usize::try_from(listed.count).unwrap(), expected.len());
        assert_eq!(paged(Snapshot::findings, &wish, || snapshot.clone()), expected);
    }
}

/// A snapshot that is limited says what one of a store would say that holds no more than that.
fn check_limited(
    whole: &Snapshot,
    (world, all): (&World, &[Plain]),
    (account, team): (&str, Option<&str>),
    filters: &[ListFilter],
) {
    let mut judged = Vec::new();
    let limited = whole.limited(&Labels::default(), |spot| {
        judged.push((spot.account.to_owned(), spot.region.to_owned(), spot.team.to_owned()));
        spot.account == account && team.is_none_or(|team| spot.team == team)
    });
    let times = judged.len();
    judged.sort();
    judged.dedup();
    assert_eq!(judged.len(), times, "a place is judged twice");
    let is_seen = |known: &Known| {
        let place: [String; 4] = serde_json::from_str(&known.brief.place).unwrap();
        place[1] == account && team.is_none_or(|team| known.brief.team == team)
    };
    let seen: World = world.clone().into_iter().filter(|(_, known)| is_seen(known)).collect();
    let seen_findings: Vec<Plain> =
        all.iter().filter(|f| seen.contains_key(&f.issue)).cloned().collect();
    for filter in filters.iter().chain([&ListFilter::default()]) {
        check_against_plain(&limited, &seen, &seen_findings, filter);
    }
    let statistics = limited.statistics();
    let count = |n: usize| u64::try_from(n).unwrap();
    assert_eq!(statistics.issues, count(seen.len()));
    assert_eq!(statistics.findings, count(seen_findings.len()));
    assert_eq!(limited.open_counts(), (statistics.open_issues, statistics.open_findings));
    let (issues, shown) = limited.shown().unwrap();
    assert_eq!(issues.iter().collect::<Vec<_>>(), seen.keys().copied().collect::<Vec<_>>());
    assert_eq!(shown.len(), seen_findings.len());
    assert!(world.keys().all(|row| limited.shows(*row) == seen.contains_key(row)));
    let assets: BTreeSet<&str> = seen.values().map(|known| known.brief.asset.as_str()).collect();
    let any = ListFilter::default();
    assert_eq!(limited.assets(&wish(&any, (Sort::Id, false))).count, count(assets.len()));
    assert!(whole.shown().is_none() && limited.is_limited());
}

/// All that a snapshot says, in an order that does not depend on how it came about.
fn said(snapshot: &Snapshot) -> String {
    let filter = ListFilter::default();
    let mut out = String::new();
    for sort in [Sort::Score, Sort::LastSeen, Sort::OpenIssues, Sort::Id] {
        let wish = Wish { limit: 500, ..wish(&filter, (sort, true)) };
        let (issues, findings) = (snapshot.issues(&wish), snapshot.findings(&wish));
        out += &format!("{issues:?}\n{findings:?}\n{:?}\n", snapshot.assets(&wish));
    }
    out + &format!("{:?}", snapshot.statistics())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn an_index_that_follows_says_what_a_new_one_says(
        files in prop::collection::vec(file(), 1..5),
        filters in prop::collection::vec(filter(), 6),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        let reader = Store::open(dir.path()).unwrap();
        let mut index = Index::load(&store).unwrap();
        let mut world = World::new();
        for file in &files {
            import(&mut store, file);
            judge(&mut store, &mut world);
            // Another connection sees the same changes.
            index.refresh(&reader).unwrap();
            prop_assert!(!index.refresh(&reader).unwrap());
            let fresh = Index::load(&store).unwrap();
            prop_assert_eq!(said(&index.snapshot()), said(&fresh.snapshot()));
        }
        let all = findings(&store);
        for filter in filters.iter().chain([&ListFilter::default()]) {
            check_against_plain(&index.snapshot(), &world, &all, filter);
            facets_add_up(&index.snapshot().assets(&wish(filter, (Sort::Id, false))));
        }
        for (account, team) in [("111122223330", None), ("111122223331", Some("shop")), ("x", None)] {
            check_limited(&index.snapshot(), (&world, &all), (account, team), &filters);
        }
    }

    #[test]
    fn what_stays_as_it_is_comes_once_while_files_are_imported(
        files in prop::collection::vec(file(), 2..6),
        sort in prop::sample::select(SORTS.to_vec()),
        descending in any::<bool>(),
        filter in filter(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        let mut index = Index::load(&store).unwrap();
        let (mut world, mut worlds) = (World::new(), Vec::new());
        let mut files = files.into_iter();
        let rows = paged(Snapshot::issues, &wish(&filter, (sort, descending)), || {
            if let Some(file) = files.next() {
                import(&mut store, &file);
                judge(&mut store, &mut world);
                index.refresh(&store).unwrap();
            }
            worlds.push(world.clone());
            index.snapshot()
        });
        let first = worlds.first().unwrap();
        let rank = |known: &Known| issue_rank(known, (sort, descending));
        for (row, known) in first.iter().filter(|(_, known)| fits_issue(&filter, known)) {
            let stays = worlds.iter().all(|world| {
                world.get(row).is_some_and(|k| fits_issue(&filter, k) && rank(k) == rank(known))
            });
            if stays {
                prop_assert_eq!(rows.iter().filter(|r| *r == row).count(), 1);
            }
        }
    }
}

#[test]
fn assets_have_their_open_issues() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let lines = (0..8).map(|n| Line {
        name: n,
        issue: n % 4,
        severity: usize::from(n) % 6,
        status: if n % 4 == 3 { 3 } else { 0 },
        tool: 0,
        second: 1,
    });
    import(&mut store, &File { lines: lines.collect(), complete: false, cautious: false });
    judge(&mut store, &mut World::new());
    let snapshot = Index::load(&store).unwrap().snapshot();
    let all = ListFilter::default();
    let listed = snapshot.assets(&Wish { limit: 500, ..wish(&all, (Sort::OpenIssues, true)) });
    let shown: Vec<_> = listed.rows.iter().map(|a| (a.open_issues, a.severity)).collect();
    let worst = |number: usize| Some(Severity::ALL[number]);
    assert_eq!(listed.count, 4);
    assert_eq!(shown.iter().filter(|(open, _)| *open == 1).count(), 3, "{shown:?}");
    assert_eq!(shown.last(), Some(&(0, None)));
    assert!(shown.contains(&(1, worst(4))) && shown.contains(&(1, worst(5))), "{shown:?}");
    for asset in &listed.rows {
        let only = ListFilter { asset_is: vec![asset.key.clone()], ..ListFilter::default() };
        assert_eq!(
            snapshot.assets(&wish(&only, (Sort::Id, false))).rows,
            std::slice::from_ref(asset)
        );
        let issues = snapshot.issues(&wish(&only, (Sort::Id, false)));
        assert_eq!(issues.rows, [asset.issue]);
        let of_issue = ListFilter { issue: Some(asset.issue), ..ListFilter::default() };
        assert_eq!(snapshot.findings(&wish(&of_issue, (Sort::Id, false))).count, 2);
    }
    let statistics = snapshot.statistics();
    assert_eq!((statistics.issues, statistics.open_issues), (4, 3));
    assert_eq!((statistics.findings, statistics.open_findings), (8, 6));
    assert_eq!(statistics.assets_with_open_issues, 3);
}

#[test]
fn a_database_from_before_there_were_lists_is_filled() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let lines = (0..30).map(|n| Line {
        name: n,
        issue: n % 7,
        severity: 4,
        status: usize::from(n % 4),
        tool: 0,
        second: i64::from(n),
    });
    import(&mut store, &File { lines: lines.collect(), complete: false, cautious: false });
    judge(&mut store, &mut World::new());
    let new = said(&Index::load(&store).unwrap().snapshot());
    store.connection.execute_batch("DELETE FROM finding_facets").unwrap();
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    let snapshot = Index::load(&store).unwrap().snapshot();
    // All findings have their issues' severity; only their tool is not known.
    let one_tool = ListFilter { tools: vec!["prowler".to_owned()], ..ListFilter::default() };
    assert_eq!(snapshot.findings(&wish(&one_tool, (Sort::Id, false))).count, 30);
    let unknown =
        said(&snapshot).replace("values: [(None, 30)]", "values: [(Some(\"prowler\"), 30)]");
    assert_eq!(unknown, new);
}
