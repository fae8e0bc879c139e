//! Members of a request that AWS knows and Counterpoise makes no use of: kept with the resource, and given back by Describe.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The request that made a resource, member for member as it came, or nothing for one that was made in the window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Extras(Map<String, Value>);

impl Extras {
    /// Keeps a whole request.
    pub fn of(request: Map<String, Value>) -> Self {
        Self(request)
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was sent.
    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }
}
