//! The disk of one machine, in memory: what was written and what would be left
//! of it if the power went now.
//!
//! A write counts as volatile until its file is synced. When the power goes,
//! each sector of a volatile write is there or is not, by chance. The power can
//! go at any operation; from then on everything fails until [`Machine::boot`].
//!
//! Here is the model; `vfs` shows it to SQLite, `folder` to a tablet's files,
//! `objects` to the server's files.

mod folder;
mod objects;
mod vfs;

pub use objects::Objects;
pub use vfs::Vfs;

use crate::dice::Dice;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a disk writes at once, in bytes.
const SECTOR: usize = 512;

/// How a machine ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The process is killed: what was written stays, synced or not.
    Kill,
    /// The power goes: what was not synced is there or not, sector by sector.
    PowerCut,
}

/// Why an operation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The machine is off.
    Off,
    /// No space left.
    Full,
    /// The disk reports an error.
    Broken,
}

/// How often each fault really hit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hits {
    /// Operations while the machine was on.
    pub operations: u64,
    /// The machine ended in the middle of its work.
    pub crashes: u64,
    /// Sectors lost when the power went.
    pub lost_sectors: u64,
    /// Writes of which only a part was left.
    pub torn_writes: u64,
    /// Writes turned away because the disk was full.
    pub full: u64,
    /// Operations that reported an error.
    pub broken: u64,
}

/// Something done to a file since it was last synced.
#[derive(Debug, Clone)]
enum Volatile {
    Wrote { at: usize, new: Vec<u8>, old: Vec<u8>, old_length: usize },
    Cut { to: usize, tail: Vec<u8> },
}

/// A file.
#[derive(Debug, Clone, Default)]
struct Contents {
    bytes: Vec<u8>,
    volatile: Vec<Volatile>,
    /// Whether its name would be found after a power cut.
    named: bool,
}

/// Who holds which lock on a database file.
#[derive(Debug, Default)]
struct Locks {
    shared: u32,
    reserved: bool,
    pending: bool,
    exclusive: bool,
}

/// Memory that connections to one database share.
#[derive(Debug, Default)]
struct Shared {
    regions: Vec<Box<[u64]>>,
    readers: [u32; 8],
    writers: [bool; 8],
}

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<String, Contents>,
    /// Files removed, whose removal a power cut would undo.
    removed: BTreeMap<String, Contents>,
    locks: BTreeMap<String, Locks>,
    shared: BTreeMap<String, Shared>,
    /// Shared memory of lives past: handles that are not closed yet may hold it.
    buried: Vec<Shared>,
    open_handles: u64,
    off: bool,
    /// Operations until the machine ends.
    ends_in: Option<u64>,
    /// Operations until one reports an error.
    breaks_in: Option<u64>,
    full: bool,
    /// Counts boots: a handle of an earlier life is dead.
    life: u64,
    dice: Option<Dice>,
    hits: Hits,
}

/// One machine with its disk.
#[derive(Debug, Default)]
pub struct Machine(Mutex<State>);

impl Machine {
    /// A machine with an empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A machine whose disk is a copy of what this one holds now, as if it had
    /// been stopped in order.
    #[must_use]
    pub fn copy(&self) -> Self {
        let mut files = self.lock().files.clone();
        for file in files.values_mut() {
            file.volatile.clear();
            file.named = true;
        }
        Self(Mutex::new(State { files, ..State::default() }))
    }

    /// Puts back what a copy holds; the machine is off afterwards.
    pub fn put_back(&self, copy: &Self) {
        let files = copy.lock().files.clone();
        let mut state = self.lock();
        state.files = files;
        state.removed.clear();
        state.off = true;
    }

    /// Gives every file under one folder a name under another.
    pub fn move_folder(&self, from: &Path, to: &Path) {
        let (from, to) = (from.to_string_lossy(), to.to_string_lossy());
        let mut state = self.lock();
        let files = std::mem::take(&mut state.files);
        let renamed = |name: String| match name.strip_prefix(from.as_ref()) {
            Some(rest) => format!("{to}{rest}"),
            None => name,
        };
        state.files = files.into_iter().map(|(name, file)| (renamed(name), file)).collect();
    }

    /// Says by what chance torn writes fall.
    pub fn roll(&self, seed: u64) {
        self.lock().dice = Some(Dice::of(seed));
    }

    /// The machine ends after so many operations.
    pub fn end_in(&self, operations: u64) {
        self.lock().ends_in = Some(operations);
    }

    /// One operation reports an error after so many.
    pub fn break_in(&self, operations: u64) {
        self.lock().breaks_in = Some(operations);
    }

    /// Whether there is space.
    pub fn set_full(&self, full: bool) {
        self.lock().full = full;
    }

    /// Takes every fault that waits off, and makes space.
    pub fn calm(&self) {
        let mut state = self.lock();
        (state.ends_in, state.breaks_in, state.full) = (None, None, false);
    }

