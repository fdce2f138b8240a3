//! A rolling restart behind a load balancer loses no request.
//!
//! The balancer works like any other: it polls `/readyz`, distributes requests in turn among the
//! writers that were ready at the last poll, and never sends a request twice.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use fasti_kit::http::Connection;

use crate::bucket::Bucket;
use crate::fleet::{Fleet, WRITERS};
use crate::scene::{Over, Scene, index};

const CLIENTS: usize = 6;
/// How often the balancer polls.
const POLL: Duration = Duration::from_millis(200);
/// A client's pause between two requests.
const PACE: Duration = Duration::from_millis(3);

/// The ready writers, as far as the balancer knows.
#[derive(Default)]
struct Balancer {
    ready: RwLock<Vec<SocketAddr>>,
    turn: AtomicUsize,
}

impl Balancer {
    fn poll(&self, scene: &Scene) {
        while !scene.is_over() {
            let addresses = scene.addresses.read().expect("no panics").clone();
            let ready = addresses.into_iter().filter(|address| is_ready(*address)).collect();
            *self.ready.write().expect("no panics") = ready;
            thread::sleep(POLL);
        }
    }

    fn next(&self) -> Option<SocketAddr> {
        let ready = self.ready.read().expect("no panics");
        let turn = self.turn.fetch_add(1, Ordering::SeqCst);
        (!ready.is_empty()).then(|| ready[turn % ready.len()])
    }
}

fn is_ready(address: SocketAddr) -> bool {
    let connection = Connection::open_with(address, Duration::from_secs(1));
    let answer = connection.and_then(|mut connection| connection.get("/readyz"));
    answer.is_ok_and(|answer| answer.status == 200)
}

#[test]
fn a_rolling_restart_loses_no_request() {
    let (bucket, scene) = (Bucket::new(), Scene::new(POLL));
    let balancer = Balancer::default();
    thread::scope(|threads| {
        let over = Over(&scene);
        let mut fleet = Fleet::of(&scene, &bucket, &["--drain-seconds", "1"]);
        threads.spawn(|| balancer.poll(&scene));
        while balancer.ready.read().expect("no panics").len() < WRITERS {
            thread::sleep(POLL);
        }
        let clients: Vec<_> = (0..CLIENTS)
            .map(|n| (n, &scene, &balancer))
            .map(|(n, scene, balancer)| threads.spawn(move || submit(scene, balancer, n)))
            .collect();
        let first = fleet.leader();
        for n in 0..WRITERS {
            fleet.wait(POLL * 2);
            fleet.terminate(n);
            fleet.launch(n);
            fleet.wait(POLL * 2);
        }
        let last = fleet.leader();
        drop(over);
        let sent: Vec<usize> =
            clients.into_iter().map(|client| client.join().expect("no request fails")).collect();
        println!("{} requests, led by {first:?}, then {last:?}", sent.iter().sum::<usize>());
        assert!(sent.iter().sum::<usize>() > 300, "there was load: {sent:?}");
        assert!(last.is_some(), "a writer leads at the end");
        (0..WRITERS).for_each(|n| fleet.terminate(n));
    });
    let reader = bucket.reader();
    scene.verify(&|path| reader.read(path), &bucket.verifier_key());
    bucket.fsck();
}

/// Sends one request after another, none of them twice. Returns their number.
fn submit(scene: &Scene, balancer: &Balancer, client: usize) -> usize {
    let mut connections = HashMap::new();
    let mut count = 0;
    while !scene.is_over() {
        let address = balancer.next().expect("a writer is always ready");
        let connection = connections
            .entry(address)
            .or_insert_with(|| Connection::open(address).expect("a ready writer can be reached"));
        let entry = format!("client {client} entry {count}").into_bytes();
        match connection.post("/add", &entry) {
            Ok(answer) if answer.status == 200 => scene.acknowledge(entry, index(&answer.body)),
            other => panic!("request {count} of client {client} to {address}: {other:?}"),
        }
        count += 1;
        thread::sleep(PACE);
    }
    count
}
