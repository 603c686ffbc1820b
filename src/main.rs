//! The `dingbridge` program: command line in, exit code out.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use dingbridge::command::{self, Cli};

fn main() -> ExitCode {
    match command::run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            command::complain(&chain(&*error));
            ExitCode::FAILURE
        }
    }
}

/// An error with all its causes.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
