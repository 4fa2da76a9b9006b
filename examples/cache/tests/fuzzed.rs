//! What the fuzz target checks, over its corpus and over changes of it at random from a fixed seed: a short look at each run of the suite.

mod common;

use common::Random;
use gaggle_cache::resp;

#[path = "../fuzz/fuzz_targets/check.rs"]
mod check;

fn corpus() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/resp");
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    names
        .iter()
        .map(|name| std::fs::read(name).unwrap())
        .collect()
}

#[test]
fn the_corpus_and_what_is_like_it_is_read_alike_however_it_is_cut() {
    let corpus = corpus();
    assert!(corpus.len() > 10);
    for seed in &corpus {
        for cut in 1..=8 {
            check::check(&[&[cut], &seed[..]].concat());
        }
    }
    let factor = std::env::var("GAGGLE_STRESS")
        .ok()
        .and_then(|text| text.parse().ok());
    let mut random = Random(7);
    for _ in 0..20_000 * factor.unwrap_or(1_u64) {
        let mut bytes = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(6) {
            change(&mut bytes, &corpus, &mut random);
        }
        bytes.insert(0, random.next().to_le_bytes()[0]);
        check::check(&bytes);
    }
}

fn change(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let marks = b"*$\r\n0123456789- x\0";
    match random.below(6) {
        0 => bytes.insert(at, marks[random.below(marks.len())]),
        1 if at < bytes.len() => {
            bytes.remove(at);
        }
        2 if at < bytes.len() => bytes[at] = random.next().to_le_bytes()[0],
        3 => bytes.truncate(at),
        4 => {
            let other = &corpus[random.below(corpus.len())];
            bytes.splice(at..at, other.iter().copied());
        }
        _ => {
            let times = random.below(70);
            let piece = bytes[at..].to_vec();
            bytes.extend(
                piece
                    .iter()
                    .copied()
                    .cycle()
                    .take(piece.len().min(40) * times),
            );
        }
    }
}
