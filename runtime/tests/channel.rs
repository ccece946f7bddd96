//! Promises of `sync::channel` and `sync::oneshot`.

mod common;

use common::{
    boxed,
    child::{drop_at_every_poll, poll_once},
    over_every_executor, over_every_spawner, yield_now,
};
use heist::sync::{
    Closed, SendError, channel,
    channel::{TryRecvError, TrySendError},
    oneshot,
};
use std::{
    collections::BTreeSet,
    pin::pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
    thread,
};

over_every_executor! {
    fn values_come_in_the_order_in_which_they_were_sent(executor) {
        for capacity in [0, 1, 3, 100] {
            executor.block_on(async {
                let (sender, receiver) = channel(capacity);
                let sends = async {
                    for n in 0..50 {
                        sender.send(n).await.unwrap();
                    }
                    drop(sender);
                };
                let receives = async {
                    for n in 0..50 {
                        assert_eq!(receiver.recv().await, Ok(n));
                    }
                    assert_eq!(receiver.recv().await, Err(Closed));
                };
                heist::gather!(sends, receives).await;
            });
        }
    }

    fn senders_on_threads_and_receivers_on_threads_lose_nothing(executor) {
        for capacity in [0, 1, 7] {
            let (sender, receiver) = channel(capacity);
            let senders: Vec<_> = (0..3).map(|n| {
                let sender = sender.clone();
                thread::spawn(move || {
                    (n * 100..n * 100 + 100).for_each(|n| sender.blocking_send(n).unwrap());
                })
            }).collect();
            drop(sender);
            let receivers: Vec<_> = (0..2).map(|_| {
                let receiver = receiver.clone();
                thread::spawn(move || {
                    std::iter::from_fn(|| receiver.blocking_recv().ok()).collect::<Vec<_>>()
                })
            }).collect();
            let mut seen = executor.block_on(async {
                let mut seen = Vec::new();
                while let Ok(n) = receiver.recv().await {
                    seen.push(n);
                }
                seen
            });
            senders.into_iter().for_each(|thread| thread.join().unwrap());
            receivers.into_iter().for_each(|thread| seen.extend(thread.join().unwrap()));
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..300));
        }
    }

    fn a_oneshot_wakes_from_another_thread(executor) {
        for _ in 0..50 {
            let (sender, receiver) = oneshot();
            let (answer, answered) = oneshot();
            let thread = thread::spawn(move || answer.send(receiver.blocking_recv()).unwrap());
            sender.send(7).unwrap();
            assert_eq!(executor.block_on(answered), Ok(Ok(7)));
            thread.join().unwrap();
        }
    }

    fn a_oneshot_ends_with_its_sender(executor) {
        executor.block_on(async {
            let (sender, receiver) = oneshot::<u8>();
            let drops = async { yield_now().await; drop(sender); };
            assert_eq!(heist::gather!(receiver, drops).await.0, Err(Closed));
        });
    }

    fn a_oneshots_sender_hears_that_the_receiver_is_gone(executor) {
        executor.block_on(async {
            let (mut sender, receiver) = oneshot::<u8>();
            assert!(!sender.is_closed());
            let drops = async { yield_now().await; drop(receiver); };
            heist::gather!(sender.closed(), drops).await;
            assert!(sender.is_closed());
            assert_eq!(sender.send(7), Err(SendError(7)));
        });
    }
}

over_every_spawner! {
    fn a_hundred_tasks_share_a_channel(executor) {
        executor.block_on(async {
            let (sender, receiver) = channel(2);
            for n in 0..100 {
                let sender = sender.clone();
                drop(executor.spawn(async move { sender.send(n).await.unwrap() }));
            }
            drop(sender);
            let mut seen = BTreeSet::new();
            while let Ok(n) = receiver.recv().await {
                assert!(seen.insert(n));
            }
            assert_eq!(seen.len(), 100);
        });
    }
}

/// A future that is polled by hand.
struct Hand<'a, T>(common::Boxed<'a, T>, Arc<AtomicUsize>);

