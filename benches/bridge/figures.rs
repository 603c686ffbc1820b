//! Medians, and the table they are printed in.

use std::fmt;
use std::io::Write;

/// The rows that are printed: figure, measured, goal.
#[derive(Default)]
pub struct Table(Vec<[String; 3]>);

/// A median with the lowest and the highest; printed with the precision that is asked for.
pub struct Spread {
    pub median: f64,
    lowest: f64,
    highest: f64,
}

// === impl Table ===

impl Table {
    pub fn row(&mut self, figure: &str, measured: String, goal: &str) {
        self.0.push([figure.to_owned(), measured, goal.to_owned()]);
    }

    pub fn print(&self) {
        let width = |column: usize| self.0.iter().map(|row| row[column].len()).max().unwrap_or_default();
        let (first, second) = (width(0), width(1));
        let mut stdout = std::io::stdout().lock();
        for [figure, measured, goal] in &self.0 {
            let _ = writeln!(stdout, "{figure:first$}  {measured:second$}  {goal}");
        }
    }
}

// === impl Spread ===

impl Spread {
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_unstable_by(f64::total_cmp);
        Self { median: values[values.len() / 2], lowest: values[0], highest: values[values.len() - 1] }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, lowest, highest } = self;
        let digits = f.precision().unwrap_or_default();
        write!(f, "{median:.digits$} ({lowest:.digits$}-{highest:.digits$})")
    }
}
