//! How many of something each caller has at a time: streams of changes, jobs. A place is taken before anything is
//! waited for, so that many at once get no more than many in turn.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub struct Seats {
    /// Of one caller.
    most: usize,
    taken: Mutex<HashMap<String, usize>>,
}

/// Given back when dropped.
pub struct Seat {
    seats: Arc<Seats>,
    caller: String,
}

impl Seats {
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default() })
    }

    /// None where this caller has all.
    pub fn take(self: &Arc<Self>, caller: &str) -> Option<Seat> {
        let mut all = self.lock();
        let taken = all.entry(caller.to_owned()).or_default();
        if *taken >= self.most {
            return None;
        }
        *taken += 1;
        Some(Seat { seats: Arc::clone(self), caller: caller.to_owned() })
    }

    /// Of all callers.
    pub fn taken(&self) -> usize {
        self.lock().values().sum()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.seats.lock();
        if let Some(taken) = seats.get_mut(&self.caller) {
            *taken -= 1;
            if *taken == 0 {
                seats.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_has_so_many_and_gives_them_back() {
        let seats = Seats::new(3);
        let mut held: Vec<Seat> = (0..3).map(|_| seats.take("one").unwrap()).collect();
        assert!(seats.take("one").is_none());
        let other = seats.take("other").unwrap();
        held.pop();
        held.push(seats.take("one").unwrap());
        drop((held, other));
        assert!(seats.taken() == 0 && seats.lock().is_empty());
    }
}
