//! A window over the newest items: a ring of fixed capacity.

use std::collections::VecDeque;

/// Keeps the newest `capacity` items; pushing into a full ring drops the oldest.
#[derive(Clone, Debug)]
pub struct Ring<T> {
    items: VecDeque<T>,
    capacity: usize,
    dropped: u64,
}

impl<T> Ring<T> {
    /// An empty ring. A capacity of 0 is raised to 1.
    pub fn new(capacity: usize) -> Self {
        Self { items: VecDeque::new(), capacity: capacity.max(1), dropped: 0 }
    }

    /// Appends an item and returns the one that had to leave.
    pub fn push(&mut self, item: T) -> Option<T> {
        let oldest = if self.items.len() == self.capacity { self.items.pop_front() } else { None };
        self.dropped += u64::from(oldest.is_some());
        self.items.push_back(item);
        oldest
    }

    /// Items, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator {
        self.items.iter()
    }

    /// The newest item.
    pub fn last_mut(&mut self) -> Option<&mut T> {
        self.items.back_mut()
    }

    /// How many items have been pushed out so far: the position of the first kept item in the whole stream.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Number of items kept.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest() {
        let mut ring = Ring::new(3);
        for i in 0..5 {
            ring.push(i);
        }
        assert_eq!(ring.iter().copied().collect::<Vec<_>>(), [2, 3, 4]);
        assert_eq!(ring.dropped(), 2);
    }
}
