//! The spread of figures: median, 99th percentile and worst.

use serde::Serialize;

/// The spread of one quantity over all lookups of a class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Half of the lookups needed no more.
    pub median: f64,
    /// 99 % of the lookups needed no more.
    pub p99: f64,
    /// The worst.
    pub max: f64,
}

impl Spread {
    /// The spread of at least one figure.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_unstable_by(f64::total_cmp);
        let last = figures.len() - 1;
        let at =
            |percent: usize| figures[(figures.len() * percent).div_ceil(100).saturating_sub(1)];
        Self { median: at(50), p99: at(99), max: figures[last] }
    }

    /// All three, each formatted by `show`.
    pub fn text(&self, show: impl Fn(f64) -> String) -> String {
        [self.median, self.p99, self.max].map(show).join(" / ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_sorting() {
        let spread = Spread::of((1..=200).rev().map(f64::from));
        assert_eq!(spread, Spread { median: 100.0, p99: 198.0, max: 200.0 });
        let alone = Spread::of([7.0]);
        assert_eq!(alone, Spread { median: 7.0, p99: 7.0, max: 7.0 });
        assert_eq!(alone.text(|figure| format!("{figure:.0}")), "7 / 7 / 7");
    }
}
