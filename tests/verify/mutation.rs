//! Good bundles and trusted roots, damaged in every way: each damaged copy must be refused, or lead
//! to the same verdict, or to one that states less. None may state anything else.
//!
//! What is accepted although it is damaged is listed in `mutation.golden`, each with a judgement in
//! words why that does no harm. Damage that is accepted and not listed fails the test. With
//! FASTI_BLESS=1 the list is written anew, and the test fails until everything new in it is judged.
//!
//! Of long values only some bytes are damaged, and the elements of DER only in some bundles, unless
//! FASTI_MUTATIONS=all: then all are, and the list must contain nothing that is refused by now.

mod damage;
mod encoded;
mod golden;
mod json;
mod mutant;
mod scenes;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_entry::{Bundle, TransparencyLogEntry};
use fasti_verify::{
    CertificateLogged, Demand, Logged, LoggedV1, TrustedRoot, V1Tree, Verdict, Vouched, any_bundle,
    trusted_root,
};
use fasti_x509::{NamePattern, Pattern};
use serde_json::{Value, json};

use damage::mutants;
use golden::{Golden, Survivor};
use json::Json;
use mutant::{Mutant, Thoroughness};
use scenes::{ARTIFACT, IDENTITY, ISSUER, Scene, World};

/// Which facts an altered verdict may state otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Free {
    /// None.
    Nothing,
    /// What the caller calls those whom it trusts, if the trusted root is altered.
    Names,
    /// The leaf and the tree, if the log has another entry.
    Tree,
}

/// What a verdict states, each fact alone.
fn facts(verdict: &Verdict, free: Free) -> BTreeSet<String> {
    let name = |name: &str| if free == Free::Names { String::new() } else { name.to_owned() };
    let tree = |tree: String| if free == Free::Tree { String::new() } else { tree };
    let mut facts = BTreeSet::from([format!("subject {:?}", verdict.subject)]);
    if let Some(signer) = &verdict.signer {
        let demanded = signer.demanded;
        facts.insert(format!("key {} {} {demanded}", signer.algorithm, signer.fingerprint));
        if let Some(mut seen) = signer.certificate.clone() {
            let logged = std::mem::replace(&mut seen.logged, CertificateLogged::NotAsked);
            if let Vouched::By(authority) = &mut seen.vouched {
                *authority = name(authority);
            }
            facts.insert(format!("{seen:?}"));
            if let CertificateLogged::By(logs) = logged {
                facts.extend(logs.iter().map(|log| format!("certificate log {}", name(log))));
            }
        }
    }
    for Logged { log, head, index, leaf, cosigned, .. } in &verdict.logged {
        let place = tree(format!("{head:?} {leaf}"));
        facts.insert(format!("logged {log} {index} {place} {}", cosigned.len()));
    }
    for LoggedV1 { log, log_id, leaf, promise, tree: of, .. } in &verdict.logged_v1 {
        let (log, leaf) = (name(log), tree(leaf.to_string()));
        if let Some(promise) = promise {
            facts.insert(format!("promised {log} {log_id:?} {leaf} {promise:?}"));
        }
        if let Some(V1Tree { origin, head, index }) = of {
            let head = tree(format!("{head:?}"));
            facts.insert(format!("proved {log} {log_id:?} {leaf} {origin} {index} {head}"));
        }
    }
    for time in &verdict.times {
        facts.insert(format!("seen {} by {}", time.seconds, name(&time.source.to_string())));
    }
    facts
}

fn demand(scene: &Scene) -> Demand {
    let by_name = scene.key.is_none();
    Demand {
        public_key: scene.key.clone(),
        identity: by_name.then(|| NamePattern::exact(None, IDENTITY)),
        oidc_issuer: by_name.then(|| Pattern::exact(ISSUER)),
        ..Demand::default()
    }
}