impl<'a, T: 'a> Hand<'a, T> {
    /// Polled once; pending.
    fn waits(future: impl Future<Output = T> + 'a) -> Self {
        let mut hand = Self(boxed(future), Arc::default());
        assert!(hand.poll().is_pending());
        hand
    }

    fn poll(&mut self) -> Poll<T> {
        struct Count(Arc<AtomicUsize>);
        impl futures::task::ArcWake for Count {
            fn wake_by_ref(this: &Arc<Self>) {
                this.0.fetch_add(1, SeqCst);
            }
        }
        let waker = futures::task::waker(Arc::new(Count(Arc::clone(&self.1))));
        self.0.as_mut().poll(&mut Context::from_waker(&waker))
    }

    fn wakes(&self) -> usize {
        self.1.load(SeqCst)
    }
}

/// V39, of a channel's senders: the newcomer waits although there is room.
#[test]
fn senders_are_served_in_the_order_in_which_they_came_and_nobody_barges_in() {
    let (sender, receiver) = channel(1);
    sender.try_send(0).unwrap();
    let mut first = Hand::waits(sender.send(1));
    let mut second = Hand::waits(sender.send(2));
    assert_eq!(receiver.try_recv(), Ok(0));
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)));
    let mut newcomer = Hand::waits(sender.send(3));
    assert!(second.poll().is_pending());
    assert_eq!(first.poll(), Poll::Ready(Ok(())));
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(second.poll(), Poll::Ready(Ok(())));
    assert_eq!(receiver.try_recv(), Ok(2));
    assert_eq!(newcomer.poll(), Poll::Ready(Ok(())));
}

#[test]
fn receivers_are_served_in_the_order_in_which_they_came_and_nobody_barges_in() {
    let (sender, receiver) = channel(2);
    let mut first = Hand::waits(receiver.recv());
    let mut second = Hand::waits(receiver.recv());
    sender.try_send(1).unwrap();
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    assert!(second.poll().is_pending());
    assert_eq!(first.poll(), Poll::Ready(Ok(1)));
    sender.try_send(2).unwrap();
    assert_eq!(second.poll(), Poll::Ready(Ok(2)));
}

#[test]
fn a_chosen_receiver_that_goes_away_passes_its_value_to_the_next() {
    let (sender, receiver) = channel(1);
    let first = Hand::waits(receiver.recv());
    let mut second = Hand::waits(receiver.recv());
    sender.try_send(7).unwrap();
    drop(first);
    assert_eq!(second.wakes(), 1);
    assert_eq!(second.poll(), Poll::Ready(Ok(7)));
}

#[test]
fn a_chosen_sender_that_goes_away_passes_its_room_to_the_next() {
    let (sender, receiver) = channel(1);
    sender.try_send(0).unwrap();
    let first = Hand::waits(sender.send(1));
    let mut second = Hand::waits(sender.send(2));
    assert_eq!(receiver.try_recv(), Ok(0));
    drop(first);
    assert_eq!(second.wakes(), 1);
    assert_eq!(second.poll(), Poll::Ready(Ok(())));
    assert_eq!(receiver.try_recv(), Ok(2));
}

#[test]
fn a_waiter_that_goes_away_leaves_the_line() {
    for capacity in [0, 1] {
        let (sender, receiver) = channel(capacity);
        let _ = sender.try_send(0);
        drop(Hand::waits(sender.send(1)));
        let _ = receiver.try_recv();
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));

        drop(Hand::waits(receiver.recv()));
        let mut second = Hand::waits(receiver.recv());
        let mut sends = Hand(boxed(sender.send(2)), Arc::default());
        let _ = sends.poll();
        assert_eq!(second.wakes(), 1);
        assert_eq!(second.poll(), Poll::Ready(Ok(2)));
    }
}

#[test]
fn a_waiter_that_is_polled_again_keeps_its_place() {
    let (sender, receiver) = channel(1);
    let mut first = Hand::waits(receiver.recv());
    let mut second = Hand::waits(receiver.recv());
    assert!(first.poll().is_pending());
    sender.try_send(7).unwrap();
    assert!(second.poll().is_pending());
    assert_eq!(first.poll(), Poll::Ready(Ok(7)));
}

