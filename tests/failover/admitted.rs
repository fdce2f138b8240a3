//! A submission that a writer has admitted and forwards is not checked again.

use std::time::Duration;

use fasti_kit::http::Connection;

use crate::bucket::{Bucket, HASTY};
use crate::fleet::{Fleet, WRITERS};
use crate::scene::Scene;

/// How many submissions each writer accepts from a client.
const LIMIT: usize = 5;

#[test]
fn a_leader_does_not_limit_what_followers_have_admitted() {
    let (bucket, scene) = (Bucket::new(), Scene::new(Duration::from_secs(20)));
    let flags =
        [&HASTY[..], &["--rate-limit-client", "5/h", "--rate-limit-global", "5/h"]].concat();
    let mut fleet = Fleet::of(&scene, &bucket, &flags);
    fleet.wait(Duration::from_millis(500));
    let leader = fleet.leader().expect("somebody leads");
    // The leader comes last: by then it has accepted ten entries from followers.
    let followers = (0..WRITERS).filter(|n| *n != leader);
    for n in followers.chain([leader]) {
        let mut connection = Connection::open(fleet.address(n)).expect("it listens");
        let mut add = |entry: usize| {
            let entry = format!("entry {entry} of {n}");
            connection.post("/add", entry.as_bytes()).expect("an answer").status
        };
        let statuses: Vec<u16> = (0..=LIMIT).map(&mut add).collect();
        assert_eq!(statuses, [200, 200, 200, 200, 200, 429], "writer {n}");
    }
    assert_eq!(fleet.leader(), Some(leader), "the leader has not changed");
}
