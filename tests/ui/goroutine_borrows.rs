//! A goroutine may outlive the function that starts it, so it cannot borrow from there.

fn main() {
    let word = String::from("hello");
    gaggle::go(async {
        println!("{word}");
    });
}
