//! A door to the messages between writers, for their fuzz target.

pub use crate::forward::message::{
    MessageError, Reply, decode_question, decode_reply, encode_question, encode_reply,
};
pub use crate::forward::question::{FASTI_MAC, FASTI_QUESTION, PeerRefusal, QuestionHead};
pub use crate::secret::Message;
