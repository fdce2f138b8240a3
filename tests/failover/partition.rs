//! The leader is cut off: from the store, or from its peers. The others continue without it, unless
//! it is busy all the time; when the connection is back, all continue together.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use fasti_buckets::FaultProxy;
use fasti_kit::http::Connection;

use crate::bucket::{Bucket, HASTY};
use crate::fleet::{Fleet, WRITERS};
use crate::scene::{Over, Scene, index};
use crate::strangers::free_address;
use crate::writer::{self, ORIGIN};

const SEED: u64 = 1;
const CLIENTS: u64 = 3;
const PATIENCE: Duration = Duration::from_millis(1500);
/// How long the connection is cut.
const CUT: Duration = Duration::from_secs(4);
/// By then another writer leads. A request to the store that is never answered delays a leader for
/// as long as it takes the others to lose patience; a rival's first attempts may fail the same way.
const TAKEN_OVER: Duration = Duration::from_secs(3);
/// By then a replaced writer knows.
const FOUND_OUT: Duration = Duration::from_secs(3);
/// The limit for a replaced writer that no client asks: it checks again after as long as it has led
/// so far.
const FOUND_OUT_LONELY: Duration = Duration::from_secs(10);

#[test]
fn a_leader_that_is_cut_off_from_the_store_is_replaced() {
    let bucket = Bucket::new();
    let lines: Vec<FaultProxy> = (0..WRITERS).map(|n| bucket.line(n as u64)).collect();
    let scene = Scene::new(PATIENCE);
    let mut fleet = Fleet::start(&scene, |n| {
        let mut command = bucket.writer_over(&lines[n].url(), n);
        command.args(HASTY);
        command
    });
    thread::scope(|threads| {
        let over = Over(&scene);
        let scene = &scene;
        let clients: Vec<_> =
            (0..CLIENTS).map(|n| threads.spawn(move || scene.submit_opaque(n, SEED))).collect();
        fleet.wait(Duration::from_millis(500));
        let old = fleet.leader().expect("somebody leads");
        let cut = || lines[old].partition();
        let heal = || lines[old].heal();
        cut_off(&mut fleet, scene, old, &cut, &heal);
        drop(over);
        let unanswered: Vec<Vec<u8>> =
            clients.into_iter().flat_map(|c| c.join().expect("no client panics")).collect();
        scene.resubmit(fleet.address(old), &unanswered);
    });
    finish(&bucket, &scene, fleet);
}

#[test]
fn an_idle_leader_that_its_peers_do_not_reach_is_replaced() {
    let bucket = Bucket::new();
    let peers = Peers::new(&bucket);
    let scene = Scene::new(PATIENCE);
    let mut fleet = peers.start(&bucket, &scene);
    let old = fleet.leader().expect("somebody leads");
    let cut = || peers.lines[old].partition();
    let heal = || peers.lines[old].heal();
    cut_off(&mut fleet, &scene, old, &cut, &heal);
    finish(&bucket, &scene, fleet);
}

#[test]
fn an_idle_leader_that_was_frozen_finds_out_that_it_was_replaced() {
    let (bucket, scene) = (Bucket::new(), Scene::new(PATIENCE));
    let mut fleet = Fleet::of(&scene, &bucket, &HASTY);
    submit(&scene, fleet.address(0), b"before");
    let old = fleet.leader().expect("somebody leads");
    fleet.stop_for(old, CUT);
    fleet.wait(CUT + Duration::from_millis(100));
    finds_out(&mut fleet, old, FOUND_OUT);
    submit(&scene, fleet.address(old), b"after");
    finish(&bucket, &scene, fleet);
}

/// It was never asked, and never will be: it must check by itself.
#[test]
fn an_idle_leader_that_nobody_ever_reached_finds_out_that_it_was_replaced() {
    let (bucket, scene) = (Bucket::new(), Scene::new(PATIENCE));
    let mut fleet = Fleet::start(&scene, |n| {
        let mut command = bucket.writer(n);
        command.args(HASTY);
        if n == 0 {
            command.args(["--advertise", &format!("http://{}", free_address())]);
        }
        command
    });
    finds_out(&mut fleet, 0, FOUND_OUT_LONELY);
    submit(&scene, fleet.address(0), b"at a replaced writer");
    finish(&bucket, &scene, fleet);
}

