//! What is promised of the ledger: against a model of it, and from many threads.

use std::collections::BTreeMap;
use std::sync::Barrier;

use proptest::prelude::*;
use quell_model::{TenantId, Timestamp};

use super::*;

const BEGIN: i64 = 1_750_000_000;
const MOST: SpendMost = SpendMost { tokens: 1_000, money: 500 };

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(BEGIN + second).unwrap()
}

fn tenant(name: &str) -> TenantId {
    name.parse().unwrap()
}

fn store() -> (tempfile::TempDir, ServerStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = ServerStore::open(folder.path()).unwrap();
    (folder, store)
}

fn ask(tenant: &TenantId, tokens: u64, money: Option<u64>) -> SpendAsk<'_> {
    let (task, provider, model) = ("explain", "claude", "claude-haiku-5-5");
    let (user, incident) = (Some("ana"), Some("inc-1"));
    SpendAsk { tenant, user, incident, task, provider, model, tokens, money }
}

fn limits() -> SpendLimits {
    SpendLimits { tenant_day: MOST, user_day: MOST, incident: MOST }
}

fn yes(reserved: Reserved) -> SpendId {
    match reserved {
        Reserved::Yes(id) => id,
        Reserved::No(over) => panic!("{over:?}"),
        Reserved::NoPrice => panic!("no price"),
    }
}

fn used(input: u64, output: u64, money: u64) -> SpendUsed {
    SpendUsed { input, output, money: Some(money), ..SpendUsed::default() }
}

fn all(store: &ServerStore, tenant: &TenantId, now: Timestamp) -> SpendRow {
    let rows = store.spend_list(tenant, SpendBy::All, (400, 1), now).unwrap();
    rows.into_iter().next().unwrap_or_default()
}

#[test]
fn what_is_reserved_counts_in_full_until_its_end_is_told() {
    let (_folder, mut store) = store();
    let a = tenant("a");
    let one = yes(store.spend_reserve(&ask(&a, 600, Some(100)), &limits(), at(0)).unwrap());
    let over = SpendOver {
        scope: SpendScope::TenantDay,
        what: SpendWhat::Tokens,
        limit: 1_000,
        used: 600,
    };
    let second = store.spend_reserve(&ask(&a, 401, Some(1)), &limits(), at(1)).unwrap();
    assert_eq!(second, Reserved::No(over));
    assert!(store.spend_settle(one, &used(100, 50, 20)).unwrap());
    assert!(!store.spend_settle(one, &used(900, 50, 20)).unwrap(), "once");
    assert!(!store.spend_release(one).unwrap());
    let two = yes(store.spend_reserve(&ask(&a, 850, Some(480)), &limits(), at(2)).unwrap());
    let today = store.spend_today(&a, Some("ana"), at(3)).unwrap();
    assert_eq!((today.tenant, today.user), (SpendMost { tokens: 1_000, money: 500 }, MOST));
    assert_eq!((today.open, today.reserved), (1, SpendMost { tokens: 850, money: 480 }));
    assert!(store.spend_release(two).unwrap());
    let today = store.spend_today(&a, Some("ana"), at(4)).unwrap();
    assert_eq!((today.tenant, today.open), (SpendMost { tokens: 150, money: 20 }, 0));
    let row = all(&store, &a, at(4));
    assert_eq!((row.calls, row.tokens, row.money, row.refused), (1, 150, 20, 1));
    assert_eq!(store.spend_today(&tenant("b"), None, at(4)).unwrap(), SpendLeft::default());
}

