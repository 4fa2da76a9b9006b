//! The program: `gaggle-http [address]`. Ctrl-C or SIGTERM ends it gracefully, a second one at once.

#![forbid(unsafe_code)]

use gaggle::context::{Context, Signal, with_signals};
use gaggle::net::TcpListener;
use gaggle_http::{Limits, serve};
use std::io;

#[gaggle::main]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:8080")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let signals = [Signal::Interrupt, Signal::Terminate];
    let (ctx, listening) = with_signals(&Context::background(), &signals)?;
    gaggle::go({
        let ctx = ctx.clone();
        async move {
            ctx.done().await;
            println!("finishing what has begun; once more ends it now");
            listening.cancel();
        }
    });
    let summary = serve(listener, Limits::default(), ctx).await?;
    println!("{summary:?}");
    Ok(())
}
