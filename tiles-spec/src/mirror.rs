//! The protocol between a log and its mirrors: what is uploaded, and what a mirror decides.
//!
//! C2SP tlog-mirror. A mirror keeps a copy of a log, and cosigns a checkpoint once it has stored
//! all of its entries. First it learns of a checkpoint as a witness does ([`crate::witness`]): that
//! is the pending one. Then `add-entries` uploads what the mirror lacks, as an [`UploadHead`] and
//! [`EntryPackage`]s. It answers with signature lines, or with [`MirrorInfo`]: where the client
//! should go on.
//!
//! Invariants: what was parsed prints as the bytes that it was parsed from. The packages of an
//! upload follow from where it begins and ends ([`PackageRange`]). Each is proved to be a part of
//! the checkpoint's tree by itself, so nothing has to be kept that was not proved.

mod info;
mod judge;
mod package;
mod upload;

pub use info::{InfoError, MIRROR_INFO_BYTES_MAX, MIRROR_INFO_MEDIA_TYPE, MirrorInfo};
pub use judge::{EXCESS_MAX, MirrorSizes, UploadRefusal, UploadTarget, judge_upload};
pub use package::{
    EntryPackage, PACKAGE_BYTES_MAX, PACKAGES_MAX, PackageError, PackageRange, PackageReader,
    packages,
};
pub use upload::{TICKET_BYTES_MAX, UPLOAD_HEAD_BYTES_MAX, UploadError, UploadHead};

#[cfg(test)]
mod tests;