#[test]
fn each_limit_holds_by_itself() {
    let (_folder, mut store) = store();
    let (a, b) = (tenant("a"), tenant("b"));
    let of = |user, incident| SpendAsk { user, incident, ..ask(&a, 10, Some(10)) };
    let small = SpendMost { tokens: 10, money: 10 };
    let users = SpendLimits { user_day: small, ..limits() };
    yes(store.spend_reserve(&of(Some("ana"), None), &users, at(0)).unwrap());
    let no = store.spend_reserve(&of(Some("ana"), None), &users, at(0)).unwrap();
    assert!(matches!(no, Reserved::No(SpendOver { scope: SpendScope::UserDay, .. })), "{no:?}");
    yes(store.spend_reserve(&of(Some("bo"), None), &users, at(0)).unwrap());
    yes(store.spend_reserve(&of(None, None), &users, at(0)).unwrap());
    yes(store
        .spend_reserve(&SpendAsk { tenant: &b, ..of(Some("ana"), None) }, &users, at(0))
        .unwrap());
    let incidents = SpendLimits { incident: small, ..limits() };
    yes(store.spend_reserve(&of(None, Some("i")), &incidents, at(0)).unwrap());
    // Over all days.
    let no = store.spend_reserve(&of(None, Some("i")), &incidents, at(86_400 * 30)).unwrap();
    assert!(matches!(no, Reserved::No(SpendOver { scope: SpendScope::Incident, .. })), "{no:?}");
    yes(store.spend_reserve(&of(Some("ana"), Some("j")), &users, at(86_400)).unwrap());
}

#[test]
fn nothing_may_be_spent_under_a_limit_of_nothing_or_without_a_price() {
    let (_folder, mut store) = store();
    let a = tenant("a");
    let none = SpendLimits::default();
    let no = store.spend_reserve(&ask(&a, 0, Some(0)), &none, at(0)).unwrap();
    let over =
        SpendOver { scope: SpendScope::TenantDay, what: SpendWhat::Tokens, limit: 0, used: 0 };
    assert_eq!(no, Reserved::No(over), "no call is free of tokens");
    let unpriced = store.spend_reserve(&ask(&a, 1, None), &limits(), at(0)).unwrap();
    assert_eq!(unpriced, Reserved::NoPrice);
    // Nothing is a price, and then no money is spent.
    let free = SpendLimits { tenant_day: SpendMost { money: 0, ..MOST }, ..limits() };
    yes(store.spend_reserve(&ask(&a, 1, Some(0)), &free, at(0)).unwrap());
    let no = store.spend_reserve(&ask(&a, 1, Some(1)), &free, at(0)).unwrap();
    assert!(matches!(no, Reserved::No(SpendOver { what: SpendWhat::Money, limit: 0, .. })));
    let huge = SpendMost { tokens: u64::MAX, money: u64::MAX };
    let huge = SpendLimits { tenant_day: huge, user_day: huge, incident: huge };
    let no = store.spend_reserve(&ask(&a, u64::MAX, Some(u64::MAX)), &huge, at(0)).unwrap();
    assert!(matches!(no, Reserved::No(_)), "{no:?}");
    assert_eq!(all(&store, &a, at(0)).refused, 4);
}

#[test]
fn what_takes_more_than_was_reserved_is_written_down_and_stops_the_next() {
    let (_folder, mut store) = store();
    let a = tenant("a");
    let one = yes(store.spend_reserve(&ask(&a, 900, Some(400)), &limits(), at(0)).unwrap());
    assert!(store.spend_settle(one, &used(1_000, 200, 700)).unwrap());
    let today = store.spend_today(&a, None, at(1)).unwrap();
    assert_eq!(today.tenant, SpendMost { tokens: 1_200, money: 700 });
    let no = store.spend_reserve(&ask(&a, 1, Some(0)), &limits(), at(1)).unwrap();
    assert!(matches!(no, Reserved::No(SpendOver { used: 1_200, .. })), "{no:?}");
    assert_eq!(all(&store, &a, at(1)).over, 1);
    // A number that cannot be bars the door for good, and breaks nothing.
    let b = tenant("b");
    let one = yes(store.spend_reserve(&ask(&b, 1, Some(1)), &limits(), at(1)).unwrap());
    assert!(store.spend_settle(one, &used(u64::MAX, u64::MAX, u64::MAX)).unwrap());
    let no = store.spend_reserve(&ask(&b, 1, Some(0)), &limits(), at(1)).unwrap();
    assert!(matches!(no, Reserved::No(_)), "{no:?}");
    assert_eq!(all(&store, &b, at(1)).money, 1 << 53);
}

