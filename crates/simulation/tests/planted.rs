//! A simulator that finds nothing proves nothing: every bug of the list is
//! planted, and the check that is named for it must catch it.

use simulation::planted::{CASES, caught};

/// Seeds within which a planted bug must be caught.
const SEEDS: u64 = 60;

#[test]
fn every_planted_bug_is_caught_by_the_check_named_for_it() {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let missed = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(case) = CASES.get(place) else { return };
                    if caught(case, 0..SEEDS).unwrap().is_none() {
                        missed.lock().unwrap().push(case);
                    }
                }
            });
        }
    });
    let missed = missed.into_inner().unwrap();
    assert!(missed.is_empty(), "not caught within {SEEDS} seeds: {missed:?}");
}

#[test]
fn the_list_is_as_long_as_the_design_asks() {
    assert!(CASES.len() >= 15);
}
