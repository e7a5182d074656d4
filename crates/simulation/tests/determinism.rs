//! A seed is a run: the same seed does the same, to the last storage operation.

use simulation::run;

#[test]
fn the_same_seed_does_the_same_to_the_last_operation() {
    for seed in [1, 2, 3] {
        let one = run::seed(seed, None).unwrap();
        let two = run::seed(seed, None).unwrap();
        assert_eq!(one.counts, two.counts, "seed {seed}");
        assert_eq!(one.violation, two.violation);
    }
}

#[test]
fn some_seeds_find_nothing_wrong() {
    for seed in 0..8 {
        let outcome = run::seed(seed, None).unwrap();
        assert_eq!(outcome.violation, None, "seed {seed}");
    }
}
