//! The world of a run: one office, some tablets, the network between them, and
//! what their people were told.
//!
//! Everything happens on one thread. The network is where things happen at the
//! same time: while a request is on its way, another step may be done.

use crate::action::{Action, Step};
use crate::clock::TrueTime;
use crate::dice::Dice;
use crate::disk::{Ending, Hits, Machine};
use crate::network::{self, Losses, Stuck, Weather};
use crate::office::{self, BEGINNING_MS, Cast, Office, SECTORS, TEAM};
use crate::oracle::checks::{self, Scene, Seen};
use crate::oracle::{Check, Kept, Memory, Violation};
use crate::tablet::Tablet;
use anyhow::{Result, anyhow};
use device::client::{Line, LineAnswer, LineCall};
use device::view::ErrorCode;
use domain::id::{LedgerId, PersonId, RecordId, ReplicaId, TaskId};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// Rounds of everybody exchanging after which all must be at rest.
const ROUNDS_MAX: usize = 12;

/// Requests that one exchange may make.
const CALLS_MAX: u64 = 300;

/// Requests that may be stuck at a time.
const STUCK_MAX: usize = 8;

thread_local! {
    static WORLD: RefCell<Option<Rc<World>>> = const { RefCell::new(None) };
}

/// The world.
pub struct World {
    /// The office.
    pub office: Office,
    /// The tablets.
    pub tablets: Vec<Tablet>,
    /// The task everybody works on.
    pub task: TaskId,
    /// Whom and what the run is about.
    pub cast: Cast,
    /// The true time.
    pub truth: Arc<TrueTime>,
    /// What people were told.
    pub memory: RefCell<Memory>,
    /// How bad the network is.
    pub weather: Cell<Weather>,
    /// What the network did.
    pub losses: RefCell<Losses>,
    /// What else was counted, by name.
    pub counts: RefCell<std::collections::BTreeMap<&'static str, u64>>,
    dice: RefCell<Dice>,
    stuck: RefCell<Vec<Stuck>>,
    meanwhile: RefCell<Option<(u64, Step)>>,
    calls: Cell<u64>,
    exchanging: RefCell<BTreeSet<usize>>,
    calm: Cell<bool>,
    office_replicas: RefCell<BTreeSet<ReplicaId>>,
    /// Whether a tablet or the office was put back to a copy.
    set_back: Cell<bool>,
    /// Tablets that were.
    tablets_set_back: RefCell<BTreeSet<usize>>,
    /// Whether so much time passed that tablets clear away what they left.
    pub long_run: Cell<bool>,
    /// What each tablet's person could ever read.
    ever: RefCell<BTreeMap<usize, BTreeSet<LedgerId>>>,
    /// Records that were handed on, and those that foreign writes were made on:
    /// whose a record is may not change under a foreign write.
    pub handed_on: RefCell<BTreeSet<RecordId>>,
    /// The latter.
    pub foreign: RefCell<BTreeSet<RecordId>>,
    only: Option<Check>,
    violation: RefCell<Option<Violation>>,
}

/// A tablet's end of the network.
struct Wire(usize);

impl Line for Wire {
    fn carry(&self, call: LineCall) -> Result<LineAnswer, ErrorCode> {
        let world = WORLD.with_borrow(|world| world.clone());
        world.ok_or(ErrorCode::Offline)?.carry(self.0, call)
    }
}

