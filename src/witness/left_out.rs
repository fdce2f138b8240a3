//! Witnesses and mirrors at URLs, in a program that was built without them.

use async_trait::async_trait;

use super::ask::{Ask, AskError, AskMirror, Asked};

/// A witness or a mirror at a URL; none can be made.
#[derive(Clone, Debug)]
pub enum HttpAsk {}

impl HttpAsk {
    /// Says what is missing.
    pub fn new(prefix: &str) -> Result<Self, AskError> {
        let words = "this program was built without the feature `witnesses`, which it takes";
        Err(AskError(format!("{prefix}: {words}")))
    }
}

#[async_trait]
impl Ask for HttpAsk {
    async fn add_checkpoint(&self, _: Vec<u8>) -> Result<Asked, AskError> {
        match *self {}
    }
}

#[async_trait]
impl AskMirror for HttpAsk {
    async fn add_entries(&self, _: Vec<u8>) -> Result<Asked, AskError> {
        match *self {}
    }
}
