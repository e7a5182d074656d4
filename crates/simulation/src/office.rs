//! The office of a run: the real server, whole, on a machine that fails.
//!
//! Requests of tablets go through the real router; gestures at the desk through
//! the real use cases. One at a time.

use crate::clock::{SeededEntropy, SkewedClock, TrueTime};
use crate::disk::{Ending, Machine, Objects, Vfs};
use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use device::client::{LineAnswer, LineCall};
use domain::department::Sector;
use domain::id::{DepartmentId, PersonId, TaskId};
use futures_util::stream;
use server::simulation::{self as desk, PartyRequest, Peek, TaskRequest};
use server::surroundings::Surroundings;
use server::{App, Settings};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt;
use uuid::Uuid;

/// Departments of every run, the lead first.
pub const SECTORS: [Sector; 3] =
    [Sector::EmergencyManagement, Sector::Fire, Sector::MarketSupervision];

/// People of each department that there are.
const CREW: usize = 3;

/// How many of them take part at first, and always.
pub const PEOPLE: usize = 2;

/// Who gets the first tablet, the second, and so on: department and place in it.
/// Two of the first department come first, so that every run has people who can
/// disagree about the same thing.
pub const TEAM: [(usize, usize); 6] = [(0, 0), (0, 1), (1, 0), (2, 0), (1, 1), (2, 1)];

/// Check items of each department.
const ITEMS: usize = 2;

/// When every run begins: 2026-11-23, ten in the morning in China.
pub const BEGINNING_MS: i64 = 1_795_399_200_000;

/// The largest answer that is read.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Who acts at the desk.
pub const CLERK: PersonId = PersonId(Uuid::from_u128(0x0ff1ce));

struct Running {
    app: App,
    router: Router,
}

/// The office.
pub struct Office {
    runtime: Runtime,
    /// Its machine.
    pub machine: Arc<Machine>,
    objects: Arc<Objects>,
    clock: Arc<SkewedClock>,
    /// Its random bytes.
    pub entropy: Arc<SeededEntropy>,
    vfs: Vfs,
    data: TempDir,
    running: RefCell<Option<Running>>,
    copy: RefCell<Option<(Machine, Objects)>>,
}

/// An office that is furnished and has dispatched its task, to start runs from.
struct Template {
    data: PathBuf,
    machine: Arc<Machine>,
    objects: Objects,
    keys: Vec<(String, Vec<u8>)>,
    cast: Cast,
}

/// Who and what a run is about.
#[derive(Debug, Clone)]
pub struct Cast {
    /// The task everybody works on.
    pub task: TaskId,
    /// Whose the tablets are, as in [`TEAM`].
    pub people: Vec<PersonId>,
    /// The departments with everybody in them, those who take part first.
    pub crews: Vec<(DepartmentId, Vec<PersonId>)>,
}

/// An office to begin with, and whom and what it is about.
///
/// # Errors
/// When it cannot be made, which is a defect.
pub fn begin(truth: &Arc<TrueTime>) -> Result<(Office, Cast)> {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    let template = match TEMPLATE.get() {
        Some(template) => template,
        None => {
            // Not with a planted bug: the template serves every run.
            let made = std::thread::spawn(furnished).join();
            let made = made.map_err(|_| anyhow::anyhow!("furnishing fell apart"))??;
            TEMPLATE.get_or_init(|| made)
        }
    };
    let machine = Arc::new(template.machine.copy());
    let objects = Arc::new(template.objects.copy(Arc::clone(&machine)));
    let office = Office::on(machine, objects, truth)?;
    office.machine.move_folder(&template.data, office.data.path());
    let keys = office.data.path().join("keys");
    std::fs::create_dir_all(&keys)?;
    for (name, bytes) in &template.keys {
        std::fs::write(keys.join(name), bytes)?;
    }
    office.start()?;
    Ok((office, template.cast.clone()))
}

fn furnished() -> Result<Template> {
    let city = demo::city(7, 2026);
    let truth = Arc::new(TrueTime::at(BEGINNING_MS - 3_600_000));
    let machine = Arc::new(Machine::new());
    let objects = Arc::new(Objects::new(Arc::clone(&machine)));
    let office = Office::on(machine, objects, &truth)?;
    office.start()?;
    office.at_desk(async |app| desk::furnish(app, &city, &SECTORS).await)?;
    let mut crews: Vec<(DepartmentId, Vec<PersonId>)> = Vec::new();
    let mut parties = Vec::new();
    let mut codes = Vec::new();
    for sector in SECTORS {
        let department = city.city_department(sector).context("no such department")?;
        let crew: Vec<PersonId> =
            city.inspectors_of(department.id).take(CREW).map(|one| one.person).collect();
        let site_lead = *crew.first().context("nobody there")?;
        parties.push(PartyRequest {
            department: department.id,
            site_lead,
            inspectors: crew.iter().copied().take(PEOPLE).collect(),
            deputy: None,
            desk_reviewer: None,
        });
        crews.push((department.id, crew));
        let tags = &city.showcase().hazard_tags;
        let items = demo::checklist_for(&city, &[sector], tags);
        codes.extend(items.iter().take(ITEMS).map(|item| item.code.clone()));
    }
    let request = TaskRequest {
        title: None,
        enterprise: city.showcase().id,
        visit_date: "2026-11-23".parse()?,
        announced: false,
        lead: parties[0].department,
        parties,
        item_codes: codes,
    };
    let task = office.at_desk(async |app| desk::open_task(app, request, CLERK).await)?;
    office.stop();
    let folder = office.data.path().join("keys");
    let mut keys = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        keys.push((name.unwrap_or_default(), std::fs::read(&path)?));
    }
    let people = TEAM.iter().map(|(department, nth)| crews[*department].1[*nth]).collect();
    let machine = Arc::new(office.machine.copy());
    let objects = office.objects.copy(Arc::clone(&machine));
    let data = office.data.path().to_path_buf();
    let cast = Cast { task, people, crews };
    Ok(Template { data, machine, objects, keys, cast })
}

