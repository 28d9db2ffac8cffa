//! The Merkle tree of RFC 9162, section 2.1, with SHA-256: appended to one leaf at a time, and proven from stored nodes.
//!
//! Proofs are verified, and which nodes they take is reckoned, by `ct-merkle`. What is stored, appended and folded is here: that
//! crate holds whole trees in memory only.

use std::convert::Infallible;

use ct_merkle::{
    ConsistencyProof, InclusionProof, RootHash, indices_for_consistency_proof, indices_for_inclusion_proof,
};
use sha2::{Digest, Sha256};

/// SHA-256 of something.
pub type Hash = [u8; 32];

/// Trees larger than this are nobody's: a million rows a second for ten thousand years.
const LARGEST: u64 = 1 << 58;

/// What does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The row is not in the tree, or not at this place.
    #[error("the row is not in the tree that was signed")]
    NotIncluded,
    /// The one tree is not the other's beginning.
    #[error("the later tree does not begin with the earlier one")]
    NotConsistent,
    /// There is no such tree.
    #[error("there is no tree of this size")]
    Size,
}

/// The hash of a leaf: `SHA-256(0x00 ‖ row)`.
pub fn leaf_hash(row: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(row).finalize().into()
}

/// The hash of two subtrees: `SHA-256(0x01 ‖ left ‖ right)`.
fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The hash of a tree without leaves.
fn empty_hash() -> Hash {
    Sha256::digest([]).into()
}

/// Where perfect subtrees stand: of level 0 are the leaves, and subtree `at` of level `l` has the leaves from `at · 2^l` to
/// `(at + 1) · 2^l - 1`.
pub trait Nodes {
    /// Why it could not be read.
    type Error;

    /// The hash of a perfect subtree, which is there.
    ///
    /// # Errors
    /// When it cannot be read.
    fn node(&self, level: u32, at: u64) -> Result<Hash, Self::Error>;
}

/// All perfect subtrees in memory: for verifying whole logs, and for tests.
#[derive(Debug, Clone, Default)]
pub struct MemoryNodes(Vec<Vec<Hash>>);

impl MemoryNodes {
    /// The tree of these leaves.
    pub fn of(leaves: impl IntoIterator<Item = Hash>) -> Self {
        let (mut nodes, mut frontier) = (Self::default(), Frontier::default());
        for leaf in leaves {
            frontier.push(leaf, |level, at, hash| nodes.put(level, at, hash));
        }
        nodes
    }

    /// Remembers one, as [`Frontier::push`] tells it.
    pub fn put(&mut self, level: u32, _: u64, hash: Hash) {
        let level = level as usize;
        if self.0.len() <= level {
            self.0.resize_with(level + 1, Vec::new);
        }
        self.0[level].push(hash);
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.0.first().map_or(0, |leaves| leaves.len() as u64)
    }
}

impl Nodes for MemoryNodes {
    type Error = Infallible;

    fn node(&self, level: u32, at: u64) -> Result<Hash, Infallible> {
        let level = self.0.get(level as usize);
        // A tree that was asked for more than it has makes a proof that does not hold.
        Ok(level.and_then(|level| level.get(usize::try_from(at).ok()?)).copied().unwrap_or_default())
    }
}