    /// Ends the machine now.
    pub fn end(&self) {
        let mut state = self.lock();
        if !state.off {
            state.off = true;
            state.hits.crashes += 1;
        }
    }

    /// Whether the machine is off.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.lock().off
    }

    /// Whether a fault waits or is there.
    #[must_use]
    pub fn is_troubled(&self) -> bool {
        let state = self.lock();
        state.off || state.full || state.ends_in.is_some() || state.breaks_in.is_some()
    }

    /// How often each fault hit so far.
    #[must_use]
    pub fn hits(&self) -> Hits {
        self.lock().hits.clone()
    }

    /// Starts the machine again, with what its ending left on the disk.
    pub fn boot(&self, ending: Ending) {
        let mut state = self.lock();
        if ending == Ending::PowerCut {
            lose(&mut state);
        }
        for file in state.files.values_mut() {
            file.volatile.clear();
            file.named = true;
        }
        state.removed.clear();
        state.locks.clear();
        let shared = std::mem::take(&mut state.shared);
        state.buried.extend(shared.into_values());
        (state.off, state.ends_in) = (false, None);
        state.life += 1;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere left the files as they were.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// One operation that changes something. `Err` when it is not to be done.
    fn operate(&mut self) -> Result<(), Fault> {
        if self.off {
            return Err(Fault::Off);
        }
        self.hits.operations += 1;
        if counted_down(&mut self.ends_in) {
            self.off = true;
            self.hits.crashes += 1;
            return Err(Fault::Off);
        }
        if counted_down(&mut self.breaks_in) {
            self.hits.broken += 1;
            return Err(Fault::Broken);
        }
        Ok(())
    }

    fn dice(&mut self) -> &mut Dice {
        self.dice.get_or_insert_with(|| Dice::of(0))
    }

    fn write(&mut self, name: &str, at: usize, new: &[u8]) -> Result<(), Fault> {
        let was_on = !self.off;
        let done = self.operate();
        // The write in which the machine ends may have begun.
        if done.is_err() && !(was_on && self.off) {
            return done;
        }
        let grows = self.files.get(name).is_none_or(|file| at + new.len() > file.bytes.len());
        if done.is_ok() && grows && self.full {
            self.hits.full += 1;
            return Err(Fault::Full);
        }
        let file = self.files.entry(name.to_owned()).or_default();
        let old_length = file.bytes.len();
        let end = at + new.len();
        let old = file.bytes.get(at..end.min(old_length)).unwrap_or_default().to_vec();
        put(&mut file.bytes, at, new);
        file.volatile.push(Volatile::Wrote { at, new: new.to_vec(), old, old_length });
        done
    }

    fn cut(&mut self, name: &str, to: usize) -> Result<(), Fault> {
        self.operate()?;
        if let Some(file) = self.files.get_mut(name)
            && to < file.bytes.len()
        {
            let tail = file.bytes.split_off(to);
            file.volatile.push(Volatile::Cut { to, tail });
        }
        Ok(())
    }

    fn sync(&mut self, name: &str) -> Result<(), Fault> {
        self.operate()?;
        let Some(file) = self.files.get_mut(name) else { return Ok(()) };
        file.volatile.clear();
        if !file.named {
            // As os_unix has it: with a new journal or log its folder is synced,
            // and with the folder every name in it that came or went.
            self.sync_names();
        }
        Ok(())
    }

    fn sync_names(&mut self) {
        self.removed.clear();
        for file in self.files.values_mut() {
            file.named = true;
        }
    }

    fn remove(&mut self, name: &str, durably: bool) -> Result<(), Fault> {
        self.operate()?;
        if let Some(file) = self.files.remove(name)
            && file.named
        {
            self.removed.insert(name.to_owned(), file);
        }
        if durably {
            self.sync_names();
        }
        Ok(())
    }

    /// Over a file that is there and as long: it needs no space.
    fn put_over(&mut self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        self.operate()?;
        match self.files.get_mut(name).filter(|file| file.bytes.len() == bytes.len()) {
            Some(file) => {
                file.bytes = bytes.to_vec();
                file.volatile.clear();
                self.operate()
            }
            None => self.put_whole(name, bytes),
        }
    }

    /// A whole file at once, durably: there or not there, nothing between.
    fn put_whole(&mut self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        self.operate()?;
        if self.full {
            self.hits.full += 1;
            return Err(Fault::Full);
        }
        let file = Contents { bytes: bytes.to_vec(), volatile: Vec::new(), named: true };
        self.files.insert(name.to_owned(), file);
        // The file is there; whether its writer lives to know is another matter.
        self.operate()
    }
}

/// Counts one down; true when it reached its end, once.
fn counted_down(left: &mut Option<u64>) -> bool {
    match left {
        None => false,
        Some(0 | 1) => {
            *left = None;
            true
        }
        Some(more) => {
            *more -= 1;
            false
        }
    }
}

