//! A simulator that finds nothing proves nothing: bugs are planted on purpose,
//! and the check that is named for each must catch it. Planting all of them
//! takes minutes and is a command, `cargo xtask simulate --planted`; here is
//! what holds in seconds.

use simulation::planted::{CASES, caught};

#[test]
fn the_list_is_as_long_as_the_design_asks() {
    assert!(CASES.len() >= 15);
}

#[test]
fn a_gesture_confirmed_before_it_is_written_is_noticed() {
    let case = CASES.iter().find(|case| format!("{:?}", case.bug) == "AckBeforeCommit");
    assert!(caught(case.unwrap(), 0..10).unwrap().is_some());
}
