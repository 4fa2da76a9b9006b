//! Direction is a type: a sender cannot receive.

fn main() {
    let (sender, _receiver) = gaggle::chan::bounded::<u32>(1);
    let _ = sender.recv();
}
