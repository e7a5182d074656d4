//! The command line of the central server.

use anyhow::{Context, bail};
use chrono::NaiveDate;
use clap::{Parser, Subcommand};
use domain::id::{LedgerId, TaskId};
use domain::version::Version;
use server::{App, Extent, Settings};
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use tracing_subscriber::EnvFilter;

/// Taking a page in makes and drops very many small things.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "lianjian-server", version, about = "联检 central server")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the console and the tablets until it is told to stop.
    Serve {
        /// Folder of database, files and keys; made when it is not there.
        #[arg(long)]
        data: PathBuf,
        /// Address to listen on; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
        /// Fills an empty installation with the demo city of this seed.
        #[arg(long)]
        demo_seed: Option<u64>,
        /// Oldest version of the app that may sign and decide, such as 0.2.0;
        /// older ones go on reading and handing in.
        #[arg(long)]
        min_app_version: Option<Version>,
        /// Days without contact after which a tablet shows nothing [usually 14].
        #[arg(long, env = "LIANJIAN_LEASE_DAYS", value_parser = clap::value_parser!(u32).range(1..=365))]
        lease_days: Option<u32>,
        /// Days for which a tablet keeps a task it was taken off after all of its
        /// work was safe; longer than the installation's copies are apart [usually 30].
        #[arg(long, env = "LIANJIAN_KEPT_DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
        kept_days: Option<u32>,
        /// MiB that one tablet may leave in unfinished uploads and in files that
        /// no record refers to.
        #[arg(long, default_value_t = 8192)]
        tablet_mib_max: u64,
    },
    /// Hands a rescue pack in and prints what it brought as JSON.
    ImportPack {
        /// The pack.
        file: PathBuf,
        /// Folder of the installation.
        #[arg(long)]
        data: PathBuf,
    },
    /// Begins a new epoch on an installation that was put back from a copy, and
    /// prints it as JSON: tablets then offer again all that they hold.
    Restore {
        /// Folder of the installation.
        #[arg(long)]
        data: PathBuf,
        /// Folder of the copy, made while the server was stopped; it is put to
        /// the installation's place first, where nothing may be yet.
        #[arg(long)]
        from: Option<PathBuf>,
    },
    /// Prints the description of every route as JSON.
    Openapi,
    /// Prints the accounts of the demonstration with their passwords as JSON.
    DemoAccounts {
        /// Folder of the installation.
        #[arg(long)]
        data: PathBuf,
    },
    /// Opens and dispatches a first task of the demonstration, unless there are
    /// tasks already, and prints it as JSON.
    DemoTask {
        /// Folder of the installation.
        #[arg(long)]
        data: PathBuf,
    },
    /// Issues a one-time code for a person's next tablet and prints it as JSON.
    EnrolmentCode {
        /// Folder of the installation.
        #[arg(long)]
        data: PathBuf,
        /// The person: id or certificate number.
        #[arg(long)]
        person: String,
    },
    /// Prints the digests of holdings and state of every ledger as JSON.
    Digest {
        /// Folder of the installation.
        #[arg(long)]
        data: PathBuf,
        /// Of this ledger only.
        #[arg(long)]
        ledger: Option<LedgerId>,
    },
    /// Writes everything about a task in a form that anyone can verify with
    /// `docs/verify.py`.
    ExportTask {
        /// The task.
        task: TaskId,
        /// Folder of the installation.
        #[arg(long)]
        data: PathBuf,
        /// A new folder, or a new archive whose name ends in `.zip`.
        #[arg(long)]
        out: PathBuf,
        /// The bytes of photos and other files too; without it documents alone.
        #[arg(long)]
        with_files: bool,
        /// The departments' internal ledgers too.
        #[arg(long)]
        with_internal: bool,
    },
    /// Makes the daily tree heads that are due and prints those of the last
    /// year as JSON, with the running day's, marked as interim.
    TreeHead {
        /// Folder of the installation.
        #[arg(long)]
        data: PathBuf,
        /// Of this day only, YYYY-MM-DD.
        #[arg(long)]
        day: Option<NaiveDate>,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_env("LIANJIAN_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,sea_orm_migration=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match Arguments::parse().command {
        Command::Serve {
            data,
            listen,
            demo_seed,
            min_app_version,
            lease_days,
            kept_days,
            tablet_mib_max,
        } => {
            let device_bytes_max = tablet_mib_max.saturating_mul(1024 * 1024);
            let usual = Settings::new(data);
            let settings =
                Settings { lease_days, kept_days, min_app_version, device_bytes_max, ..usual };
            serve(settings, listen, demo_seed).await
        }
        Command::ImportPack { file, data } => {
            let report = server::import_pack(&existing(data)?, &file).await?;
            print_line(&serde_json::to_string_pretty(&report)?)
        }
        Command::Restore { data, from } => {
            let settings = if from.is_some() { Settings::new(data) } else { existing(data)? };
            let restored = server::restore(&settings, from.as_deref()).await?;
            print_line(&serde_json::to_string(&restored)?)
        }
        Command::Openapi => print_line(&server::openapi_json()?),
        Command::DemoAccounts { data } => {
            print_line(&serde_json::to_string_pretty(&server::demo_accounts(&data)?)?)
        }
        Command::DemoTask { data } => {
            let task = server::open_demo_task(&existing(data)?).await?;
            print_line(&serde_json::json!({ "task": task }).to_string())
        }
        Command::EnrolmentCode { data, person } => {
            let code = server::issue_code(&existing(data)?, &person).await?;
            print_line(&serde_json::to_string(&code)?)
        }
        Command::Digest { data, ledger } => {
            let digests = server::digests(&existing(data)?, ledger).await?;
            print_line(&serde_json::to_string(&digests)?)
        }
        Command::ExportTask { task, data, out, with_files, with_internal } => {
            let extent = Extent { internal: with_internal, files: with_files };
            server::export_task(&existing(data)?, task, extent, &out).await?;
            print_line(&serde_json::json!({ "task": task, "out": out }).to_string())
        }
        Command::TreeHead { data, day } => {
            let heads = server::tree_heads(&existing(data)?, day).await?;
            print_line(&serde_json::to_string(&heads)?)
        }
    }
}

/// Settings for an installation that is there; these commands make none.
fn existing(data: PathBuf) -> anyhow::Result<Settings> {
    if !data.is_dir() {
        bail!("there is no installation at {}", data.display());
    }
    Ok(Settings::new(data))
}

async fn serve(
    settings: Settings,
    listen: SocketAddr,
    demo_seed: Option<u64>,
) -> anyhow::Result<()> {
    let app = App::open(&settings).await.context("opening the data folder")?;
    if let Some(seed) = demo_seed {
        server::import_demo(&app, seed).await.context("importing the demo city")?;
    }
    let ready = |address: SocketAddr| {
        let line = serde_json::json!({ "ready": true, "url": format!("http://{address}") });
        // Whoever started the server may have closed its end; that is no reason to stop.
        let _ = print_line(&line.to_string());
    };
    server::serve(app, listen, ready, stop_signal()).await.context("serving")
}

fn print_line(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()?;
    Ok(())
}

/// Done when the process is asked to end.
async fn stop_signal() {
    let interrupt = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    let terminate = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
