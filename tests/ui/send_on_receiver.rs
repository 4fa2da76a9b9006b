//! Direction is a type: a receiver cannot send.

fn main() {
    let (_sender, receiver) = gaggle::chan::bounded::<u32>(1);
    let _ = receiver.send(1);
}
