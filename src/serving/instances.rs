//! How many heavy requests a variant answers at a time: one an instance. The next ones wait in a queue of bounded length, and nobody's
//! thread waits with them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Requests that may wait for one variant. Each holds its body in memory, up to 6 MiB.
pub const QUEUE: usize = 32;

/// The instances of one variant of one fleet.
#[derive(Debug)]
pub struct Instances(Mutex<State>);

#[derive(Debug)]
struct State {
    count: u32,
    busy: u32,
    /// First come, first served. One whose receiver is gone belongs to a client that has left.
    waiting: VecDeque<oneshot::Sender<Instance>>,
}

/// Instances as they are at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occupation {
    /// Instances.
    pub count: u32,
    /// Of these, the ones that answer a heavy request. More than there are just after their number was lowered.
    pub busy: u32,
    /// Heavy requests that wait for one.
    pub waiting: u32,
}

impl Occupation {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { count: self.count + other.count, busy: self.busy + other.busy, waiting: self.waiting + other.waiting }
    }
}

/// An instance that works on one request; free again when this is dropped.
#[derive(Debug)]
pub struct Instance(Arc<Instances>);

/// A place in the queue, or an instance at once.
#[derive(Debug)]
pub enum Turn {
    /// An instance was free.
    Now(Instance),
    /// It comes when its turn has come.
    Later(oneshot::Receiver<Instance>),
}

impl Turn {
    /// Waits for the instance. `None` can't happen while somebody holds the [`Instances`].
    pub async fn come(self) -> Option<Instance> {
        match self {
            Self::Now(instance) => Some(instance),
            Self::Later(turn) => turn.await.ok(),
        }
    }
}

impl Instances {
    /// `count` free ones.
    pub fn new(count: u32) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State { count, busy: 0, waiting: VecDeque::new() })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for an instance; `None` when as many as `most_waiting` wait already.
    pub fn ask(self: &Arc<Self>, most_waiting: usize) -> Option<Turn> {
        let mut state = self.lock();
        if state.busy < state.count && state.waiting.is_empty() {
            state.busy += 1;
            return Some(Turn::Now(Instance(Arc::clone(self))));
        }
        if state.waiting.len() >= most_waiting {
            state.waiting.retain(|turn| !turn.is_closed());
            if state.waiting.len() >= most_waiting {
                return None;
            }
        }
        let (turn, comes) = oneshot::channel();
        state.waiting.push_back(turn);
        drop(state);
        // Those before it may all have left.
        self.call();
        Some(Turn::Later(comes))
    }

    /// Another number of instances. More of them begin at once with what waits; of fewer, those too many finish what they took.
    pub fn set_count(self: &Arc<Self>, count: u32) {
        self.lock().count = count;
        self.call();
    }

    /// As they are now.
    pub fn occupation(&self) -> Occupation {
        let state = self.lock();
        let waiting = state.waiting.iter().filter(|turn| !turn.is_closed()).count();
        Occupation { count: state.count, busy: state.busy, waiting: u32::try_from(waiting).unwrap_or(u32::MAX) }
    }

    /// Gives free instances to those who wait.
    fn call(self: &Arc<Self>) {
        while let Some(turn) = self.next() {
            // Not in the lock: where nobody takes it any more, it is dropped here, and that asks for the lock.
            drop(turn.send(Instance(Arc::clone(self))));
        }
    }

    /// Whose turn it is, with an instance counted as theirs.
    fn next(&self) -> Option<oneshot::Sender<Instance>> {
        let mut state = self.lock();
        while state.busy < state.count {
            let turn = state.waiting.pop_front()?;
            if !turn.is_closed() {
                state.busy += 1;
                return Some(turn);
            }
        }
        None
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.0.lock().busy -= 1;
        self.0.call();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(instances: &Arc<Instances>) -> Instance {
        match instances.ask(0) {
            Some(Turn::Now(instance)) => instance,
            other => panic!("{other:?}"),
        }
    }

    fn later(instances: &Arc<Instances>) -> oneshot::Receiver<Instance> {
        match instances.ask(QUEUE) {
            Some(Turn::Later(turn)) => turn,
            other => panic!("{other:?}"),
        }
    }

    fn occupation(instances: &Instances) -> (u32, u32, u32) {
        let Occupation { count, busy, waiting } = instances.occupation();
        (count, busy, waiting)
    }

    #[test]
    fn as_many_work_as_there_are_and_the_next_wait_in_order() {
        let instances = Instances::new(2);
        let (first, second) = (now(&instances), now(&instances));
        let (mut third, mut fourth) = (later(&instances), later(&instances));
        assert_eq!(occupation(&instances), (2, 2, 2));
        assert!(third.try_recv().is_err());
        drop(first);
        let third = third.try_recv().unwrap();
        assert!(fourth.try_recv().is_err());
        assert_eq!(occupation(&instances), (2, 2, 1));
        drop((second, third));
        drop(fourth.try_recv().unwrap());
        assert_eq!(occupation(&instances), (2, 0, 0));
    }

    #[test]
    fn a_full_queue_refuses_until_somebody_leaves_it() {
        let instances = Instances::new(1);
        let working = now(&instances);
        let mut waiting: Vec<_> = (0..QUEUE).map(|_| later(&instances)).collect();
        assert!(instances.ask(QUEUE).is_none());
        // A client that hangs up makes room, and is passed over when its turn comes.
        drop(waiting.remove(0));
        assert_eq!(occupation(&instances), (1, 1, 31));
        waiting.push(later(&instances));
        drop(working);
        assert!(waiting[0].try_recv().is_ok());
    }

    #[test]
    fn one_who_leaves_while_called_hands_the_instance_on() {
        let instances = Instances::new(1);
        let working = now(&instances);
        let (called, mut next) = (later(&instances), later(&instances));
        drop(working);
        assert_eq!(occupation(&instances), (1, 1, 1), "it is on its way to the first");
        drop(called);
        assert!(next.try_recv().is_ok());
        assert_eq!(occupation(&instances), (1, 0, 0));
    }

    #[test]
    fn another_number_is_obeyed_at_once() {
        let instances = Instances::new(1);
        let working = now(&instances);
        let mut waiting = [later(&instances), later(&instances)];
        instances.set_count(3);
        let taken = waiting.each_mut().map(|turn| turn.try_recv().unwrap());
        instances.set_count(1);
        assert_eq!(occupation(&instances), (1, 3, 0), "what works is not stopped");
        let mut after = later(&instances);
        drop(taken);
        assert!(after.try_recv().is_err(), "one still works");
        drop(working);
        assert!(after.try_recv().is_ok());
    }

    #[test]
    fn threads_together_never_have_more_than_there_are() {
        use std::sync::atomic::{AtomicU32, Ordering};
        let instances = Instances::new(3);
        let (inside, most, served) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let instance = match instances.ask(QUEUE).unwrap() {
                            Turn::Now(instance) => instance,
                            Turn::Later(turn) => turn.blocking_recv().unwrap(),
                        };
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(instance);
                        served.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!((served.into_inner(), occupation(&instances)), (4_000, (3, 0, 0)));
        assert!(most.into_inner() <= 3);
    }
}
