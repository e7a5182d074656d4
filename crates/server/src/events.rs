//! Tablets that are online and listen: who they are, and the bell each waits
//! for. A bell says that something changed, not what. When it rings is
//! `usecase::watch`'s, the stream itself `handlers::events`'s.

use domain::id::{PersonId, ReplicaId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc};

/// Streams that one tablet may have open; a new one takes the place of the
/// oldest, which may be a line that died without a word.
pub const LISTENERS_PER_TABLET_MAX: usize = 2;

/// Everybody who listens to this instance.
#[derive(Debug, Default)]
pub struct Events {
    open: Mutex<Open>,
    poked: Notify,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    listeners: BTreeMap<u64, Listener>,
    closed: bool,
}

#[derive(Debug)]
struct Listener {
    replica: ReplicaId,
    person: PersonId,
    /// Holds one ring: a slow line hears once of much that changed.
    bell: mpsc::Sender<()>,
}

/// One open stream; gone from the list when dropped.
#[derive(Debug)]
pub struct Listening {
    events: Arc<Events>,
    number: u64,
    bell: mpsc::Receiver<()>,
}

impl Listening {
    /// Waits for the bell; none when the stream is to end.
    pub async fn rung(&mut self) -> Option<()> {
        self.bell.recv().await
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.events.lock().listeners.remove(&self.number);
    }
}

impl Events {
    fn lock(&self) -> MutexGuard<'_, Open> {
        // Every change of the list is whole before anything could panic.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a stream. When the server is stopping it ends at once.
    pub fn listen(self: &Arc<Self>, replica: ReplicaId, person: PersonId) -> Listening {
        let (bell, heard) = mpsc::channel(1);
        let mut open = self.lock();
        let number = open.next;
        open.next += 1;
        if !open.closed {
            let own = open.listeners.iter().filter(|(_, one)| one.replica == replica);
            let own: Vec<u64> = own.map(|(number, _)| *number).collect();
            let too_many = (own.len() + 1).saturating_sub(LISTENERS_PER_TABLET_MAX);
            for oldest in own.iter().take(too_many) {
                open.listeners.remove(oldest);
            }
            open.listeners.insert(number, Listener { replica, person, bell });
        }
        drop(open);
        Listening { events: Arc::clone(self), number, bell: heard }
    }

    /// Whether nobody listens.
    pub fn is_quiet(&self) -> bool {
        self.lock().listeners.is_empty()
    }

    /// How many streams are open.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.lock().listeners.len()
    }

    /// Rings for these people, but not for a tablet that is itself the only
    /// one that wrote.
    pub fn changed(&self, readers: &BTreeSet<PersonId>, writers: &BTreeSet<ReplicaId>) {
        for listener in self.lock().listeners.values() {
            let own = writers.len() == 1 && writers.contains(&listener.replica);
            if readers.contains(&listener.person) && !own {
                // Full means that it rings already; closed, that it is going.
                let _ = listener.bell.try_send(());
            }
        }
    }

    /// Ends the streams of some tablets.
    pub fn end(&self, replicas: &BTreeSet<ReplicaId>) {
        self.lock().listeners.retain(|_, one| !replicas.contains(&one.replica));
    }

    /// Ends all streams, and those that are opened from now on: a server that
    /// stops waits for its answers, and these would never end.
    pub fn close(&self) {
        let mut open = self.lock();
        open.closed = true;
        open.listeners.clear();
    }

    /// Has the database looked at now; called after a commit.
    pub fn poke(&self) {
        self.poked.notify_one();
    }

    /// Waits until somebody poked.
    pub async fn poked(&self) {
        self.poked.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn replica(n: u128) -> ReplicaId {
        ReplicaId(Uuid::from_u128(n))
    }

    fn person(n: u128) -> PersonId {
        PersonId(Uuid::from_u128(n))
    }

    #[tokio::test]
    async fn a_tablet_that_opens_stream_after_stream_keeps_the_newest() {
        let events = Arc::new(Events::default());
        let mut first = events.listen(replica(1), person(1));
        let mut other = events.listen(replica(2), person(2));
        let mut rest: Vec<_> = (0..5).map(|_| events.listen(replica(1), person(1))).collect();
        assert_eq!(events.count(), LISTENERS_PER_TABLET_MAX + 1);
        assert_eq!(first.rung().await, None);
        events.changed(&BTreeSet::from([person(1)]), &BTreeSet::from([replica(9)]));
        assert_eq!(rest.pop().unwrap().rung().await, Some(()));
        assert!(other.bell.try_recv().is_err());
        drop((rest, other));
        assert!(events.is_quiet());
    }

    #[tokio::test]
    async fn much_that_changed_rings_once_and_ones_own_work_never() {
        let events = Arc::new(Events::default());
        let mut listening = events.listen(replica(1), person(1));
        let readers = BTreeSet::from([person(1)]);
        events.changed(&readers, &BTreeSet::from([replica(1)]));
        assert!(listening.bell.try_recv().is_err());
        for n in 2..10 {
            events.changed(&readers, &BTreeSet::from([replica(1), replica(n)]));
        }
        assert_eq!(listening.rung().await, Some(()));
        assert!(listening.bell.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_server_that_stops_ends_every_stream_old_and_new() {
        let events = Arc::new(Events::default());
        let mut before = events.listen(replica(1), person(1));
        events.close();
        assert_eq!(before.rung().await, None);
        assert_eq!(events.listen(replica(1), person(1)).rung().await, None);
    }
}
