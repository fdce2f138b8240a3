//! The gRPC services that need nothing from the app but its log.

use super::{health, reflection};
use crate::served::Served;

/// The services that need nothing from the app but its log.
pub struct Services {
    pub(super) health: health::Service,
    pub(super) reflection: reflection::Reflection,
}

impl Services {
    /// Creates the services in front of a log.
    pub fn new(served: Served) -> Self {
        Self {
            reflection: reflection::Reflection::new(served.clock().clone()),
            health: health::service(served),
        }
    }
}
