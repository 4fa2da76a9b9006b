//! Nobody could say what `T` is.

#[gaggle::main]
async fn main<T>()
where
    T: Copy,
{
}
