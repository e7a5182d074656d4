//! S1 to S4: one tablet hands in what it saved, another takes it over, and both
//! have nothing more to say.

use crate::Bench;
use crate::pairs::in_turns;
use crate::peer::Peer;
use crate::process::free_port;
use crate::stage::{Stage, digest_of, documents, findings, told};
use crate::table::Row;
use crate::wire::{Bodies, Relay};
use anyhow::{Result, ensure};
use serde_json::json;
use std::cell::Cell;
use std::time::Instant;

/// Anki with the findings added to a first collection and not synced; a second
/// collection holds the empty base.
pub struct Anki {
    peer: Peer,
    runs: usize,
}

impl Anki {
    pub fn prepare(bench: &Bench, stage: &Stage) -> Result<Self> {
        let mut peer = Peer::anki(bench)?;
        let base = peer.path("base");
        std::fs::create_dir_all(&base)?;
        let port = peer.act("serve", json!({"folder": format!("{base}/server")}))?["port"].clone();
        for (name, upload) in [("first", true), ("second", false)] {
            let path = format!("{base}/{name}.anki2");
            peer.act("open", json!({"name": name, "path": path}))?;
            peer.act("full", json!({"name": name, "port": port, "upload": upload}))?;
        }
        let file = documents(bench, &stage.department)?;
        peer.act("add", json!({"name": "first", "file": file}))?;
        for name in ["first", "second"] {
            peer.act("close", json!({ "name": name }))?;
        }
        peer.act("stop", json!({}))?;
        Ok(Self { peer, runs: 0 })
    }

    /// A copy with both collections open and its server running. Answers the port.
    fn scene(&mut self) -> Result<serde_json::Value> {
        self.runs += 1;
        let (from, to) = (self.peer.path("base"), self.peer.path(&format!("run-{}", self.runs)));
        self.peer.act("copy", json!({"src": from, "dst": to}))?;
        crate::process::settle_disk();
        let port =
            self.peer.act("serve", json!({"folder": format!("{to}/server")}))?["port"].clone();
        for name in ["first", "second"] {
            let path = format!("{to}/{name}.anki2");
            self.peer.act("open", json!({"name": name, "path": path}))?;
        }
        Ok(port)
    }

    fn end(&mut self) -> Result<()> {
        for name in ["first", "second"] {
            self.peer.act("close", json!({ "name": name }))?;
        }
        self.peer.act("stop", json!({}))?;
        std::fs::remove_dir_all(self.peer.path(&format!("run-{}", self.runs)))?;
        Ok(())
    }

    /// Seconds of a push, or of the pull after it.
    fn run(&mut self, what: &str) -> Result<f64> {
        let port = self.scene()?;
        let pushed = self.peer.timed("sync", json!({"name": "first", "port": port}))?;
        let pulled = self.peer.timed("sync", json!({"name": "second", "port": port}))?;
        let digest = |peer: &mut Peer, name: &str| peer.act("digest", json!({ "name": name }));
        let (one, two) = (digest(&mut self.peer, "first")?, digest(&mut self.peer, "second")?);
        ensure!(one == two, "Anki's collections differ");
        self.end()?;
        Ok(if what == "push" { pushed } else { pulled })
    }

    /// Bodies that a push sends up, through a relay.
    fn bodies_up(&mut self) -> Result<Bodies> {
        let port = self.scene()?;
        let between = free_port()?;
        let to = u16::try_from(port.as_u64().unwrap_or(0))?;
        let relay = Relay::start(between, to)?;
        self.peer.act("sync", json!({"name": "first", "port": between}))?;
        let up = relay.bodies().0;
        self.end()?;
        Ok(up)
    }
}

/// Seconds of our push and, if wanted, of the pull on a second tablet.
fn ours(stage: &Stage, run: &str, pull: bool, agreed: &Cell<bool>) -> Result<f64> {
    let scene = stage.scene(run, stage.port)?;
    let first = scene.tablet("first")?;
    let begun = Instant::now();
    first.exchange().map_err(told)?;
    let mut seconds = begun.elapsed().as_secs_f64();
    let second = scene.tablet("second")?;
    if pull {
        let begun = Instant::now();
        second.exchange().map_err(told)?;
        seconds = begun.elapsed().as_secs_f64();
        agreed.set(agreed.get() && digest_of(&first)? == digest_of(&second)?);
        agreed.set(agreed.get() && scene.agree(&[&first, &second])?);
    } else {
        let status = first.sync_status().map_err(told)?;
        agreed.set(agreed.get() && status.unsent_changes == 0 && scene.agree(&[&first])?);
    }
    Ok(seconds)
}

fn work(bench: &Bench, what: &str) -> String {
    format!("{what} {} findings of 280 B JSON", bench.sizes.findings)
}