/// Makes a world, does something in it, and takes it down again. With `only` a
/// check, no other is asked.
///
/// # Errors
/// When it cannot be made, which is a defect.
pub fn within<T>(
    (tablets, late): (usize, usize),
    only: Option<Check>,
    act: impl FnOnce(&World) -> T,
) -> Result<T> {
    let truth = Arc::new(TrueTime::at(BEGINNING_MS));
    let (office, cast) = office::begin(&truth)?;
    let tablets = cast.people.iter().take(tablets).enumerate().map(|(number, person)| {
        let machine = Arc::new(Machine::new());
        Tablet::on(machine, &truth, *person, Arc::new(Wire(number)))
    });
    let world = Rc::new(World {
        tablets: tablets.collect(),
        office,
        task: cast.task,
        cast,
        truth,
        memory: RefCell::default(),
        weather: Cell::default(),
        losses: RefCell::default(),
        counts: RefCell::default(),
        dice: RefCell::new(Dice::of(0)),
        stuck: RefCell::default(),
        meanwhile: RefCell::new(None),
        calls: Cell::new(0),
        exchanging: RefCell::default(),
        calm: Cell::new(true),
        office_replicas: RefCell::default(),
        set_back: Cell::new(false),
        tablets_set_back: RefCell::default(),
        long_run: Cell::new(false),
        ever: RefCell::default(),
        handed_on: RefCell::default(),
        foreign: RefCell::default(),
        only,
        violation: RefCell::new(None),
    });
    WORLD.set(Some(Rc::clone(&world)));
    let settled = world.settle_in(late);
    let result = settled.map(|()| act(&world));
    WORLD.set(None);
    result
}

impl World {
    /// Enrols the tablets that are there from the beginning and lets them have
    /// their task.
    fn settle_in(&self, late: usize) -> Result<()> {
        for (number, tablet) in self.tablets.iter().enumerate() {
            tablet.entropy.roll(0x7ab1e7 + number as u64);
            if number + late >= self.tablets.len() {
                continue;
            }
            let code = self
                .office
                .at_desk(async |app| server::simulation::issue_code(app, tablet.person).await)?;
            tablet.enrol(&code)?;
            let device = tablet.device().ok_or_else(|| anyhow!("a new tablet is off"))?;
            device.exchange().map_err(|error| anyhow!("a first exchange: {error}"))?;
        }
        self.office_replicas.borrow_mut().insert(self.office.peek()?.replica);
        self.note_grants();
        self.calm.set(false);
        Ok(())
    }

    /// Notes what everybody may read now.
    pub fn note_grants(&self) {
        for (number, tablet) in self.tablets.iter().enumerate() {
            let (person, nobody) = (tablet.person, ReplicaId(uuid::Uuid::nil()));
            let granted = self
                .office
                .at_desk(async |app| server::simulation::granted(app, person, nobody).await);
            if let Ok(mut granted) = granted {
                self.ever.borrow_mut().entry(number).or_default().append(&mut granted);
            }
        }
    }

    /// The next tablet that is not enrolled tries to be.
    pub fn enrol_one(&self) {
        let waiting = self.tablets.iter().find(|tablet| !tablet.enrolled.get());
        let Some(tablet) = waiting.filter(|tablet| !tablet.machine.is_off()) else { return };
        if tablet.code.borrow().is_none() {
            let person = tablet.person;
            let issued =
                self.office.at_desk(async |app| server::simulation::issue_code(app, person).await);
            *tablet.code.borrow_mut() = issued.ok();
        }
        let Some(code) = tablet.code.borrow().clone() else { return };
        match tablet.enrol(&code) {
            Ok(()) => self.count("tablets enrolled late"),
            Err(_) => {
                // A code that grew too old, or is not known to an office that was
                // put back: the desk issues another.
                self.count("enrolments that broke off");
                if self.calm.get() || self.long_run.get() || self.set_back.get() {
                    *tablet.code.borrow_mut() = None;
                }
            }
        }
    }

    /// Whatever a tablet cleared away must be at the office from now on.
    fn note_purged(&self, number: usize) {
        let Some(device) = self.tablets[number].device() else { return };
        let Ok(purged) = device.purged() else { return };
        if purged.is_empty() {
            return;
        }
        let mut memory = self.memory.borrow_mut();
        let mut cleared = false;
        for one in memory.confirmed.iter_mut().filter(|one| one.tablet == number) {
            if one.kept == Kept::Everywhere && purged.contains(&one.ledger) {
                one.kept = Kept::AtOffice;
                cleared = true;
            }
        }
        for file in memory.files.iter_mut().filter(|file| file.tablet == number) {
            if file.kept == Kept::Everywhere && device.file(&file.sha256).is_err() {
                file.kept = Kept::AtOffice;
            }
        }
        if cleared {
            self.count("ledgers cleared away");
        }
    }

