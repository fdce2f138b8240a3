//! Waiting: epoll for sockets, a timerfd for the schedule.
//!
//! epoll's own timeout is in milliseconds, which is far too coarse for entries due at a given
//! microsecond. Everything is edge-triggered, so nothing must be read just to silence it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags};

/// An epoll instance and its timer.
pub struct Poll {
    epoll: OwnedFd,
    timer: OwnedFd,
    timer_set: Option<Instant>,
}

/// Room for the events of one wait.
pub fn events() -> Vec<Event> {
    Vec::with_capacity(EVENTS_MAX)
}

/// The token of the socket that an event is about; `None` for the timer.
pub fn token(event: &Event) -> Option<usize> {
    let token = event.data.u64();
    (token != TIMER_TOKEN).then(|| usize::try_from(token).expect("added as a usize"))
}

impl Poll {
    /// Creates an instance that waits for nothing yet.
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let interest = EventFlags::IN | EventFlags::ET;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER_TOKEN), interest)?;
        Ok(Self { epoll, timer, timer_set: None })
    }

    /// Reports changes of a socket with `token`, until the socket is closed.
    pub fn add(&self, socket: impl AsFd, token: usize) -> io::Result<()> {
        let interest = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        Ok(epoll::add(&self.epoll, socket, EventData::new_u64(token as u64), interest)?)
    }

    /// Waits for events until `until`, to the millisecond, or until `due`, as precisely as the
    /// kernel can. May report only some of the events; the next wait reports the rest.
    pub fn wait(
        &mut self,
        until: Instant,
        due: Option<Instant>,
        events: &mut Vec<Event>,
    ) -> io::Result<()> {
        let now = Instant::now();
        if let Some(due) = due {
            self.set_timer(due, now)?;
        }
        let timeout = timespec(until.saturating_duration_since(now))?;
        events.clear();
        match epoll::wait(&self.epoll, spare_capacity(events), Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sets the timer to fire at `due` or earlier, with a system call only if needed.
    fn set_timer(&mut self, due: Instant, now: Instant) -> io::Result<()> {
        if self.timer_set.is_some_and(|set| now < set && set <= due) {
            return Ok(());
        }
        let delay = due.saturating_duration_since(now).max(TIMER_MIN);
        let alarm =
            Itimerspec { it_interval: timespec(Duration::ZERO)?, it_value: timespec(delay)? };
        rustix::time::timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &alarm)?;
        self.timer_set = Some(now + delay);
        Ok(())
    }
}

fn timespec(duration: Duration) -> io::Result<Timespec> {
    Timespec::try_from(duration).map_err(|_| io::ErrorKind::InvalidInput.into())
}

/// A token no socket has.
const TIMER_TOKEN: u64 = u64::MAX;
/// A timer set to zero would never fire.
const TIMER_MIN: Duration = Duration::from_micros(1);
/// Events taken from one wait.
const EVENTS_MAX: usize = 512;
