//! Of many conflicting requests at once, exactly one wins.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::thread;

use crate::home::Home;
use crate::made::Log;

#[test]
fn of_fifty_at_once_one_wins_and_the_others_learn_its_size() {
    const CROWD: u8 = 50;
    let (home, log) = (Home::new(), Log::new("log.test"));
    home.list(&[log.vkey()]);
    let witness = home.start(&[]);
    log.cosign(&witness, &home.keys(), 0, 3);
    let mut last = 3;
    for _ in 0..4 {
        // Each wants the log to have another size.
        let barrier = Barrier::new(usize::from(CROWD));
        let answers: BTreeMap<u64, _> = thread::scope(|scope| {
            let asked: Vec<_> = (1..=u64::from(CROWD))
                .map(|more| {
                    let (barrier, log, witness) = (&barrier, &log, &witness);
                    scope.spawn(move || {
                        let body = log.request(last, last + more).to_bytes();
                        let mut connection = witness.connect();
                        barrier.wait();
                        (last + more, connection.post("/add-checkpoint", &body).expect("an answer"))
                    })
                })
                .collect();
            asked.into_iter().map(|one| one.join().expect("no panic")).collect()
        });
        let won: Vec<_> = answers.iter().filter(|(_, answer)| answer.status == 200).collect();
        let [(size, _)] = won[..] else { panic!("{} won", won.len()) };
        for answer in answers.values().filter(|answer| answer.status != 200) {
            assert_eq!((answer.status, answer.content_type.as_str()), (409, "text/x.tlog.size"));
            assert_eq!(answer.body, format!("{size}\n").into_bytes());
        }
        last = *size;
    }
    log.cosign(&witness, &home.keys(), last, last + 1);
}

#[test]
fn logs_do_not_wait_for_each_other_and_all_grow() {
    let home = Home::new();
    let logs: Vec<_> = (0..8).map(|n| Log::new(&format!("log{n}.test"))).collect();
    home.list(&logs.iter().map(Log::vkey).collect::<Vec<_>>());
    let witness = home.start(&[]);
    thread::scope(|scope| {
        for log in &logs {
            scope.spawn(|| {
                for size in 0..20 {
                    log.cosign(&witness, &home.keys(), size, size + 1);
                }
            });
        }
    });
    for log in &logs {
        assert_eq!(log.ask(&witness, 7, 9).body, b"20\n");
    }
}