    /// Does a step, unless something is wrong already.
    pub fn step(&self, step: &Step) {
        if self.violation.borrow().is_some() {
            return;
        }
        let mut dice = self.begin(step);
        self.act(&step.action, &mut dice);
        self.aftermath(&mut dice);
        self.truth.pass(1 + i64::try_from(dice.below(90_000)).unwrap_or(0));
    }

    /// Gives every source of chance what this step says.
    fn begin(&self, step: &Step) -> Dice {
        let mut dice = Dice::of(step.seed);
        *self.dice.borrow_mut() = Dice::of(dice.roll());
        self.office.entropy.roll(dice.roll());
        self.office.machine.roll(dice.roll());
        for tablet in &self.tablets {
            tablet.entropy.roll(dice.roll());
            tablet.machine.roll(dice.roll());
        }
        dice
    }

    /// The first thing found wrong.
    #[must_use]
    pub fn violation(&self) -> Option<Violation> {
        self.violation.borrow().clone()
    }

    /// Notes that something is wrong; the first time counts.
    pub fn report(&self, check: Check, words: impl Into<String>) {
        if self.only.is_some_and(|only| only != check) {
            return;
        }
        let mut violation = self.violation.borrow_mut();
        if violation.is_none() {
            *violation = Some(Violation { check, words: words.into() });
        }
    }

    /// Counts something.
    pub fn count(&self, what: &'static str) {
        *self.counts.borrow_mut().entry(what).or_default() += 1;
    }

    /// Everything that failed so far: when it does not change, nothing did.
    pub fn troubles(&self) -> (Losses, Vec<Hits>, bool) {
        let mut losses = self.losses.borrow().clone();
        losses.carried = 0;
        let machines = self.tablets.iter().map(|tablet| &tablet.machine);
        let machines: Vec<_> = machines.chain([&self.office.machine]).collect();
        let hits = machines.iter().map(|machine| Hits { operations: 0, ..machine.hits() });
        (losses, hits.collect(), machines.iter().any(|machine| machine.is_off()))
    }

    /// A tablet exchanges.
    pub fn exchange(&self, number: usize, meanwhile: Option<(u64, Step)>) -> Option<bool> {
        let tablet = &self.tablets[number];
        let device = tablet.device()?;
        if !self.exchanging.borrow_mut().insert(number) {
            return None;
        }
        let outer = self.meanwhile.replace(meanwhile);
        let outer_calls = self.calls.replace(0);
        let before = self.troubles();
        let result = device.exchange();
        if self.calls.get() >= CALLS_MAX {
            self.report(Check::ExchangeEnds, format!("tablet {number} asks for ever"));
        }
        self.exchanging.borrow_mut().remove(&number);
        self.calls.set(outer_calls);
        self.meanwhile.replace(outer);
        if self.long_run.get() {
            self.note_purged(number);
        }
        match result {
            Ok(changed) => {
                self.count("exchanges that ended well");
                if self.set_back.get() {
                    self.receipts_hold_of(number);
                }
                Some(changed)
            }
            Err(error) => {
                self.count("exchanges that broke off");
                let after = self.troubles();
                if before == after && !after.2 {
                    let words = format!("tablet {number}'s exchange failed: {error}");
                    self.report(Check::FailuresHaveCauses, words);
                }
                None
            }
        }
    }

    /// Receipts are compared at once where an older state came back: a later
    /// exchange may set right what this one believed.
    fn receipts_hold_of(&self, number: usize) {
        let Some(device) = self.tablets[number].device() else { return };
        let (Ok(peek), Ok(office)) = (device.peek(), self.office.peek()) else { return };
        if let Err(words) = checks::receipts_of(number, &peek, &office) {
            self.report(Check::ReceiptsHold, words);
        }
    }

    fn carry(&self, number: usize, call: LineCall) -> Result<LineAnswer, ErrorCode> {
        self.calls.set(self.calls.get() + 1);
        if self.calls.get() >= CALLS_MAX {
            return Err(ErrorCode::Offline);
        }
        self.do_meanwhile();
        if self.tablets[number].machine.is_off() {
            return Err(ErrorCode::Offline);
        }
        let mut dice = self.dice.borrow().clone();
        let answer = self.carry_by(number, call, &mut dice);
        *self.dice.borrow_mut() = dice;
        let answer = answer?;
        self.look_for_leaks(number, &answer);
        Ok(answer)
    }

