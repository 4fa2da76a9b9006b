//! Supervision at work: a tree of actors, a crash in it, the restart, and who takes notice.

use gaggle::actor::{Actor, Child, Ctx, Exit, Reply, Slot, Strategy, Supervisor};

/// A part of a shop. It is asked what each of so many guests owes.
struct Part(&'static str);

impl Actor for Part {
    type Args = &'static str;
    type Msg = (u32, Reply<u32>);
    async fn init(name: &&'static str, _: &mut Ctx<Self>) -> Result<Self, Exit> {
        println!("{name} starts");
        Ok(Part(name))
    }
    async fn handle(&mut self, (guests, reply): Self::Msg, _: &mut Ctx<Self>) -> Result<(), Exit> {
        let each = 120_u32.checked_div(guests);
        reply.send(each.ok_or(Exit::error("no guests"))?); // `?` lets it crash
        Ok(())
    }
    async fn terminate(&mut self, reason: &Exit, _: &mut Ctx<Self>) {
        println!("{} ends, {reason}", self.0);
    }
}

fn show_tree() {
    let tree = gaggle::runtime::dump().tree().to_string();
    tree.lines().for_each(|line| println!("  {line}"));
}

/// A shop whose till crashes.
pub async fn shop() -> Result<(), Exit> {
    let [till, clerk] = ["till", "clerk"].map(Slot::new);
    let (a, b) = (till.clone(), clerk.clone());
    let front = move || {
        Supervisor::new(Strategy::RestForOne) // the clerk goes when the till does
            .child(Child::of::<Part>("till", "till").slot(&a))
            .child(Child::of::<Part>("clerk", "clerk").slot(&b))
    };
    let stock = Child::of::<Part>("stock", "stock");
    let shop = Supervisor::new(Strategy::OneForOne).child(stock);
    let shop = shop.child(Child::supervisor("front", front));
    let shop = shop.title("shop").start().await?;
    show_tree();
    let before = clerk.up().await;
    let heard = till.ask(|r| (0, r)).await;
    before.exited().await;
    clerk.up().await; // after the till
    println!("Whoever asked has heard: {heard:?}");
    let each = till.ask(|r| (4, r)).await?;
    println!("Four guests owe {each} each");
    show_tree();
    shop.shutdown().await // in reverse order
}

#[gaggle::main]
async fn main() -> Result<(), Exit> {
    shop().await
}
