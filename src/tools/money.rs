//! Money as the tenant counts it: whole cents of US dollars. Shown with the currency, so that nobody
//! takes cents for dollars.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bounds::Whole;

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

/// An amount as a caller gives it: with the currency, because who thinks in dollars or euros should
/// notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    cents: Whole<0, 100_000_000>,
    currency: Currency,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
enum Currency {
    #[serde(rename = "USD")]
    UsDollar,
}

impl Amount {
    pub fn cents(self) -> i64 {
        self.cents.get()
    }
}
