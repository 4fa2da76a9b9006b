//! Actors and their supervisors in dumps: what each is, whose it is, what it is doing, how full its mailbox is.

use crate::common::{calm, crash, kid, slots};
use gaggle::actor::testkit::{Order, Puppet, Trace};
use gaggle::actor::{Actor, Child, Ctx, Exit, Slot, Strategy, Supervisor, spawn};
use gaggle::chan::{Sender, bounded};
use gaggle::runtime::{self, About, Dump, Goroutine};

/// What is said of the actor or supervisor of that name.
fn of<'a>(dump: &'a Dump, name: &str) -> (&'a Goroutine, &'a About) {
    let mut all = dump
        .goroutines()
        .filter_map(|g| Some((g, g.about.as_ref()?)));
    let found = all.find(|(_, about)| about.name.as_deref() == Some(name));
    found.unwrap_or_else(|| panic!("no {name} in\n{dump}"))
}

fn figure(about: &About, name: &str) -> Option<u64> {
    let found = about.figures.iter().find(|(known, _)| known == name);
    found.map(|(_, n)| *n)
}

/// A shop with a till, and under a supervisor of its own, the kitchen, a cook. On real workers all tests share a runtime, so each has names of its own.
async fn shop(
    [title, kitchen_title]: [&'static str; 2],
    [till, cook]: [&Slot<Order>; 2],
    trace: &Trace,
) -> gaggle::actor::Running {
    let (cooks, traces) = (cook.clone(), trace.clone());
    let kitchen = move || {
        Supervisor::new(Strategy::OneForOne)
            .title(kitchen_title)
            .child(kid(&cooks, &traces))
    };
    Supervisor::new(Strategy::OneForOne)
        .title(title)
        .child(kid(till, trace).mailbox(2))
        .child(Child::supervisor("kitchen", kitchen))
        .start()
        .await
        .unwrap()
}

/// A handler of the till that waits until what is returned is dropped or used.
async fn busy(till: &Slot<Order>) -> Sender<()> {
    let (go_on, wait) = bounded(1);
    let work = async move {
        let _ = wait.recv().await;
        Ok(())
    };
    Puppet::busy(&till.up().await, work).await;
    calm().await;
    go_on
}

#[test]
fn a_dump_says_of_an_actor_what_it_does_and_how_full_its_mailbox_is() {
    crate::common::both(|| async {
        let (trace, [till, cook]) = (Trace::new(), slots(["till 1", "cook 1"]));
        let app = shop(["shop 1", "kitchen 1"], [&till, &cook], &trace).await;
        calm().await;
        let dump = runtime::dump();
        let (_, about) = of(&dump, "till 1");
        assert_eq!(
            (&*about.kind, about.of.as_deref()),
            ("actor", Some("Puppet"))
        );
        assert_eq!((&*about.doing, about.idle), ("waits for messages", true));
        assert_eq!(
            (figure(about, "cap"), figure(about, "len")),
            (Some(2), Some(0))
        );

        let go_on = busy(&till).await;
        for _ in 0..2 {
            till.send(Order::Note("later".to_owned())).await.unwrap();
        }
        let slot = till.clone();
        let parked = gaggle::go(async move { slot.send(Order::Note("last".to_owned())).await });
        calm().await;
        let dump = runtime::dump();
        let (goroutine, about) = of(&dump, "till 1");
        assert_eq!((&*about.doing, about.idle), ("handles Await", false));
        assert_eq!(figure(about, "len"), Some(2));
        assert_eq!(figure(about, "senders waiting"), Some(1));
        let line = "    actor \"till 1\" of Puppet, handles Await (cap 2, len 2, senders waiting 1), under goroutine ";
        let text = goroutine.to_string();
        assert!(text.contains(line), "{text}");
        let at = goroutine.started_at.as_deref().unwrap_or_default();
        assert!(at.contains("tests/actors/common.rs"), "{at}");

        drop(go_on);
        parked.await.unwrap().unwrap();
        calm().await;
        let dump = runtime::dump();
        assert_eq!(of(&dump, "till 1").1.doing, "waits for messages");
        app.shutdown().await.unwrap();
    });
}

#[test]
fn a_dump_has_the_tree_of_supervisors_and_counts_restarts() {
    crate::common::both(|| async {
        let (trace, [till, cook]) = (Trace::new(), slots(["till 2", "cook 2"]));
        let app = shop(["shop 2", "kitchen 2"], [&till, &cook], &trace).await;
        calm().await;
        let before = runtime::dump();
        let id = |dump: &Dump, name: &str| of(dump, name).0.id;
        assert_eq!(
            of(&before, "cook 2").1.under,
            Some(id(&before, "kitchen 2"))
        );
        assert_eq!(
            of(&before, "kitchen 2").1.under,
            Some(id(&before, "shop 2"))
        );
        assert_eq!(of(&before, "shop 2").1.kind, "supervisor");
        assert_eq!(figure(of(&before, "cook 2").1, "restarts"), None);

        crash(&cook).await;
        cook.up().await;
        calm().await;
        let after = runtime::dump();
        assert_ne!(id(&after, "cook 2"), id(&before, "cook 2"));
        assert_eq!(id(&after, "till 2"), id(&before, "till 2"));
        assert_eq!(figure(of(&after, "cook 2").1, "restarts"), Some(1));
        let tree = format!(
            "shop 2 (supervisor {})\n|- till 2 (actor {})\n`- kitchen 2 (supervisor {})\n   `- cook 2 (actor {}), restarts 1\n",
            id(&after, "shop 2"),
            id(&after, "till 2"),
            id(&after, "kitchen 2"),
            id(&after, "cook 2"),
        );
        let text = after.to_string();
        assert!(after.tree().to_string().contains(&tree), "{}", after.tree());
        assert!(text.contains("who looks after whom:\n"), "{text}");
        app.shutdown().await.unwrap();
        let about_shop = |g: &Goroutine| {
            g.about
                .as_ref()
                .is_some_and(|about| about.name.as_deref() == Some("shop 2"))
        };
        assert!(!runtime::dump().goroutines().any(about_shop));
    });
}

#[test]
fn the_json_form_says_the_same() {
    crate::common::both(|| async {
        let (trace, [till, cook]) = (Trace::new(), slots(["till 3", "cook 3"]));
        let app = shop(["shop 3", "kitchen 3"], [&till, &cook], &trace).await;
        crash(&till).await;
        till.up().await;
        calm().await;
        let json: serde_json::Value = serde_json::from_str(&runtime::dump().to_json()).unwrap();
        let goroutines = json["runtimes"][0]["goroutines"].as_array().unwrap();
        let named = |name: &str| {
            goroutines
                .iter()
                .find(|g| g["about"]["name"] == *name)
                .unwrap()
        };
        let about = &named("till 3")["about"];
        assert_eq!(about["kind"], "actor");
        assert_eq!(about["of"], "Puppet");
        assert_eq!(about["doing"], "waits for messages");
        assert_eq!(about["under"], named("shop 3")["id"]);
        let figures = serde_json::json!([["cap", 2], ["len", 0], ["restarts", 1]]);
        assert_eq!(about["figures"], figures);
        assert!(goroutines.iter().any(|g| g["about"].is_null()));
        app.shutdown().await.unwrap();
    });
}

/// One that takes its time to start and to end.
struct Slow(gaggle::chan::Receiver<()>);

impl Actor for Slow {
    type Args = gaggle::chan::Receiver<()>;
    type Msg = ();

    async fn init(wait: &Self::Args, _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        let _ = wait.recv().await;
        Ok(Slow(wait.clone()))
    }

    async fn handle(&mut self, (): (), _cx: &mut Ctx<Self>) -> Result<(), Exit> {
        Ok(())
    }

    async fn terminate(&mut self, _reason: &Exit, _cx: &mut Ctx<Self>) {
        let _ = self.0.recv().await;
    }
}

#[test]
fn a_dump_tells_who_starts_and_who_stops() {
    crate::common::both(|| async {
        let (tell, told) = bounded(0);
        let slow = spawn::<Slow>(told).title("slow").start().unwrap();
        calm().await;
        assert_eq!(of(&runtime::dump(), "slow").1.doing, "initialises");
        tell.send(()).await.unwrap();
        calm().await;
        let stops = gaggle::go({
            let slow = slow.clone();
            async move { slow.stop().await }
        });
        calm().await;
        let dump = runtime::dump();
        assert_eq!(
            (&*of(&dump, "slow").1.doing, of(&dump, "slow").1.idle),
            ("stops", false)
        );
        tell.send(()).await.unwrap();
        assert_eq!(stops.await.unwrap(), Exit::Normal);
    });
}
