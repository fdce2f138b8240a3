//! A JSON document that can be damaged in ways that a parser would not give back: fields twice,
//! fields in another order, numbers in another spelling.

use std::fmt;

use serde_json::Value;

/// A JSON value as it is written.
#[derive(Clone, Debug)]
pub enum Json {
    /// Anything without parts, as text.
    Literal(String),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// Fields in order.
    Object(Vec<(String, Json)>),
}

/// A step down: the number of a field or an element.
pub type Path = Vec<usize>;

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(list) => Self::List(list.iter().map(Self::from).collect()),
            Value::Object(fields) => {
                Self::Object(fields.iter().map(|(name, it)| (name.clone(), it.into())).collect())
            }
            other => Self::Literal(other.to_string()),
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| Value::from(text).to_string();
        match self {
            Self::Literal(text) => f.write_str(text),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::List(list) => {
                let list: Vec<_> = list.iter().map(Self::to_string).collect();
                write!(f, "[{}]", list.join(","))
            }
            Self::Object(fields) => {
                let fields: Vec<_> =
                    fields.iter().map(|(name, it)| format!("{}:{it}", quoted(name))).collect();
                write!(f, "{{{}}}", fields.join(","))
            }
        }
    }
}

impl Json {
    /// The paths of all parts, from above, each with its place in words.
    pub fn parts(&self) -> Vec<(Path, String)> {
        let mut found = Vec::new();
        self.collect(&mut Vec::new(), "", &mut found);
        found
    }

    fn collect(&self, path: &mut Path, place: &str, found: &mut Vec<(Path, String)>) {
        found.push((path.clone(), place.to_owned()));
        let mut below = |number, place: String, part: &Self| {
            path.push(number);
            part.collect(path, &place, found);
            path.pop();
        };
        match self {
            Self::Literal(_) | Self::Text(_) => {}
            Self::List(list) => {
                for (number, part) in list.iter().enumerate() {
                    below(number, format!("{place}[{number}]"), part);
                }
            }
            Self::Object(fields) => {
                let dot = if place.is_empty() { "" } else { "." };
                for (number, (name, part)) in fields.iter().enumerate() {
                    below(number, format!("{place}{dot}{name}"), part);
                }
            }
        }
    }

    /// The part at a path.
    pub fn at(&self, path: &[usize]) -> &Self {
        path.iter().fold(self, |part, number| match part {
            Self::List(list) => &list[*number],
            Self::Object(fields) => &fields[*number].1,
            _ => panic!("{part} has no parts"),
        })
    }

    /// The same, to be changed.
    pub fn at_mut(&mut self, path: &[usize]) -> &mut Self {
        path.iter().fold(self, |part, number| match part {
            Self::List(list) => &mut list[*number],
            Self::Object(fields) => &mut fields[*number].1,
            _ => panic!("it has no parts"),
        })
    }

    /// A copy with another part at a path.
    pub fn with(&self, path: &[usize], part: Self) -> Self {
        let mut copy = self.clone();
        *copy.at_mut(path) = part;
        copy
    }
}
