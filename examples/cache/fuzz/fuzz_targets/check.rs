//! What must hold for any bytes: no panic, no claim above the limits, the same outcome however they are cut, and commands that come back as they were when they are written again.

use super::resp::{Limits, Parser, ProtocolError, array, bulk};

const LIMITS: Limits = Limits {
    arguments: 64,
    bulk: 1 << 10,
    request: 4 << 10,
    inline: 256,
};

type Commands = Vec<Vec<Vec<u8>>>;

/// The commands that came before the error, if there is one, and how many bytes are left over.
#[derive(Debug, PartialEq)]
struct Outcome {
    commands: Commands,
    error: Option<ProtocolError>,
    left: usize,
}

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let mut parser = Parser::new(LIMITS);
    let mut rest = Vec::new();
    let mut commands: Commands = Vec::new();
    for piece in pieces {
        rest.extend_from_slice(piece);
        let mut taken = 0;
        loop {
            match parser.next(&rest[taken..]) {
                Ok(Some(request)) => {
                    assert!(request.size() > 0 && request.size() <= rest.len() - taken);
                    assert!((1..=LIMITS.arguments).contains(&request.len()));
                    let words: Vec<Vec<u8>> = request.rest(0).map(<[u8]>::to_vec).collect();
                    assert!(words.iter().all(|word| word.len() <= LIMITS.bulk));
                    taken += request.size();
                    commands.push(words);
                }
                Ok(None) => break,
                Err(error) => {
                    return Outcome {
                        commands,
                        error: Some(error),
                        left: 0,
                    };
                }
            }
        }
        rest.drain(..taken);
        assert!(
            rest.len() <= LIMITS.request,
            "what waits for more is bounded"
        );
    }
    Outcome {
        commands,
        error: None,
        left: rest.len(),
    }
}

/// See above. The first byte says how the rest is cut.
pub(crate) fn check(data: &[u8]) {
    let (Some(cut), bytes) = (data.first(), data.get(1..).unwrap_or_default()) else {
        return;
    };
    let once = read(std::iter::once(bytes));
    let cut = usize::from(*cut).max(1);
    let pieces = read(bytes.chunks(cut));
    assert_eq!(once, pieces, "cut in pieces of {cut}");
    assert_eq!(once, read(bytes.chunks(1)), "cut in bytes");
    for words in &once.commands {
        let mut again = Vec::new();
        array(&mut again, words.len());
        words.iter().for_each(|word| bulk(&mut again, word));
        if again.len() <= LIMITS.request {
            let got = read(std::iter::once(&again[..]));
            assert_eq!(
                (&got.commands[..], got.left),
                (std::slice::from_ref(words), 0)
            );
        }
    }
}