impl Office {
    fn on(machine: Arc<Machine>, objects: Arc<Objects>, truth: &Arc<TrueTime>) -> Result<Self> {
        Ok(Self {
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
            vfs: Vfs::over(Arc::clone(&machine)),
            machine,
            objects,
            clock: Arc::new(SkewedClock::new(Arc::clone(truth))),
            entropy: Arc::new(SeededEntropy::of(1)),
            data: TempDir::with_prefix("lianjian-simulation-")?,
            running: RefCell::new(None),
            copy: RefCell::new(None),
        })
    }

    /// Starts the server.
    ///
    /// # Errors
    /// The server's.
    pub fn start(&self) -> Result<()> {
        let settings = self.settings();
        let app = self.runtime.block_on(App::open(&settings)).context("the server starts")?;
        let router = server::router(app.clone());
        *self.running.borrow_mut() = Some(Running { app, router });
        Ok(())
    }

    fn settings(&self) -> Settings {
        let mut settings = Settings::new(self.data.path());
        settings.failures_per_address_max = u32::MAX;
        settings.around = Surroundings {
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            files: Some(self.objects.clone()),
            vfs: Some(self.vfs.name().to_owned()),
            connections_max: Some(1),
        };
        settings
    }

    /// Stops the server in order.
    pub fn stop(&self) {
        if let Some(Running { app, router }) = self.running.take() {
            drop(router);
            self.runtime.block_on(desk::close(app));
        }
    }

    /// Starts the machine and the server again.
    ///
    /// # Errors
    /// When the server does not start on what its ending left.
    pub fn boot(&self, ending: Ending) -> Result<()> {
        self.machine.end();
        self.stop();
        self.machine.boot(ending);
        self.start()
    }

    /// Whether it answers.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.running.borrow().is_some() && !self.machine.is_off()
    }

    /// The path of its data, as its database is named.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Takes a request. None when the office is down or went down over it.
    #[must_use]
    pub fn take(&self, mut call: LineCall) -> Option<LineAnswer> {
        let body = Body::from(std::mem::take(&mut call.body));
        self.take_with(call, body)
    }

    /// Takes a request that breaks off after so many bytes of its body.
    #[must_use]
    pub fn take_cut(&self, mut call: LineCall, at: usize) -> Option<LineAnswer> {
        let mut came = std::mem::take(&mut call.body);
        came.truncate(at);
        let cut = io::Error::from(io::ErrorKind::ConnectionReset);
        let body = Body::from_stream(stream::iter([Ok(came), Err(cut)]));
        self.take_with(call, body)
    }

    fn take_with(&self, call: LineCall, body: Body) -> Option<LineAnswer> {
        if !self.is_up() {
            return None;
        }
        let router = self.running.borrow().as_ref()?.router.clone();
        let mut request = Request::builder().method(call.method).uri(call.path);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let request = request.body(body).ok()?;
        let answer = self.runtime.block_on(async {
            let response = router.oneshot(request).await.ok()?;
            let (parts, body) = response.into_parts();
            let body = to_bytes(body, ANSWER_BYTES_MAX).await.ok()?.to_vec();
            Some(LineAnswer { status: parts.status, headers: parts.headers, body })
        });
        // Whatever a dying process would have said is not heard.
        answer.filter(|_| !self.machine.is_off())
    }

    /// Does something at the desk.
    ///
    /// # Errors
    /// The use case's, or that the office is down.
    pub fn at_desk<T>(&self, act: impl AsyncFnOnce(&App) -> server::Result<T>) -> Result<T> {
        let app = self.running.borrow().as_ref().map(|running| running.app.clone());
        let app = app.context("the office is down")?;
        Ok(self.runtime.block_on(act(&app))?)
    }

    /// Looks into the server, past all faults that wait.
    ///
    /// # Errors
    /// The database's.
    pub fn peek(&self) -> Result<Peek> {
        self.at_desk(async |app| desk::peek(app).await)
    }

    /// Every file, by its hash.
    ///
    /// # Errors
    /// The store's.
    pub fn files(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        self.runtime.block_on(self.objects.all())
    }

    /// Keeps a copy of database and files, as an office does at night.
    pub fn back_up(&self) {
        let machine = self.machine.copy();
        let objects = self.objects.copy(Arc::new(Machine::new()));
        *self.copy.borrow_mut() = Some((machine, objects));
    }

    /// Puts the office back to its copy and begins a new epoch there. False when
    /// there is no copy.
    ///
    /// # Errors
    /// When the keys cannot be written, or the server does not start.
    pub fn restore(&self) -> Result<bool> {
        let copy = self.copy.borrow();
        let Some((machine, objects)) = copy.as_ref() else { return Ok(false) };
        self.machine.end();
        self.stop();
        self.machine.put_back(machine);
        self.objects.put_back(objects);
        self.machine.boot(Ending::Kill);
        desk::begin_epoch(&self.settings())?;
        self.start()?;
        Ok(true)
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        self.machine.end();
        self.stop();
    }
}
