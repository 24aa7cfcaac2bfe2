//! How many streams of changes a caller has open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::lock;
use crate::failure::{Code, Failure};

/// For one caller, over all of its connections.
pub const MOST_STREAMS: usize = 256;

#[derive(Default)]
pub(super) struct Seats(Mutex<HashMap<String, usize>>);

/// Given back when dropped.
pub struct Seat {
    seats: Arc<Seats>,
    caller: String,
}

impl Seats {
    pub fn take(self: &Arc<Self>, caller: &str) -> Result<Seat, Failure> {
        let mut seats = lock(&self.0);
        let taken = seats.entry(caller.to_owned()).or_default();
        if *taken >= MOST_STREAMS {
            let message =
                format!("this caller has {MOST_STREAMS} streams of changes open, which is the most there are");
            return Err(
                Failure::new(Code::RateLimited, message).next("Close some, or watch several resources with one.")
            );
        }
        *taken += 1;
        Ok(Seat { seats: Arc::clone(self), caller: caller.to_owned() })
    }

    pub fn taken(&self) -> usize {
        lock(&self.0).values().sum()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = lock(&self.seats.0);
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
        let seats = Arc::new(Seats::default());
        let mut held: Vec<Seat> = (0..MOST_STREAMS).map(|_| seats.take("one").unwrap()).collect();
        assert!(seats.take("one").is_err());
        let other = seats.take("other").unwrap();
        held.pop();
        held.push(seats.take("one").unwrap());
        drop((held, other));
        assert_eq!(seats.taken(), 0);
        assert!(lock(&seats.0).is_empty());
    }
}
