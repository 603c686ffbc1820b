//! The `dingbridge` program: command line in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use dingbridge::command::{self, Cli};

fn main() -> ExitCode {
    match command::run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            command::complain(&command::with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}