#[test]
fn a_call_without_an_end_counts_as_spent_and_its_end_may_come_late() {
    let (folder, mut store) = store();
    let a = tenant("a");
    let one = yes(store.spend_reserve(&ask(&a, 300, Some(90)), &limits(), at(0)).unwrap());
    drop(store);
    let mut store = ServerStore::open(folder.path()).unwrap();
    assert_eq!(store.spend_sweep(at(7_199)).unwrap().lost, 0);
    assert_eq!(store.spend_sweep(at(7_200)).unwrap().lost, 1);
    assert_eq!(store.spend_sweep(at(7_201)).unwrap().lost, 0);
    let row = all(&store, &a, at(7_201));
    assert_eq!((row.calls, row.unended, row.lost, row.tokens, row.money), (1, 1, 300, 300, 90));
    let today = store.spend_today(&a, None, at(7_201)).unwrap();
    assert_eq!((today.tenant, today.open), (SpendMost { tokens: 300, money: 90 }, 0));
    assert!(store.spend_settle(one, &used(10, 5, 3)).unwrap());
    let row = all(&store, &a, at(7_202));
    assert_eq!((row.calls, row.unended, row.lost, row.tokens, row.money), (1, 0, 0, 15, 3));
    assert_eq!(store.spend_of_incident(&a, "inc-1").unwrap(), SpendMost { tokens: 15, money: 3 });
    let two = yes(store.spend_reserve(&ask(&a, 300, Some(90)), &limits(), at(0)).unwrap());
    store.spend_sweep(at(7_200)).unwrap();
    store.spend_sweep(at(8 * 86_400)).unwrap();
    assert!(!store.spend_settle(two, &used(10, 5, 3)).unwrap(), "too late");
    assert_eq!(store.spend_of_incident(&a, "inc-1").unwrap().tokens, 315);
}

#[test]
fn spending_is_told_by_day_task_user_incident_and_provider() {
    let (_folder, mut store) = store();
    let a = tenant("a");
    for (day, user, task, tokens) in
        [(0, "ana", "explain", 10), (1, "bo", "fix", 20), (2, "ana", "fix", 40)]
    {
        let one = SpendAsk { user: Some(user), task, ..ask(&a, tokens, Some(tokens)) };
        let id = yes(store.spend_reserve(&one, &limits(), at(day * 86_400)).unwrap());
        assert!(store.spend_settle(id, &used(tokens, 0, tokens)).unwrap());
        store.spend_kept(&one, at(day * 86_400)).unwrap();
    }
    let now = at(2 * 86_400);
    let names = |by, days| {
        let rows = store.spend_list(&a, by, (days, 10), now).unwrap();
        rows.into_iter().map(|row| (row.name, row.tokens, row.kept)).collect::<Vec<_>>()
    };
    let row = |name: &str, tokens, kept| (name.to_owned(), tokens, kept);
    assert_eq!(names(SpendBy::Day, 2), [row("2025-06-17", 40, 1), row("2025-06-16", 20, 1)]);
    assert_eq!(names(SpendBy::Task, 3), [row("fix", 60, 2), row("explain", 10, 1)]);
    assert_eq!(names(SpendBy::User, 3), [row("ana", 50, 2), row("bo", 20, 1)]);
    assert_eq!(names(SpendBy::Incident, 1), [row("inc-1", 40, 1)]);
    assert_eq!(names(SpendBy::Provider, 3), [row("claude claude-haiku-5-5", 70, 3)]);
    assert_eq!(store.spend_sweep(at(402 * 86_400)).unwrap().forgotten, 2);
    assert_eq!(store.spend_of_incident(&a, "inc-1").unwrap().tokens, 70, "never forgotten");
}

