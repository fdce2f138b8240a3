//! What counts as absent, what is ignored, and what is refused.

use fasti_entry::json_members::MEMBERS_MAX;

use super::*;

fn read(json: &str) -> Object<'_> {
    Object::parse(json.as_bytes(), Reading::Exact).expect("an object")
}

#[test]
fn members_of_the_wrong_type_are_absent() {
    let object = read(
        r#"{"text": "a\nb", "number": 5, "nothing": null, "list": [1, "x"],
        "object": {"inner": "c"}, "empty": "", "twice": "one", "twice": "two"} and more"#,
    );
    assert_eq!(object.text("text").as_deref(), Some("a\nb"));
    assert_eq!(object.text("twice").as_deref(), Some("two"));
    assert_eq!(object.text("Text"), None);
    for name in ["number", "nothing", "list", "object", "missing"] {
        assert_eq!(object.text(name), None, "{name}");
        assert!(object.bytes(name, "it").expect("absent").is_none(), "{name}");
    }
    assert!(object.bytes("empty", "it").expect("absent").is_none());
    assert!(object.raw("nothing").is_none() && object.raw("number").is_some());
    assert_eq!(object.object("object").unwrap().text("inner").as_deref(), Some("c"));
    assert!(object.object("list").is_none() && object.object("text").is_none());
    let elements = object.elements("list").unwrap();
    assert_eq!(elements.iter().map(|it| text(it)).collect::<Vec<_>>(), [None, Some("x".into())]);
    assert!(object.elements("object").is_none());
    let error = object.bytes("twice", "a thing").unwrap_err().to_string();
    assert_eq!(
        error,
        "failed parsing base64 data for a thing: illegal base64 data at input byte 0"
    );
}

#[test]
fn names_in_any_case_in_the_envelope_alone() {
    let object = Object::parse(br#"{"KIND": "a", "kiNd": "b"}"#, Reading::AnyCase).unwrap();
    assert_eq!(object.text("kind").as_deref(), Some("b"));
    assert!(read(r#"{"KIND": "a"}"#).text("kind").is_none());
}

#[test]
fn other_things_are_refused_without_being_quoted() {
    for json in ["\"evil\"", "[1]", "5", "", "{", "{\"a\"}", "\u{feff}{}", "{\"a\":nul}"] {
        let error = Object::parse(json.as_bytes(), Reading::Exact).unwrap_err().to_string();
        assert!(!error.contains("evil"), "{error}");
    }
    assert!(Object::parse_whole("{} ", Reading::Exact).is_ok());
    assert!(Object::parse_whole("{} x", Reading::Exact).is_err());
    let wrong = |name: &str| read(r#"{"a": "evil", "b": {}}"#).raw(name).unwrap().to_owned();
    for value in [wrong("a"), wrong("b")] {
        let error = for_each(&value, |_| Ok(())).unwrap_err().to_string();
        assert!(!error.contains("evil"), "{error}");
    }
}

#[test]
fn counts_are_bounded_and_depth_costs_nothing() {
    let members = |count: usize| {
        let members: Vec<_> = (0..count).map(|number| format!("\"m{number}\":0")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert!(Object::parse(members(MEMBERS_MAX).as_bytes(), Reading::Exact).is_ok());
    assert!(Object::parse(members(MEMBERS_MAX + 1).as_bytes(), Reading::Exact).is_err());
    let list = |count: usize| format!("{{\"a\":[{}0]}}", "0,".repeat(count - 1));
    assert!(read(&list(ELEMENTS_MAX)).elements("a").is_some());
    let long = list(ELEMENTS_MAX + 1);
    assert!(read(&long).elements("a").is_none());
    let mut count = 0;
    for_each(read(&long).raw("a").unwrap(), |_| {
        count += 1;
        Ok(())
    })
    .unwrap();
    assert_eq!(count, ELEMENTS_MAX + 1);
    let deep = format!("{{\"a\":{}{}, \"b\":\"c\"}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(read(&deep).text("b").as_deref(), Some("c"));
}
