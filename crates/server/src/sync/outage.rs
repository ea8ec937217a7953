//! A platform that is away for two hours, while its findings change and its webhooks are lost.

use std::time::Duration;

use quell_sources::live::LiveError;

use super::rest::Rest;
use super::tests::{Bench, DAY, Fake, Fault, fake, pass};
use super::turn::until_next;

/// How long it is away.
const AWAY: i64 = 2 * 3_600;
/// Within what all has to be as the platform says, once it is back.
const REPAIRED: i64 = 15 * 60;

/// What platforms say while they are away.
const FAULTS: [fn() -> LiveError; 4] = [
    || LiveError::Busy { wait: None, said: "503".to_owned() },
    || LiveError::Busy { wait: Some(Duration::from_secs(120)), said: "503".to_owned() },
    || LiveError::shape("$", "is a page of a proxy"),
    || LiveError::Login("the realm does not answer".to_owned()),
];

/// A server as it runs, with a clock that a test moves.
struct Running<'a> {
    bench: &'a Bench,
    fake: &'a Fake,
    rest: Rest,
    /// When it asks next.
    next: i64,
    /// Where between the shortest and the longest wait it comes to stand.
    chance: f64,
}

impl<'a> Running<'a> {
    fn new(bench: &'a Bench, fake: &'a Fake, chance: f64) -> Self {
        Self { bench, fake, rest: Rest::default(), next: fake.now(), chance }
    }

    /// Lets it run until a time. How often it asked.
    async fn until(&mut self, end: i64) -> usize {
        let mut turns = 0;
        while self.next <= end {
            pass(self.fake, self.next - self.fake.now());
            let result = self.bench.turn().await;
            let chance = (&mut self.rest, self.chance);
            let wait = until_next(&self.bench.platform, &result, chance);
            self.next += i64::try_from(wait.as_secs().max(1)).unwrap();
            turns += 1;
        }
        pass(self.fake, end - self.fake.now());
        turns
    }
}

/// Changes findings all through the outage: new ones, resolved ones, and ones that come back.
async fn change(running: &mut Running<'_>, fake: &Fake, begun: i64) -> usize {
    let mut turns = 0;
    for step in 0..24 {
        turns += running.until(begun + i64::from(step) * AWAY / 24).await;
        let now = fake.now();
        let mut world = fake.world();
        let again = if step % 5 == 4 { world.resolved.pop_first() } else { None };
        world.findings.insert(100 + step, now);
        world.findings.insert(step, now);
        world.resolved.insert(step);
        if let Some(again) = again {
            world.findings.insert(again, now);
        }
        drop(world);
        // A webhook that came through while nobody could be asked.
        if step == 20 {
            assert!(running.bench.platform.announce(b"120"));
        }
    }
    turns + running.until(begun + AWAY).await
}

fn truly_open(fake: &Fake) -> u64 {
    let world = fake.world();
    u64::try_from(world.findings.keys().filter(|id| !world.resolved.contains(id)).count()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hours_away_are_repaired_within_a_quarter_of_an_hour() {
    for (fault, chance) in FAULTS.into_iter().zip([1.0, 0.0, 0.5, 1.0]) {
        let (data, fake) = (tempfile::tempdir().unwrap(), fake(35));
        let bench = Bench::open(data.path(), &fake);
        let mut running = Running::new(&bench, &fake, chance);
        running.until(fake.now() + 600).await;
        assert_eq!(bench.open_findings(), 35);

        let begun = fake.now() + 1;
        fake.world().down = Some(fault);
        let turns = change(&mut running, &fake, begun).await;
        assert!(turns <= 80, "{turns} turns while it is away");
        assert_eq!(bench.open_findings(), 35, "nothing closes while nobody answers");
        assert!(bench.reason().is_some(), "it is told");

        fake.world().down = None;
        fake.world().asked.clear();
        running.until(begun + AWAY + REPAIRED).await;
        assert_eq!((bench.open_findings(), bench.reason()), (truly_open(&fake), None));
        // It was asked for what changed, not for all.
        assert!(fake.world().asked.iter().all(|(_, since, _)| since.is_some()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hours_away_in_the_middle_of_a_whole_reading_are_repaired_too() {
    for known in [true, false] {
        let (data, fake) = (tempfile::tempdir().unwrap(), fake(35));
        let bench = Bench::open(data.path(), &fake);
        let mut running = Running::new(&bench, &fake, 1.0);
        running.until(fake.now() + DAY - 600).await;
        // The nightly reading breaks off behind its second page.
        let busy = || LiveError::Busy { wait: None, said: "503".to_owned() };
        let asked = fake.world().asked.iter().filter(|(stream, ..)| *stream == "findings").count();
        bench.act(super::Act::Sync, super::Reach::Whole);
        fake.world().faults.insert(asked + 3, Fault::Error(busy));
        pass(&fake, 1);
        drop(bench.turn().await);
        let begun = fake.now();
        running.next = begun + 1;
        fake.world().down = Some(busy);
        change(&mut running, &fake, begun).await;
        fake.world().down = None;
        let asked = fake.world().asked.iter().filter(|(stream, ..)| *stream == "findings").count();
        if !known {
            // Two hours later the vendor does not know the place in the list any more.
            let cursor = || LiveError::Cursor("expired".to_owned());
            fake.world().faults.insert(asked + 1, Fault::Error(cursor));
        }
        running.until(begun + AWAY + REPAIRED).await;
        assert_eq!((bench.open_findings(), bench.reason()), (truly_open(&fake), None), "{known}");
    }
}
