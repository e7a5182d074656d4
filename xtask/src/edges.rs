//! Which crate may depend on which, and what the pure crates must never reach.
//!
//! The table below is the drawing in `docs/architecture.md`, in a form a machine
//! checks. Direct edges come from `cargo metadata`; what a pure crate reaches
//! comes from `cargo tree -p`, because metadata would show it with the features
//! that other crates of the workspace switch on.

use crate::house::House;
use crate::stage::Stage;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// What one crate may depend on inside the workspace.
struct Rule {
    package: &'static str,
    /// Normal and build dependencies.
    may: &'static [&'static str],
    /// What its tests may use besides.
    tests_may: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule { package: "lianjian-domain", may: &[], tests_may: &[] },
    Rule { package: "lianjian-ledger", may: &["lianjian-domain"], tests_may: &[] },
    Rule { package: "lianjian-planning", may: &["lianjian-domain"], tests_may: &["lianjian-demo"] },
    Rule {
        package: "lianjian-documents",
        may: &["lianjian-domain", "lianjian-ledger"],
        tests_may: &["lianjian-demo"],
    },
    Rule { package: "lianjian-demo", may: &["lianjian-domain"], tests_may: &[] },
    Rule { package: "lianjian-migrations", may: &[], tests_may: &[] },
    Rule {
        package: "lianjian-device",
        may: &["lianjian-domain", "lianjian-ledger", "lianjian-documents", "lianjian-migrations"],
        tests_may: &["lianjian-demo"],
    },
    Rule {
        package: "lianjian-server",
        may: &[
            "lianjian-domain",
            "lianjian-ledger",
            "lianjian-planning",
            "lianjian-documents",
            "lianjian-demo",
            "lianjian-migrations",
        ],
        tests_may: &[],
    },
    Rule {
        package: "lianjian-simulation",
        may: &[
            "lianjian-domain",
            "lianjian-ledger",
            "lianjian-demo",
            "lianjian-device",
            "lianjian-server",
        ],
        tests_may: &[],
    },
    Rule { package: "lianjian-app", may: &["lianjian-domain", "lianjian-device"], tests_may: &[] },
    Rule {
        package: "lianjian-tests",
        // Journeys go through the doors of the programs, and use only what a stranger
        // could; the two are named so that their programs are built first.
        may: &["lianjian-device", "lianjian-server"],
        tests_may: &[],
    },
    Rule {
        package: "lianjian-bench",
        may: &[
            "lianjian-domain",
            "lianjian-ledger",
            "lianjian-planning",
            "lianjian-documents",
            "lianjian-demo",
            "lianjian-device",
            "lianjian-server",
        ],
        tests_may: &[],
    },
    Rule { package: "xtask", may: &[], tests_may: &[] },
];

/// Crates without clock, randomness, files, network, SQL and async.
const PURE: &[&str] = &["lianjian-domain", "lianjian-ledger", "lianjian-planning", "lianjian-demo"];

/// What a pure crate must not reach, with the reason.
const IMPURE: &[(&str, &str)] = &[
    ("getrandom", "randomness: ids and keys come in as arguments"),
    ("rand", "randomness: a seed comes in, `rand_chacha` unfolds it"),
    ("iana-time-zone", "the clock: `now` comes in as an argument"),
    ("tokio", "async"),
    ("async-std", "async"),
    ("smol", "async"),
    ("futures-executor", "async"),
    ("async-trait", "async"),
    ("mio", "network"),
    ("socket2", "network"),
    ("hyper", "network"),
    ("reqwest", "network"),
    ("axum", "network"),
    ("tower", "network"),
    ("rustls", "network"),
    ("rusqlite", "SQL"),
    ("libsqlite3-sys", "SQL"),
    ("sea-orm", "SQL"),
    ("sea-query", "SQL"),
    ("sqlx-core", "SQL"),
    ("object_store", "files"),
    ("tempfile", "files"),
    ("walkdir", "files"),
    ("fs-err", "files"),
    ("directories", "files"),
    ("tauri", "the app's shell"),
    ("typst", "typesetting"),
    ("anyhow", "a library crate has an error enum of its own"),
];

