//! Whether a message can hold a secret at all, by looking at few of its bytes: of every form that is looked for, all
//! pieces of eight bytes in its beginning are known, so a message need only be tried at places so far apart that one
//! of them falls into that beginning. Almost every message is let through here.

use secrecy::zeroize::Zeroizing;

const PIECE: usize = 8;
const BITS: usize = 1 << 16;

pub(super) struct Gate {
    /// From one place that is tried to the next.
    step: usize,
    /// In order.
    pieces: Zeroizing<Vec<u64>>,
    /// Which pieces there may be, by a short hash: asked first.
    marks: Zeroizing<Vec<u64>>,
}

impl Gate {
    /// None where there is nothing to look for. No form is shorter than a piece.
    pub(super) fn over<'a>(forms: impl Iterator<Item = &'a [u8]> + Clone) -> Option<Self> {
        let beginning = forms.clone().map(<[u8]>::len).min()?;
        let beginnings = forms.filter_map(|form| form.get(..beginning));
        let mut pieces: Vec<u64> = beginnings.flat_map(|form| form.windows(PIECE)).filter_map(number).collect();
        pieces.sort_unstable();
        pieces.dedup();
        let mut marks = vec![0_u64; BITS / 64];
        for piece in &pieces {
            let (word, bit) = place(*piece);
            if let Some(word) = marks.get_mut(word) {
                *word |= bit;
            }
        }
        let step = (beginning + 1).saturating_sub(PIECE).max(1);
        Some(Self { step, pieces: pieces.into(), marks: marks.into() })
    }

    pub(super) fn may_hold_one(&self, bytes: &[u8]) -> bool {
        bytes.windows(PIECE).step_by(self.step).filter_map(number).any(|piece| {
            let (word, bit) = place(piece);
            self.marks.get(word).is_some_and(|word| word & bit != 0) && self.pieces.binary_search(&piece).is_ok()
        })
    }
}

fn number(piece: &[u8]) -> Option<u64> {
    piece.try_into().ok().map(u64::from_le_bytes)
}

fn place(piece: u64) -> (usize, u64) {
    let hash = (piece.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize;
    (hash / 64, 1 << (hash % 64))
}
