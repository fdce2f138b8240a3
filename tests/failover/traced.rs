//! A submission to a writer that follows is one trace, over both writers.

use std::time::Duration;

use fasti_kit::http::Connection;
use fasti_kit::trace_collector::{Mood, Received, TraceCollector};

use crate::bucket::{Bucket, HASTY};
use crate::fleet::{Fleet, WRITERS};
use crate::scene::Scene;

#[test]
fn a_trace_goes_on_at_the_leader() {
    let (bucket, scene) = (Bucket::new(), Scene::new(Duration::from_secs(20)));
    let mut collector = TraceCollector::start(Mood::Takes);
    let url = collector.url();
    let flags = [&HASTY[..], &["--traces", &url, "--traces-sample", "0"]].concat();
    let mut fleet = Fleet::of(&scene, &bucket, &flags);
    fleet.wait(Duration::from_millis(500));
    let leader = fleet.leader().expect("somebody leads");
    let follower = (0..WRITERS).find(|n| *n != leader).expect("there are others");

    let mut connection = Connection::open(fleet.address(follower)).expect("it listens");
    let parent = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
    let answer = connection.post_with("/add", parent, b"an entry").expect("an answer");
    assert_eq!(answer.status, 200);
    let named = |name: &'static str| move |one: &Received| one.span.name == name;
    let asked = collector.wait_for(named("POST add")).span;
    let forward = collector.wait_for(named("forward")).span;
    let led = collector.wait_for(named("POST forward")).span;
    let commit = collector.wait_for(named("commit")).span;
    for span in [&forward, &led, &commit] {
        assert_eq!(span.trace_id, asked.trace_id);
    }
    assert_eq!(forward.parent_span_id, asked.span_id);
    assert_eq!(led.parent_span_id, asked.span_id);
    assert_eq!(commit.parent_span_id, led.span_id);
    // One machine has one clock.
    assert!(forward.start_time_unix_nano <= led.start_time_unix_nano);
    assert!(commit.end_time_unix_nano <= forward.end_time_unix_nano);
}