    fn do_meanwhile(&self) {
        let due = {
            let mut meanwhile = self.meanwhile.borrow_mut();
            match meanwhile.as_mut() {
                Some((0, _)) => meanwhile.take().map(|(_, step)| step),
                Some((calls, _)) => {
                    *calls -= 1;
                    None
                }
                None => None,
            }
        };
        if let Some(step) = due {
            self.count("steps during an exchange");
            if may_happen_during(&step.action) {
                self.act(&step.action, &mut Dice::of(step.seed));
            }
        }
    }

    fn carry_by(
        &self,
        number: usize,
        call: LineCall,
        dice: &mut Dice,
    ) -> Result<LineAnswer, ErrorCode> {
        let weather = if self.calm.get() { Weather::default() } else { self.weather.get() };
        let lost = |what: fn(&mut Losses) -> &mut u64| {
            *what(&mut self.losses.borrow_mut()) += 1;
        };
        lost(|losses| &mut losses.carried);
        if self.tablets[number].partitioned.get() {
            lost(|losses| &mut losses.partitioned);
            return Err(ErrorCode::Offline);
        }
        if dice.percent(weather.lose_request) {
            lost(|losses| &mut losses.lost_requests);
            return Err(ErrorCode::Offline);
        }
        if !call.body.is_empty() && dice.percent(weather.cut_request) {
            lost(|losses| &mut losses.cut_requests);
            let at = dice.place(call.body.len());
            // Whatever is said to it does not come back.
            drop(self.office.take_cut(call, at));
            return Err(ErrorCode::Offline);
        }
        if dice.percent(weather.delay) && self.stuck.borrow().len() < STUCK_MAX {
            self.stuck.borrow_mut().push(Stuck { tablet: number, call });
            lost(|losses| &mut losses.delayed);
            return Err(ErrorCode::Offline);
        }
        if dice.percent(weather.double) {
            lost(|losses| &mut losses.doubled);
            drop(self.office.take(call.clone()));
        }
        let Some(mut answer) = self.office.take(call.clone()) else {
            lost(|losses| &mut losses.office_down);
            return Err(ErrorCode::Offline);
        };
        if dice.percent(weather.lose_answer) {
            lost(|losses| &mut losses.lost_answers);
            return Err(ErrorCode::Offline);
        }
        if dice.percent(weather.cut_answer) {
            lost(|losses| &mut losses.cut_answers);
            return Err(ErrorCode::ServerTrouble);
        }
        if call.path == "/v1/exchange"
            && dice.percent(weather.cut_page)
            && let Some(cut) = network::without_last_seal(&answer.body)
        {
            lost(|losses| &mut losses.cut_pages);
            answer.body = cut;
        }
        Ok(answer)
    }

    /// Whatever comes for a tablet may hold no word of another department's.
    fn look_for_leaks(&self, number: usize, answer: &LineAnswer) {
        let plain = network::plain(&answer.body);
        let body = plain.as_deref().unwrap_or(&answer.body);
        for department in 0..SECTORS.len() {
            let word = secret(department);
            let foreign = department != self.department(number);
            if foreign && body.windows(word.len()).any(|some| some == word.as_bytes()) {
                let words = format!("tablet {number} was sent a note of department {department}");
                self.report(Check::NoForeignLedger, words);
            }
        }
    }

    /// Which department a tablet's person belongs to.
    #[must_use]
    pub fn department(&self, number: usize) -> usize {
        TEAM.get(number).map_or(0, |(department, _)| *department)
    }

    /// A request that got stuck arrives; nobody waits for its answer.
    pub fn deliver_late(&self, dice: &mut Dice) {
        let stuck = {
            let mut stuck = self.stuck.borrow_mut();
            if stuck.is_empty() {
                return;
            }
            let place = dice.place(stuck.len());
            stuck.remove(place)
        };
        if self.tablets[stuck.tablet].lost.get() || self.office.take(stuck.call).is_none() {
            return;
        }
        self.losses.borrow_mut().late += 1;
    }

