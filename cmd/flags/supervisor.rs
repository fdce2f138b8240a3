//! What a program tells the supervisor that started it (systemd, sd_notify(3)): that it is ready,
//! what it is doing, that it makes progress, that it reloads or stops.
//!
//! Each message is one datagram to the socket that `NOTIFY_SOCKET` names; without it nothing is
//! sent. Nothing waits for the supervisor, and it is no error if nobody listens.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How often to look whether the program is ready for the first time.
const FIRST_LOOKS: Duration = Duration::from_millis(50);
/// How often to look at a program that is.
const LOOKS: Duration = Duration::from_secs(5);
/// In the time after which a silent program is killed, it says this often that it is well.
const SIGNS_OF_LIFE: u32 = 3;

/// The supervisor.
#[derive(Debug, Default)]
pub struct Supervisor {
    socket: Option<UnixDatagram>,
    /// After this time without a sign of life the program is killed.
    watchdog: Option<Duration>,
    is_stopping: AtomicBool,
}

/// How a program judges itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// It can do its work, and gets on with it.
    pub is_well: bool,
    /// What it is doing, in a line.
    pub words: String,
}

/// The supervisor's socket cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot reach the supervisor at NOTIFY_SOCKET={place}")]
pub struct NoSupervisor {
    place: String,
    #[source]
    source: io::Error,
}

impl Supervisor {
    /// The supervisor that the environment names, if it names one.
    pub fn of_environment() -> Result<Self, NoSupervisor> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let Some(place) = variable("NOTIFY_SOCKET") else { return Ok(Self::default()) };
        let socket = connect(&place).map_err(|source| NoSupervisor { place, source })?;
        let micros = variable("WATCHDOG_USEC").and_then(|micros| micros.parse().ok());
        let own = std::process::id().to_string();
        let is_meant = variable("WATCHDOG_PID").is_none_or(|process| process == own);
        let watchdog = micros.filter(|micros| *micros > 0 && is_meant).map(Duration::from_micros);
        Ok(Self { socket: Some(socket), watchdog, is_stopping: AtomicBool::new(false) })
    }

    /// Tells how the program is, forever: that it is ready, as soon as it is well for the first
    /// time; and from then on, as often as is asked for, that it is well, while it is. A program
    /// that has been told to stop and still runs counts as well.
    pub async fn watch(&self, health: impl Fn() -> Health) {
        if self.socket.is_none() {
            return std::future::pending().await;
        }
        let looks = self.watchdog.map_or(LOOKS, |watchdog| LOOKS.min(watchdog / SIGNS_OF_LIFE));
        let (mut was_ready, mut told) = (false, String::new());
        loop {
            let Health { is_well, words } = health();
            let is_stopping = self.is_stopping.load(Ordering::Relaxed);
            let mut lines = Vec::new();
            if is_well && !was_ready {
                lines.push("READY=1".to_owned());
                was_ready = true;
            }
            if self.watchdog.is_some() && (is_well || is_stopping) {
                lines.push("WATCHDOG=1".to_owned());
            }
            if words != told && !is_stopping {
                lines.push(format!("STATUS={}", words.replace('\n', " ")));
                told = words;
            }
            if !lines.is_empty() {
                self.tell(&lines.join("\n"));
            }
            tokio::time::sleep(if was_ready { looks } else { FIRST_LOOKS }).await;
        }
    }

    /// Reads the configuration again, and says when that begins and ends.
    pub async fn reload(&self, reload: impl Future<Output = ()>) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = now.tv_sec * 1_000_000 + now.tv_nsec / 1000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
        reload.await;
        self.tell("READY=1");
    }

    /// The program stops.
    pub fn stopping(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
        self.tell("STOPPING=1\nSTATUS=stopping: answering what was accepted");
    }

    fn tell(&self, words: &str) {
        if let Some(socket) = &self.socket {
            // It may have ended, or be busy.
            drop(socket.send(words.as_bytes()));
        }
    }
}

/// Connects to a socket: a path, or after `@` the name of an abstract one.
fn connect(place: &str) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    match place.strip_prefix('@') {
        #[cfg(target_os = "linux")]
        Some(name) => {
            use std::os::linux::net::SocketAddrExt as _;
            let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
            socket.connect_addr(&address)?;
        }
        _ => socket.connect(place)?,
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_program_that_is_not_well_gives_no_sign_of_life() {
        let (own, heard) = UnixDatagram::pair().unwrap();
        heard.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let supervisor = Supervisor {
            socket: Some(own),
            watchdog: Some(Duration::from_millis(30)),
            is_stopping: AtomicBool::new(false),
        };
        let is_well = AtomicBool::new(false);
        let health =
            || Health { is_well: is_well.load(Ordering::Relaxed), words: "two\nlines".to_owned() };
        let mut bytes = [0; 200];
        let mut next = || {
            heard
                .recv(&mut bytes)
                .map(|length| String::from_utf8(bytes[..length].to_vec()).unwrap())
        };
        let watch = |time| tokio::time::timeout(time, supervisor.watch(health));
        let time = Duration::from_millis(120);
        drop(watch(time).await);
        assert_eq!(next().unwrap(), "STATUS=two lines");
        next().unwrap_err();
        is_well.store(true, Ordering::Relaxed);
        drop(watch(time).await);
        assert_eq!(next().unwrap(), "READY=1\nWATCHDOG=1\nSTATUS=two lines");
        assert_eq!(next().unwrap(), "WATCHDOG=1");
        while next().is_ok() {}
        is_well.store(false, Ordering::Relaxed);
        supervisor.stopping();
        assert!(next().unwrap().starts_with("STOPPING=1\n"));
        drop(watch(time).await);
        assert_eq!(next().unwrap(), "WATCHDOG=1", "an end may take its time");
    }
}
