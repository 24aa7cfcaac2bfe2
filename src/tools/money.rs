//! Money as the tenant counts it: whole cents of US dollars. Shown with the currency, so that nobody
//! takes cents for dollars.

use schemars::JsonSchema;
use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Money {
    cents: i64,
    currency: &'static str,
}

impl Money {
    pub fn of(cents: i64) -> Self {
        Self { cents, currency: "USD" }
    }

    pub fn cents(self) -> i64 {
        self.cents
    }
}
