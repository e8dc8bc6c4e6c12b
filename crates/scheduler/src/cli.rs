//! The command line.
//!
//! Standard output carries notifications only, of the `log` channel or of a dry run, one JSON object a line. Logs and errors
//! go to standard error, an error as one line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use florin_domain::calendar::Timestamp;
use florin_infra::settings::{Environment, Settings};
use florin_infra::telemetry;

use crate::failure::{self, Failure};
use crate::{once, process};

const EXIT_CODES: &str = "\
Exit codes:
  0  done, or told to stop
  2  the command line is wrong
  3  the settings are wrong or unsafe; nothing was touched
  4  the database is missing, older, newer, or cannot be reached
  5  anything else, such as a port that is taken";

/// Decides who should hear what, once, and delivers it. Runs until SIGTERM or SIGINT unless told otherwise.
#[derive(Debug, Parser)]
#[command(name = "florin-scheduler", version, after_help = EXIT_CODES, args_conflicts_with_subcommands = true)]
struct Cli {
    /// Folder of default.toml and <FLORIN_ENV>.toml; neither need exist.
    #[arg(long, value_name = "DIR", global = true)]
    config: Option<PathBuf>,
    /// Decide and deliver what is due now, and exit.
    #[arg(long)]
    once: bool,
    /// As if it were that instant, such as 2026-03-01T09:00:00Z; not in production.
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    at: Option<Timestamp>,
    /// Only print what would be decided now, and exit; changes nothing.
    #[arg(long, conflicts_with = "once")]
    dry_run: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Deliver what other processes decided and handed over by Redis, until SIGTERM or SIGINT.
    #[command(after_help = EXIT_CODES)]
    Deliver,
}

fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|error| error.to_string())
}

/// Reads the command line and does what it says.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help is data and goes to standard output; faults go to standard error. Neither is worth failing over.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(failure::USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match execute(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn execute(cli: &Cli) -> Result<(), Failure> {
    let settings = Settings::load(cli.config.as_deref())?;
    check(&settings)?;
    if cli.at.is_some() && !cli.once && !cli.dry_run {
        return Err(Failure::usage("--at goes with --once or --dry-run"));
    }
    if cli.at.is_some() && settings.environment == Environment::Production {
        return Err(Failure::usage("--at: production knows no other time than the present"));
    }
    telemetry::init_logging(&settings.log).map_err(|error| Failure::settings(error.to_string()))?;
    telemetry::log_panics();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        match &cli.command {
            Some(Command::Deliver) => process::deliver(&settings).await,
            None if cli.dry_run => once::show(&settings, cli.at).await,
            None if cli.once => once::run(&settings, cli.at).await,
            None => process::run(&settings).await,
        }
    });
    // Not waited for: a thread may be writing to an output that nobody reads, for ever.
    runtime.shutdown_background();
    ended
}

/// What this program does not use may be as it likes: it serves no HTTP API, sends no codes and knows no passwords, so it need not
/// be given their secrets.
fn check(settings: &Settings) -> Result<(), Failure> {
    const OF_THE_SERVER: [&str; 5] = ["server.", "auth.", "otp.", "limits.", "demo."];
    let Err(mut lines) = settings.check() else { return Ok(()) };
    lines.retain(|line| !OF_THE_SERVER.iter().any(|section| line.starts_with(section)));
    if lines.is_empty() { Ok(()) } else { Err(Failure::unsafe_settings(lines)) }
}
