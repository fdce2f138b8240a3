//! Each fault does what it says, and only what it says.

use std::time::{Duration, Instant};

use fasti_buckets::{Fault, Operation, Rule};
use http::StatusCode;
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt, PutMode};

use crate::contract::{read, text};
use crate::s3::start;

const LATE: Duration = Duration::from_millis(200);

/// The result of one faulty create of a new object: the client's answer, and what is stored.
async fn create_under(fault: Fault) -> (Result<(), Error>, Option<String>) {
    let (server, client) = start().await;
    let struck = server.faults().add(Rule::new(fault).on(Operation::Put).keys("*a").nth(2));
    client.put(&Path::from("first/a"), text(0)).await.expect("not the second");
    client.put(&Path::from("other/b"), text(0)).await.expect("another key");
    let path = Path::from("second/a");
    let answer = client.put_opts(&path, text(7), PutMode::Create.into()).await.map(|_| ());
    assert_eq!(struck.count(), 1);
    let stored = server.objects().get("second/a");
    client.put(&Path::from("third/a"), text(0)).await.expect("not the second");
    (answer, stored.map(|object| String::from_utf8(object.bytes.to_vec()).expect("text")))
}

#[tokio::test]
async fn refusals_have_no_effect() {
    for status in [429_u16, 500, 503] {
        let fault = Fault::Refuse(StatusCode::from_u16(status).expect("a status"));
        let (answer, stored) = create_under(fault).await;
        let error = answer.expect_err("refused").to_string();
        assert!(error.contains(&status.to_string()), "{error}");
        assert_eq!(stored, None);
    }
    for status in [StatusCode::CONFLICT, StatusCode::PRECONDITION_FAILED] {
        let (answer, stored) = create_under(Fault::Refuse(status)).await;
        // A client cannot tell a conflict from an object that exists.
        assert!(matches!(answer, Err(Error::AlreadyExists { .. })), "{answer:?}");
        assert_eq!(stored, None);
    }
}

#[tokio::test]
async fn failures_after_the_effect_have_it() {
    let fault = Fault::FailAfter(StatusCode::SERVICE_UNAVAILABLE);
    let (answer, stored) = create_under(fault).await;
    assert!(answer.expect_err("failed").to_string().contains("503"));
    assert_eq!(stored.as_deref(), Some("7"));
}

#[tokio::test]
async fn resets_come_before_or_after() {
    for (fault, effect) in [(Fault::ResetBefore, None), (Fault::ResetAfter, Some("7"))] {
        let (answer, stored) = create_under(fault).await;
        let error = format!("{:?}", answer.expect_err("no answer"));
        assert!(
            error.contains("ConnectionReset") || error.contains("IncompleteMessage"),
            "{error}"
        );
        assert_eq!(stored.as_deref(), effect);
    }
}

#[tokio::test]
async fn stalls_come_before_or_after() {
    for fault in [Fault::StallBefore(LATE), Fault::StallAfter(LATE)] {
        let (server, client) = start().await;
        server.faults().add(Rule::new(fault).on(Operation::Put));
        let begun = Instant::now();
        let path = Path::from("a");
        let write = tokio::spawn({
            let (client, path) = (client.clone(), path.clone());
            async move { client.put(&path, text(1)).await }
        });
        tokio::time::sleep(LATE / 2).await;
        let is_there = server.objects().get("a").is_some();
        assert_eq!(is_there, matches!(fault, Fault::StallAfter(_)));
        write.await.expect("ran").expect("written");
        assert!(begun.elapsed() >= LATE);
        assert_eq!(read(&client, &path).await, "1");
    }
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_stop_its_write() {
    let (server, client) = start().await;
    server.faults().add(Rule::new(Fault::StallBefore(LATE)).on(Operation::Put));
    let path = Path::from("a");
    let write = client.put(&path, text(1));
    tokio::time::timeout(LATE / 2, write).await.expect_err("it stalls");
    assert_eq!(server.objects().count(), 0);
    tokio::time::sleep(LATE).await;
    assert_eq!(server.objects().count(), 1);
}

#[tokio::test]
async fn a_late_write_keeps_its_condition() {
    let (server, client) = start().await;
    let late = Rule::new(Fault::LandsLate(LATE)).on(Operation::Put).first(2);
    server.faults().add(late);
    let create = |path: &'static str, n| {
        let client = client.clone();
        async move { client.put_opts(&Path::from(path), text(n), PutMode::Create.into()).await }
    };
    create("a", 1).await.expect_err("reset");
    create("b", 1).await.expect_err("reset");
    assert_eq!(server.objects().count(), 0);
    create("b", 2).await.expect("nothing is there yet");
    tokio::time::sleep(LATE * 2).await;
    assert_eq!(server.objects().get("a").expect("landed").bytes, "1");
    assert_eq!(server.objects().get("b").expect("there").bytes, "2");
    create("a", 3).await.expect_err("it landed");
}

#[tokio::test]
async fn bodies_are_truncated_or_changed() {
    let (server, client) = start().await;
    let content = vec![0_u8; 100_000];
    server.objects().put("a", content.clone());
    let path = Path::from("a");

    let truncated = server.faults().add(Rule::new(Fault::Truncate).on(Operation::Get).nth(1));
    let answer = client.get(&path).await.expect("the head arrives");
    assert_eq!(answer.meta.size, 100_000);
    answer.bytes().await.expect_err("the end does not");
    assert_eq!(truncated.count(), 1);

    server.faults().clear();
    server.faults().add(Rule::new(Fault::FlipBit).on(Operation::Get).nth(1));
    let changed = client.get(&path).await.expect("there").bytes().await.expect("whole");
    assert_eq!(changed.len(), content.len());
    assert_eq!(changed.iter().map(|byte| byte.count_ones()).sum::<u32>(), 1);
    let again = client.get(&path).await.expect("there").bytes().await.expect("whole");
    assert_eq!(again, content);
}

#[tokio::test]
async fn a_partition_is_silent_until_it_heals() {
    let (server, client) = start().await;
    server.faults().partition();
    let write = tokio::spawn({
        let client = client.clone();
        async move { client.put(&Path::from("a"), text(1)).await }
    });
    tokio::time::sleep(LATE).await;
    assert!(!write.is_finished());
    server.faults().heal();
    write.await.expect("ran").expect_err("reset");
    assert_eq!(server.objects().count(), 0);
    client.put(&Path::from("a"), text(1)).await.expect("written");
}

#[tokio::test]
async fn counters_count_and_reset() {
    let (server, client) = start().await;
    let path = Path::from("a");
    client.put(&path, "0123456789".into()).await.expect("written");
    client.get(&path).await.expect("there").bytes().await.expect("whole");
    client.get(&Path::from("b")).await.expect_err("missing");
    let get = server.tally().of(Operation::Get);
    assert_eq!((get.requests, get.refused), (2, 1));
    assert!(get.sent > 10);
    assert_eq!(server.tally().of(Operation::Put).received, 10);
    assert_eq!(server.tally().total(), 3);
    assert_eq!(server.tally().reset()[&Operation::Get], get);
    assert_eq!(server.tally().total(), 0);
}
