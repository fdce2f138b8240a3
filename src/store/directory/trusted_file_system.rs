//! A directory is refused on a file system whose locks and flushes may not be reliable.

use std::path::Path;

use super::error::DirectoryError;
use super::file_system::FileSystemKind;

/// Refuses a directory on a file system that is neither known to be local nor trusted.
pub fn refuse_untrusted(
    root: &Path,
    trusted: Option<FileSystemKind>,
) -> Result<(), DirectoryError> {
    let kind = FileSystemKind::of(root)
        .map_err(|source| DirectoryError::Io { path: root.display().to_string(), source })?;
    match kind {
        Some(kind) if !kind.is_local() && trusted != Some(kind) => {
            Err(DirectoryError::UntrustedFileSystem { path: root.display().to_string(), kind })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_untrusted_one_is_refused_until_it_is_named() {
        // `/proc` is not on a disk.
        let refused = refuse_untrusted(Path::new("/proc"), None).expect_err("no place for a log");
        let said = refused.to_string();
        assert!(
            said.contains("kind 0x9fa0") && said.contains("--trust-file-system 0x9fa0"),
            "{said}"
        );
        refuse_untrusted(Path::new("/proc"), "0x9fa0".parse().ok()).expect("it was named");
        refuse_untrusted(Path::new("/proc"), "0x6969".parse().ok()).expect_err("another");
        let here = tempfile::tempdir().expect("a directory");
        refuse_untrusted(here.path(), None).expect("what tests run on");
    }
}
