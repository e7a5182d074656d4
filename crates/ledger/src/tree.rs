//! Daily tree heads: at the end of a day the server signs one hash over
//! everything it accepted that day. Who wrote that hash down, in a newspaper or
//! a file of their own, can prove years later that an acceptance was or was not
//! among them, whatever has become of the server since.
//!
//! The tree is that of RFC 6962 (certificate transparency): a leaf is
//! `SHA-256(0x00 ‖ leaf)`, a node `SHA-256(0x01 ‖ left ‖ right)`. Heads are
//! chained, so that none can be taken out. Which acceptances belong to which
//! day, and that there is one head per day, is the store's.

use crate::id::Hash;
use crate::seal::{PublicKey, Signature, SignatureError, Signer};
use chrono::NaiveDate;
use domain::id::{LedgerId, ReplicaId};
use domain::time::Wall;
use serde::{Deserialize, Serialize};

/// Separates these signatures from all others.
const TREE_TAG: &[u8] = b"lianjian-tree-v1";
/// Separates leaves from nodes, so that no node passes for a leaf.
const LEAF: &[u8] = &[0];
/// See [`LEAF`].
const NODE: &[u8] = &[1];

/// That the server took some positions of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// The ledger.
    pub ledger: LedgerId,
    /// Whose chain.
    pub replica: ReplicaId,
    /// The first position taken.
    pub from: u64,
    /// The last position taken.
    pub upto: u64,
    /// Chain hash at `upto`.
    pub hash: Hash,
    /// When, by the server's clock.
    pub at: Wall,
}

impl Acceptance {
    /// The leaf: JSON, kept verbatim from then on.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which plain data always can.
    pub fn leaf(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

/// The hash of a leaf.
#[must_use]
pub fn leaf_hash(leaf: &str) -> Hash {
    Hash::of_parts([LEAF, leaf.as_bytes()])
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash::of_parts([NODE, left.0.as_slice(), right.0.as_slice()])
}

/// That a leaf is in a tree: its place and the hashes beside its way to the
/// root, the nearest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inclusion {
    /// Which leaf, from 0.
    pub index: u64,
    /// The hashes beside the way.
    pub path: Vec<Hash>,
}

/// A tree over leaf hashes in their order.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The leaves, then the nodes above them, row by row. The last of an odd
    /// row goes up unchanged, which makes the tree of RFC 6962.
    rows: Vec<Vec<Hash>>,
}

impl Tree {
    /// Builds it: one hash per leaf.
    #[must_use]
    pub fn new(leaves: Vec<Hash>) -> Self {
        let mut rows = vec![leaves];
        while let Some(row) = rows.last().filter(|row| row.len() > 1) {
            let above = row.chunks(2).map(|pair| match pair {
                [left, right] => node_hash(left, right),
                alone => alone.first().copied().unwrap_or(Hash([0; 32])),
            });
            let above = above.collect();
            rows.push(above);
        }
        Self { rows }
    }

    /// How many leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.rows.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// The root; of no leaves, the hash of nothing.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.rows.last().and_then(|top| top.first().copied()).unwrap_or_else(|| Hash::of(b""))
    }

    /// The proof for one leaf; none when there is no such leaf.
    #[must_use]
    pub fn inclusion(&self, index: usize) -> Option<Inclusion> {
        self.rows.first()?.get(index)?;
        let beside = self.rows.iter().enumerate();
        let path = beside.filter_map(|(height, row)| row.get((index >> height) ^ 1).copied());
        Some(Inclusion { index: index as u64, path: path.collect() })
    }
}

impl Inclusion {
    /// Whether the leaf is in the tree of this size and root.
    #[must_use]
    pub fn holds(&self, leaf: &Hash, size: u64, root: &Hash) -> bool {
        if self.index >= size {
            return false;
        }
        let (mut place, mut last) = (self.index, size - 1);
        let mut hash = *leaf;
        for beside in &self.path {
            if last == 0 {
                return false;
            }
            if place % 2 == 1 || place == last {
                hash = node_hash(beside, &hash);
                // A last leaf without a neighbour goes up unchanged.
                while place % 2 == 0 && place != 0 {
                    (place, last) = (place / 2, last / 2);
                }
            } else {
                hash = node_hash(&hash, beside);
            }
            (place, last) = (place / 2, last / 2);
        }
        last == 0 && hash == *root
    }
}

/// One hash over everything accepted on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeHead {
    /// The day, in Asia/Shanghai.
    pub day: NaiveDate,
    /// How many acceptances.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// SHA-256 of the text of the head before; none for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Hash>,
    /// The server's replica.
    pub by: ReplicaId,
    /// The day was not over: more may follow, and no later head names this one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interim: bool,
}

/// A head with the server's signature. Equal acceptances make an equal head:
/// there is no clock in it, and the signature is deterministic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedTreeHead {
    /// JSON of a [`TreeHead`], verbatim.
    pub text: String,
    /// The server's signature over `"lianjian-tree-v1" ‖ text`.
    pub signature: Signature,
}

impl SignedTreeHead {
    /// Has the server sign a head.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which plain data always can.
    pub fn sign(server: &Signer, head: &TreeHead) -> Result<Self, serde_json::Error> {
        let text = serde_json::to_string(head)?;
        let signature = server.sign(&message(&text));
        Ok(Self { text, signature })
    }

    /// Checks the server's signature and reads what it signed.
    ///
    /// # Errors
    /// [`SignatureError`] when the signature does not hold or the text is none.
    pub fn verify(&self, server: &PublicKey) -> Result<TreeHead, SignatureError> {
        server.verify(&message(&self.text), &self.signature)?;
        serde_json::from_str(&self.text).map_err(|_| SignatureError)
    }

