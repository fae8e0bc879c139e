//! Rows worked out once a change, not once a frame.

use std::sync::Arc;

/// A value and the revision that it was made for.
#[derive(Clone, Debug, Default)]
pub struct Cached<T> {
    made_for: Option<u64>,
    value: Arc<T>,
}

impl<T> Cached<T> {
    /// The value for a revision, made anew when the revision is another one.
    pub fn get(&mut self, revision: u64, make: impl FnOnce() -> T) -> Arc<T> {
        if self.made_for != Some(revision) {
            self.value = Arc::new(make());
            self.made_for = Some(revision);
        }
        Arc::clone(&self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_once_a_revision() {
        let mut cached = Cached::default();
        assert_eq!(*cached.get(1, || 10), 10);
        assert_eq!(*cached.get(1, || 20), 10);
        assert_eq!(*cached.get(2, || 30), 30);
    }
}
