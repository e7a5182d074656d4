//! S5 and S10: twenty tablets edit offline, a tenth of it the same registers,
//! and exchange until all agree; what the server holds in memory afterwards.

use crate::Bench;
use crate::pairs::in_turns;
use crate::peer::Peer;
use crate::stage::{Scene, Stage, told};
use crate::table::Row;
use crate::text;
use anyhow::{Result, ensure};
use device::view::ChosenValue;
use device::{Device, Register};
use domain::id::RecordId;
use serde_json::json;
use std::cell::Cell;
use std::time::Instant;

/// Fields of a finding that are edited.
const FIELDS: [&str; 3] = ["fact", "requirement", "location"];

/// Bytes that the server may hold after S5.
const RESIDENT_MAX: f64 = 80.0;

fn name(n: usize) -> String {
    format!("tablet-{n}")
}

/// How many registers everybody edits, and how many each tablet alone.
fn registers(bench: &Bench) -> (usize, usize) {
    let hot = bench.sizes.edits / 10;
    (hot, bench.sizes.edits - hot)
}

/// Findings that hold so many registers.
fn findings_of(registers: usize) -> usize {
    registers.div_ceil(FIELDS.len())
}

/// Tablets that hold the same findings, each with edits that are not sent. The
/// findings of the first one are hot: everybody edits them.
fn edited(bench: &Bench) -> Result<Stage> {
    let (hot, own) = registers(bench);
    Stage::prepare(bench, "edited", |stage, office, desk| {
        let mut recs: Vec<Vec<RecordId>> = Vec::new();
        for tablet in 0..bench.sizes.devices {
            let device = stage.tablet(&name(tablet), office, desk, tablet)?;
            let count = findings_of(own) + if tablet == 0 { findings_of(hot) } else { 0 };
            let saved = (0..count).map(|n| {
                let draft = text::finding(tablet * 10_000 + n).draft();
                device.save_finding(stage.task, &draft).map_err(told)
            });
            recs.push(saved.collect::<Result<_>>()?);
            device.exchange().map_err(told)?;
        }
        // All hold all findings before anybody edits: nobody sees another's edit.
        let devices: Vec<Device> = (0..bench.sizes.devices)
            .map(|n| crate::stage::open(&stage.home(&name(n))))
            .collect::<Result<_>>()?;
        for device in &devices {
            device.exchange().map_err(told)?;
        }
        let shared = recs[0].split_off(findings_of(own));
        let fields = |recs: &[RecordId], count: usize| -> Vec<Register> {
            let all = recs.iter().flat_map(|rec| FIELDS.map(|f| Register::new("finding", *rec, f)));
            all.take(count).collect()
        };
        std::fs::write(stage.home("hot.json"), serde_json::to_string(&shared)?)?;
        for (tablet, device) in devices.iter().enumerate() {
            let targets = fields(&shared, hot).into_iter().chain(fields(&recs[tablet], own));
            for (n, target) in targets.enumerate() {
                let value = ChosenValue::Text(format!("第{tablet}台平板第{n}次改写"));
                device.save_field(stage.task, target, &value, &[]).map_err(told)?;
            }
        }
        Ok(())
    })
}