/// What appending takes: the roots of the perfect subtrees, from the largest on, one for each bit of the size.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The frontier of a stored tree: as many reads as the size has bits.
    ///
    /// # Errors
    /// When a node cannot be read.
    pub fn load<N: Nodes>(nodes: &N, size: u64) -> Result<Self, N::Error> {
        let mut peaks = Vec::with_capacity(size.count_ones() as usize);
        for level in (0..u64::BITS).rev().filter(|level| size >> level & 1 == 1) {
            peaks.push(nodes.node(level, (size >> level) - 1)?);
        }
        Ok(Self { size, peaks })
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf. `put` is told every perfect subtree that is new: its level, its place there, its hash.
    pub fn push(&mut self, leaf: Hash, mut put: impl FnMut(u32, u64, Hash)) {
        let (mut hash, mut at) = (leaf, self.size);
        put(0, at, hash);
        for level in 1..=self.size.trailing_ones() {
            // There is a peak for every bit that is set.
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            at >>= 1;
            put(level, at, hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The tree's root.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return empty_hash() };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// The root of the tree of the first `size` leaves.
///
/// # Errors
/// When a node cannot be read.
pub fn root<N: Nodes>(nodes: &N, size: u64) -> Result<Hash, N::Error> {
    Ok(Frontier::load(nodes, size)?.root())
}

/// The hash of the subtree of level `level` at `at`, cut off at `size` leaves.
///
/// # Errors
/// When a node cannot be read.
pub fn range_hash<N: Nodes>(nodes: &N, level: u32, at: u64, size: u64) -> Result<Hash, N::Error> {
    let (start, whole) = (at << level, 1 << level);
    let leaves = size.saturating_sub(start).min(whole);
    if leaves == whole {
        return nodes.node(level, at);
    }
    let mut peaks = Vec::new();
    let mut done = start;
    for level in (0..level).rev().filter(|level| leaves >> level & 1 == 1) {
        peaks.push(nodes.node(level, done >> level)?);
        done += 1 << level;
    }
    let mut peaks = peaks.into_iter().rev();
    let last = peaks.next().unwrap_or_else(empty_hash);
    Ok(peaks.fold(last, |right, left| node_hash(&left, &right)))
}

/// What proves that a row stands at `number` in the tree of `size`.
///
/// # Errors
/// [`TreeError::Size`] outside if there is no such place; inside, when a node cannot be read.
pub fn inclusion_proof<N: Nodes>(nodes: &N, size: u64, number: u64) -> Result<Result<Vec<Hash>, N::Error>, TreeError> {
    if number >= size || size > LARGEST {
        return Err(TreeError::Size);
    }
    Ok(read(nodes, size, &indices_for_inclusion_proof(size, number)))
}

/// What proves that the tree of `size` begins with the one of `earlier`. Nothing is needed if that one is empty.
///
/// # Errors
/// As [`inclusion_proof`].
pub fn consistency_proof<N: Nodes>(
    nodes: &N,
    earlier: u64,
    size: u64,
) -> Result<Result<Vec<Hash>, N::Error>, TreeError> {
    if earlier > size || size > LARGEST {
        return Err(TreeError::Size);
    }
    if earlier == 0 {
        return Ok(Ok(Vec::new()));
    }
    Ok(read(nodes, size, &indices_for_consistency_proof(earlier, size - earlier)))
}

/// These nodes, by their indices in an array-based tree (RFC 9420, appendix C).
fn read<N: Nodes>(nodes: &N, size: u64, indices: &[u64]) -> Result<Vec<Hash>, N::Error> {
    let hash = |index: &u64| {
        let level = index.trailing_ones();
        range_hash(nodes, level, index >> (level + 1), size)
    };
    indices.iter().map(hash).collect()
}

/// Whether the tree of `size` with this root has `row` at `number` (RFC 9162, section 2.1.3.2).
///
/// # Errors
/// [`TreeError`].
pub fn verify_inclusion(root: &Hash, size: u64, number: u64, row: &[u8], proof: &[Hash]) -> Result<(), TreeError> {
    if size > LARGEST {
        return Err(TreeError::Size);
    }
    let proof = InclusionProof::<Sha256>::from_bytes(proof.concat());
    let tree = RootHash::<Sha256>::new((*root).into(), size);
    tree.verify_inclusion(&row, number, &proof).map_err(|_| TreeError::NotIncluded)
}

/// Whether the tree of `size` begins with that of `earlier` (RFC 9162, section 2.1.4.2).
///
/// # Errors
/// [`TreeError`].
pub fn verify_consistency(earlier: (u64, &Hash), later: (u64, &Hash), proof: &[Hash]) -> Result<(), TreeError> {
    if earlier.0 > later.0 || later.0 > LARGEST {
        return Err(TreeError::Size);
    }
    if earlier.0 == 0 {
        let holds = *earlier.1 == empty_hash() && proof.is_empty();
        return if holds { Ok(()) } else { Err(TreeError::NotConsistent) };
    }
    let proof = ConsistencyProof::try_from_bytes(proof.concat()).map_err(|_| TreeError::NotConsistent)?;
    let [earlier, later] = [earlier, later].map(|(size, root)| RootHash::<Sha256>::new((*root).into(), size));
    later.verify_consistency(&earlier, &proof).map_err(|_| TreeError::NotConsistent)
}

#[cfg(test)]
mod tests {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::prelude::*;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
    }

    /// The leaves and the roots of the test vectors of Certificate Transparency's own implementations
    /// (google/certificate-transparency, `merkle_tree_test`), whose tree is that of RFC 9162.
    #[test]
    fn the_roots_are_those_of_certificate_transparency() {
        let leaves =
            ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut frontier = Frontier::default();
        assert_eq!(frontier.root().to_vec(), hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
        for (leaf, root) in leaves.iter().zip(roots) {
            frontier.push(leaf_hash(&hex(leaf)), |_, _, _| {});
            assert_eq!(frontier.root().to_vec(), hex(root));
        }
    }

    fn rows(count: u64) -> Vec<Vec<u8>> {
        (0..count).map(|number| number.to_be_bytes().to_vec()).collect()
    }

    proptest! {
        #[test]
        fn the_tree_is_that_of_the_crate_which_verifies(count in 0u64..70) {
            let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
            rows(count).into_iter().for_each(|row| theirs.push(row));
            let nodes = MemoryNodes::of(rows(count).iter().map(|row| leaf_hash(row)));
            prop_assert_eq!(nodes.size(), count);
            let ours = root(&nodes, count).unwrap();
            if count > 0 {
                let other = theirs.root();
                prop_assert_eq!(&ours[..], &other.as_bytes()[..]);
            }
            for number in 0..count {
                let proof = inclusion_proof(&nodes, count, number).unwrap().unwrap();
                let other = theirs.prove_inclusion(number as usize);
                prop_assert_eq!(proof.concat(), other.as_bytes());
            }
            for earlier in 1..=count {
                let proof = consistency_proof(&nodes, earlier, count).unwrap().unwrap();
                let other = theirs.prove_consistency((count - earlier) as usize);
                prop_assert_eq!(proof.concat(), other.as_bytes());
            }
        }

        #[test]
        fn every_row_is_proven_in_every_tree_and_no_other_row_is(count in 1u64..200, number in 0u64..200, bit in 0usize..64) {
            let number = number % count;
            let rows = rows(count);
            let nodes = MemoryNodes::of(rows.iter().map(|row| leaf_hash(row)));
            let root = root(&nodes, count).unwrap();
            let proof = inclusion_proof(&nodes, count, number).unwrap().unwrap();
            let mut row = rows[number as usize].clone();
            prop_assert_eq!(verify_inclusion(&root, count, number, &row, &proof), Ok(()));
            prop_assert!(verify_inclusion(&root, count, (number + 1) % (count + 1), &row, &proof).is_err());
            row[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(verify_inclusion(&root, count, number, &row, &proof).is_err());
        }

        #[test]
        fn a_tree_begins_with_every_earlier_one_and_with_no_other(earlier in 0u64..100, more in 0u64..100, other in 0u64..100) {
            let size = earlier + more;
            let leaves: Vec<Hash> = rows(size).iter().map(|row| leaf_hash(row)).collect();
            let nodes = MemoryNodes::of(leaves.iter().copied());
            let (before, now) = (root(&nodes, earlier).unwrap(), root(&nodes, size).unwrap());
            let proof = consistency_proof(&nodes, earlier, size).unwrap().unwrap();
            prop_assert_eq!(verify_consistency((earlier, &before), (size, &now), &proof), Ok(()));
            prop_assert_eq!(verify_consistency((size + 1, &now), (size, &now), &proof), Err(TreeError::Size));
            if earlier > 0 {
                let mut forged = leaves;
                forged[(other % earlier) as usize] = [0; 32];
                let nodes = MemoryNodes::of(forged);
                let now = root(&nodes, size).unwrap();
                let proof = consistency_proof(&nodes, earlier, size).unwrap().unwrap();
                prop_assert!(verify_consistency((earlier, &before), (size, &now), &proof).is_err());
            }
        }

        #[test]
        fn the_frontier_is_found_again_in_what_is_stored(count in 0u64..300) {
            let mut nodes = MemoryNodes::default();
            let mut frontier = Frontier::default();
            for row in rows(count) {
                frontier.push(leaf_hash(&row), |level, at, hash| nodes.put(level, at, hash));
            }
            prop_assert_eq!(Frontier::load(&nodes, count).unwrap(), frontier);
        }

        #[test]
        fn whatever_is_claimed_nothing_panics(sizes in any::<[u64; 3]>(), proof in prop::collection::vec(any::<Hash>(), 0..70)) {
            let [earlier, later, number] = sizes;
            verify_consistency((earlier, &[1; 32]), (later, &[2; 32]), &proof).ok();
            verify_inclusion(&[1; 32], later, number, b"row", &proof).ok();
        }
    }
}