#[test]
fn with_the_last_sender_gone_what_was_sent_is_received_first() {
    let (sender, receiver) = channel(2);
    let other = sender.clone();
    sender.try_send(1).unwrap();
    drop(sender);
    assert!(!receiver.is_closed());
    drop(other);
    assert!(receiver.is_closed());
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn with_the_last_sender_gone_every_waiting_receiver_hears_it() {
    let (sender, receiver) = channel::<u8>(2);
    let mut waiting = [receiver.recv(), receiver.recv()].map(Hand::waits);
    drop(sender);
    for receives in &mut waiting {
        assert_eq!(receives.wakes(), 1);
        assert_eq!(receives.poll(), Poll::Ready(Err(Closed)));
    }
}

#[test]
fn with_the_last_sender_gone_nobody_takes_the_value_of_who_was_chosen() {
    for leaves in [false, true] {
        let (sender, receiver) = channel(2);
        let mut first = Hand::waits(receiver.recv());
        let mut second = Hand::waits(receiver.recv());
        sender.try_send(1).unwrap();
        drop(sender);
        assert_eq!(
            receiver.try_recv(),
            Err(TryRecvError::Empty),
            "it is set aside"
        );
        let mut newcomer = Hand::waits(receiver.recv());
        assert_eq!((second.wakes(), newcomer.wakes()), (0, 0));
        if leaves {
            drop(first);
            assert_eq!(second.poll(), Poll::Ready(Ok(1)), "the next one's");
        } else {
            assert_eq!(first.poll(), Poll::Ready(Ok(1)));
            assert_eq!(second.wakes(), 1, "nothing will come");
            assert_eq!(second.poll(), Poll::Ready(Err(Closed)));
        }
        assert_eq!(newcomer.wakes(), 1, "everybody hears the end");
        assert_eq!(newcomer.poll(), Poll::Ready(Err(Closed)));
    }
}

/// Who had been chosen to hear the end kept it from those behind him.
#[test]
fn every_waiting_receiver_hears_the_end_when_the_last_value_is_taken() {
    let (sender, receiver) = channel(1);
    let mut first = Hand::waits(receiver.recv());
    let others = [receiver.recv(), receiver.recv()].map(Hand::waits);
    sender.try_send(7).unwrap();
    drop(sender);
    assert_eq!(first.poll(), Poll::Ready(Ok(7)));
    // Not polled: each is woken by the end itself, and not by the one before it.
    assert_eq!((others[0].wakes(), others[1].wakes()), (1, 1));
}

#[test]
fn with_the_last_receiver_gone_every_waiting_sender_gets_its_value_back() {
    for capacity in [0, 1] {
        let (sender, receiver) = channel(capacity);
        let _ = sender.try_send(0);
        let mut waiting = [sender.send(1), sender.send(2)].map(Hand::waits);
        drop(receiver);
        for (n, sends) in waiting.iter_mut().enumerate() {
            assert_eq!(sends.wakes(), 1);
            assert_eq!(sends.poll(), Poll::Ready(Err(SendError(n + 1))));
        }
        assert_eq!(sender.try_send(3), Err(TrySendError::Closed(3)));
        let mut late = Hand(boxed(sender.send(4)), Arc::default());
        assert_eq!(late.poll(), Poll::Ready(Err(SendError(4))));
    }
}

#[test]
fn with_the_last_receiver_gone_what_nobody_will_receive_is_dropped() {
    let (sender, receiver) = channel(1);
    let value = Rc::new(());
    sender.try_send(Rc::clone(&value)).unwrap();
    drop(receiver);
    assert_eq!(Rc::strong_count(&value), 1);
    let (sender, receiver) = oneshot();
    sender.send(Rc::clone(&value)).unwrap();
    drop(receiver);
    assert_eq!(Rc::strong_count(&value), 1);
}

#[test]
fn a_rendezvous_is_over_for_the_sender_only_when_the_value_is_received() {
    let (sender, receiver) = channel(0);
    assert_eq!(sender.try_send(0), Err(TrySendError::Full(0)));
    let mut sends = Hand::waits(sender.send(1));
    let mut later = Hand::waits(sender.send(2));
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!((sends.wakes(), later.wakes()), (1, 0));
    assert_eq!(sends.poll(), Poll::Ready(Ok(())));
    assert!(later.poll().is_pending());
}

#[test]
fn a_receiver_whose_rendezvous_was_called_off_waits_for_the_next() {
    let (sender, receiver) = channel(0);
    let mut receives = Hand::waits(receiver.recv());
    drop(Hand::waits(sender.send(1)));
    assert_eq!(receives.wakes(), 1);
    assert!(receives.poll().is_pending());
    let mut sends = Hand::waits(sender.send(2));
    assert_eq!(receives.poll(), Poll::Ready(Ok(2)));
    assert_eq!(sends.poll(), Poll::Ready(Ok(())));
}

#[test]
fn a_receiver_whose_rendezvous_was_called_off_keeps_its_place() {
    let (sender, receiver) = channel(0);
    let mut first = Hand::waits(receiver.recv());
    let mut second = Hand::waits(receiver.recv());
    drop(Hand::waits(sender.send(1)));
    assert!(first.poll().is_pending());
    let _one = Hand::waits(sender.send(2));
    assert_eq!((first.wakes(), second.wakes()), (2, 0));
    let _other = Hand::waits(sender.send(3));
    assert_eq!((first.wakes(), second.wakes()), (2, 1));
    assert_eq!(first.poll(), Poll::Ready(Ok(2)));
    assert_eq!(second.poll(), Poll::Ready(Ok(3)));
}

#[test]
fn a_oneshots_value_can_be_tried_for() {
    let (sender, mut receiver) = oneshot();
    assert_eq!(receiver.try_recv(), Ok(None));
    sender.send(7).unwrap();
    assert_eq!(receiver.try_recv(), Ok(Some(7)));
    assert_eq!(receiver.try_recv(), Err(Closed));
}

#[test]
fn no_foreign_waker_runs_under_the_lock() {
    // A waker that uses the channel whenever it is woken.
    struct Uses(heist::sync::channel::Receiver<u8>, AtomicUsize);
    impl futures::task::ArcWake for Uses {
        fn wake_by_ref(this: &Arc<Self>) {
            this.1.fetch_add(this.0.len() + 1, SeqCst);
        }
    }
    let (sender, receiver) = channel(1);
    let uses = Arc::new(Uses(receiver.clone(), AtomicUsize::new(0)));
    let waker = futures::task::waker(Arc::clone(&uses));
    let mut receives = pin!(receiver.recv());
    assert!(
        receives
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    sender.try_send(1).unwrap();
    assert_eq!(uses.1.load(SeqCst), 2);
    assert_eq!(poll_once(receives.as_mut()), Poll::Ready(Ok(1)));
}

#[test]
fn a_blocking_method_in_a_task_is_refused() {
    let _task = heist_core::current::enter(heist_core::task::TaskId::fresh());
    let (_sender, receiver) = channel::<u8>(1);
    let refused =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| receiver.blocking_recv()));
    let payload = refused.unwrap_err();
    assert!(
        payload
            .downcast_ref::<&str>()
            .unwrap()
            .contains("spawn_blocking")
    );
}