/// What nobody may reach.
const NOWHERE: &[(&str, &str)] = &[
    ("native-tls", "TLS is rustls"),
    ("openssl", "TLS is rustls"),
    ("aws-lc-rs", "rustls has one provider: ring"),
    ("async-std", "the async runtime is tokio"),
];

/// Why a dependency is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Built,
    Tests,
}

/// One crate of the workspace using another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    from: String,
    to: String,
    kind: Kind,
}

/// Checks the workspace.
///
/// # Errors
/// When an edge breaks a rule; every broken one is in the stage's log.
pub fn run(house: &House, stage: &mut Stage) -> Result<()> {
    let text = output(house.cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?;
    let (members, edges) =
        read_metadata(&serde_json::from_str(&text).context("cargo metadata is no JSON")?)?;
    let mut broken = broken_edges(RULES, &members, &edges);

    for package in PURE.iter().filter(|package| members.contains(**package)) {
        let tree = tree(house, &["-p", package, "-e", "normal"])?;
        broken.extend(forbidden_reach(&tree, IMPURE).map(|(path, reason)| {
            format!("pure crate reaches what it must not ({reason}): {path}")
        }));
    }
    let tree = tree(house, &["--workspace", "-e", "normal,build"])?;
    broken.extend(
        forbidden_reach(&tree, NOWHERE)
            .map(|(path, reason)| format!("nobody may reach this ({reason}): {path}")),
    );

    for line in &broken {
        stage.note(line)?;
    }
    if broken.is_empty() {
        stage.note(&format!("{} crates, {} edges: all as drawn", members.len(), edges.len()))
    } else {
        bail!("{} dependency edges are not as drawn in docs/architecture.md", broken.len())
    }
}

fn tree(house: &House, what: &[&str]) -> Result<String> {
    output(house.cargo().arg("tree").args(what).args(["--prefix", "depth", "--format", " {p}"]))
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).context("cargo's answer is not UTF-8")
}

fn read_metadata(metadata: &Value) -> Result<(BTreeSet<String>, BTreeSet<Edge>)> {
    let packages = metadata["packages"].as_array().context("cargo metadata has no packages")?;
    let name = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
    let members: BTreeSet<String> = packages.iter().map(name).collect();
    let mut edges = BTreeSet::new();
    for package in packages {
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            // `name` is the package's real name, whatever the manifest calls it.
            let to = name(dependency);
            if members.contains(&to) {
                let kind = match dependency["kind"].as_str() {
                    Some("dev") => Kind::Tests,
                    _ => Kind::Built,
                };
                edges.insert(Edge { from: name(package), to, kind });
            }
        }
    }
    Ok((members, edges))
}

fn broken_edges(rules: &[Rule], members: &BTreeSet<String>, edges: &BTreeSet<Edge>) -> Vec<String> {
    let rules: BTreeMap<&str, &Rule> = rules.iter().map(|rule| (rule.package, rule)).collect();
    let strangers = members
        .iter()
        .filter(|member| !rules.contains_key(member.as_str()))
        .map(|member| format!("{member} has no rule: add it to the table in xtask/src/edges.rs"));
    let breaches = edges.iter().filter_map(|edge| {
        let rule = rules.get(edge.from.as_str())?;
        let to = edge.to.as_str();
        let allowed =
            rule.may.contains(&to) || (edge.kind == Kind::Tests && rule.tests_may.contains(&to));
        let what = if edge.kind == Kind::Tests { "the tests of " } else { "" };
        (!allowed).then(|| format!("{what}{} must not depend on {to}", edge.from))
    });
    strangers.chain(breaches).collect()
}

