//! The status of a running log: for load balancers, for other writers and for people.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::leader::State;
use crate::log::Log;
use crate::peers::{PeerStatus, Role};
use crate::record::Epoch;

/// A takeover that takes longer is considered stuck.
const TAKEOVER_TIME: Duration = Duration::from_secs(5);

impl Log {
    /// The log can serve: its driver is running, a writer leads or soon will, and it is not
    /// shutting down. A frozen log is ready, since it can still be read. During a takeover entries
    /// wait: if all writers said no then, a load balancer would have nowhere to send them. A writer
    /// that cannot reach the leader for longer is not ready, and neither is one that is stuck.
    pub fn is_ready(&self) -> bool {
        let is_running = self.published.has_changed().is_ok() && !self.pool.is_closed();
        let is_stalled = self.stalled_for().is_some();
        let state = self.state.borrow();
        let silence = self.clock.now().saturating_duration_since(state.heard);
        let is_sure = matches!(state.role, Role::Leading | Role::Frozen);
        is_running
            && !self.is_draining.load(Ordering::Relaxed)
            && (is_sure || silence < self.patience + TAKEOVER_TIME)
            && !is_stalled
    }

    /// How long entries have been waiting without any being answered, if that is too long: longer
    /// than a leader may be silent, or, if this writer does not lead, longer than a takeover takes.
    pub fn stalled_for(&self) -> Option<Duration> {
        let now = self.clock.now();
        let (silence, limit) = (self.clients.silence(now), self.patience + self.batch_pace);
        match self.state.borrow().role {
            Role::Frozen => None,
            Role::Leading if self.is_stalled() => Some(silence.max(self.patience)),
            Role::Leading => (silence > limit).then_some(silence),
            _ => (silence > limit + TAKEOVER_TIME).then_some(silence),
        }
    }

    /// The log has ended, as far as this writer knows.
    pub fn is_frozen(&self) -> bool {
        self.state.borrow().role == Role::Frozen
    }

    /// The status of this writer, for a peer that believes it to lead in `term`.
    pub fn status_for_peer(&self, term: Epoch) -> PeerStatus {
        let status = self.status();
        if status.epoch == term {
            self.liveness.hear();
        }
        status
    }

    /// The status of this writer.
    pub fn status(&self) -> PeerStatus {
        let State { role, leader, .. } = self.state.borrow().clone();
        let published = self.published();
        PeerStatus {
            role: match role {
                Role::Leading if self.pool.is_closed() => Role::Leaving,
                Role::Leading if self.is_stalled() => Role::Recovering,
                role => role,
            },
            epoch: leader.epoch,
            leader: leader.address,
            published: published.head.size,
            checkpoint: published.checkpoint.clone(),
        }
    }

    fn is_stalled(&self) -> bool {
        self.liveness.is_stalled(self.clock.now(), self.patience)
    }

    /// By how many entries the published tree is behind the committed one, as far as this writer
    /// knows.
    pub fn lag(&self) -> u64 {
        self.liveness.committed().saturating_sub(self.published().head.size.get())
    }
}
