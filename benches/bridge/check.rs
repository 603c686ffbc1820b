//! How long `dingbridge check` takes: people wait for it at every save, and pipelines at every commit.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tokio::time::Instant;

use crate::figures::{Spread, Table};
use crate::{folder, program};

/// How many targets the configuration has.
const TARGETS: usize = 100;

/// How often each is checked.
const CHECKS: usize = 10;

/// What people write their own templates from.
const COPIED: &str = include_str!("../../templates/en/default.text.hbs");

/// Checks targets that have a template each, and targets that share one.
pub fn checks(table: &mut Table) {
    let each = |target| format!("team{target}");
    let one = |_| "team".to_owned();
    for (name, template) in [("a template each", &each as &dyn Fn(usize) -> String), ("one template", &one)] {
        let folder = folder();
        configure(folder.path(), template);
        let took = Spread::of((0..CHECKS).map(|_| check(folder.path())));
        table.row(&format!("check of {TARGETS} targets with {name}"), format!("{took:.0} ms"), "< 1000 ms");
    }
}

/// Writes the configuration and, by the name that it has for each target, the templates.
fn configure(folder: &Path, template: impl Fn(usize) -> String) {
    let mut config = String::from("templates: ['*.hbs']\ntargets:\n");
    for target in 0..TARGETS {
        let name = template(target);
        std::fs::write(folder.join(format!("{name}.hbs")), format!("{COPIED}\n{name}\n")).expect("write a template");
        let _ = writeln!(config, "  t{target}: {{url: sandbox, message: {{text: '{{{{> {name}}}}}'}}}}");
    }
    std::fs::write(folder.join("dingbridge.yml"), config).expect("write the configuration");
}

/// How many milliseconds one check takes.
fn check(folder: &Path) -> f64 {
    let mut command = Command::new(program::binary());
    command.arg("check").arg(folder.join("dingbridge.yml")).stdout(Stdio::null());
    let began = Instant::now();
    assert!(command.status().expect("run the check").success());
    began.elapsed().as_secs_f64() * 1e3
}
