//! A value that was sent belongs to the receiver.

fn main() {
    let (sender, _receiver) = gaggle::chan::bounded(1);
    let word = String::from("hello");
    sender.send_blocking(word).unwrap();
    println!("{word}");
}
