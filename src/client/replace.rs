//! Small files that are replaced whole: a reader finds the old content or the new.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// Writes a file and its directory, if they do not exist, or replaces the file. What it holds is
/// durable before the old content is gone.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let directory = path.parent().unwrap_or(path);
    let written = std::fs::create_dir_all(directory)
        .and_then(|()| File::create(&temporary))
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        drop(std::fs::remove_file(&temporary));
    }
    written
}