    /// What the next head names as the one before.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(self.text.as_bytes())
    }
}

fn message(text: &str) -> Vec<u8> {
    [TREE_TAG, text.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(&n.to_string())).collect()
    }

    /// The inputs of the test vectors that implementations of RFC 6962 share.
    fn known() -> Vec<Hash> {
        let inputs: [&[u8]; 8] = [
            b"",
            &[0],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[
                0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
                0x6e, 0x6f,
            ],
        ];
        inputs.iter().map(|input| Hash::of_parts([LEAF, *input])).collect()
    }

    #[test]
    fn roots_are_those_of_rfc_6962() {
        let wanted = [
            (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
            (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
            (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
            (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
        ];
        for (size, hex) in wanted {
            assert_eq!(root(&known()[..size]).to_string(), hex, "{size}");
        }
    }

    #[test]
    fn a_node_does_not_pass_for_a_leaf() {
        let two = leaves(2);
        let joined = [two[0].0, two[1].0].concat();
        assert_ne!(Hash::of_parts([LEAF, joined.as_slice()]), root(&two));
    }

    /// The root as RFC 6962 defines it.
    fn defined_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of(b""),
            [one] => *one,
            many => {
                let (left, right) = many.split_at(many.len().next_power_of_two() / 2);
                node_hash(&defined_root(left), &defined_root(right))
            }
        }
    }

    fn root(leaves: &[Hash]) -> Hash {
        Tree::new(leaves.to_vec()).root()
    }

    fn inclusion(leaves: &[Hash], index: usize) -> Option<Inclusion> {
        Tree::new(leaves.to_vec()).inclusion(index)
    }

    fn head() -> TreeHead {
        TreeHead {
            day: "2026-11-23".parse().unwrap(),
            size: 3,
            root: root(&leaves(3)),
            previous: None,
            by: ReplicaId(Uuid::from_u128(3)),
            interim: false,
        }
    }

    #[test]
    fn a_head_holds_only_as_the_server_signed_it_and_under_no_other_tag() {
        let server = Signer::from_seed(&[1; 32]);
        let signed = SignedTreeHead::sign(&server, &head()).unwrap();
        assert_eq!(signed.verify(&server.public()), Ok(head()));
        assert_eq!(signed, SignedTreeHead::sign(&server, &head()).unwrap());
        let more =
            SignedTreeHead { text: signed.text.replace("\"size\":3", "\"size\":4"), ..signed };
        assert!(more.verify(&server.public()).is_err());
        let text = serde_json::to_string(&head()).unwrap();
        let signature = server.sign(&[b"lianjian-receipt-v1", text.as_bytes()].concat());
        assert!(SignedTreeHead { text, signature }.verify(&server.public()).is_err());
    }

    #[test]
    fn an_interim_head_says_so_under_the_signature() {
        let text = serde_json::to_string(&TreeHead { interim: true, ..head() }).unwrap();
        assert!(text.contains("\"interim\":true"));
        assert!(!serde_json::to_string(&head()).unwrap().contains("interim"));
    }

    proptest! {
        #[test]
        fn a_root_is_what_the_rfc_defines(size in 0_usize..200) {
            prop_assert_eq!(root(&leaves(size)), defined_root(&leaves(size)));
        }

        #[test]
        fn every_leaf_of_a_tree_is_proved_to_be_in_it(size in 1_usize..70, pick in any::<u64>()) {
            let leaves = leaves(size);
            let index = (pick % size as u64) as usize;
            let proof = inclusion(&leaves, index).unwrap();
            prop_assert!(proof.holds(&leaves[index], size as u64, &root(&leaves)));
            prop_assert!(proof.path.len() <= 7);
        }

        #[test]
        fn a_proof_holds_for_nothing_else(
            size in 2_usize..40, pick in any::<u64>(), other in any::<u64>(), bit in 0_usize..256
        ) {
            let leaves = leaves(size);
            let (index, other) =
                ((pick % size as u64) as usize, (other % size as u64) as usize);
            let root = root(&leaves);
            let size = size as u64;
            let proof = inclusion(&leaves, index).unwrap();
            if other != index {
                prop_assert!(!proof.holds(&leaves[other], size, &root));
                let moved = Inclusion { index: other as u64, ..proof.clone() };
                prop_assert!(!moved.holds(&leaves[index], size, &root));
            }
            let mut flipped = proof.clone();
            let at = bit % flipped.path.len();
            flipped.path[at].0[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!flipped.holds(&leaves[index], size, &root));
            let mut longer = proof.clone();
            longer.path.push(Hash::of(b"one more"));
            prop_assert!(!longer.holds(&leaves[index], size, &root));
            let mut shorter = proof;
            shorter.path.pop();
            prop_assert!(!shorter.holds(&leaves[index], size, &root));
        }

        #[test]
        fn any_change_of_the_leaves_changes_the_root(size in 1_usize..40, pick in any::<u64>()) {
            let mut leaves = leaves(size);
            let before = root(&leaves);
            let at = (pick % size as u64) as usize;
            leaves[at] = leaf_hash("another");
            prop_assert_ne!(root(&leaves), before);
            leaves.remove(at);
            prop_assert_ne!(root(&leaves), before);
        }
    }

    #[test]
    fn there_is_no_proof_for_a_leaf_that_is_not_there() {
        assert_eq!(inclusion(&[], 0), None);
        assert_eq!(inclusion(&leaves(3), 3), None);
        let proof = Inclusion { index: 0, path: vec![] };
        assert!(!proof.holds(&leaf_hash(""), 0, &root(&[])));
    }
}