    /// What happens by itself after a step: machines that are off are found
    /// and started, sooner or later.
    fn aftermath(&self, dice: &mut Dice) {
        for number in 0..self.tablets.len() {
            if self.tablets[number].machine.is_off() && dice.percent(60) {
                self.boot_tablet(number, dice);
            }
        }
        if !self.office.is_up() && dice.percent(60) {
            self.boot_office(dice);
        }
    }

    fn ending(&self, dice: &mut Dice) -> Ending {
        if dice.percent(30) {
            self.count("processes killed");
            Ending::Kill
        } else {
            self.count("power cuts");
            Ending::PowerCut
        }
    }

    /// Starts a tablet again and sees that it holds what it confirmed.
    pub fn boot_tablet(&self, number: usize, dice: &mut Dice) {
        let tablet = &self.tablets[number];
        if tablet.lost.get() {
            return;
        }
        let ending = self.ending(dice);
        if !tablet.enrolled.get() {
            tablet.machine.boot(ending);
            return;
        }
        let broken = tablet.machine.hits().broken;
        if let Err(error) = tablet.boot(ending) {
            if !tablet.machine.is_troubled() && tablet.machine.hits().broken == broken {
                let words = format!("tablet {number}: {error:#}");
                self.report(Check::ConfirmedSurvivesEnding, words);
            }
            // Found off; the next start has no such excuse.
            tablet.end();
            return;
        }
        self.holds_what_it_confirmed(number);
    }

    fn holds_what_it_confirmed(&self, number: usize) {
        let Some(device) = self.tablets[number].device() else { return };
        let held = match device.own_changes() {
            Ok(held) => held,
            Err(error) => {
                if !self.tablets[number].machine.is_troubled() {
                    let words = format!("tablet {number} cannot be read: {error}");
                    self.report(Check::ConfirmedSurvivesEnding, words);
                }
                return;
            }
        };
        let memory = self.memory.borrow();
        let held: BTreeSet<_> = held.iter().map(|c| (c.ledger, c.id.as_str(), &c.bytes)).collect();
        let here = |tablet, kept| tablet == number && kept == Kept::Everywhere;
        for one in memory.confirmed.iter().filter(|one| here(one.tablet, one.kept)) {
            if !held.contains(&(one.ledger, one.id.as_str(), &one.bytes)) {
                let words = format!("tablet {number} lost {} at {}", one.id, one.pos);
                return self.report(Check::ConfirmedSurvivesEnding, words);
            }
        }
        for file in memory.files.iter().filter(|file| here(file.tablet, file.kept)) {
            let shown = device.file(&file.sha256);
            if shown.as_ref().is_err_and(|error| error.code == ErrorCode::LeaseEnded) {
                continue;
            }
            let whole = shown.as_ref().is_ok_and(|(_, bytes)| *bytes == file.bytes);
            if !whole && !self.tablets[number].machine.is_troubled() {
                let words = format!("tablet {number} lost file {}", file.sha256);
                return self.report(Check::ConfirmedSurvivesEnding, words);
            }
        }
    }

    /// Keeps a copy of a tablet's disk, as somebody's backup does.
    pub fn copy_tablet(&self, number: usize) {
        let tablet = &self.tablets[number];
        if tablet.device().is_some() {
            *tablet.copy.borrow_mut() = Some(tablet.machine.copy());
        }
    }

