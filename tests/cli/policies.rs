//! `--policy`: a tree counts only if enough witnesses have cosigned it, for every command.

use tiles_spec::{CosigningKey, TreeCosigningKey, cosign, cosign_tree};

use crate::keys::generate;
use crate::world::World;

/// When the witnesses cosign.
const TIME: u64 = 1_700_000_000;

/// Three witnesses, two with Ed25519 and one with ML-DSA-44.
struct Witnesses {
    a: CosigningKey,
    b: CosigningKey,
    c: TreeCosigningKey,
}

impl Witnesses {
    fn new() -> Self {
        let ed25519 =
            |name: &str, seed| CosigningKey::from_seed(name.parse().unwrap(), &[seed; 32]);
        let c = TreeCosigningKey::from_seed("c.test".parse().unwrap(), &[3; 32]).unwrap();
        Self { a: ed25519("a.test", 1), b: ed25519("b.test", 2), c }
    }

    /// A policy that accepts the log, and demands `needed` of them.
    fn policy(&self, world: &World, needed: &str) -> String {
        let (a, b, c) = (self.a.verifier_key(), self.b.verifier_key(), self.c.verifier_key());
        format!(
            "# For tests.\nlog {}\nwitness a {a} https://a.test/w\nwitness b {b}\nwitness c {c}\n\
             group some {needed} a b c\nquorum some\n",
            world.vkey()
        )
    }

    /// Adds the cosignatures of some of them to the log's checkpoint, as the log would.
    fn cosign(&self, world: &World, by: &str) {
        let note = String::from_utf8(world.read("log/checkpoint")).expect("text");
        let (text, lines) = note.split_once("\n\n").expect("a note");
        let own = lines.lines().next().expect("the log's line");
        let text = format!("{text}\n");
        let line = |name| match name {
            'a' => cosign(&self.a, &text, TIME).expect("it signs"),
            'b' => cosign(&self.b, &text, TIME).expect("it signs"),
            _ => cosign_tree(&self.c, &text, TIME).expect("it signs"),
        };
        let lines: String = by.chars().map(|name| line(name).to_string()).collect();
        world.write("log/checkpoint", format!("{text}\n{own}\n{lines}"));
    }
}

#[test]
fn every_command_needs_the_quorum() {
    let mut world = World::with_writer(&["--accept-opaque"]);
    world.write("a.txt", "artifact a\n");
    generate(&world, "p256", "me");
    world.fasti(&["upload", "--artifact", "a.txt", "--private-key", "me.pem"]).good();
    world.add(["an entry".to_owned()]);
    world.stop();
    let witnesses = Witnesses::new();
    world.write("two.policy", witnesses.policy(&world, "2"));
    // The policy names the log, so that no other key is needed.
    let run = |arguments: &[&str]| {
        let policy = ["--policy", "two.policy"];
        world.fasti_with(&[], &[arguments, &policy].concat())
    };
    let reads: [&[&str]; 6] = [
        &["loginfo", "--log", "log"],
        &["get", "--log", "log", "--log-index", "1"],
        &["prove", "--log", "log", "--log-index", "0"],
        &["fsck", "--log", "log"],
        &["fsck", "--log", "log", "--lookup"],
        &["search", "--log", "log", "--artifact", "a.txt"],
    ];
    for (by, cosigned) in [("", "no witness of the policy has"), ("b", "only b"), ("c", "only c")] {
        witnesses.cosign(&world, by);
        for read in reads {
            run(read).refused(&format!("the policy's quorum is not met: {cosigned} cosigned"));
        }
    }
    for by in ["ab", "ca", "abc"] {
        witnesses.cosign(&world, by);
        for read in reads {
            run(read).good();
        }
    }
    let prove = ["prove", "--log", "log", "--log-index", "0", "--out"];
    let file = |by: &str| format!("{by}.tlog-proof");
    for by in ["a", "bc"] {
        witnesses.cosign(&world, by);
        world.fasti(&[&prove[..], &[&file(by)]].concat()).good();
    }
    let verify = |by: &str| {
        run(&["verify", "--artifact", "a.txt", "--proof", &file(by), "--public-key", "me.pub"])
    };
    let said = verify("bc").good();
    assert!(said.contains("b.test") && said.contains("c.test"), "{said}");
    verify("a").refused("the policy's quorum is not met: only a cosigned the checkpoint");
}

#[test]
fn a_policy_that_cannot_be_used() {
    let mut world = World::with_writer(&["--accept-opaque"]);
    world.add(["an entry".to_owned()]);
    world.stop();
    let loginfo = |policy: &str| {
        world.write("policy", policy);
        world.fasti_with(&[], &["loginfo", "--log", "log", "--policy", "policy"])
    };
    let witnesses = Witnesses::new();
    loginfo("quorum some\n").broken("line 1 of the policy: no line before this one defines");
    loginfo("quorum none\n").broken("no log's key to trust");
    let good = witnesses.policy(&world, "any");
    let other = good.replacen("log ", "# ", 1);
    loginfo(&other).broken("no log's key to trust");
    // A bad cosignature of a witness of the policy is refused, whoever else cosigned.
    witnesses.cosign(&world, "ab");
    loginfo(&good).good();
    let note = String::from_utf8(world.read("log/checkpoint")).expect("text");
    let bad = cosign(&witnesses.a, "another text\n", TIME).expect("it signs");
    world.write("log/checkpoint", format!("{note}{bad}"));
    loginfo(&good).refused("a.test");
}