/// S1.
pub fn push(bench: &Bench) -> Result<Vec<Row>> {
    let stage = findings(bench)?;
    let mut anki = Anki::prepare(bench, &stage)?;
    let agreed = Cell::new(true);
    let ratio =
        in_turns(bench.pairs, || ours(&stage, "push", false, &agreed), || anki.run("push"))?;
    let work = work(bench, "push");
    let mut row = Row::compared("S1", work, "Anki sync server", 0.5, &ratio);
    row.counts &= agreed.get();
    Ok(vec![row.in_smoke(bench, agreed.get())])
}

/// S2.
pub fn pull(bench: &Bench) -> Result<Vec<Row>> {
    let stage = findings(bench)?;
    let agreed = Cell::new(true);
    let mut anki = Anki::prepare(bench, &stage)?;
    let ratio = in_turns(bench.pairs, || ours(&stage, "pull", true, &agreed), || anki.run("pull"))?;
    let text = work(bench, "pull");
    let mut one = Row::compared("S2", text.clone(), "Anki", 0.5, &ratio);
    one.counts &= agreed.get();
    drop(anki);
    let mut rxdb = Peer::node(bench, "rxdb_peer.mjs")?;
    let file = documents(bench, &stage.department)?;
    rxdb.act("load", json!({ "file": file }))?;
    let expected = bench.sizes.findings;
    let ratio = in_turns(
        bench.pairs,
        || ours(&stage, "pull", true, &agreed),
        || {
            let answer = rxdb.act("pull", json!({}))?;
            ensure!(answer["count"] == expected, "RxDB holds {}", answer["count"]);
            Ok(answer["seconds"].as_f64().unwrap_or(f64::NAN))
        },
    )?;
    let against = "RxDB (memory, not durable)";
    let mut two = Row::compared("S2", text, against, 0.8, &ratio);
    two.counts &= agreed.get();
    Ok(vec![one.in_smoke(bench, agreed.get()), two.in_smoke(bench, agreed.get())])
}

/// Bodies up and down of our push, and of the exchange with nothing to say after it.
fn through_relay(stage: &Stage) -> Result<(Bodies, (Bodies, Bodies), bool)> {
    let port = free_port()?;
    let scene = stage.scene("bytes", port)?;
    let relay = Relay::start(stage.port, port)?;
    let first = scene.tablet("first")?;
    first.exchange().map_err(told)?;
    let (up, _) = relay.bodies();
    relay.forget();
    first.exchange().map_err(told)?;
    let nothing = relay.bodies();
    let agreed = scene.agree(&[&first])?;
    Ok((up, nothing, agreed))
}

/// S3.
pub fn bytes(bench: &Bench) -> Result<Vec<Row>> {
    let stage = findings(bench)?;
    let (ours, _, agreed) = through_relay(&stage)?;
    let anki = Anki::prepare(bench, &stage)?.bodies_up()?;
    let mut pouch = Peer::node(bench, "pouchdb_peer.mjs")?;
    let file = documents(bench, &stage.department)?;
    let port = pouch.act("serve", json!({}))?["port"].clone();
    let between = free_port()?;
    let relay = Relay::start(between, u16::try_from(port.as_u64().unwrap_or(0))?)?;
    pouch.act("push", json!({"file": file, "port": between}))?;
    let pouch = relay.bodies().0;
    #[allow(clippy::cast_precision_loss)]
    let share = |other: Bodies| ours.bytes as f64 / other.bytes as f64;
    let (to_anki, to_pouch) = (share(anki), share(pouch));
    #[allow(clippy::cast_precision_loss)]
    let mb = |bodies: Bodies| bodies.bytes as f64 / 1e6;
    Ok(vec![Row {
        name: "S3",
        work: format!("bytes up for S1 ({} requests)", ours.messages),
        target: "≤ 1.0 × Anki, ≤ 0.2 × PouchDB".to_owned(),
        result: format!(
            "{:.2} MB: {to_anki:.2} × Anki ({:.2} MB), {to_pouch:.3} × PouchDB ({:.2} MB)",
            mb(ours),
            mb(anki),
            mb(pouch)
        ),
        met: to_anki <= 1.0 && to_pouch <= 0.2,
        counts: agreed,
        more: json!({"ours": ours.bytes, "anki": anki.bytes, "pouchdb": pouch.bytes}),
    }])
}

/// S4.
pub fn nothing(bench: &Bench) -> Result<Vec<Row>> {
    let stage = findings(bench)?;
    let (_, (up, down), agreed) = through_relay(&stage)?;
    let bodies = up.bytes + down.bytes;
    Ok(vec![Row {
        name: "S4",
        work: "an exchange with nothing to say".to_owned(),
        target: "1 round trip, ≤ 600 B of bodies".to_owned(),
        result: format!("{} round trip, {} + {} B", up.messages, up.bytes, down.bytes),
        met: up.messages == 1 && bodies <= 600,
        counts: agreed,
        more: json!({"round_trips": up.messages, "up": up.bytes, "down": down.bytes}),
    }])
}
