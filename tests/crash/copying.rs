//! The ways in which people copy a directory to a backup and put it back.

use std::path::Path;
use std::process::Command;

/// How a backup is put back over, or in place of, a log's directory. The backup was made to fit.
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

    /// Writes over the files that are there, which stay the same files.
    pub fn is_in_place(self) -> bool {
        matches!(self, Self::RsyncInPlace | Self::CopyOver | Self::TarOverwrite)
    }

    /// Removes all files first, so that the file system may hand out the same inodes again.
    pub fn may_reuse_inodes(self) -> bool {
        matches!(self, Self::RemoveAndCopy | Self::RemoveAndCopyPlain | Self::RemoveAndTar)
    }

    /// The machine has the program.
    pub fn is_there(self) -> bool {
        let is_rsync = matches!(self, Self::Rsync | Self::RsyncInPlace);
        !is_rsync || Command::new("rsync").arg("--version").output().is_ok()
    }

    /// Copies `log` in `home` to `backup`, or `backup.tar`.
    pub fn back_up(self, home: &Path) {
        run(
            home,
            match self {
                // It takes a file of the same length and second for the same.
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

    /// Puts it back.
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

/// Runs a line of shell in `home`.
pub fn run(home: &Path, line: &str) {
    let ended = Command::new("sh").args(["-ec", line]).current_dir(home).output();
    let ended = ended.expect("a shell");
    assert!(ended.status.success(), "{line}: {}", String::from_utf8_lossy(&ended.stderr));
}
