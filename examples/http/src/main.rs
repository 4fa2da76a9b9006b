//! The program: `gaggle-http [address]`. Ctrl-C or SIGTERM ends it gracefully, a second one at once.

#![forbid(unsafe_code)]

use gaggle::context::{Context, Signal, with_signals};
use gaggle::net::TcpListener;
use gaggle_http::{Limits, serve};
use std::process::ExitCode;

const USAGE: &str = "usage: gaggle-http [ADDRESS]
ADDRESS is where it listens: a host and a port, 127.0.0.1:8080 if nothing is said; port 0 lets the system choose";

/// Where to listen, by the command line; or what is to be said about it, and with which status.
fn address(mut arguments: impl Iterator<Item = String>) -> Result<String, (u8, String)> {
    let first = arguments.next();
    if let Some(more) = arguments.next() {
        return Err((2, format!("one argument too many: `{more}`\n{USAGE}")));
    }
    match first.as_deref() {
        None => Ok("127.0.0.1:8080".to_owned()),
        Some("-h" | "--help") => Err((0, USAGE.to_owned())),
        Some(option) if option.starts_with('-') => {
            Err((2, format!("there is no option `{option}`\n{USAGE}")))
        }
        Some(address) => Ok(address.to_owned()),
    }
}

async fn run(address: &str) -> Result<(), String> {
    let failed = |error| format!("{address}: {error}");
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    println!(
        "listening on http://{}",
        listener.local_addr().map_err(failed)?
    );
    let signals = [Signal::Interrupt, Signal::Terminate];
    let (ctx, listening) = with_signals(&Context::background(), &signals)
        .map_err(|error| format!("signals: {error}"))?;
    gaggle::go({
        let ctx = ctx.clone();
        async move {
            ctx.done().await;
            println!("finishing what has begun; once more ends it now");
            listening.cancel();
        }
    });
    let summary = serve(listener, Limits::default(), ctx)
        .await
        .map_err(failed)?;
    println!("{summary:?}");
    Ok(())
}

#[gaggle::main]
async fn main() -> ExitCode {
    let address = match address(std::env::args().skip(1)) {
        Ok(address) => address,
        Err((0, help)) => {
            println!("{help}");
            return ExitCode::SUCCESS;
        }
        Err((status, text)) => {
            eprintln!("gaggle-http: {text}");
            return ExitCode::from(status);
        }
    };
    match run(&address).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("gaggle-http: {text}");
            ExitCode::FAILURE
        }
    }
}
