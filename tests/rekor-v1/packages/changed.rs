//! Whether anything that was cut off or changed can make the log panic.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{cases, judge};

/// How often each content is cut and changed.
const TIMES: usize = 24;

/// Calls `with` for each content in a proposal, to replace it.
fn each_content(spec: &mut Value, with: &mut impl FnMut(&mut Value)) {
    let Value::Object(members) = spec else { return };
    for (name, member) in members {
        if name == "content" && member.is_string() {
            with(member);
        } else {
            each_content(member, with);
        }
    }
}

/// The proposals with one content each changed by `change`.
fn changed(proposal: &Value, change: impl Fn(&mut Vec<u8>)) -> Vec<Value> {
    let mut count = 0;
    each_content(&mut proposal.clone(), &mut |_| count += 1);
    let one = |wanted| {
        let (mut changed, mut number) = (proposal.clone(), 0);
        each_content(&mut changed, &mut |content| {
            if number == wanted {
                let mut bytes = STANDARD.decode(content.as_str().expect("text")).expect("base64");
                change(&mut bytes);
                *content = Value::String(STANDARD.encode(bytes));
            }
            number += 1;
        });
        changed
    };
    (0..count).map(one).collect()
}

#[test]
fn nothing_panics() {
    for case in cases().iter().filter(|case| case.expected["status"] == 201) {
        let proposal: Value = serde_json::from_slice(&case.proposal).expect("JSON");
        for time in 0..TIMES {
            let cut = changed(&proposal, |bytes| bytes.truncate(bytes.len() * time / TIMES));
            let flipped = changed(&proposal, |bytes| {
                // Somewhere else each time, and near the start, where lengths are.
                let length = bytes.len().max(1);
                for at in [time * 7919 % length, time % length] {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << (time % 8);
                    }
                }
            });
            for changed in cut.into_iter().chain(flipped) {
                let _ = judge(changed.to_string().as_bytes());
            }
        }
    }
}