/// A busy leader wins every race for the next record. The others cannot replace it, and report that
/// they cannot accept entries.
#[test]
fn a_busy_leader_that_its_peers_do_not_reach_goes_on() {
    let bucket = Bucket::new();
    let peers = Peers::new(&bucket);
    let scene = Scene::new(PATIENCE);
    let mut fleet = peers.start(&bucket, &scene);
    let old = fleet.leader().expect("somebody leads");
    let other = (old + 1) % WRITERS;
    let only_the_leader = vec![fleet.address(old)];
    *scene.addresses.write().expect("no panics") = only_the_leader;
    thread::scope(|threads| {
        let over = Over(&scene);
        let scene = &scene;
        let clients: Vec<_> =
            (0..CLIENTS).map(|n| threads.spawn(move || scene.submit_opaque(n, SEED))).collect();
        peers.lines[old].partition();
        let address = fleet.address(other);
        let waiting = threads.spawn(move || submit(scene, address, b"while the connection is cut"));
        let began = Instant::now();
        while fleet.leader() == Some(old)
            && fleet.standing(other).is_none_or(|said| said["status"] == "ready")
        {
            fleet.wait(Duration::from_millis(100));
            assert!(began.elapsed() < Duration::from_secs(9), "{:?}", fleet.standing(other));
        }
        println!("led by {:?} after {:?}", fleet.leader(), began.elapsed());
        peers.lines[old].heal();
        waiting.join().expect("it is answered once the connection is back");
        drop(over);
        let unanswered: Vec<Vec<u8>> =
            clients.into_iter().flat_map(|c| c.join().expect("no client panics")).collect();
        scene.resubmit(fleet.address(other), &unanswered);
    });
    finish(&bucket, &scene, fleet);
}

/// A proxy in front of each writer for its peers.
struct Peers {
    listen: Vec<SocketAddr>,
    lines: Vec<FaultProxy>,
}

impl Peers {
    fn new(bucket: &Bucket) -> Self {
        let listen: Vec<SocketAddr> = (0..WRITERS).map(|_| free_address()).collect();
        let line = |address: &SocketAddr| {
            bucket.runtime.block_on(FaultProxy::start(*address, SEED)).expect("a free port")
        };
        let lines = listen.iter().map(line).collect();
        Self { listen, lines }
    }

    fn start<'a>(&'a self, bucket: &'a Bucket, scene: &'a Scene) -> Fleet<'a> {
        Fleet::start(scene, move |n| {
            let mut command = writer::command(ORIGIN, &self.listen[n].to_string());
            bucket.tell(&mut command, &bucket.server.url(), n);
            command.args(HASTY).args(["--advertise", &self.lines[n].url()]);
            command
        })
    }
}

/// Cuts the leader off until another leads, and then restores the connection.
fn cut_off(fleet: &mut Fleet, scene: &Scene, old: usize, cut: &dyn Fn(), heal: &dyn Fn()) {
    let other = fleet.address((old + 1) % WRITERS);
    cut();
    let began = Instant::now();
    let new = loop {
        let leads = |n: &usize| *n != old && leads(fleet, *n);
        if let Some(new) = (0..WRITERS).find(leads) {
            break new;
        }
        assert!(began.elapsed() < TAKEN_OVER, "no writer takes over from {old}");
        fleet.wait(Duration::from_millis(20));
    };
    let taken_over = began.elapsed();
    submit(scene, other, b"while the connection is cut");
    let answered = began.elapsed();
    println!("{new} leads {taken_over:?} after {old} was cut off, answers after {answered:?}");
    fleet.wait(CUT.saturating_sub(began.elapsed()));
    heal();
    let healed = Instant::now();
    finds_out(fleet, old, FOUND_OUT);
    submit(scene, fleet.address(old), b"once the connection is back");
    println!("{old} answers {:?} after the connection came back", healed.elapsed());
}

/// A replaced writer stops reporting that it leads, even if no client submits anything.
fn finds_out(fleet: &mut Fleet, old: usize, within: Duration) {
    let began = Instant::now();
    while fleet.standing(old).is_none_or(|said| said["role"] != "following") {
        assert!(began.elapsed() < within, "{old} still says {:?}", fleet.standing(old));
        fleet.wait(Duration::from_millis(50));
    }
    println!("{old} follows after {:?}", began.elapsed());
}

fn leads(fleet: &Fleet, n: usize) -> bool {
    fleet.standing(n).is_some_and(|said| said["role"] == "leading")
}

fn submit(scene: &Scene, address: SocketAddr, entry: &[u8]) {
    let mut connection = Connection::open(address).expect("connects");
    let answer = connection.post("/add", entry).expect("an answer");
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    scene.acknowledge(entry.to_vec(), index(&answer.body));
}

fn finish(bucket: &Bucket, scene: &Scene, mut fleet: Fleet) {
    (0..WRITERS).for_each(|n| fleet.terminate(n));
    let reader = bucket.reader();
    scene.verify(&|path| reader.read(path), &bucket.verifier_key());
    bucket.fsck();
}
