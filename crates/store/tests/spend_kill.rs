//! Processes that spend are killed again and again: nothing that was reserved is freed by it, and
//! no limit is passed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use quell_model::{TenantId, Timestamp};
use quell_store::{
    Reserved, ServerStore, SpendAsk, SpendBy, SpendLimits, SpendMost, SpendRow, SpendUsed,
    StoreError,
};

/// Names the data directory of a process that spends.
const FOLDER: &str = "QUELL_TEST_SPEND_FOLDER";
/// What a call reserves, and what it takes.
const RESERVED: u64 = 10;
const TAKEN: u64 = 7;
const LIMIT: u64 = 10_000;

fn now() -> Timestamp {
    Timestamp::from_second(1_750_000_000).unwrap()
}

fn patiently<T>(mut what: impl FnMut() -> Result<T, StoreError>) -> T {
    loop {
        match what() {
            Ok(done) => return done,
            Err(StoreError::Busy) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Spends until a limit or a kill ends it, if it was started for that.
#[test]
fn a_process_that_spends() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let mut store = patiently(|| ServerStore::open(Path::new(&folder)));
    let tenant = TenantId::default();
    let most = SpendMost { tokens: LIMIT, money: LIMIT };
    let limits = SpendLimits { tenant_day: most, user_day: most, incident: most };
    let (task, provider, model) = ("explain", "claude", "m");
    let (user, incident, tenant) = (Some("ana"), Some("i"), &tenant);
    let (tokens, money) = (RESERVED, Some(RESERVED));
    let ask = SpendAsk { tenant, user, incident, task, provider, model, tokens, money };
    let used = SpendUsed { input: TAKEN, money: Some(TAKEN), ..SpendUsed::default() };
    let mut out = std::io::stdout().lock();
    for turn in 0.. {
        let Reserved::Yes(id) = patiently(|| store.spend_reserve(&ask, &limits, now())) else {
            writeln!(out, "over").unwrap();
            return;
        };
        writeln!(out, "reserved").unwrap();
        if turn % 3 > 0 {
            assert!(patiently(|| store.spend_settle(id, &used)));
            writeln!(out, "settled").unwrap();
        }
    }
}

fn start(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_process_that_spends", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What two processes said before they were killed, as counts of what was reserved and settled, and
/// whether one met the limit.
fn round(folder: &Path, lines: usize) -> (u64, u64, bool) {
    let mut children = [start(folder), start(folder)];
    let mut said = Vec::new();
    let mut readers: Vec<_> = children
        .iter_mut()
        .map(|child| BufReader::new(child.stdout.take().unwrap()).lines())
        .collect();
    for reader in &mut readers {
        said.extend(reader.by_ref().take(lines).map_while(Result::ok));
    }
    for child in &mut children {
        child.kill().unwrap();
    }
    for (child, reader) in children.iter_mut().zip(readers) {
        said.extend(reader.map_while(Result::ok));
        child.wait().unwrap();
    }
    // The runner's own words may stand before one of ours.
    let count = |word: &str| said.iter().filter(|line| line.ends_with(word)).count();
    let number = |word| u64::try_from(count(word)).unwrap();
    (number("reserved"), number("settled"), count("over") > 0)
}

#[test]
fn a_kill_frees_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = TenantId::default();
    let (mut reserved, mut settled, mut over) = (0, 0, false);
    for kill in 0..8 {
        let said = round(folder.path(), 20 + kill * 17);
        (reserved, settled, over) = (reserved + said.0, settled + said.1, over || said.2);
        let store = ServerStore::open(folder.path()).unwrap();
        let today = store.spend_today(&tenant, Some("ana"), now()).unwrap();
        let ended = ended(&store, &tenant);
        // What is on the disk was reserved before it was told, so there is no less than was told.
        assert!(today.open + ended.calls >= reserved && ended.calls >= settled, "{today:?}");
        let counts = today.open * RESERVED + ended.calls * TAKEN;
        assert_eq!(today.tenant, SpendMost { tokens: counts, money: counts });
        assert_eq!((today.user, today.reserved.tokens), (today.tenant, today.open * RESERVED));
        assert!(counts <= LIMIT, "{counts}");
    }
    assert!(reserved > 100 && settled > 50, "{reserved} {settled} {over}");
    let mut store = ServerStore::open(folder.path()).unwrap();
    let before = store.spend_today(&tenant, None, now()).unwrap();
    let later = Timestamp::from_second(1_750_000_000 + 7_200).unwrap();
    assert_eq!(store.spend_sweep(later).unwrap().lost, before.open);
    assert_eq!(store.spend_today(&tenant, None, now()).unwrap().tenant, before.tenant);
    assert_eq!(ended(&store, &tenant).unended, before.open);
}

fn ended(store: &ServerStore, tenant: &TenantId) -> SpendRow {
    let rows = store.spend_list(tenant, SpendBy::All, (1, 1), now()).unwrap();
    rows.into_iter().next().unwrap_or_default()
}
