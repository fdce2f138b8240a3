//! Kinds of file systems, and which of them can hold a log's directory.
//!
//! A directory is for one writer, and what it has flushed must survive a power cut. Local file
//! systems guarantee that: `flock` works between all processes that can see the directory, and
//! `fsync` reaches the disk. A shared one may do either or neither, depending on how it is mounted,
//! so every other kind is refused until the operator vouches for it by name.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A kind of file system, by the system's number for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSystemKind(u32);

/// Local file systems, with working locks and flushes. `overlayfs` is as good as the file system
/// below it, and the two in memory do as well as memory can.
const LOCAL: [(u32, &str); 13] = [
    (0xEF53, "ext4"),
    (0x5846_5342, "xfs"),
    (0x9123_683E, "btrfs"),
    (0xF2F5_2010, "f2fs"),
    (0x2FC1_2FC1, "zfs"),
    (0xCA45_1A4E, "bcachefs"),
    (0x3153_464A, "jfs"),
    (0x5265_4973, "reiserfs"),
    (0x3434, "nilfs2"),
    (0x2405_1905, "ubifs"),
    (0x794C_7630, "overlayfs"),
    (0x0102_1994, "tmpfs"),
    (0x8584_58F6, "ramfs"),
];

/// Others with names: shared by several machines, or implemented by a program that may do anything.
const OTHERS: [(u32, &str); 21] = [
    (0x6969, "nfs"),
    (0x517B, "smb"),
    (0xFF53_4D42, "cifs"),
    (0xFE53_4D42, "smb2"),
    (0x00C3_6400, "ceph"),
    (0x0102_1997, "9p"),
    // Also virtiofs, sshfs, s3fs, gcsfuse, GlusterFS, ...
    (0x6573_5546, "fuse"),
    (0x0BD0_0BD0, "lustre"),
    (0x4750_4653, "gpfs"),
    (0x5346_414F, "openafs"),
    (0x6B41_4653, "afs"),
    (0x7375_7245, "coda"),
    (0x0116_1970, "gfs2"),
    (0x7461_636F, "ocfs2"),
    (0x2003_0528, "orangefs"),
    (0x1983_0326, "beegfs"),
    (0x786F_4256, "vboxsf"),
    (0xBACB_ACBC, "vmhgfs"),
    (0xAAD7_AAEA, "panfs"),
    (0x4D44, "fat"),
    (0x2011_BAB0, "exfat"),
];

impl FileSystemKind {
    /// The kind of the file system that `root` is on, if it is known.
    #[cfg(target_os = "linux")]
    pub(super) fn of(root: &Path) -> std::io::Result<Option<Self>> {
        let kind = rustix::fs::statfs(root)?.f_type & 0xFFFF_FFFF;
        Ok(Some(Self(u32::try_from(kind).expect("of thirty-two bits"))))
    }

    /// Other systems use other numbers.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn of(_: &Path) -> std::io::Result<Option<Self>> {
        Ok(None)
    }

    /// Whether it is known to have working locks and flushes.
    pub(super) fn is_local(self) -> bool {
        LOCAL.iter().any(|(kind, _)| *kind == self.0)
    }
}

impl fmt::Display for FileSystemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match LOCAL.iter().chain(&OTHERS).find(|(kind, _)| *kind == self.0) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "{:#x}", self.0),
        }
    }
}

/// The text is not a kind of file system.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of file system: {0:?}; write it as in the message that refused it")]
pub struct UnknownFileSystem(String);

impl FromStr for FileSystemKind {
    type Err = UnknownFileSystem;

    fn from_str(text: &str) -> Result<Self, UnknownFileSystem> {
        let named = LOCAL.iter().chain(&OTHERS).find(|(_, name)| *name == text);
        let number = || u32::from_str_radix(text.strip_prefix("0x")?, 16).ok();
        let kind = named.map(|(kind, _)| *kind).or_else(number);
        kind.map(Self).ok_or_else(|| UnknownFileSystem(text.chars().take(32).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_come_back() {
        let mut seen = std::collections::BTreeSet::new();
        for (kind, name) in LOCAL.iter().chain(&OTHERS) {
            let parsed: FileSystemKind = name.parse().expect("it has a name");
            assert_eq!((parsed, parsed.to_string().as_str()), (FileSystemKind(*kind), *name));
            assert_eq!(format!("{kind:#x}").parse(), Ok(parsed), "by its number");
            assert!(seen.insert(*kind), "{name} has a number of its own");
        }
        let unknown: FileSystemKind = "0x12345678".parse().expect("a number");
        assert_eq!(unknown.to_string(), "0x12345678");
        for bad in ["", "0x", "0x123456789", "12345", "NFS", "floppy"] {
            assert_eq!(bad.parse::<FileSystemKind>(), Err(UnknownFileSystem(bad.to_owned())));
        }
    }

    #[test]
    fn local_ones_pass_and_no_others() {
        for name in [
            "ext4",
            "xfs",
            "btrfs",
            "f2fs",
            "zfs",
            "tmpfs",
            "ramfs",
            "overlayfs",
            "jfs",
            "bcachefs",
        ] {
            assert!(name.parse::<FileSystemKind>().expect("known").is_local(), "{name}");
        }
        for other in [
            "nfs",
            "cifs",
            "smb2",
            "ceph",
            "9p",
            "fuse",
            "lustre",
            "gpfs",
            "openafs",
            "afs",
            "coda",
            "gfs2",
            "ocfs2",
            "0x12345678",
            "0x0",
        ] {
            assert!(!other.parse::<FileSystemKind>().expect("a kind").is_local(), "{other}");
        }
    }
}