    /// Puts a tablet back to its older copy: what it wrote since is there only
    /// where it had been handed in.
    pub fn put_tablet_back(&self, number: usize) {
        let tablet = &self.tablets[number];
        let Some(copy) = tablet.copy.take() else { return };
        let Ok(peek) = self.office.peek() else {
            // Nobody could say what had been handed in; another day.
            *tablet.copy.borrow_mut() = Some(copy);
            return;
        };
        tablet.end();
        tablet.machine.put_back(&copy);
        *tablet.seen.borrow_mut() = None;
        // Where it does not start, nothing is asked of it but what the office has.
        let started = tablet.boot(Ending::Kill).is_ok();
        let device = tablet.device().filter(|_| started);
        let own = device.as_ref().and_then(|device| device.own_changes().ok()).unwrap_or_default();
        let held: BTreeSet<String> = own.into_iter().map(|one| one.id).collect();
        let there: BTreeSet<&String> = peek.changes.iter().map(|change| &change.id).collect();
        let files = self.office.files().unwrap_or_default();
        let kept = |here: bool, at_office: bool| match (here, at_office) {
            (true, _) => Kept::Everywhere,
            (false, true) => Kept::AtOffice,
            (false, false) => Kept::Nowhere,
        };
        let mut memory = self.memory.borrow_mut();
        for one in memory.confirmed.iter_mut().filter(|one| one.tablet == number) {
            one.kept = kept(held.contains(&one.id), there.contains(&one.id));
        }
        for file in memory.files.iter_mut().filter(|file| file.tablet == number) {
            let here = device.as_ref().is_some_and(|device| device.file(&file.sha256).is_ok());
            file.kept = kept(here, files.contains_key(&file.sha256));
        }
        drop(memory);
        self.count("tablets put back to a copy");
        self.set_back.set(true);
        self.tablets_set_back.borrow_mut().insert(number);
    }

    /// Puts the office back to its copy: what it held since is there only where a
    /// tablet still holds it.
    pub fn restore_office(&self) {
        let Some(held) = self.held_by_tablets() else {
            // Nobody could say what is left; another day.
            return;
        };
        // Onto a disk that is whole.
        self.office.machine.calm();
        let peek = match self.office.restore() {
            Ok(true) => self.office.peek(),
            Ok(false) => return,
            Err(error) => Err(error),
        };
        let peek = match peek {
            Ok(peek) => peek,
            Err(error) => return self.report(Check::OfficeStartsAgain, format!("{error:#}")),
        };
        self.count("offices restored");
        self.set_back.set(true);
        self.office_replicas.borrow_mut().insert(peek.replica);
        let there: BTreeSet<&String> = peek.changes.iter().map(|change| &change.id).collect();
        let files = self.office.files().unwrap_or_default();
        let mut memory = self.memory.borrow_mut();
        for one in memory.confirmed.iter_mut().filter(|one| one.kept == Kept::AtOffice) {
            if !there.contains(&one.id) && !held.contains(&one.id) {
                one.kept = Kept::Nowhere;
            }
        }
        for file in memory.files.iter_mut().filter(|file| file.kept == Kept::AtOffice) {
            if !files.contains_key(&file.sha256) {
                file.kept = Kept::Nowhere;
            }
        }
    }

    /// Ids of all changes on tablets; none when one cannot be looked into.
    fn held_by_tablets(&self) -> Option<BTreeSet<String>> {
        let mut held = BTreeSet::new();
        for tablet in &self.tablets {
            let changes = tablet.device()?.peek().ok()?.changes;
            held.extend(changes.into_iter().map(|change| change.id));
        }
        Some(held)
    }

    /// Starts the office again and sees that it holds what it acknowledged.
    pub fn boot_office(&self, dice: &mut Dice) {
        let ending = self.ending(dice);
        let broken = self.office.machine.hits().broken;
        if let Err(error) = self.office.boot(ending) {
            if !self.office.machine.is_troubled() && self.office.machine.hits().broken == broken {
                self.report(Check::OfficeStartsAgain, format!("{error:#}"));
            }
            return;
        }
        match self.scene() {
            Ok(scene) => {
                for (check, ask) in [
                    (Check::ReceiptsHold, checks::receipts_hold as fn(&Scene) -> _),
                    (Check::FilesSaidSafeAreThere, checks::files_said_safe_are_there),
                ] {
                    if let Err(words) = ask(&scene) {
                        self.report(check, words);
                    }
                }
            }
            Err(error) => {
                if !self.office.machine.is_troubled() {
                    self.report(Check::OfficeStartsAgain, format!("{error:#}"));
                }
            }
        }
    }

