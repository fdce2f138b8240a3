//! What the programs say about their build: in `--version`, and as a metric.

use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// The version of all programs.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The revision of the source, if it was known.
const REVISION: &str = env!("FASTI_BUILD_REVISION");

/// Lists features of the program that says this, and whether it was built with them.
#[macro_export]
macro_rules! features {
    ($($name:literal),* $(,)?) => {
        &[$(($name, cfg!(feature = $name))),*]
    };
}

/// What `--version` prints after the program's name. `features` are those that it could have.
pub fn long_version(features: &[(&str, bool)]) -> String {
    let on: Vec<_> = features.iter().filter(|(_, is_on)| *is_on).map(|(name, _)| *name).collect();
    let on = if on.is_empty() { "none".to_owned() } else { on.join(" ") };
    let (compiler, target) = (env!("FASTI_BUILD_COMPILER"), env!("FASTI_BUILD_TARGET"));
    format!(
        "{VERSION}\nrevision  {REVISION}\ncompiler  {compiler}\ntarget    {target}\nfeatures  {on}"
    )
}

/// A registry for the metrics of a program, with `fasti_build_info`.
pub fn registry() -> Registry {
    let mut registry = Registry::with_prefix("fasti");
    let info = Info::new([("version", VERSION), ("revision", REVISION)]);
    registry.register("build", "The program's version and revision", info);
    registry
}
