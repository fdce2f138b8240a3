//! Known keys of a corpus, with the true lengths of their lists: what to ask an index, and what it
//! has to answer.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Serialize};
use tiles_spec::{Hash, leaf_hash};

use crate::census::{Census, Tally};
use crate::distribution::{Artifact, Signer};
use crate::draw::{Draw, bytes};
use crate::entries::Entries;
