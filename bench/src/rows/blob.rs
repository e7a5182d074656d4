//! S9: a large file of evidence goes up, hashed on both sides with us.

use crate::Bench;
use crate::office::Desk;
use crate::pairs::in_turns;
use crate::peer::Peer;
use crate::raw::RawTablet;
use crate::stage::Stage;
use crate::table::Row;
use crate::wire::client;
use anyhow::{Result, ensure};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::cell::Cell;

/// S9.
pub fn upload(bench: &Bench) -> Result<Vec<Row>> {
    let stage = Stage::prepare(bench, "empty", |_, _, _| Ok(()))?;
    let scene = stage.scene("upload", stage.port)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let client = client()?;
    let code = Desk::sign_in(&scene.office)?.code(&stage.persons[0])?;
    let url = scene.office.url.clone();
    let tablet = runtime.block_on(RawTablet::enrol(&client, &url, &code, &stage.department))?;
    let mut peer = Peer::node(bench, "tus_peer.mjs")?;
    let port = peer.act("serve", json!({"folder": peer.path("files")}))?["port"].clone();
    let theirs = format!("http://127.0.0.1:{port}/files");
    let round = Cell::new(0_u64);
    // Every file is another one: nobody may answer that it is there already.
    let file = || -> Result<(String, String)> {
        round.set(round.get() + 1);
        let path = bench.scratch.join("upload.bin");
        let mut bytes = vec![0_u8; bench.sizes.file_bytes];
        let mut state = round.get().wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        for chunk in bytes.chunks_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            chunk.copy_from_slice(&state.to_le_bytes()[..chunk.len()]);
        }
        std::fs::write(&path, &bytes)?;
        let hash = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        crate::process::settle_disk();
        Ok((path.display().to_string(), hash))
    };
    let peer = std::cell::RefCell::new(peer);
    let ratio = in_turns(
        bench.pairs,
        || {
            let (path, hash) = file()?;
            let mut peer = peer.borrow_mut();
            // In one piece, as a tablet's client may: it is hashed on its way and
            // then in its place.
            let with = json!({
                "url": format!("{url}/v1/files"), "path": path, "token": tablet.token(),
                "sha256": hash, "whole": true,
            });
            peer.timed("tus", with)
        },
        || {
            let (path, _) = file()?;
            let mut peer = peer.borrow_mut();
            peer.timed("tus", json!({"url": theirs, "path": path, "token": ""}))
        },
    )?;
    ensure!(round.get() > 0, "nothing was uploaded");
    let mib = bench.sizes.file_bytes / 1024 / 1024;
    let work = format!("{mib} MiB of evidence, hash checked and durable");
    let row = Row::compared("S9", work, "@tus/server without", 1.0, &ratio);
    Ok(vec![row.in_smoke(bench, true)])
}
