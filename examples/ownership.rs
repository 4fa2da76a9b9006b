//! A value sent through a channel moves: one goroutine owns it at a time, and nothing is copied.
//!
//! Run it with `cargo run --example ownership`.

use gaggle::{JoinError, chan, go};

/// Sends a letter back and forth, and looks whether it is still the same piece of memory.
pub async fn ownership() -> Result<(), JoinError> {
    let (outbox, inbox) = chan::bounded(0);
    let (reply, answers) = chan::bounded(0);

    let reader = go(async move {
        let Ok(mut letter): Result<String, _> = inbox.recv().await else {
            return;
        };
        letter.push('!'); // no lock: while it is here, nobody else can touch it
        println!("The reader owns the letter: {letter}");
        let _ = reply.send(letter).await;
    });

    let mut letter = String::with_capacity(64);
    letter.push_str("Dear reader");
    let place = letter.as_ptr().addr();
    println!("Main owns the letter: {letter}");
    let _ = outbox.send(letter).await;
    // println!("{letter}"); // does not compile: the letter has moved

    if let Ok(letter) = answers.recv().await {
        println!("Main owns it again: {letter}");
        println!("Same memory: {}", letter.as_ptr().addr() == place);
    }
    reader.await
}

#[gaggle::main]
async fn main() -> Result<(), JoinError> {
    ownership().await
}
