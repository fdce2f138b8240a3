//! Blocking GETs, for work outside the measured loop: metrics, readiness, tiles.
//!
//! One connection per request, with deadlines. Answers are bounded and decompressed.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;

use crate::answer;
use crate::target::Target;

/// Sends a GET for `path`, which starts with a slash, below the target's prefix.
pub fn get(target: &Target, path: &str, timeout: Duration) -> Result<(u16, Vec<u8>)> {
    let url = format!("http://{}{}{path}", target.authority, target.prefix);
    exchange(target, path, timeout).with_context(|| format!("GET {url}"))
}

fn exchange(target: &Target, path: &str, timeout: Duration) -> Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect_timeout(&target.address, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    let Target { authority, prefix, .. } = target;
    let request =
        format!("GET {prefix}{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;

    let mut received = Vec::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        let length = stream.read(&mut piece)?;
        received.extend_from_slice(&piece[..length]);
        if let Some(answer) = answer::scan(&received, BODY_BYTES_MAX)? {
            let body = if answer.gzip { gunzip(&answer.body)? } else { answer.body.into_owned() };
            return Ok((answer.status, body));
        }
        if length == 0 {
            bail!("closed within the answer");
        }
    }
}

fn gunzip(compressed: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    let limit = BODY_BYTES_MAX as u64 + 1;
    GzDecoder::new(compressed).take(limit).read_to_end(&mut body).context("gzip")?;
    if body.len() > BODY_BYTES_MAX {
        bail!("body too long after gzip");
    }
    Ok(body)
}

/// A bundle of 256 entries of 65,535 bytes with their lengths, and some spare room.
const BODY_BYTES_MAX: usize = 17 * 1024 * 1024;
