//! Only the sending side closes a channel.

fn main() {
    let (_sender, receiver) = gaggle::chan::bounded::<u32>(1);
    receiver.close();
}