#[test]
fn many_callers_cannot_pass_a_limit_together() {
    const CALLERS: u64 = 32;
    let (folder, store) = store();
    drop(store);
    let most = SpendMost { tokens: 40_000, money: 1_000_000 };
    let limits = SpendLimits { tenant_day: most, user_day: most, incident: most };
    let begin = Barrier::new(usize::try_from(CALLERS).unwrap());
    let caller = |number: u64| {
        let mut store = ServerStore::open(folder.path()).unwrap();
        let a = tenant("a");
        begin.wait();
        let (mut counts, mut refused) = (0, 0);
        for turn in 0..12 {
            let tokens = 100 + (number * 37 + turn * 61) % 300;
            let reserved =
                patiently(|| store.spend_reserve(&ask(&a, tokens, Some(1)), &limits, at(0)));
            match reserved {
                Reserved::Yes(id) if turn % 4 == 1 => {
                    assert!(patiently(|| store.spend_settle(id, &used(tokens / 2, 0, 1))));
                    counts += tokens / 2;
                }
                Reserved::Yes(id) if turn % 4 == 2 => {
                    assert!(patiently(|| store.spend_release(id)));
                }
                // As if its process ended here.
                Reserved::Yes(_) => counts += tokens,
                Reserved::No(over) => {
                    assert!(over.used + tokens > over.limit && over.used <= over.limit, "{over:?}");
                    refused += 1;
                }
                Reserved::NoPrice => panic!("no price"),
            }
        }
        (counts, refused)
    };
    let caller = &caller;
    let told: Vec<(u64, u64)> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..CALLERS).map(|n| scope.spawn(move || caller(n))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let (counts, refused) = told.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let store = ServerStore::open(folder.path()).unwrap();
    let today = store.spend_today(&tenant("a"), Some("ana"), at(1)).unwrap();
    assert_eq!(today.tenant.tokens, counts);
    assert_eq!(today.user.tokens, counts);
    assert!(counts <= 40_000 && counts > 40_000 - 400 && refused > 0, "{counts} {refused}");
}

