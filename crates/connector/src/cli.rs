//! The command line `latchgate-connector`.
//!
//! Exit codes: 0 done, 1 failed, 2 usage. Results go to standard output, as text or with `--json` as one JSON
//! document; everything else goes to standard error. Secrets are read from files and written only where they
//! are asked for.

mod args;
mod device;
mod output;
mod person;
mod report;
mod serve;
mod setup;
mod site;
mod waiting;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;
use latchgate_link::dial::Dialer;
use latchgate_link::rest::Rest;
use latchgate_protocol::origin::PlainHttp;

use crate::audit::Audit;
use crate::config::{Config, ConfigError};
use crate::store::Store;
use args::{Args, Command};
use output::{Failure, Output};

/// Runs one command and returns its exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Help and version are no mistakes: clap sends them to standard output.
            drop(error.print());
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    let mut output = Output::new(args.json);
    match dispatch(&args, &mut output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output.fail(&failure),
    }
}

fn dispatch(args: &Args, output: &mut Output) -> Result<(), Failure> {
    match &args.command {
        Command::Serve => serve::run(args, output),
        Command::Init(init) => setup::run(args, init, output),
        Command::Person(command) => person::run_person(&Context::open(args)?, command, output),
        Command::Group(command) => person::run_group(&Context::open(args)?, command, output),
        Command::Site(command) => site::run(args, command, output),
        Command::Device(command) => device::run(&Context::open(args)?, command, output),
        Command::Audit(command) => report::run_audit(&Context::open(args)?, command, output),
        Command::Usage(command) => report::run_usage(&Context::open(args)?, command, output),
    }
}

/// What most commands work on.
struct Context {
    config: Config,
    store: Store,
    audit: Audit,
}

impl Context {
    fn open(args: &Args) -> Result<Self, Failure> {
        let config = load(args)?;
        let store = Store::open(config.data())?;
        let audit = Audit::new(&store);
        Ok(Self { config, store, audit })
    }

    fn rest(&self) -> Result<Rest, Failure> {
        Ok(Rest::new(Dialer::new(self.config.dial())?))
    }
}

fn load(args: &Args) -> Result<Config, Failure> {
    Config::load(&args.config, plain_http(args)).map_err(|error| match error {
        ConfigError::Io { .. } => error.into(),
        ConfigError::Malformed { .. }
        | ConfigError::Gateway(_)
        | ConfigError::Invalid { .. }
        | ConfigError::Site { .. } => Failure::in_file(&args.config, error),
    })
}

const fn plain_http(args: &Args) -> PlainHttp {
    if args.allow_plain_http { PlainHttp::Allowed } else { PlainHttp::ToLoopback }
}

/// Runs the one asynchronous part of a command.
fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work))
}