fn judge(file: &[u8], root: &TrustedRoot, demand: &Demand) -> Result<Verdict, String> {
    let bundles = Bundle::parse_all(file).map_err(|error| error.to_string())?;
    let verdict = any_bundle(&bundles, Some(&ARTIFACT.to_vec()), root, demand);
    verdict.map_err(|refusal| refusal.to_string())
}

fn read(root: &str) -> Result<TrustedRoot, String> {
    trusted_root::read(root.as_bytes()).map_err(|error| error.to_string())
}

type Judge<'a> = dyn Fn(&Json) -> Result<Verdict, String> + Sync + 'a;

/// Damaged copies, and how to judge one.
struct Trial<'a> {
    name: String,
    free: Free,
    mutants: Vec<Mutant>,
    original: BTreeSet<String>,
    judge: Box<Judge<'a>>,
}

impl Trial<'_> {
    /// Those that are accepted, and those of them that state something new.
    fn run(&self) -> (Vec<Survivor>, Vec<String>) {
        let half = self.mutants.len().div_ceil(2).max(1);
        let (mut survivors, mut wrong) = (Vec::new(), Vec::new());
        std::thread::scope(|scope| {
            let judge = |some: &[Mutant]| {
                some.iter().filter_map(|one| self.judge_one(one)).collect::<Vec<_>>()
            };
            let halves = self.mutants.chunks(half);
            let threads: Vec<_> = halves.map(|some| scope.spawn(move || judge(some))).collect();
            for judged in threads.into_iter().flat_map(|thread| thread.join().expect("no panic")) {
                match judged {
                    Ok(survivor) => survivors.push(survivor),
                    Err(words) => wrong.push(words),
                }
            }
        });
        (survivors, wrong)
    }

    fn judge_one(&self, mutant: &Mutant) -> Option<Result<Survivor, String>> {
        let verdict = (self.judge)(&mutant.json).ok()?;
        let found = facts(&verdict, self.free);
        let Mutant { place, damage, .. } = mutant;
        if !found.is_subset(&self.original) {
            let new: Vec<_> = found.difference(&self.original).collect();
            return Some(Err(format!("{} | {place} | {damage} | states {new:?}", self.name)));
        }
        let less = if found.len() < self.original.len() { ", and states less" } else { "" };
        let (scene, place) = (self.name.clone(), place.clone());
        Some(Ok(Survivor { scene, place, damage: format!("{damage}{less}") }))
    }
}

/// The scene's bundle, damaged.
fn of_bundle<'a>(scene: &'a Scene, root: &'a TrustedRoot, thorough: Thoroughness) -> Trial<'a> {
    let file = Json::from(&scene.file);
    let demand = demand(scene);
    let verdict = judge(file.to_string().as_bytes(), root, &demand);
    let verdict = verdict.unwrap_or_else(|refusal| panic!("{}: {refusal}", scene.name));
    Trial {
        name: scene.name.to_owned(),
        free: Free::Nothing,
        mutants: mutants(&file, thorough),
        original: facts(&verdict, Free::Nothing),
        judge: Box::new(move |json| judge(json.to_string().as_bytes(), root, &demand)),
    }
}

/// The trusted root, damaged.
fn of_root<'a>(scene: &'a Scene, root: &Value, thorough: Thoroughness) -> Trial<'a> {
    let file = scene.file.to_string();
    let root = Json::from(root);
    let demand = demand(scene);
    let verdict = judge(file.as_bytes(), &read(&root.to_string()).expect("a root"), &demand);
    let original = facts(&verdict.expect("good"), Free::Names);
    Trial {
        name: format!("root:{}", scene.name),
        free: Free::Names,
        mutants: mutants(&root, thorough),
        original,
        judge: Box::new(move |json| judge(file.as_bytes(), &read(&json.to_string())?, &demand)),
    }
}

