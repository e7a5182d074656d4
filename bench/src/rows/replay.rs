//! S6 and S7, on the server alone: a push that comes again, and one bad change
//! among many good ones.

use crate::Bench;
use crate::office::{Desk, Office};
use crate::pairs::in_turns;
use crate::raw::{Pushed, RawTablet, exceptions};
use crate::stage::Stage;
use crate::table::Row;
use crate::wire::client;
use anyhow::{Result, ensure};
use std::cell::{Cell, RefCell};
use tokio::runtime::Runtime;

/// A server with a task and nothing in it.
fn empty(bench: &Bench) -> Result<Stage> {
    Stage::prepare(bench, "empty", |_, _, _| Ok(()))
}

/// A client of its own for every run: connections to a server that ended are no
/// good.
struct Line {
    runtime: Runtime,
    client: reqwest::Client,
}

impl Line {
    fn new() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime, client: client()? })
    }

    fn tablet(&self, stage: &Stage, office: &Office) -> Result<RawTablet> {
        let code = Desk::sign_in(office)?.code(&stage.persons[0])?;
        let (client, department) = (&self.client, &stage.department);
        self.runtime.block_on(RawTablet::enrol(client, &office.url, &code, department))
    }

    fn push(&self, office: &Office, tablet: &RawTablet, bodies: &[Vec<u8>]) -> Result<Pushed> {
        self.runtime.block_on(tablet.push(&self.client, &office.url, bodies))
    }
}

/// S6.
pub fn replay(bench: &Bench) -> Result<Vec<Row>> {
    let stage = empty(bench)?;
    let agreed = Cell::new(true);
    let first = RefCell::new(0.0);
    // Each replay follows its own first push; the two are one pair.
    let ratio = in_turns(
        bench.pairs,
        || {
            let scene = stage.scene("replay", stage.port)?;
            let line = Line::new()?;
            let mut tablet = line.tablet(&stage, &scene.office)?;
            for n in 0..bench.sizes.findings {
                tablet.finding(n)?;
            }
            tablet.seal();
            let bodies = tablet.bodies()?;
            *first.borrow_mut() = line.push(&scene.office, &tablet, &bodies)?.seconds;
            let before = scene.office.digests()?;
            let again = line.push(&scene.office, &tablet, &bodies)?.seconds;
            agreed.set(agreed.get() && before == scene.office.digests()?);
            Ok(again)
        },
        || Ok(*first.borrow()),
    )?;
    let work = format!("replay of an acknowledged push of {} findings", bench.sizes.findings);
    let mut row = Row::compared("S6", work, "the first push", 0.6, &ratio);
    row.counts &= agreed.get();
    Ok(vec![row.in_smoke(bench, agreed.get())])
}

/// S7.
pub fn one_bad(bench: &Bench) -> Result<Vec<Row>> {
    let stage = empty(bench)?;
    let agreed = Cell::new(true);
    let run = |bad: bool| -> Result<f64> {
        let scene = stage.scene("bad", stage.port)?;
        let line = Line::new()?;
        let mut tablet = line.tablet(&stage, &scene.office)?;
        for n in 0..bench.sizes.findings {
            if bad && n == bench.sizes.findings / 2 {
                tablet.undecodable();
            } else if bad && n == bench.sizes.findings / 2 + 1 {
                tablet.forbidden()?;
            } else {
                tablet.finding(n)?;
            }
        }
        tablet.seal();
        let pushed = line.push(&scene.office, &tablet, &tablet.bodies()?)?;
        let voided = exceptions(&pushed)["voided"];
        ensure!(voided == if bad { 2 } else { 0 }, "{voided} were voided");
        agreed.set(agreed.get() && pushed.receipt.is_some_and(|r| r.upto == tablet.upto()));
        Ok(pushed.seconds)
    };
    let ratio = in_turns(bench.pairs, || run(true), || run(false))?;
    let work = format!("one undecodable and one forbidden change among {}", bench.sizes.findings);
    let mut row = Row::compared("S7", work, "the same without", 1.05, &ratio);
    row.counts &= agreed.get();
    Ok(vec![row.in_smoke(bench, agreed.get())])
}
