//! The `dingbridge` program.

fn main() {}