/// Waits on where others hold the database for longer than a caller would.
fn patiently<T>(mut what: impl FnMut() -> Result<T, StoreError>) -> T {
    loop {
        match what() {
            Ok(done) => return done,
            Err(StoreError::Busy) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// What happens to the ledger.
#[derive(Debug, Clone)]
enum Act {
    Reserve { by: usize, who: (usize, usize, usize), tokens: u64, money: Option<u64> },
    Settle { by: usize, which: usize, tokens: u64, money: Option<u64> },
    Release { by: usize, which: usize },
    Crash { by: usize },
    Wait { seconds: i64 },
    Sweep { by: usize },
}

fn act() -> impl Strategy<Value = Act> {
    let by = 0..CONNECTIONS;
    let money = prop_oneof![4 => (0..120_u64).prop_map(Some), 1 => Just(None)];
    prop_oneof![
        6 => (by.clone(), (0..2_usize, 0..3_usize, 0..3_usize), 0..300_u64, money.clone())
            .prop_map(|(by, who, tokens, money)| Act::Reserve { by, who, tokens, money }),
        4 => (by.clone(), any::<usize>(), 0..400_u64, money)
            .prop_map(|(by, which, tokens, money)| Act::Settle { by, which, tokens, money }),
        1 => (by.clone(), any::<usize>()).prop_map(|(by, which)| Act::Release { by, which }),
        1 => by.clone().prop_map(|by| Act::Crash { by }),
        2 => (0..50_000_i64).prop_map(|seconds| Act::Wait { seconds }),
        1 => by.prop_map(|by| Act::Sweep { by }),
    ]
}

const CONNECTIONS: usize = 3;
const TENANTS: [&str; 2] = ["a", "b"];
const USERS: [Option<&str>; 3] = [None, Some("ana"), Some("bo")];
const INCIDENTS: [Option<&str>; 3] = [None, Some("i"), Some("j")];

/// A call as the model of the ledger knows it.
#[derive(Debug, Clone)]
struct Call {
    who: (usize, usize, usize),
    made: i64,
    most: SpendMost,
    counts: SpendMost,
    open: bool,
    lost: bool,
}

impl Call {
    /// Whether it counts in the sum of that limit for one who asks at that time.
    fn is_in(&self, scope: SpendScope, who: (usize, usize, usize), now: i64) -> bool {
        let today = day_of(at(self.made)) == day_of(at(now));
        let own = self.who.0 == who.0;
        match scope {
            SpendScope::TenantDay => own && today,
            SpendScope::UserDay => own && today && self.who.1 == who.1,
            SpendScope::Incident => own && self.who.2 == who.2,
        }
    }
}

#[derive(Debug, Default)]
struct Model {
    calls: Vec<(SpendId, Call)>,
    now: i64,
}

fn small_limits() -> SpendLimits {
    SpendLimits {
        tenant_day: SpendMost { tokens: 1_500, money: 700 },
        user_day: SpendMost { tokens: 900, money: 400 },
        incident: SpendMost { tokens: 1_100, money: 600 },
    }
}

impl Model {
    fn sum(&self, scope: SpendScope, who: (usize, usize, usize)) -> SpendMost {
        let counted = self.calls.iter().filter(|(_, call)| call.is_in(scope, who, self.now));
        counted.fold(SpendMost::default(), |sum, (_, call)| SpendMost {
            tokens: sum.tokens + call.counts.tokens,
            money: sum.money + call.counts.money,
        })
    }

    /// What calls in that sum took above what was reserved for them.
    fn excess(&self, scope: SpendScope, who: (usize, usize, usize)) -> SpendMost {
        let counted = self.calls.iter().filter(|(_, call)| call.is_in(scope, who, self.now));
        counted.fold(SpendMost::default(), |sum, (_, call)| SpendMost {
            tokens: sum.tokens + call.counts.tokens.saturating_sub(call.most.tokens),
            money: sum.money + call.counts.money.saturating_sub(call.most.money),
        })
    }

    fn scopes(who: (usize, usize, usize)) -> Vec<SpendScope> {
        let all = [
            (SpendScope::TenantDay, true),
            (SpendScope::UserDay, USERS[who.1].is_some()),
            (SpendScope::Incident, INCIDENTS[who.2].is_some()),
        ];
        all.into_iter().filter(|(_, is)| *is).map(|(scope, _)| scope).collect()
    }

    fn may(&self, who: (usize, usize, usize), most: SpendMost) -> bool {
        Self::scopes(who).into_iter().all(|scope| {
            let (sum, limit) = (self.sum(scope, who), small_limits().of(scope));
            let fits = |has: u64, more: u64, limit: u64| more == 0 || has + more <= limit;
            fits(sum.tokens, most.tokens, limit.tokens) && fits(sum.money, most.money, limit.money)
        })
    }
}

fn play(store: &mut [ServerStore], folder: &std::path::Path, model: &mut Model, act: &Act) {
    let now = at(model.now);
    match *act {
        Act::Reserve { by, who, tokens, money } => {
            let tenant = tenant(TENANTS[who.0]);
            let (user, incident) = (USERS[who.1], INCIDENTS[who.2]);
            let asked = SpendAsk { user, incident, ..ask(&tenant, tokens, money) };
            let reserved = store[by].spend_reserve(&asked, &small_limits(), now).unwrap();
            let most = SpendMost { tokens: tokens.max(1), money: money.unwrap_or_default() };
            match reserved {
                Reserved::Yes(id) => {
                    assert!(money.is_some() && model.may(who, most), "{asked:?}");
                    let call =
                        Call { who, made: model.now, most, counts: most, open: true, lost: false };
                    model.calls.push((id, call));
                }
                Reserved::No(_) => assert!(money.is_some() && !model.may(who, most), "{asked:?}"),
                Reserved::NoPrice => assert!(money.is_none()),
            }
        }
        Act::Settle { by, which, tokens, money } => {
            let count = model.calls.len().max(1);
            let Some((id, call)) = model.calls.get_mut(which % count) else { return };
            let told = SpendUsed { input: tokens, money, ..SpendUsed::default() };
            assert_eq!(store[by].spend_settle(*id, &told).unwrap(), call.open);
            if call.open {
                call.counts = SpendMost { tokens, money: money.unwrap_or(call.most.money) };
                (call.open, call.lost) = (false, false);
            }
        }
        Act::Release { by, which } => {
            let count = model.calls.len().max(1);
            let Some((id, call)) = model.calls.get_mut(which % count) else { return };
            assert_eq!(store[by].spend_release(*id).unwrap(), call.open);
            if call.open {
                model.calls.remove(which % count);
            }
        }
        Act::Crash { by } => store[by] = open(folder),
        Act::Wait { seconds } => model.now += seconds,
        Act::Sweep { by } => {
            let mut lost = 0;
            for (_, call) in &mut model.calls {
                call.open &= !call.lost || model.now - call.made < 7 * 86_400;
                if call.open && !call.lost && model.now - call.made >= 7_200 {
                    call.lost = true;
                    lost += 1;
                }
            }
            assert_eq!(store[by].spend_sweep(now).unwrap().lost, lost);
        }
    }
}

fn open(folder: &std::path::Path) -> ServerStore {
    let store = ServerStore::open(folder).unwrap();
    store.connection.pragma_update(None, "synchronous", "OFF").unwrap();
    store
}

/// The sums that are kept are those of the model, and above no limit but by excess.
fn compare(store: &ServerStore, model: &Model) {
    for (tenant_at, name) in TENANTS.iter().enumerate() {
        let id = tenant(name);
        let mut rows = BTreeMap::new();
        for (user, name) in USERS.into_iter().enumerate() {
            let today = store.spend_today(&id, name, at(model.now)).unwrap();
            let who = (tenant_at, user, 0);
            assert_eq!(today.tenant, model.sum(SpendScope::TenantDay, who));
            rows.insert((SpendScope::TenantDay, 0), (today.tenant, who));
            if name.is_some() {
                assert_eq!(today.user, model.sum(SpendScope::UserDay, who));
                rows.insert((SpendScope::UserDay, user), (today.user, who));
            }
        }
        for (at, incident) in INCIDENTS.iter().enumerate() {
            let Some(incident) = incident else { continue };
            let sum = store.spend_of_incident(&id, incident).unwrap();
            assert_eq!(sum, model.sum(SpendScope::Incident, (tenant_at, 0, at)));
            rows.insert((SpendScope::Incident, at), (sum, (tenant_at, 0, at)));
        }
        for ((scope, _), (sum, who)) in rows {
            let (limit, excess) = (small_limits().of(scope), model.excess(scope, who));
            assert!(sum.tokens <= limit.tokens + excess.tokens, "{scope:?} {sum:?}");
            assert!(sum.money <= limit.money + excess.money, "{scope:?} {sum:?}");
        }
        let told = all(store, &id, at(model.now));
        let ended = model.calls.iter().map(|(_, call)| call);
        let ended = ended.filter(|call| call.who.0 == tenant_at && (!call.open || call.lost));
        let (calls, tokens, money) = ended.fold((0, 0, 0), |sum, call| {
            (sum.0 + 1, sum.1 + call.counts.tokens, sum.2 + call.counts.money)
        });
        assert_eq!((told.calls, told.tokens, told.money), (calls, tokens, money));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_is_its_model(acts in prop::collection::vec(act(), 1..60)) {
        let folder = tempfile::tempdir().unwrap();
        let mut stores: Vec<ServerStore> = (0..CONNECTIONS).map(|_| open(folder.path())).collect();
        let mut model = Model::default();
        for act in &acts {
            play(&mut stores, folder.path(), &mut model, act);
            compare(&stores[0], &model);
        }
    }
}
