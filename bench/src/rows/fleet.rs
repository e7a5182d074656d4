//! S11: the whole city's tablets come back within one minute, each with changes
//! and photos. They have no store: it is the server that is looked at.

use crate::Bench;
use crate::office::{Desk, Office, Party};
use crate::pairs::percentile;
use crate::process::free_port;
use crate::raw::{Pushed, RawTablet};
use crate::table::Row;
use crate::wire::client;
use anyhow::{Context, Result};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// The slowest hundredth of exchanges may take this long, in seconds.
const P99_SECONDS: f64 = 2.0;

/// How much longer than linear the largest step may take.
const LINEAR: f64 = 1.25;

/// How one step went.
struct Step {
    tablets: usize,
    seconds: f64,
    p50: f64,
    p99: f64,
    told_to_wait: usize,
    lost: usize,
}

/// S11.
pub fn fleet(bench: &Bench) -> Result<Vec<Row>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut steps = Vec::new();
    for count in bench.sizes.tablets {
        let folder = bench.scratch.join(format!("fleet-{count}"));
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        let office = Office::start(&folder.join("server"), free_port()?)?;
        let step = step(bench, &runtime, &office, *count)?;
        eprintln!(
            "  {count} tablets: all safe after {:.1} s, exchange p50 {:.3} s p99 {:.3} s, told to wait {}",
            step.seconds, step.p50, step.p99, step.told_to_wait
        );
        steps.push(step);
        drop(office);
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(vec![row(bench, &steps)?])
}

fn row(bench: &Bench, steps: &[Step]) -> Result<Row> {
    let (first, last) = (steps.first().context("no step")?, steps.last().context("no step")?);
    #[allow(clippy::cast_precision_loss)]
    let per_tablet = |step: &Step| step.seconds / step.tablets as f64;
    // The minute in which they return is the same for all steps; a step that
    // needs no longer is as linear as can be.
    let within = last.seconds <= bench.sizes.return_seconds * LINEAR;
    let linear = within || per_tablet(last) <= per_tablet(first) * LINEAR;
    let lost: usize = steps.iter().map(|step| step.lost).sum();
    let p99 = steps.iter().map(|step| step.p99).fold(0.0, f64::max);
    let each: Vec<String> = steps
        .iter()
        .map(|s| format!("{}: {:.0} s, p99 {:.2} s", s.tablets, s.seconds, s.p99))
        .collect();
    let sizes = bench.sizes;
    Ok(Row {
        name: "S11",
        work: format!(
            "{} tablets return within {} s, {} changes and {} photos of {} KiB each",
            last.tablets,
            sizes.return_seconds,
            sizes.changes,
            sizes.photos,
            sizes.photo_bytes / 1024
        ),
        target: format!("no error but Retry-After, no loss, p99 ≤ {P99_SECONDS} s, linear"),
        result: format!(
            "{}; lost {lost}, told to wait {}",
            each.join("; "),
            steps.iter().map(|step| step.told_to_wait).sum::<usize>()
        ),
        met: lost == 0 && p99 <= P99_SECONDS && linear,
        counts: true,
        more: json!(
            steps
                .iter()
                .map(|s| json!({
                    "tablets": s.tablets, "seconds": s.seconds, "p50": s.p50, "p99": s.p99,
                    "told_to_wait": s.told_to_wait, "lost": s.lost,
                }))
                .collect::<Vec<_>>()
        ),
    })
}

/// One tablet with what it brings.
struct Loaded {
    tablet: RawTablet,
    bodies: Vec<Vec<u8>>,
    /// After how long it comes, in seconds.
    comes: f64,
}

fn step(bench: &Bench, runtime: &Runtime, office: &Office, count: usize) -> Result<Step> {
    let client = client()?;
    let fleet = gather(bench, runtime, office, &client, count)?;
    let url: Arc<str> = office.url.as_str().into();
    let begun = Instant::now();
    let mut all = Vec::new();
    for (number, loaded) in fleet.into_iter().enumerate() {
        let (client, url, sizes) = (client.clone(), Arc::clone(&url), bench.sizes);
        all.push(runtime.spawn(async move {
            let rest = Duration::from_secs_f64(loaded.comes).saturating_sub(begun.elapsed());
            tokio::time::sleep(rest).await;
            let pushed = loaded.tablet.push(&client, &url, &loaded.bodies).await?;
            let mut told = 0;
            for photo in 0..sizes.photos {
                let bytes = picture(number, photo, sizes.photo_bytes);
                let hash: String =
                    Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
                told += loaded.tablet.put_file(&client, &url, &hash, &bytes).await?;
            }
            anyhow::Ok((pushed, told, loaded.tablet.upto()))
        }));
    }
    let ended: Vec<(Pushed, usize, u64)> = runtime.block_on(async {
        let mut ended = Vec::new();
        for one in all {
            ended.push(one.await??);
        }
        anyhow::Ok(ended)
    })?;
    let seconds = begun.elapsed().as_secs_f64();
    let exchanges: Vec<f64> = ended.iter().flat_map(|(p, ..)| p.exchanges.clone()).collect();
    let safe = |pushed: &Pushed| pushed.receipt.as_ref().map_or(0, |receipt| receipt.upto);
    Ok(Step {
        tablets: count,
        seconds,
        p50: percentile(&exchanges, 0.5),
        p99: percentile(&exchanges, 0.99),
        told_to_wait: ended.iter().map(|(pushed, told, _)| pushed.told_to_wait + told).sum(),
        lost: ended.iter().filter(|(pushed, _, upto)| safe(pushed) < *upto).count(),
    })
}

/// Enrols so many tablets, a task for each department's crew, and writes what
/// each brings.
fn gather(
    bench: &Bench,
    runtime: &Runtime,
    office: &Office,
    client: &reqwest::Client,
    count: usize,
) -> Result<Vec<Loaded>> {
    let desk = Desk::sign_in(office)?;
    let crews: Vec<_> =
        desk.departments()?.into_iter().filter(|(_, _, people)| people.len() >= 2).collect();
    let people: usize = crews.iter().map(|(_, _, people)| people.len()).sum();
    let mut persons = Vec::new();
    for (number, (department, sector, crew)) in crews.iter().enumerate() {
        if persons.len() >= count {
            break;
        }
        let party = Party { department: department.clone(), persons: crew.clone() };
        if desk.dispatch(number, sector, &party)?.is_none() {
            continue;
        }
        persons.extend(crew.iter().map(|person| (person.clone(), department.clone())));
    }
    // Whose certificate has run out has no seat; some others have two tablets.
    eprintln!("  {people} people with a seat, {count} tablets");
    let mut fleet = Vec::with_capacity(count);
    for number in 0..count {
        let (person, department) = &persons[number % persons.len()];
        let code = desk.code(person)?;
        let mut tablet =
            runtime.block_on(RawTablet::enrol(client, &office.url, &code, department))?;
        for n in 0..bench.sizes.changes {
            tablet.finding(number * bench.sizes.changes + n)?;
        }
        tablet.seal();
        #[allow(clippy::cast_precision_loss)]
        let comes = bench.sizes.return_seconds * number as f64 / count as f64;
        fleet.push(Loaded { bodies: tablet.bodies()?, tablet, comes });
    }
    Ok(fleet)
}

/// Bytes of a photo; every one differs.
fn picture(tablet: usize, photo: usize, bytes: usize) -> Vec<u8> {
    let mut state = ((tablet as u64) << 32 | photo as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut picture = vec![0; bytes];
    for chunk in picture.chunks_mut(8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        chunk.copy_from_slice(&state.to_le_bytes()[..chunk.len()]);
    }
    picture
}
