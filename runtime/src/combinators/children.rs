//! How are many futures of one type kept, and each polled when it was woken?
//!
//! They are drawn from an iterator, at most `limit` at a time; a place that becomes free is
//! filled at the next poll. A child is dropped as soon as it has returned or panicked.

use super::{
    ready::{Order, Ready},
    row::Row,
};
use std::{
    iter, mem,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

type FutureOf<I> = <<I as Iterator>::Item as IntoFuture>::IntoFuture;
type OutputOf<I> = <<I as Iterator>::Item as IntoFuture>::Output;

/// The futures of an iterator, and which of them are in flight.
pub struct Children<I: Iterator<Item: IntoFuture>> {
    /// `None` once it has come to its end.
    source: Option<I>,
    limit: usize,
    order: Order,
    /// `None` until the first poll.
    flight: Option<Flight<FutureOf<I>>>,
    /// All have returned, or were dropped.
    is_over: bool,
}

struct Flight<F> {
    row: Row<F>,
    ready: Ready,
    /// Which argument stands in each place; nothing, where that is the place's number.
    positions: Vec<usize>,
    next_position: usize,
    /// Places without a child; kept only as long as the source has more.
    free: Vec<usize>,
    live: usize,
}

impl<I: Iterator<Item: IntoFuture>> Children<I> {
    /// The children that `source` will give.
    pub fn new(source: I, order: Order) -> Self {
        Self {
            source: Some(source),
            limit: usize::MAX,
            order,
            flight: None,
            is_over: false,
        }
    }

    /// At most `limit` in flight.
    #[track_caller]
    pub fn limit(&mut self, limit: usize) {
        assert!(limit > 0, "a limit of 0 would never start anything");
        self.limit = limit;
    }

    /// Draws the first children and rotates them, so that `first(how many)` is polled first; how
    /// many they are.
    pub fn start(&mut self, first: impl FnOnce(usize) -> usize) -> usize {
        // Until it has given them: nobody goes on after a panic of the source.
        self.is_over = true;
        let row = match (self.source.take(), self.limit) {
            (None, _) => Row::new(iter::empty()),
            (Some(source), usize::MAX) => Row::new(source.map(IntoFuture::into_future)),
            (Some(mut source), limit) => {
                let first = source.by_ref().take(limit);
                let row = Row::new(first.map(IntoFuture::into_future));
                self.source = (row.len() == limit).then_some(source);
                row
            }
        };
        self.is_over = false;
        let live = row.len();
        let positions = match &self.source {
            Some(_) => (0..live).collect(),
            None => Vec::new(),
        };
        let start = if live == 0 { 0 } else { first(live) };
        self.flight = Some(Flight {
            row,
            ready: Ready::all(live, self.order, start),
            positions,
            next_position: live,
            free: Vec::new(),
            live,
        });
        live
    }

    /// Begins a poll: fills free places and collects who was woken.
    ///
    /// # Panics
    ///
    /// When it [is over](Self::is_over).
    #[inline]
    pub fn begin(&mut self, cx: &mut Context<'_>) {
        assert!(!self.is_over, "polled again after it had returned");
        if self.flight.is_none() {
            self.start(|_| 0);
        }
        if let Some(flight) = &mut self.flight {
            if !flight.free.is_empty() {
                let again = WakeOnUnwind(cx.waker());
                flight.fill(&mut self.source);
                mem::forget(again);
            }
            flight.ready.collect(cx.waker());
        }
    }

    /// The next child that returns, with its argument's number; `None` when all have. To be
    /// called after [`begin`](Self::begin), as often as wanted.
    #[inline]
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<(usize, OutputOf<I>)>> {
        let Some(flight) = &mut self.flight else {
            return Poll::Ready(None);
        };
        while let Some(index) = ready!(flight.ready.poll_next(cx)) {
            let reuse = self.source.is_some();
            if let Poll::Ready(output) = flight.poll_child(index, reuse, cx) {
                return Poll::Ready(Some((flight.position(index), output)));
            }
        }
        if self.source.is_some() && !flight.free.is_empty() {
            // Liveness: the next children have nobody else to wake for them.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if flight.live > 0 {
            return Poll::Pending;
        }
        self.clear();
        Poll::Ready(None)
    }

    /// Whether nobody is left, and nobody will come.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// How many can be in flight.
    pub fn places(&self) -> usize {
        self.flight.as_ref().map_or(0, |flight| flight.row.len())
    }

    /// How many arguments there are at least.
    pub fn size_hint(&self) -> (usize, Option<usize>) {
        let live = self.flight.as_ref().map_or(0, |flight| flight.live);
        let (low, high) = self
            .source
            .as_ref()
            .map_or((0, Some(0)), Iterator::size_hint);
        let high = high.and_then(|high| high.checked_add(live));
        (low.saturating_add(live), high)
    }

    /// Starts nobody any more.
    pub fn stop(&mut self) {
        self.source = None;
    }

    /// Starts nobody any more and drops whoever is in flight.
    pub fn clear(&mut self) {
        self.is_over = true;
        self.source = None;
        self.flight = None;
    }

    /// Calls `act` on each child in flight.
    pub fn for_each(&mut self, mut act: impl FnMut(Pin<&mut FutureOf<I>>)) {
        if let Some(flight) = &mut self.flight {
            for index in 0..flight.row.len() {
                flight.row.get(index).as_pin_mut().map(&mut act);
            }
        }
    }
}

impl<F: Future> Flight<F> {
    fn fill<I: Iterator<Item: IntoFuture<IntoFuture = F>>>(&mut self, source: &mut Option<I>) {
        while let (Some(iterator), Some(&index)) = (source.as_mut(), self.free.last()) {
            let Some(child) = iterator.next() else {
                *source = None;
                self.free = Vec::new();
                return;
            };
            self.row.get(index).set(Some(child.into_future()));
            self.free.pop();
            self.positions[index] = self.next_position;
            self.next_position += 1;
            self.live += 1;
            self.ready.mark(index);
        }
    }

    fn position(&self, index: usize) -> usize {
        self.positions.get(index).copied().unwrap_or(index)
    }

    fn poll_child(&mut self, index: usize, reuse: bool, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut turn = Turn {
            place: self.row.get(index),
            live: &mut self.live,
            free: reuse.then_some((&mut self.free, index)),
            is_over: true,
        };
        let Some(child) = turn.place.as_mut().as_pin_mut() else {
            turn.is_over = false;
            return Poll::Pending;
        };
        let waker = self.ready.waker(index, cx.waker());
        let poll = child.poll(&mut Context::from_waker(&waker));
        turn.is_over = poll.is_ready();
        poll
    }
}

/// Has the parent polled once more if its source unwinds.
struct WakeOnUnwind<'a>(&'a Waker);

impl Drop for WakeOnUnwind<'_> {
    fn drop(&mut self) {
        // Liveness: children that are marked already, and for whose siblings' wakes nobody would
        // call the parent, because somebody is marked.
        self.0.wake_by_ref();
    }
}

/// One poll of a child. A child that has returned, or that unwinds, leaves its place.
struct Turn<'a, F> {
    place: Pin<&'a mut Option<F>>,
    live: &'a mut usize,
    /// Where to note that the place is free, if somebody will fill it.
    free: Option<(&'a mut Vec<usize>, usize)>,
    is_over: bool,
}

impl<F> Drop for Turn<'_, F> {
    fn drop(&mut self) {
        if self.is_over {
            *self.live -= 1;
            if let Some((free, index)) = self.free.take() {
                free.push(index);
            }
            self.place.set(None);
        }
    }
}
