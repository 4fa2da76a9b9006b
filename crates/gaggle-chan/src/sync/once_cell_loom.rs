//! Models of `OnceCell`: the real futures, polled on loom threads.
//!
//! The value is in a loom cell, so a reader that comes too early is reported as a data race; a waiter that is forgotten is a deadlock.

use super::*;
use crate::loom_support::{Mint, block_on, model, poll_once};
use loom::thread;
use std::future::ready;
use std::sync::Arc;

/// Two threads make the value and one waits for it: all see the same one.
#[test]
fn loom_once_cell_one_makes_the_value_and_all_see_it() {
    model(2, || {
        let mint = Mint::default();
        let cell = Arc::new(OnceCell::new());
        let threads: Vec<_> = (1..3)
            .map(|n| {
                let (cell, mint) = (cell.clone(), mint.clone());
                thread::spawn(move || block_on(cell.get_or_init(|| ready(mint.token(n)))).0)
            })
            .collect();
        let seen = block_on(cell.wait()).0;
        for t in threads {
            assert_eq!(t.join().unwrap(), seen);
        }
        drop(cell);
        mint.assert_even();
    });
}

/// The one that makes the value gives up while one waits to make it and one waits for it.
/// It catches a turn that ends with the future that had it, and one that goes to a watcher.
#[test]
fn loom_once_cell_initialiser_gives_up() {
    model(2, || {
        let cell = Arc::new(OnceCell::new());
        let mut making = Box::pin(cell.get_or_init(std::future::pending::<u32>));
        assert!(poll_once(making.as_mut()).is_pending());
        let (next, watcher) = (cell.clone(), cell.clone());
        let next = thread::spawn(move || assert_eq!(block_on(next.get_or_init(|| ready(2))), &2));
        let watching = thread::spawn(move || assert_eq!(block_on(watcher.wait()), &2));
        drop(making);
        next.join().unwrap();
        watching.join().unwrap();
    });
}

/// One sets a value, one makes one, one looks: the value that goes in stays, and a refused one comes back.
#[test]
fn loom_once_cell_set_against_init() {
    model(3, || {
        let mint = Mint::default();
        let cell = Arc::new(OnceCell::new());
        let (setter, maker) = (cell.clone(), cell.clone());
        let (of_setter, of_maker) = (mint.clone(), mint.clone());
        let setting = thread::spawn(move || setter.set(of_setter.token(1)).is_ok());
        let making =
            thread::spawn(move || block_on(maker.get_or_init(|| ready(of_maker.token(2)))).0);
        let early = cell.get().map(|token| token.0);
        let (set, made) = (setting.join().unwrap(), making.join().unwrap());
        assert_eq!(made, if set { 1 } else { 2 });
        assert!(early.is_none_or(|early| early == made));
        drop(cell);
        mint.assert_even();
    });
}

/// The value comes while one who waits for it gives up.
#[test]
fn loom_once_cell_cancel_of_a_watcher_against_set() {
    model(4, || {
        let cell = Arc::new(OnceCell::new());
        let setter = cell.clone();
        let setting = thread::spawn(move || setter.set(1).unwrap());
        let mut wait = Box::pin(cell.wait());
        let _ = poll_once(wait.as_mut());
        drop(wait);
        assert_eq!(block_on(cell.wait()), &1);
        setting.join().unwrap();
    });
}
