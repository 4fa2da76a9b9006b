//! Counts prime numbers in several goroutines: the same program on one worker and on many, with the same results.
//!
//! Run it with `GAGGLE_WORKERS=1 cargo run --release --example parallel`, then without `GAGGLE_WORKERS`.

use std::ops::Range;

use gaggle::{JoinError, go, yield_now};

fn is_prime(n: u64) -> bool {
    n >= 2 && (2..=n.isqrt()).all(|d| !n.is_multiple_of(d))
}

/// A long computation lets others run now and then, as a good neighbour does.
async fn count_primes(numbers: Range<u64>) -> usize {
    let mut found = 0;
    for n in numbers {
        if n.is_multiple_of(1_000) {
            yield_now().await;
        }
        if is_prime(n) {
            found += 1;
        }
    }
    found
}

/// Splits the numbers below `pieces * size` among `pieces` goroutines.
pub async fn parallel(pieces: u64, size: u64) -> Result<(), JoinError> {
    let counts: Vec<_> = (0..pieces)
        .map(|p| go(count_primes(p * size..(p + 1) * size)))
        .collect();

    let mut total = 0;
    for (piece, count) in counts.into_iter().enumerate() {
        let found = count.await?;
        println!("Piece {}: {found} primes", piece + 1);
        total += found;
    }
    println!("Together: {total} primes");
    Ok(())
}

#[gaggle::main]
async fn main() -> Result<(), JoinError> {
    parallel(8, 150_000).await
}
