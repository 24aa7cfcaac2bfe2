//! How a workspace is known that was imported as a root and belongs below another: the tenant imports only
//! roots, and whoever moves them may be killed in between. Until it is moved it stands at a place of the canvas
//! that only this parent and this name have, far from anything; whoever comes next knows it by that, from
//! wherever they come.

use super::template::Spot;
use crate::digest;
use crate::tools::ids::WorkspaceId;

/// Whole numbers that single precision keeps.
const NEAREST: f64 = -8_388_608.0;
const FARTHEST: f64 = -16_777_216.0;

pub fn of(parent: &WorkspaceId, name: &str) -> Spot {
    let digest = digest::sha256(format!("{parent}\n{name}"));
    let number = |from: usize| {
        let digits = digest.get(from..from + 6).unwrap_or_default();
        let number = u32::from_str_radix(digits, 16).unwrap_or_default();
        -f64::from(number | 0x0080_0000)
    };
    Spot { x: number(0), y: number(6) }
}

/// Whether anything stands there but what waits to be moved.
pub fn is_one(place: Spot) -> bool {
    [place.x, place.y].into_iter().all(|number| (FARTHEST..=NEAREST).contains(&number) && number.fract() == 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_whose_it_is() {
        let ids = ["613fac6b-7c79-44fa-a26f-75c6ee7e1ffc", "de300000-0000-4000-8000-000000000001"];
        let [one, other] = ids.map(|id| WorkspaceId::try_from(id.to_owned()).unwrap());
        let marks = [of(&one, "A"), of(&one, "B"), of(&other, "A")];
        assert!(marks.iter().all(|mark| is_one(*mark) && f64::from(mark.x as f32) == mark.x));
        assert!(marks[0] != marks[1] && marks[0] != marks[2] && marks[0] == of(&one, "A"));
        assert!(!is_one(Spot { x: 0.0, y: 0.0 }) && !is_one(Spot { x: -9_000_000.0, y: 10.0 }));
    }
}