/// The ways by which a tree of `cargo tree --prefix depth --format ' {p}'` gets to
/// one of `forbidden`, each crate once, with the reason.
fn forbidden_reach<'a>(
    tree: &'a str,
    forbidden: &'a [(&'a str, &'a str)],
) -> impl Iterator<Item = (String, &'a str)> {
    let mut way: Vec<&str> = Vec::new();
    let mut seen = BTreeSet::new();
    tree.lines().filter_map(move |line| {
        let mut words = line.split_whitespace();
        let depth: usize = words.next()?.parse().ok()?;
        let name = words.next()?;
        way.truncate(depth);
        way.push(name);
        let (_, reason) = forbidden.iter().find(|(bad, _)| *bad == name)?;
        seen.insert(name).then(|| (way.join(" → "), *reason))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &[Rule] = &[
        Rule { package: "core", may: &[], tests_may: &["city"] },
        Rule { package: "city", may: &["core"], tests_may: &[] },
        Rule { package: "app", may: &["core"], tests_may: &[] },
    ];

    fn check(metadata: &str) -> Vec<String> {
        let (members, edges) = read_metadata(&serde_json::from_str(metadata).unwrap()).unwrap();
        broken_edges(SMALL, &members, &edges)
    }

    #[test]
    fn edges_as_drawn_pass() {
        let broken = check(
            r#"{"packages": [
                {"name": "core", "dependencies": [
                    {"name": "serde", "kind": null}, {"name": "city", "kind": "dev"}]},
                {"name": "city", "dependencies": [{"name": "core", "kind": null}]},
                {"name": "app", "dependencies": [{"name": "core", "kind": null}]}]}"#,
        );
        assert_eq!(broken, Vec::<String>::new());
    }

    #[test]
    fn an_edge_that_points_up_is_reported() {
        let broken = check(
            r#"{"packages": [
                {"name": "core", "dependencies": [{"name": "app", "kind": null}]},
                {"name": "app", "dependencies": []}]}"#,
        );
        assert_eq!(broken, ["core must not depend on app"]);
    }

    #[test]
    fn what_tests_may_use_the_built_crate_may_not() {
        let broken = check(
            r#"{"packages": [
                {"name": "core", "dependencies": [{"name": "city", "kind": null}]},
                {"name": "city", "dependencies": []}]}"#,
        );
        assert_eq!(broken, ["core must not depend on city"]);
    }

    #[test]
    fn the_rules_hold_for_tests_and_build_scripts_too() {
        let broken = check(
            r#"{"packages": [
                {"name": "city", "dependencies": [{"name": "app", "kind": "dev"}]},
                {"name": "app", "dependencies": [{"name": "city", "kind": "build"}]}]}"#,
        );
        assert_eq!(
            broken,
            ["app must not depend on city", "the tests of city must not depend on app"]
        );
    }

    #[test]
    fn a_crate_without_a_rule_is_reported() {
        let broken = check(r#"{"packages": [{"name": "annex", "dependencies": []}]}"#);
        assert_eq!(broken, ["annex has no rule: add it to the table in xtask/src/edges.rs"]);
    }

    #[test]
    fn every_pure_crate_has_a_rule_without_impure_crates() {
        for package in PURE {
            let rule = RULES.iter().find(|rule| rule.package == *package).unwrap();
            assert!(rule.may.iter().all(|to| PURE.contains(to)), "{package}");
        }
    }

    #[test]
    fn the_way_to_a_forbidden_crate_is_told_once() {
        let tree = "0 core v0.1.0 (/house/core)\n1 uuid v1.0.0\n2 getrandom v0.4.0\n3 libc v0.2.0\n\
                    1 serde v1.0.0\n1 other v1.0.0\n2 getrandom v0.4.0 (*)\n";
        let found: Vec<_> = forbidden_reach(tree, &[("getrandom", "randomness")]).collect();
        assert_eq!(found, [("core → uuid → getrandom".to_owned(), "randomness")]);
    }

    #[test]
    fn a_name_that_only_begins_alike_is_not_forbidden() {
        let tree = "0 core v0.1.0\n1 rand_chacha v0.10.0\n2 rand_core v0.10.0\n";
        assert_eq!(forbidden_reach(tree, &[("rand", "randomness")]).count(), 0);
    }
}
