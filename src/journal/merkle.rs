//! A Merkle tree over the entries' hashes, as RFC 6962 builds it. Only its frontier is kept, the roots
//! of the whole subtrees from the largest to the smallest: it grows entry by entry, and it survives
//! that the entries below it are pruned.

use super::chain::Hash;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    count: u64,
    roots: Vec<Hash>,
}

impl Frontier {
    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn add(&mut self, entry: &Hash) {
        let mut root = Hash::of(&[&[0], &entry.0]);
        // Each whole subtree of the same size to the left is taken in.
        for _ in 0..self.count.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                root = node(&left, &root);
            }
        }
        self.roots.push(root);
        self.count += 1;
    }

    /// The root of the whole tree.
    pub fn root(&self) -> Hash {
        let mut smaller = self.roots.iter().rev();
        let Some(last) = smaller.next() else { return Hash::of(&[]) };
        smaller.fold(*last, |right, left| node(left, &right))
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.roots.iter().flat_map(|root| root.0).collect()
    }

    /// None where there are more or fewer roots than a tree of so many entries has.
    pub fn from_bytes(count: u64, bytes: &[u8]) -> Option<Self> {
        let (roots, rest) = bytes.as_chunks::<32>();
        let fits = rest.is_empty() && roots.len() == count.count_ones() as usize;
        fits.then(|| Self { count, roots: roots.iter().copied().map(Hash).collect() })
    }
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Hash::of(&[&[1], &left.0, &right.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the RFC says it, from the whole list.
    fn root(entries: &[Hash]) -> Hash {
        match entries {
            [] => Hash::of(&[]),
            [one] => Hash::of(&[&[0], &one.0]),
            many => {
                let (left, right) = many.split_at(many.len().next_power_of_two() / 2);
                node(&root(left), &root(right))
            }
        }
    }

    #[test]
    fn the_frontier_has_the_trees_root_at_every_size() {
        let entries: Vec<Hash> = (0..70_u8).map(|n| Hash::of(&[&[n]])).collect();
        let mut frontier = Frontier::default();
        for n in 0..entries.len() {
            assert_eq!(frontier.root(), root(&entries[..n]), "{n}");
            assert_eq!(Frontier::from_bytes(frontier.count(), &frontier.bytes()), Some(frontier.clone()));
            frontier.add(&entries[n]);
        }
    }

    #[test]
    fn a_frontier_of_another_size_is_none() {
        assert_eq!(Frontier::from_bytes(3, &[0; 32]), None);
        assert_eq!(Frontier::from_bytes(1, &[0; 33]), None);
        assert_eq!(Frontier::from_bytes(u64::MAX, &[]), None);
    }
}
