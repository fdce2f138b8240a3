//! Members of the wrong type, of no value, and with names in another case.

use serde_json::Value;

use super::differences::{self, Difference};
use super::{NOW, data, json, judge, read, status};

#[test]
fn members_of_the_wrong_form_are_absent() {
    let Some(data) = data() else { return };
    let rows = String::from_utf8(read(&data.join("mutations.jsonl"))).expect("text");
    let (mut faults, mut count) = (Vec::new(), 0);
    for row in rows.lines() {
        let row: Value = serde_json::from_str(row).expect("JSON");
        let text = |name: &str| row[name].as_str().expect("a text");
        let kind = text("kind");
        count += 1;
        let base = json(&data.join(kind).join(format!("{}.proposal.json", text("base"))));
        let changed = mutate(&base, text("member"), text("mutation"));
        let name = format!("{}.{}", text("member"), text("mutation"));
        let fault = match judge(&changed, NOW) {
            Ok(_) if row["status"] == 201 => continue,
            Ok(_) => "accepted".to_owned(),
            Err(error) => {
                let (status, message) = (status(&error), error.to_string());
                let listed = differences::of_mutation(kind, text("base"), text("member"));
                let is_known = match listed {
                    Some(Difference::Message(ours)) if message == ours => true,
                    _ => row["message"] == message && row["status"] == status,
                };
                if is_known {
                    continue;
                }
                format!("{status} {message:?}")
            }
        };
        faults.push(format!("{kind}/{} {name}: {fault}, Rekor {row}", text("base")));
    }
    assert!(faults.is_empty(), "{} of {count}:\n{}", faults.len(), faults.join("\n"));
    assert!(count > 80, "only {count} rows");
}

/// A proposal with one member of its `spec` changed.
fn mutate(base: &Value, member: &str, mutation: &str) -> Vec<u8> {
    let mut proposal = base.clone();
    let path: Vec<&str> = member.split('.').collect();
    let (last, above) = path.split_last().expect("a path");
    let mut place = &mut proposal["spec"];
    for name in above {
        place = match name.parse::<usize>() {
            Ok(number) => &mut place[number],
            Err(_) => &mut place[*name],
        };
    }
    match (place, mutation) {
        (Value::Array(list), _) => {
            let number: usize = last.parse().expect("a number");
            list[number] = if mutation == "number" { 5.into() } else { Value::Null };
        }
        (Value::Object(object), "number") => drop(object.insert((*last).to_owned(), 5.into())),
        (Value::Object(object), "null") => drop(object.insert((*last).to_owned(), Value::Null)),
        (Value::Object(object), "case") => {
            let value = object.remove(*last).expect("the member");
            object.insert(last.to_uppercase(), value);
        }
        _ => panic!("{member}, {mutation}"),
    }
    proposal.to_string().into_bytes()
}
