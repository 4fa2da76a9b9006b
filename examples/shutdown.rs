//! A server that ends gracefully: after Ctrl-C or SIGTERM it takes no more connections, lets the requests in progress end, and gives up after a while.

use gaggle::context::Context;
use gaggle::net::{TcpListener, TcpStream};
use gaggle::signal::{self, Signal};
use gaggle::sync::WaitGroup;
use gaggle::time::timeout;
use std::io;
use std::time::Duration;

const IDLE: Duration = Duration::from_secs(60);
const GRACE: Duration = Duration::from_secs(10);

async fn serve(stream: TcpStream, ctx: Context) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        let read = gaggle::select! {
            read = timeout(IDLE, stream.read(&mut buffer)) => read,
            // Between two requests nothing is lost. Within one nobody asks.
            _ = ctx.done() => return Ok(()),
        };
        match read {
            Err(_idle_for_too_long) => return Ok(()),
            Ok(Ok(0)) => return Ok(()),
            Ok(n) => stream.write_all(&buffer[..n?]).await?,
        }
    }
}

#[gaggle::main]
async fn main() -> io::Result<()> {
    let root = Context::background();
    let (ctx, stop) = signal::notify_context(&root, &[Signal::INT, Signal::TERM])?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    let connections = WaitGroup::new();
    loop {
        let stream = gaggle::select! {
            accepted = listener.accept() => accepted?.0,
            _ = ctx.done() => break,
        };
        drop(connections.go(serve(stream, ctx.clone())));
    }
    // From here on connections are refused, and another signal ends the program at once.
    drop(listener);
    stop.cancel();
    println!("ending; {} connections are open", connections.count());
    if timeout(GRACE, connections.wait()).await.is_err() {
        println!("{} did not end in time", connections.count());
    }
    Ok(())
}
