//! Samples of metrics, as the text format of Prometheus has them, and what follows from them:
//! sums, rates and quantiles. What is not a sample is passed over.

/// The samples of a page.
#[derive(Debug, Default)]
pub struct Samples(Vec<Sample>);

#[derive(Debug)]
struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

/// Which samples of a name are meant: those whose labels have one of these values.
pub type Which<'a> = &'a [(&'a str, &'a [&'a str])];

impl Samples {
    /// Reads a page.
    pub fn read(page: &str) -> Self {
        Self(page.lines().filter_map(Sample::read).collect())
    }

    fn of<'a>(&'a self, name: &'a str, which: Which<'a>) -> impl Iterator<Item = &'a Sample> {
        let fits = move |sample: &&Sample| {
            let has = |(key, values): &(&str, &[&str])| {
                sample.label(key).is_some_and(|found| values.contains(&found))
            };
            sample.name == name && which.iter().all(has)
        };
        self.0.iter().filter(fits)
    }

    /// The sum of the matching samples, or `None` if nothing matches.
    pub fn sum(&self, name: &str, which: Which<'_>) -> Option<f64> {
        self.of(name, which).fold(None, |sum, sample| Some(sum.unwrap_or(0.0) + sample.value))
    }

    /// The samples of a name, by one of their labels.
    pub fn by_label<'a>(
        &'a self,
        name: &'a str,
        label: &'a str,
    ) -> impl Iterator<Item = (&'a str, f64)> {
        self.of(name, &[]).filter_map(move |sample| Some((sample.label(label)?, sample.value)))
    }

    /// The histogram of a name, summed over the samples that are meant.
    pub fn histogram(&self, name: &str, which: Which<'_>) -> Histogram {
        let mut buckets: Vec<(f64, f64)> = Vec::new();
        for sample in self.of(&format!("{name}_bucket"), which) {
            let Some(Ok(bound)) = sample.label("le").map(str::parse::<f64>) else { continue };
            match buckets.iter_mut().find(|(known, _)| known.total_cmp(&bound).is_eq()) {
                Some((_, count)) => *count += sample.value,
                None => buckets.push((bound, sample.value)),
            }
        }
        buckets.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        Histogram(buckets)
    }
}

impl Sample {
    fn read(line: &str) -> Option<Self> {
        let end = line.find(['{', ' '])?;
        let (name, rest) = line.split_at(end);
        let (labels, rest) = match rest.strip_prefix('{') {
            Some(labels) => read_labels(labels)?,
            None => (Vec::new(), rest),
        };
        let value = rest.split_ascii_whitespace().next()?.parse().ok()?;
        (!name.starts_with('#')).then(|| Self { name: name.to_owned(), labels, value })
    }

    fn label(&self, key: &str) -> Option<&str> {
        self.labels.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }
}

/// Reads labels up to the closing brace, and returns what follows it.
fn read_labels(mut text: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        text = text.trim_start_matches([',', ' ']);
        if let Some(rest) = text.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (key, quoted) = text.split_once("=\"")?;
        let (mut value, mut characters) = (String::new(), quoted.char_indices());
        let end = loop {
            match characters.next()? {
                (end, '"') => break end,
                (_, '\\') => match characters.next()?.1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                (_, other) => value.push(other),
            }
        };
        labels.push((key.to_owned(), value));
        text = &quoted[end + 1..];
    }
}

/// How much a counter has grown; one that is smaller than before has begun again at zero.
pub fn growth(before: f64, now: f64) -> f64 {
    if now < before { now } else { now - before }
}

/// How many observations were at most so large, by ascending bounds of which the last is infinite.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram(Vec<(f64, f64)>);

impl Histogram {
    /// What was observed since `before`.
    pub fn since(&self, before: &Self) -> Self {
        let known = |bound: f64| before.0.iter().find(|(known, _)| known.total_cmp(&bound).is_eq());
        let restarted = self
            .0
            .iter()
            .any(|(bound, count)| known(*bound).is_some_and(|(_, before)| count < before));
        if restarted {
            return self.clone();
        }
        let since = |&(bound, count): &(f64, f64)| {
            (bound, count - known(bound).map_or(0.0, |(_, before)| *before))
        };
        Self(self.0.iter().map(since).collect())
    }

    /// The number of observations.
    pub fn count(&self) -> f64 {
        self.0.last().map_or(0.0, |(_, count)| *count)
    }

    /// The value below which this part of the observations is, interpolated within its bucket as
    /// Prometheus does it; `None` without observations.
    pub fn quantile(&self, part: f64) -> Option<f64> {
        let rank = part * self.count();
        if self.count() <= 0.0 {
            return None;
        }
        let (mut below, mut before) = (0.0, 0.0);
        for &(bound, count) in &self.0 {
            if count >= rank && count > before {
                let within = (rank - before) / (count - before);
                return Some(if bound.is_finite() {
                    below + (bound - below) * within
                } else {
                    below
                });
            }
            (below, before) = (bound, count);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"# HELP a An answer.
# TYPE a counter
a_total{route="x",code="200"} 3
a_total{route="y",code="200"} 4 1700000000
a_total{route="x",code="500"} 1
odd{text="a \"b\\c, d=\"}\""} 2.5e3
plain 7
broken{text="} 1
half
t_bucket{le="0.1",k="x"} 50
t_bucket{le="0.5",k="x"} 90
t_bucket{le="+Inf",k="x"} 100
t_bucket{le="0.1",k="y"} 0
t_bucket{le="0.5",k="y"} 0
t_bucket{le="+Inf",k="y"} 0
# EOF
"#;

    #[test]
    fn samples_of_a_page() {
        let samples = Samples::read(PAGE);
        assert_eq!(samples.sum("a_total", &[]), Some(8.0));
        assert_eq!(samples.sum("a_total", &[("route", &["x"])]), Some(4.0));
        assert_eq!(
            samples.sum("a_total", &[("route", &["x", "y"]), ("code", &["200"])]),
            Some(7.0)
        );
        assert_eq!((samples.sum("plain", &[]), samples.sum("broken", &[])), (Some(7.0), None));
        let odd: Vec<_> = samples.by_label("odd", "text").collect();
        assert_eq!(odd, [("a \"b\\c, d=\"}\"", 2500.0)]);
    }

    #[test]
    fn quantiles_of_what_was_observed_in_between() {
        let now = Samples::read(PAGE).histogram("t", &[("k", &["x", "y"])]);
        let near = |found: Option<f64>, expected: f64| {
            assert!(found.is_some_and(|found| (found - expected).abs() < 1e-9), "{found:?}");
        };
        near(Some(now.count()), 100.0);
        near(now.quantile(0.5), 0.1);
        near(now.quantile(0.7), 0.3);
        near(now.quantile(0.99), 0.5);
        let before = Histogram(vec![(0.1, 50.0), (0.5, 50.0), (f64::INFINITY, 50.0)]);
        let between = now.since(&before);
        near(Some(between.count()), 50.0);
        near(between.quantile(0.5), 0.1 + 0.4 * 25.0 / 40.0);
        assert_eq!(before.since(&now), before, "the writer was restarted");
        assert_eq!(before.since(&before).quantile(0.5), None);
        near(Some(growth(5.0, 2.0)), 2.0);
    }
}
