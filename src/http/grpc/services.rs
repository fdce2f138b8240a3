//! The gRPC services that need nothing from the app but its log.

use fasti_log::Log;

use super::{health, reflection};

/// The services that need nothing from the app but its log.
pub struct Services {
    pub(super) health: health::Service,
    pub(super) reflection: reflection::Reflection,
}

impl Services {
    /// Creates the services in front of `log`.
    pub fn new(log: Log) -> Self {
        Self {
            reflection: reflection::Reflection::new(log.clock().clone()),
            health: health::service(log),
        }
    }
}
