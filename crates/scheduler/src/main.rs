//! The notification process; see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    florin_scheduler::cli::run()
}