fn put(bytes: &mut Vec<u8>, at: usize, new: &[u8]) {
    let end = at + new.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[at..end].copy_from_slice(new);
}

/// How much of what was not synced a power cut leaves.
#[derive(Clone, Copy)]
enum Left {
    Nothing,
    Prefix(usize),
    Some(u64),
}

fn lose(state: &mut State) {
    let mut dice = state.dice().clone();
    let mut hits = std::mem::take(&mut state.hits);
    for (name, file) in std::mem::take(&mut state.removed) {
        if dice.percent(50) {
            state.files.entry(name).or_insert(file);
        }
    }
    for file in state.files.values_mut() {
        lose_of(file, &mut dice, &mut hits);
    }
    state.files.retain(|_, file| file.named || dice.percent(50));
    state.hits = hits;
    state.dice = Some(dice);
}

fn lose_of(file: &mut Contents, dice: &mut Dice, hits: &mut Hits) {
    let volatile = std::mem::take(&mut file.volatile);
    for one in volatile.iter().rev() {
        match one {
            Volatile::Wrote { at, old, old_length, .. } => {
                let end = (at + old.len()).min(file.bytes.len());
                if *at < end {
                    file.bytes[*at..end].copy_from_slice(&old[..end - at]);
                }
                file.bytes.truncate(*old_length);
            }
            Volatile::Cut { to, tail } => {
                file.bytes.truncate(*to);
                file.bytes.extend_from_slice(tail);
            }
        }
    }
    let left = match dice.below(4) {
        0 => Left::Nothing,
        1 => Left::Prefix(dice.place(volatile.len() + 1)),
        2 => Left::Some(50),
        _ => Left::Some(90),
    };
    for (place, one) in volatile.into_iter().enumerate() {
        match one {
            Volatile::Wrote { at, new, .. } => {
                let mut kept = 0;
                let sectors = new.chunks(SECTOR).count();
                for (sector, part) in new.chunks(SECTOR).enumerate() {
                    let keep = match left {
                        Left::Nothing => false,
                        Left::Prefix(some) => place < some,
                        Left::Some(percent) => dice.percent(percent),
                    };
                    if keep {
                        kept += 1;
                        put(&mut file.bytes, at + sector * SECTOR, part);
                    }
                }
                hits.lost_sectors += (sectors - kept) as u64;
                hits.torn_writes += u64::from(kept > 0 && kept < sectors);
            }
            Volatile::Cut { to, .. } => {
                let keep = match left {
                    Left::Nothing => false,
                    Left::Prefix(some) => place < some,
                    Left::Some(percent) => dice.percent(percent),
                };
                if keep {
                    file.bytes.truncate(to);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(machine: &Machine, name: &str) -> Vec<u8> {
        machine.lock().files.get(name).map(|file| file.bytes.clone()).unwrap_or_default()
    }

    #[test]
    fn what_was_synced_outlives_every_power_cut() {
        for seed in 0..50 {
            let machine = Machine::new();
            machine.roll(seed);
            machine.lock().write("a", 0, &[1; 2000]).unwrap();
            machine.lock().sync("a").unwrap();
            machine.lock().write("a", 1000, &[2; 3000]).unwrap();
            machine.lock().cut("a", 100).unwrap();
            machine.end();
            machine.boot(Ending::PowerCut);
            assert_eq!(bytes(&machine, "a")[..100], [1; 100]);
        }
    }

    #[test]
    fn a_killed_process_loses_nothing_it_had_written() {
        let machine = Machine::new();
        machine.lock().write("a", 0, b"abc").unwrap();
        machine.end();
        assert_eq!(machine.lock().write("a", 0, b"x"), Err(Fault::Off));
        machine.boot(Ending::Kill);
        assert_eq!(bytes(&machine, "a"), b"abc");
    }

    #[test]
    fn a_power_cut_tears_writes_at_sectors() {
        let mut torn = 0;
        for seed in 0..50 {
            let machine = Machine::new();
            machine.roll(seed);
            machine.lock().write("a", 0, &[1; 4096]).unwrap();
            machine.lock().sync("a").unwrap();
            machine.lock().write("a", 0, &[2; 4096]).unwrap();
            machine.end();
            machine.boot(Ending::PowerCut);
            for sector in bytes(&machine, "a").chunks(SECTOR) {
                assert!(sector.iter().all(|byte| *byte == sector[0]));
            }
            torn += machine.hits().torn_writes;
        }
        assert!(torn > 5);
    }

    #[test]
    fn the_machine_ends_at_the_operation_it_was_told() {
        let machine = Machine::new();
        machine.end_in(2);
        assert_eq!(machine.lock().put_whole("a", b"1"), Err(Fault::Off));
        assert!(machine.is_off());
        machine.boot(Ending::PowerCut);
        assert_eq!(bytes(&machine, "a"), b"1");
    }
}