/// The entry in the older log, damaged before the log took it.
fn of_entry<'a>(
    scene: &'a Scene,
    world: &'a World,
    root: &'a TrustedRoot,
    thorough: Thoroughness,
) -> Option<Trial<'a>> {
    let entry = scene.file.pointer("/verificationMaterial/tlogEntries/0")?;
    entry["inclusionPromise"].as_object()?;
    let kind = [&entry["kindVersion"]["kind"], &entry["kindVersion"]["version"]];
    let [kind, version] = kind.map(|text| text.as_str().expect("a text").to_owned());
    let body = STANDARD.decode(entry["canonicalizedBody"].as_str()?).expect("base64");
    let body = Json::from(&serde_json::from_slice::<Value>(&body).expect("JSON"));
    let demand = demand(scene);
    let judge = move |body: &Json| {
        let entry = world.logged(body.to_string().as_bytes(), &kind, &version);
        let mut file = scene.file.clone();
        let old = file.pointer_mut("/verificationMaterial/tlogEntries/0").expect("it is there");
        put(&entry, old);
        judge(file.to_string().as_bytes(), root, &demand)
    };
    let original = facts(&judge(&body).expect("good"), Free::Tree);
    Some(Trial {
        name: format!("entry:{}", scene.name),
        free: Free::Tree,
        mutants: mutants(&body, thorough),
        original,
        judge: Box::new(judge),
    })
}

/// Puts what a log said into an entry of a bundle.
fn put(entry: &TransparencyLogEntry, old: &mut Value) {
    let encode = |bytes: &[u8]| Value::from(STANDARD.encode(bytes));
    let proof = entry.inclusion_proof.as_ref().expect("a proof");
    old["canonicalizedBody"] = encode(&entry.canonicalized_body);
    old["inclusionPromise"]["signedEntryTimestamp"] =
        encode(entry.inclusion_promise.as_ref().expect("a promise"));
    if let Some(old) = old.get_mut("inclusionProof").filter(|old| !old.is_null()) {
        old["rootHash"] = encode(&proof.root_hash);
        old["hashes"] = proof.hashes.iter().map(|hash| encode(hash)).collect();
        old["checkpoint"] = json!({"envelope": proof.checkpoint});
    }
}

#[test]
fn whatever_is_altered_is_refused_or_harmless() {
    let is_full = std::env::var("FASTI_MUTATIONS").is_ok_and(|which| which == "all");
    let bytes = if is_full { usize::MAX } else { 3 };
    // What a certificate or timestamp is made of matters in one scene as in the other.
    let elements = |names: &[&str], it: &Scene| is_full || names.contains(&it.name);
    let thorough =
        |names: &[&str], it: &Scene| Thoroughness { bytes, elements: elements(names, it) };
    let (began, world) = (Instant::now(), World::new());
    let (root, scenes) = (world.root(), world.scenes());
    let read = read(&root.to_string()).expect("a root");
    assert_eq!(read.left_out, Vec::<String>::new());
    let by_name = |name: &str| scenes.iter().find(|scene| scene.name == name).expect("a scene");
    let deep = |it: &Scene| thorough(&["A", "E"], it);
    let mut trials: Vec<_> = scenes.iter().map(|it| of_bundle(it, &read, deep(it))).collect();
    trials.extend(scenes.iter().filter_map(|it| of_entry(it, &world, &read, deep(it))));
    trials.extend(["A", "D"].map(by_name).map(|it| of_root(it, &root, thorough(&["A"], it))));
    let (mut survivors, mut wrong, mut count) = (BTreeSet::new(), Vec::new(), BTreeMap::new());
    for trial in &trials {
        let (some, new) = trial.run();
        count.insert(trial.name.as_str(), (trial.mutants.len(), some.len()));
        survivors.extend(some);
        wrong.extend(new);
    }
    println!("{count:?}, {:?}", began.elapsed());
    assert!(wrong.is_empty(), "altered, and believed:\n{}", wrong.join("\n"));
    Golden::read().compare(&survivors, is_full);
}
