//! The ways in which people copy a directory to a backup and restore it.

use std::path::Path;
use std::process::Command;

/// How a backup is restored over, or in place of, a log's directory. The backup is made to match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    Rsync,
    RsyncInPlace,
    CopyOver,
    RemoveAndCopy,
    RemoveAndCopyPlain,
    TarOver,
    TarOverwrite,
    RemoveAndTar,
    MoveAndCopy,
    HardLinks,
}

impl Tool {
    pub const ALL: [Self; 10] = [
        Self::Rsync,
        Self::RsyncInPlace,
        Self::CopyOver,
        Self::RemoveAndCopy,
        Self::RemoveAndCopyPlain,
        Self::TarOver,
        Self::TarOverwrite,
        Self::RemoveAndTar,
        Self::MoveAndCopy,
        Self::HardLinks,
    ];

    /// Reports whether it overwrites the existing files, which remain the same files.
    pub fn is_in_place(self) -> bool {
        matches!(self, Self::RsyncInPlace | Self::CopyOver | Self::TarOverwrite)
    }

    /// Reports whether it removes all files first, so that the file system can reuse their inodes.
    pub fn may_reuse_inodes(self) -> bool {
        matches!(self, Self::RemoveAndCopy | Self::RemoveAndCopyPlain | Self::RemoveAndTar)
    }

    /// Reports whether the machine has the program.
    pub fn is_there(self) -> bool {
        let is_rsync = matches!(self, Self::Rsync | Self::RsyncInPlace);
        !is_rsync || Command::new("rsync").arg("--version").output().is_ok()
    }

    /// Copies `log` in `home` to `backup`, or `backup.tar`.
    pub fn back_up(self, home: &Path) {
        run(
            home,
            match self {
                // It treats files of the same length and second as equal.
                Self::Rsync | Self::RsyncInPlace => {
                    "rsync -a log/ backup/ && find backup -type f -exec touch -d '1 hour ago' {} +"
                }
                Self::TarOver | Self::TarOverwrite | Self::RemoveAndTar => {
                    "tar -C log -cf backup.tar ."
                }
                Self::HardLinks => "cp -al log backup",
                _ => "cp -a log backup",
            },
        );
    }

    /// Restores the backup.
    pub fn restore(self, home: &Path) {
        run(
            home,
            match self {
                Self::Rsync => "rsync -a --delete backup/ log/",
                Self::RsyncInPlace => "rsync -a --delete --inplace backup/ log/",
                Self::CopyOver => "cp -a backup/. log/",
                Self::RemoveAndCopy => "rm -rf log && cp -a backup log",
                Self::RemoveAndCopyPlain => "rm -rf log && cp -r backup log",
                Self::TarOver => "tar -C log -xf backup.tar",
                Self::TarOverwrite => "tar -C log --overwrite -xf backup.tar",
                Self::RemoveAndTar => "rm -rf log && mkdir log && tar -C log -xf backup.tar",
                Self::MoveAndCopy => "mv log older && cp -a backup log",
                Self::HardLinks => "rm -rf log && cp -al backup log",
            },
        );
    }
}

/// Runs a shell command in `home`.
pub fn run(home: &Path, line: &str) {
    let ended = Command::new("sh").args(["-ec", line]).current_dir(home).output();
    let ended = ended.expect("a shell");
    assert!(ended.status.success(), "{line}: {}", String::from_utf8_lossy(&ended.stderr));
}
