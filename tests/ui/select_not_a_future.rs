//! A wrong arm of a select: the message points at it.
fn main() {
    gaggle::block_on(async {
        gaggle::select! { _ = 5 => {} }
    });
}
