//! Whether proposals get the verdicts, the bodies, the index keys and the words of Rekor.

use super::{Case, cases, judge};

/// What Rekor refuses and this log accepts: signatures older than the newest self-signature.
const ACCEPTED_HERE: [&str; 2] =
    ["pgp-x-signed-before-renewed-key", "pgp-x-subkey-signed-before-newest-binding"];
/// What Rekor accepts and this log refuses.
const REFUSED_HERE: [&str; 1] = ["pgp-gen-brainpool"];
/// Where Rekor's body depends on the order of a map.
const VARYING: [&str; 2] = ["pgp-gen-three-uids", "gen-two-files"];
/// Where the refusal has other words.
const OTHER_WORDS: [&str; 2] = ["gen-ed25519", "gen-pkginfo-line-without-equals"];

/// What is wrong with the answer to a case.
fn wrong(case: &Case) -> Option<String> {
    let name = &case.name[..];
    let is_accepted = case.expected["status"] == 201;
    match judge(&case.proposal) {
        Ok(_) if ACCEPTED_HERE.contains(&name) && !is_accepted => None,
        Err(_) if REFUSED_HERE.contains(&name) && is_accepted => None,
        Ok(_) if VARYING.contains(&name) && is_accepted => None,
        Ok(_) if !is_accepted => Some("accepted".to_owned()),
        Ok((body, _)) if Some(&body) != case.body.as_ref() => {
            Some(format!("another body: {}", String::from_utf8_lossy(&body)))
        }
        Ok((_, index_keys)) => {
            let expected = case.expected["indexKeys"].as_array().expect("index keys").iter();
            let expected = expected.map(|key| key.as_str().expect("text").to_lowercase());
            let mut expected: Vec<_> = expected.collect();
            expected.sort_unstable();
            (index_keys != expected).then(|| format!("other index keys: {index_keys:?}"))
        }
        Err(message) if is_accepted => Some(format!("refused: {message}")),
        Err(message) => {
            let expected = case.expected["message"].as_str().expect("a message");
            let is_right = message == expected || OTHER_WORDS.contains(&name);
            (!is_right).then(|| format!("other words: {message:?}, not {expected:?}"))
        }
    }
}

#[test]
fn answers_are_those_of_rekor() {
    let cases = cases();
    let wrong = cases.iter().filter_map(|case| Some((case, wrong(case)?)));
    let wrong = wrong.map(|(case, what)| format!("{}/{}: {what}\n", case.kind, case.name));
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn an_order_of_our_own_is_always_the_same() {
    for case in cases().iter().filter(|case| VARYING.contains(&&case.name[..])) {
        let (body, _) = judge(&case.proposal).expect("it is accepted");
        for _ in 0..5 {
            assert_eq!(judge(&case.proposal).expect("it is accepted").0, body, "{}", case.name);
        }
    }
}
