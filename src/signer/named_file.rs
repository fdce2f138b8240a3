//! Files with secrets, named by a path, or by the number of a descriptor that the process was
//! started with: `fd:3`. Behind a descriptor there can be a pipe, so that the secret is on no disk.
//! A pipe can be read once.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use zeroize::Zeroizing;

/// Where this process finds its descriptors.
const DESCRIPTORS: &str = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };

/// The descriptor that the name stands for, if it stands for one.
pub fn descriptor(name: &Path) -> Option<u32> {
    name.to_str()?.strip_prefix("fd:")?.parse().ok()
}

/// Opens the file with this name.
pub fn open_named(name: &Path) -> io::Result<File> {
    match descriptor(name) {
        Some(number) => File::open(Path::new(DESCRIPTORS).join(number.to_string())),
        None => File::open(name),
    }
}

/// Reads a secret of at most `max` bytes from the file with this name. Its buffer is wiped.
pub fn read_secret(name: &Path, max: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = open_named(name)?;
    // One that grew would leave copies behind.
    let mut secret = Zeroizing::new(Vec::with_capacity(max + 1));
    file.take(max as u64 + 1).read_to_end(&mut secret)?;
    if secret.len() > max {
        return Err(io::Error::other(format!("it is longer than {max} bytes")));
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::fd::AsRawFd as _;

    use super::*;

    #[test]
    fn a_name_is_a_path_or_a_descriptor() {
        assert_eq!(descriptor(Path::new("fd:3")), Some(3));
        for path in ["fd", "fd:", "fd:x", "./fd:3", "fd:-1", "log.key"] {
            assert_eq!(descriptor(Path::new(path)), None, "{path}");
        }
    }

    #[test]
    fn what_comes_through_a_pipe_is_read_to_its_end_and_no_further_than_allowed() {
        let (reader, mut writer) = io::pipe().unwrap();
        let name = format!("fd:{}", reader.as_raw_fd());
        writer.write_all(b"a secret").unwrap();
        drop(writer);
        assert_eq!(*read_secret(Path::new(&name), 8).unwrap(), b"a secret");
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        std::fs::write(&path, "a secret").unwrap();
        assert!(read_secret(&path, 7).unwrap_err().to_string().contains("7 bytes"));
        read_secret(Path::new("fd:99999"), 8).unwrap_err();
    }
}