#[test]
fn the_ends_are_send_and_sync_and_the_futures_unpin() {
    fn is_shared<T: Send + Sync>(_: &T) {}
    fn is_unpin<T: Unpin>(_: T) {}
    let (sender, receiver) = channel::<std::cell::Cell<u8>>(1);
    is_shared(&sender);
    is_shared(&receiver);
    is_unpin(receiver.recv());
    is_unpin(
        channel::<std::marker::PhantomPinned>(1)
            .0
            .send(std::marker::PhantomPinned),
    );
}

#[test]
fn dropped_at_any_poll_it_leaves_nothing_behind() {
    for capacity in [0, 1, 3] {
        drop_at_every_poll(|| async move {
            let (sender, receiver) = channel(capacity);
            let sends = |n: u64| {
                let sender = sender.clone();
                async move { sender.send(vec![n]).await.unwrap() }
            };
            let sends = [sends(1), sends(2), sends(3), sends(4), sends(5)];
            drop(sender);
            let receives = async { while receiver.recv().await.is_ok() {} };
            heist::gather!(heist::gather(sends), receives).await;
        });
    }
    drop_at_every_poll(|| async {
        let (sender, receiver) = oneshot();
        let sends = async {
            yield_now().await;
            sender.send(vec![1]).unwrap()
        };
        heist::gather!(receiver, sends).await
    });
}
