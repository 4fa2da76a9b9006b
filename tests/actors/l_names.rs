//! Rows 97 to 101: names and groups.

use crate::common::{both, calm, stop, up};
use gaggle::actor::testkit::{Order, Puppet, Trace};
use gaggle::actor::{GroupEvent, Groups, NotJoined, Registry};

#[test]
fn row_097_a_name_is_unique_and_free_before_anybody_hears_of_the_end() {
    both(|| async {
        let trace = Trace::new();
        let names = Registry::new();
        let (a, b) = (up("a", &trace).await, up("b", &trace).await);
        names.register("n", &a).unwrap();
        assert_eq!(names.register("n", &b).unwrap_err().0, a.pid());
        assert_eq!(names.find::<Order>("n"), Some(a.clone()));
        assert_eq!(names.find::<u8>("n"), None);
        // An ask that fails because of the end, a link, a wait: whoever knows finds the name free.
        let (asker, watcher) = (a.clone(), a.clone());
        let (first, second) = (names.clone(), names.clone());
        let asked = gaggle::go(async move {
            let answer = Puppet::call(&asker, |_| ()).await;
            answer.is_some() || first.pid("n").is_none()
        });
        let ended = gaggle::go(async move {
            watcher.exited().await;
            second.pid("n").is_none()
        });
        a.kill();
        assert!(asked.await.unwrap() && ended.await.unwrap());
        names.register("n", &b).unwrap();
        assert!(names.unregister("n"));
        assert!(!names.unregister("n"));
        names.register("n", &b).unwrap();
        stop(&[&b]).await;
        assert!(names.names().is_empty());
        assert_eq!(names.register("n", &b).unwrap_err().0, b.pid());
        assert!(names.names().is_empty());
    });
}

#[test]
fn row_098_who_joins_twice_leaves_twice() {
    both(|| async {
        let trace = Trace::new();
        let groups = Groups::new();
        let a = up("a", &trace).await;
        assert_eq!(groups.leave("g", &a), Err(NotJoined));
        assert!(groups.join("g", &a));
        assert!(groups.join("g", &a));
        assert_eq!(groups.members("g").len(), 2);
        groups.leave("g", &a).unwrap();
        assert_eq!(groups.members("g"), std::slice::from_ref(&a));
        groups.leave("g", &a).unwrap();
        assert_eq!(groups.leave("g", &a), Err(NotJoined));
        stop(&[&a]).await;
    });
}

#[test]
fn row_099_an_end_removes_all_memberships_and_an_empty_group_is_none() {
    both(|| async {
        let trace = Trace::new();
        let groups = Groups::new();
        let (a, b) = (up("a", &trace).await, up("b", &trace).await);
        for group in ["g", "g", "h"] {
            assert!(groups.join(group, &a));
        }
        assert!(groups.join("g", &b));
        a.kill();
        a.exited().await;
        assert_eq!(groups.members("g"), std::slice::from_ref(&b));
        assert_eq!(groups.names().len(), 1);
        assert!(!groups.join("g", &a));
        assert_eq!(groups.members("g").len(), 1);
        stop(&[&b]).await;
        assert!(groups.names().is_empty());
    });
}

#[test]
fn row_100_leaving_and_ending_at_once_is_safe() {
    both(|| async {
        let trace = Trace::new();
        let groups = Groups::new();
        let a = up("a", &trace).await;
        for _ in 0..3 {
            groups.join("g", &a);
        }
        let (table, addr) = (groups.clone(), a.clone());
        let leaves = gaggle::go(async move {
            let mut left = 0;
            for _ in 0..3 {
                gaggle::sim::point().await;
                left += usize::from(table.leave("g", &addr).is_ok());
            }
            left
        });
        a.kill();
        a.exited().await;
        assert!(leaves.await.unwrap() <= 3);
        assert!(groups.names().is_empty());
    });
}

#[test]
fn row_101_a_watch_has_a_snapshot_and_then_every_event() {
    both(|| async {
        let trace = Trace::new();
        let groups = Groups::new();
        let (a, b) = (up("a", &trace).await, up("b", &trace).await);
        groups.join("g", &a);
        let (table, addr) = (groups.clone(), b.clone());
        let joins = gaggle::go(async move {
            for _ in 0..3 {
                gaggle::sim::point().await;
                table.join("g", &addr);
            }
        });
        gaggle::sim::point().await;
        let watch = groups.watch();
        let seen = watch.snapshot().len();
        joins.await.unwrap();
        b.kill();
        b.exited().await;
        let mut joined = seen;
        let mut left = 0;
        while let Some(event) = watch.try_next() {
            match event {
                GroupEvent::Joined(..) => joined += 1,
                GroupEvent::Left(_, who) => {
                    assert_eq!(who, b);
                    left += 1;
                }
                _ => panic!("there are two kinds"),
            }
        }
        assert_eq!((joined, left), (4, 3));
        stop(&[&a]).await;
        assert!(matches!(watch.next().await, Ok(GroupEvent::Left(..))));
        drop(groups);
        calm().await;
    });
}
