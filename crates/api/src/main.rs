//! `florin-api`: the server and the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    florin_api::cli::run()
}
