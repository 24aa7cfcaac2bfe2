//! The rules that hold now. They can be replaced while calls run; each call sees one version to its end.

use std::sync::{Arc, PoisonError, RwLock};

use super::Rules;

#[derive(Debug)]
pub struct Live(RwLock<Arc<Rules>>);

impl Live {
    pub fn new(rules: Rules) -> Self {
        Self(RwLock::new(Arc::new(rules)))
    }

    pub fn now(&self) -> Arc<Rules> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn replace(&self, rules: Rules) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }
}
