//! The command line.
//!
//! Standard output carries data only; logs and errors go to standard error, an error as one line. The exit codes are part
//! of the interface and stand in `--help`.

mod accounts;
mod database;
mod export;
mod failure;
mod health;
mod output;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use florin_infra::settings::Settings;
use florin_infra::telemetry;

use crate::openapi;
use failure::Failure;

const EXIT_CODES: &str = "\
Exit codes:
  0  done; for verify and healthcheck: all is well
  1  refused, or found wrong: the address is taken, the password too short, a total does not agree, no such user, not ready
  2  the command line is wrong
  3  the settings are wrong or unsafe; nothing was touched
  4  the database is missing, older, newer, or cannot be reached
  5  anything else, such as a port that is taken";

/// Florin's server and command line.
#[derive(Debug, Parser)]
#[command(name = "florin-api", version, after_help = EXIT_CODES, propagate_version = true)]
struct Cli {
    /// Folder of default.toml and <FLORIN_ENV>.toml; neither need exist.
    #[arg(long, value_name = "DIR", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until SIGTERM or SIGINT. A SQLite database is made and migrated first.
    #[command(after_help = EXIT_CODES)]
    Serve {
        /// Migrate a database server first, too; else /readyz says what is missing.
        #[arg(long)]
        migrate: bool,
    },
    /// Bring the database's schema up to date. Any number of processes may do so at once.
    #[command(after_help = EXIT_CODES)]
    Migrate,
    /// Make the demo user with six months of expenses and budgets, and print the log-in as JSON. Again: print it again.
    #[command(after_help = EXIT_CODES)]
    SeedDemo,
    /// Manage admins.
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Walk the log and the totals of everybody, and print one line of JSON for each.
    #[command(after_help = EXIT_CODES)]
    Verify {
        /// Of this user only.
        #[arg(long, value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
        user: Option<i64>,
    },
    /// Print everything of a person's as one JSON object: what GET /api/v1/me/export answers to them.
    #[command(after_help = EXIT_CODES)]
    Export {
        /// Of this user.
        #[arg(long, value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
        user: i64,
    },
    /// Print the OpenAPI document.
    Openapi,
    /// Show settings.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Ask the server of these settings whether it is ready.
    #[command(after_help = EXIT_CODES)]
    Healthcheck,
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Make a verified admin. The password is read from standard input, up to the first line break.
    #[command(after_help = EXIT_CODES)]
    Create {
        /// The address to log in with.
        #[arg(long, value_name = "EMAIL")]
        email: String,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print all settings in force, as TOML, with secrets hidden and where each came from.
    Show,
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
    match execute(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn execute(cli: Cli) -> Result<(), Failure> {
    if matches!(cli.command, Command::Openapi) {
        return output::write(openapi::text());
    }
    let settings = Settings::load(cli.config.as_deref())?;
    if matches!(cli.command, Command::Config(ConfigCommand::Show)) {
        return output::write(&settings.show());
    }
    settings.check().map_err(Failure::unsafe_settings)?;
    if matches!(cli.command, Command::Healthcheck) {
        return health::check(&settings);
    }
    telemetry::init_logging(&settings.log).map_err(|error| Failure::settings(error.to_string()))?;
    telemetry::log_panics();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match cli.command {
            Command::Serve { migrate } => serve::serve(&settings, migrate).await,
            Command::Migrate => database::migrate(&settings).await,
            Command::SeedDemo => accounts::seed_demo(&settings).await,
            Command::Admin(AdminCommand::Create { email }) => accounts::create_admin(&settings, &email).await,
            Command::Verify { user } => accounts::verify(&settings, user).await,
            Command::Export { user } => export::export(&settings, user).await,
            Command::Openapi | Command::Config(_) | Command::Healthcheck => Ok(()),
        }
    })
}