    /// Everything as it lies now. Tablets that are off are left out.
    fn scene(&self) -> Result<Scene> {
        let mut tablets = Vec::new();
        for (number, tablet) in self.tablets.iter().enumerate() {
            let Some(device) = tablet.device() else { continue };
            let Ok(peek) = device.peek() else { continue };
            let (person, replica) = (tablet.person, peek.replica);
            let granted = self
                .office
                .at_desk(async |app| server::simulation::granted(app, person, replica).await)?;
            let ever = self.ever.borrow().get(&number).cloned().unwrap_or_default();
            let set_back = self.tablets_set_back.borrow().contains(&number);
            let mut absent_files = Vec::new();
            let files = match device.files() {
                Ok(files) => files,
                // It ended while it was looked into, or shows nothing for now.
                Err(_) if tablet.machine.is_off() => continue,
                Err(error) if error.code == ErrorCode::LeaseEnded => continue,
                Err(error) => return Err(anyhow!("tablet {number}: {error}")),
            };
            for file in files {
                if device.file(&file.sha256).is_err() {
                    absent_files.push(file.sha256);
                }
            }
            tablets.push(Seen { number, peek, granted, ever, set_back, absent_files });
        }
        Ok(Scene {
            memory: self.memory.borrow().clone(),
            office: self.office.peek()?,
            office_replicas: self.office_replicas.borrow().clone(),
            tablets,
            office_files: self.office.files()?,
        })
    }

    /// Ends all faults, lets everybody exchange until nothing is left to do,
    /// and compares everything.
    pub fn quiesce(&self, dice: &mut Dice) {
        self.count("quiescences");
        self.calm.set(true);
        self.office.machine.calm();
        if !self.office.is_up() {
            self.boot_office(dice);
        }
        for (number, tablet) in self.tablets.iter().enumerate() {
            tablet.machine.calm();
            tablet.partitioned.set(false);
            // Off, or its app did not start while the disk was full.
            if tablet.enrolled.get() && tablet.device().is_none() {
                self.boot_tablet(number, dice);
            }
        }
        self.come_to_rest();
        if self.violation.borrow().is_none() {
            match self.scene() {
                Ok(scene) => {
                    if let Err(violation) = checks::all(&scene, self.only) {
                        self.report(violation.check, violation.words);
                    }
                }
                Err(error) => self.report(Check::FailuresHaveCauses, format!("{error:#}")),
            }
        }
        self.calm.set(false);
    }

    fn come_to_rest(&self) {
        for _ in 0..ROUNDS_MAX {
            let mut changed = false;
            for (number, tablet) in self.tablets.iter().enumerate() {
                if tablet.lost.get() || !tablet.enrolled.get() || self.violation.borrow().is_some()
                {
                    continue;
                }
                match self.exchange(number, None) {
                    Some(some) => changed |= some,
                    None => {
                        let words = format!("tablet {number} cannot exchange, and nothing fails");
                        return self.report(Check::ExchangeEnds, words);
                    }
                }
            }
            if !changed {
                return self.nothing_is_unsent();
            }
        }
        self.report(Check::ExchangeEnds, "exchanges bring something new for ever");
    }

    fn nothing_is_unsent(&self) {
        for (number, tablet) in self.tablets.iter().enumerate() {
            let Some(device) = tablet.device() else { continue };
            let Ok(status) = device.sync_status() else { continue };
            if (status.unsent_changes, status.unsent_files) != (0, 0) {
                let words = format!(
                    "tablet {number} still has {} changes and {} files to hand in",
                    status.unsent_changes, status.unsent_files
                );
                self.report(Check::ExchangeEnds, words);
            }
        }
    }

    /// Whose person this is.
    #[must_use]
    pub fn person(&self, number: usize) -> PersonId {
        self.tablets[number].person
    }

    /// The tablet that a step concerns.
    pub fn any_tablet(&self, dice: &mut Dice) -> usize {
        dice.place(self.tablets.len())
    }

    /// Another tablet than this one, where there is one.
    pub fn weather_turns(&self, dice: &mut Dice) {
        self.weather.set(Weather::of(dice));
    }
}

/// What every note of a department holds, and nothing else does.
#[must_use]
pub fn secret(department: usize) -> String {
    format!("INTERNAL-OF-{department}:")
}

/// Whether an action may happen while an exchange runs.
#[must_use]
pub fn may_happen_during(action: &Action) -> bool {
    !matches!(
        action,
        Action::Exchange(Some(_))
            | Action::Quiesce
            | Action::Restart
            | Action::PutTabletBack
            | Action::RestoreOffice
    )
}
