//! Florin's notification process, deployed on its own beside any number of servers.
//!
//! It has no jobs yet: it reads the same settings as the server, says so, and waits for SIGTERM. Its exit codes are those
//! of `florin-api`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use florin_infra::settings::Settings;
use florin_infra::telemetry;
use job_scheduler_ng::JobScheduler;

/// The command line or the settings are wrong.
const EXIT_SETTINGS: u8 = 3;
/// How often the job table is looked at. A fixed short sleep: `time_till_next_job` can sleep past a due job.
const TICK: Duration = Duration::from_secs(1);

/// Decides who should hear what, once, and delivers it. It has no jobs yet.
#[derive(Debug, Parser)]
#[command(name = "florin-scheduler", version)]
struct Cli {
    /// Folder of default.toml and <FLORIN_ENV>.toml; neither need exist.
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// Run what is due now, and exit.
    #[arg(long)]
    once: bool,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With standard error gone there is nobody to tell.
            let _ = writeln!(io::stderr(), "florin-scheduler: {error:#}");
            ExitCode::from(EXIT_SETTINGS)
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    let settings = Settings::load(cli.config.as_deref())?;
    telemetry::init_logging(&settings.log)?;
    settings.check().map_err(|lines| anyhow::anyhow!(lines.join("; ")))?;
    if cli.once {
        tracing::info!("there are no jobs yet: nothing is due");
        return Ok(());
    }
    tracing::info!("there are no jobs yet: waiting for SIGTERM");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(tick_until_told_to_stop())
}

/// The job table, ticked. Jobs will only hand over to a worker here; what they decide lives in `florin_app`.
async fn tick_until_told_to_stop() -> anyhow::Result<()> {
    let mut jobs = JobScheduler::new();
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let mut interval = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = tokio::signal::ctrl_c() => break,
            _ = interval.tick() => jobs.tick(),
        }
    }
    tracing::info!("stopped");
    Ok(())
}
