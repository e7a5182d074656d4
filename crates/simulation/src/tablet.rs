//! A tablet of a run: the real device on a machine that fails.

use crate::clock::{SeededEntropy, SkewedClock, TrueTime};
use crate::disk::{Ending, Machine, Vfs};
use anyhow::{Result, anyhow};
use device::Device;
use device::client::Line;
use device::surroundings::{PinCost, Surroundings};
use domain::id::PersonId;
use ledger::board::Board;
use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

/// Everybody's PIN.
pub const PIN: &str = "135790";

/// Where the simulated office lives; nothing is ever sent there.
pub const ADDRESS: &str = "http://office.invalid";

const HOME: &str = "/tablet";

/// A tablet.
pub struct Tablet {
    /// Its machine.
    pub machine: Arc<Machine>,
    /// Its clock.
    pub clock: Arc<SkewedClock>,
    /// Its random bytes.
    pub entropy: Arc<SeededEntropy>,
    /// Whose it is.
    pub person: PersonId,
    /// Whether it is enrolled.
    pub enrolled: Cell<bool>,
    /// The code with which it tries to be.
    pub code: RefCell<Option<String>>,
    /// Whether it is out of reach.
    pub partitioned: Cell<bool>,
    /// Whether it is gone for good.
    pub lost: Cell<bool>,
    /// A copy of its disk that somebody kept.
    pub copy: RefCell<Option<Machine>>,
    /// The board as its person last saw it.
    pub seen: RefCell<Option<Board>>,
    vfs: Vfs,
    line: Arc<dyn Line>,
    device: RefCell<Option<Rc<Device>>>,
}

impl Tablet {
    /// A tablet on a machine, off.
    #[must_use]
    pub fn on(
        machine: Arc<Machine>,
        truth: &Arc<TrueTime>,
        person: PersonId,
        line: Arc<dyn Line>,
    ) -> Self {
        Self {
            vfs: Vfs::over(Arc::clone(&machine)),
            machine,
            clock: Arc::new(SkewedClock::new(Arc::clone(truth))),
            entropy: Arc::new(SeededEntropy::of(0)),
            person,
            enrolled: Cell::new(false),
            code: RefCell::new(None),
            partitioned: Cell::new(false),
            lost: Cell::new(false),
            copy: RefCell::new(None),
            seen: RefCell::new(None),
            line,
            device: RefCell::new(None),
        }
    }

    fn switched_on(&self) -> Result<Rc<Device>> {
        let around = Surroundings {
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            disk: self.machine.clone(),
            vfs: Some(self.vfs.name().to_owned()),
            line: Some(Arc::clone(&self.line)),
            pin_cost: PinCost { memory_kib: 8, passes: 1 },
        };
        let device = Device::open_within(Path::new(HOME), around);
        Ok(Rc::new(device.map_err(|error| anyhow!("a tablet does not start: {error}"))?))
    }

    /// Enrols it with a code.
    ///
    /// # Errors
    /// The device's.
    pub fn enrol(&self, code: &str) -> Result<()> {
        let device = self.switched_on()?;
        let enrolled = device.enrol(ADDRESS, code, PIN);
        enrolled.map_err(|error| anyhow!("a tablet is not enrolled: {error}"))?;
        *self.device.borrow_mut() = Some(device);
        self.enrolled.set(true);
        Ok(())
    }

    /// Starts the machine again, and the app on it.
    ///
    /// # Errors
    /// The device's, and when it does not open with its PIN.
    pub fn boot(&self, ending: Ending) -> Result<()> {
        self.end();
        self.machine.boot(ending);
        let device = self.switched_on()?;
        let unlocked = device.unlock(PIN);
        unlocked.map_err(|error| anyhow!("a tablet does not open: {error}"))?;
        *self.device.borrow_mut() = Some(device);
        Ok(())
    }

    /// Ends the app and the machine.
    pub fn end(&self) {
        self.machine.end();
        *self.device.borrow_mut() = None;
    }

    /// The device, while the machine is on.
    #[must_use]
    pub fn device(&self) -> Option<Rc<Device>> {
        if self.machine.is_off() || self.lost.get() { None } else { self.device.borrow().clone() }
    }
}

impl Drop for Tablet {
    fn drop(&mut self) {
        self.machine.end();
    }
}
