//! The flags for traces, and the standard variables of OpenTelemetry that can stand in for them.

use std::env;
use std::str::FromStr;

use clap::Args;

/// Where a collector takes traces.
const PATH: &str = "/v1/traces";

/// The flags for traces.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Traces")]
pub struct TraceFlags {
    /// Send traces of submissions to this OpenTelemetry collector, over OTLP/HTTP, such as
    /// http://localhost:4318. Takes a program with the cargo feature otlp [default: what
    /// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT say]
    #[arg(long, env = "FASTI_TRACES", value_name = "URL")]
    pub traces: Option<CollectorUrl>,

    /// Which part of the submissions to trace, from 0 to 1, if their clients do not decide that
    /// themselves by a traceparent field. At most 100 are traced in a second.
    #[arg(long, env = "FASTI_TRACES_SAMPLE", value_name = "FRACTION", default_value_t = 1.0,
          value_parser = fraction)]
    pub traces_sample: f64,
}

/// The URL at which a collector takes traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectorUrl(String);

impl CollectorUrl {
    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The URL of a collector, with or without the path for traces.
impl FromStr for CollectorUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        match rest {
            Some(rest) if !rest.is_empty() && !rest.contains(['?', '#']) => {
                let base = text.trim_end_matches('/');
                Ok(Self(format!("{}{PATH}", base.strip_suffix(PATH).unwrap_or(base))))
            }
            _ => Err("it is not an http:// or https:// URL without a query"),
        }
    }
}

/// The collector that is asked for, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskedFor {
    /// The flag.
    Flag(CollectorUrl),
    /// A standard variable, which may be meant for other programs.
    Variable(&'static str, CollectorUrl),
}

impl TraceFlags {
    /// The collector to send traces to, if any.
    pub fn collector(&self) -> Option<AskedFor> {
        let flag = self.traces.clone().map(AskedFor::Flag);
        flag.or_else(|| standard(&|name| env::var(name).ok()))
    }
}

/// The collector that the standard variables name. That for traces alone is their whole URL.
fn standard(variable: &dyn Fn(&str) -> Option<String>) -> Option<AskedFor> {
    let said = |name| variable(name).filter(|value| !value.is_empty());
    let (of_traces, of_all) = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT");
    if let Some(url) = said(of_traces) {
        return Some(AskedFor::Variable(of_traces, CollectorUrl(url)));
    }
    let base = said(of_all)?;
    let url = format!("{}{PATH}", base.trim_end_matches('/'));
    Some(AskedFor::Variable(of_all, CollectorUrl(url)))
}

fn fraction(text: &str) -> Result<f64, &'static str> {
    let fraction = text.parse().ok().filter(|fraction| (0.0..=1.0).contains(fraction));
    fraction.ok_or("it is not a number from 0 to 1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_named_with_or_without_the_path() {
        for (text, url) in [
            ("http://localhost:4318", "http://localhost:4318/v1/traces"),
            ("http://localhost:4318/", "http://localhost:4318/v1/traces"),
            ("https://c.example/otlp", "https://c.example/otlp/v1/traces"),
            ("https://c.example/otlp/v1/traces", "https://c.example/otlp/v1/traces"),
        ] {
            assert_eq!(text.parse(), Ok(CollectorUrl(url.to_owned())), "{text}");
        }
        for text in ["", "localhost:4318", "http://", "grpc://c.example", "http://c.example/?a=b"] {
            text.parse::<CollectorUrl>().unwrap_err();
        }
    }

    #[test]
    fn standard_variables_stand_in_for_the_flag() {
        let asked = |set: &[(&str, &str)]| {
            standard(&|name| set.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
        };
        let (of_all, of_traces) =
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        let by = |name, url: &str| Some(AskedFor::Variable(name, CollectorUrl(url.to_owned())));
        assert_eq!(asked(&[]), None);
        assert_eq!(asked(&[(of_all, "")]), None);
        assert_eq!(asked(&[(of_all, "http://c/")]), by(of_all, "http://c/v1/traces"));
        let both = asked(&[(of_all, "http://c"), (of_traces, "http://t/x")]);
        assert_eq!(both, by(of_traces, "http://t/x"), "it is used as it is");
    }

    #[test]
    fn a_fraction_is_not_more_than_all() {
        assert_eq!(fraction("0.25"), Ok(0.25));
        for text in ["", "-0.1", "1.01", "NaN", "1%"] {
            fraction(text).unwrap_err();
        }
    }
}
