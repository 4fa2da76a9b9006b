//! Three workers read numbers off one channel. Is the order the same each time? When does it matter?
//!
//! Run it with `cargo run --example three_readers`.

use gaggle::chan;
use gaggle::sync::WaitGroup;

/// One goroutine sends 1 to `last`; `readers` goroutines share what comes out.
pub async fn three_readers(readers: usize, last: u32) {
    let (numbers, incoming) = chan::bounded(0);
    let everybody = WaitGroup::new();

    for r in 1..=readers {
        let incoming = incoming.clone();
        everybody.go(async move {
            while let Ok(n) = incoming.recv().await {
                println!("Reader {r} read {n}");
            }
        });
    }

    everybody.go(async move {
        for n in 1..=last {
            if numbers.send(n).await.is_err() {
                return;
            }
        }
    });
    everybody.wait().await;
}

#[gaggle::main]
async fn main() {
    three_readers(3, 12).await;
}