/// Rounds of exchanges, all tablets at once, until all agree.
fn converge(scene: &Scene, devices: &[Device]) -> Result<f64> {
    let begun = Instant::now();
    // In the first round everybody hands in; in the second everybody has all.
    for _ in 0..2 {
        std::thread::scope(|scope| {
            let running: Vec<_> =
                devices.iter().map(|d| scope.spawn(|| d.exchange().map_err(told))).collect();
            running.into_iter().try_for_each(|one| match one.join() {
                Ok(result) => result.map(|_| ()),
                Err(_) => anyhow::bail!("a tablet panicked"),
            })
        })?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let all: Vec<&Device> = devices.iter().collect();
    ensure!(scene.agree(&all)?, "the tablets differ after two rounds");
    Ok(seconds)
}

/// Edits of hot registers that no board shows any more: each of them must stand
/// beside the others, for nobody saw another's.
fn lost(bench: &Bench, stage: &Stage, devices: &[Device]) -> Result<usize> {
    let (hot, _) = registers(bench);
    let shared: Vec<RecordId> = serde_json::from_slice(&std::fs::read(stage.home("hot.json"))?)?;
    let board = devices[0].board(stage.task).map_err(told)?;
    let findings = shared.iter().filter_map(|rec| board.findings.iter().find(|f| f.rec == *rec));
    let fields = findings.flat_map(|f| [&f.fact, &f.requirement, &f.location]).take(hot);
    let standing: usize = fields.map(|field| field.heads.len()).sum();
    Ok((hot * bench.sizes.devices).saturating_sub(standing))
}

/// S5 and S10.
pub fn swarm(bench: &Bench) -> Result<Vec<Row>> {
    let stage = edited(bench)?;
    let mut anki = Anki::prepare(bench, &stage)?;
    let (resident, lost_values) = (Cell::new(0), Cell::new(0));
    let ours = || {
        let scene = stage.scene("edited", stage.port)?;
        let devices: Vec<Device> =
            (0..bench.sizes.devices).map(|n| scene.tablet(&name(n))).collect::<Result<_>>()?;
        let seconds = converge(&scene, &devices)?;
        resident.set(resident.get().max(scene.office.resident_bytes()?));
        lost_values.set(lost_values.get() + lost(bench, &stage, &devices)?);
        Ok(seconds)
    };
    let diverged = Cell::new(0);
    let ratio = in_turns(bench.pairs, ours, || {
        let (seconds, states) = anki.run()?;
        diverged.set(diverged.get().max(states));
        Ok(seconds)
    })?;
    let work = format!(
        "{} devices × {} edits, 10 % hot, until all agree",
        bench.sizes.devices, bench.sizes.edits
    );
    let mut row = Row::compared("S5", work, "Anki", 0.6, &ratio);
    row.result = format!(
        "{}; lost {}, divergent 0 (Anki ends in {} states)",
        row.result,
        lost_values.get(),
        diverged.get()
    );
    row.met &= lost_values.get() == 0;
    #[allow(clippy::cast_precision_loss)]
    let mib = resident.get() as f64 / 1024.0 / 1024.0;
    let memory = Row {
        name: "S10",
        work: "server memory after S5".to_owned(),
        target: format!("≤ {RESIDENT_MAX} MiB RSS"),
        result: format!("{mib:.0} MiB"),
        met: mib <= RESIDENT_MAX,
        counts: true,
        more: json!({ "bytes": resident.get() }),
    };
    Ok(vec![row.in_smoke(bench, lost_values.get() == 0), memory])
}

/// Anki's devices with the same work: profiles of one user.
struct Anki {
    peer: Peer,
    runs: usize,
    devices: usize,
}

impl Anki {
    fn prepare(bench: &Bench, stage: &Stage) -> Result<Self> {
        let (hot, own) = registers(bench);
        let mut peer = Peer::anki(bench)?;
        let base = peer.path("base");
        std::fs::create_dir_all(&base)?;
        let port = peer.act("serve", json!({"folder": format!("{base}/server")}))?["port"].clone();
        let notes = hot + own * bench.sizes.devices;
        let file = bench.scratch.join("edited.jsonl");
        let lines: Vec<String> =
            (0..notes).map(|n| text::finding(n).document(&stage.department).to_string()).collect();
        std::fs::write(&file, lines.join("\n"))?;
        for n in 0..bench.sizes.devices {
            let path = format!("{base}/{}.anki2", name(n));
            peer.act("open", json!({"name": name(n), "path": path}))?;
            if n == 0 {
                peer.act("add", json!({"name": name(n), "file": file}))?;
            }
            peer.act("full", json!({"name": name(n), "port": port, "upload": n == 0}))?;
        }
        for n in 0..bench.sizes.devices {
            let word = format!("第{n}台平板改为");
            for (first, count) in [(0, hot), (hot + n * own, own)] {
                let with = json!({"name": name(n), "first": first, "count": count, "word": word});
                peer.act("edit", with)?;
            }
            peer.act("close", json!({ "name": name(n) }))?;
        }
        peer.act("stop", json!({}))?;
        Ok(Self { peer, runs: 0, devices: bench.sizes.devices })
    }

    /// Seconds until a whole round brings nothing new, and how many different
    /// states the devices are in then. Anki takes one device of a user at a time.
    fn run(&mut self) -> Result<(f64, usize)> {
        self.runs += 1;
        let to = self.peer.path(&format!("run-{}", self.runs));
        let from = self.peer.path("base");
        self.peer.act("copy", json!({"src": from, "dst": to}))?;
        crate::process::settle_disk();
        let port =
            self.peer.act("serve", json!({"folder": format!("{to}/server")}))?["port"].clone();
        for n in 0..self.devices {
            let path = format!("{to}/{}.anki2", name(n));
            self.peer.act("open", json!({"name": name(n), "path": path}))?;
        }
        let mut seconds = 0.0;
        for _ in 0..2 {
            for n in 0..self.devices {
                seconds += self.peer.timed("sync", json!({"name": name(n), "port": port}))?;
            }
        }
        let mut states = std::collections::BTreeSet::new();
        for n in 0..self.devices {
            let digest = self.peer.act("digest", json!({ "name": name(n) }))?;
            states.insert(digest["digest"].to_string());
            self.peer.act("close", json!({ "name": name(n) }))?;
        }
        self.peer.act("stop", json!({}))?;
        std::fs::remove_dir_all(&to)?;
        Ok((seconds, states.len()))
    }
}
