//! 3×3 convolution of stride 1 by Winograd's minimal filtering (Lavin & Gray, CVPR 2016), in exact integers.
//!
//! ```text
//! for every tile of OUT×OUT output cells:            U = G g Gᵀ       once, at load
//!     V = Bᵀ d B       for every input channel       d: (OUT+2)×(OUT+2) inputs
//!     M = Σ_c U_c · V_c  at each of the (OUT+2)² positions, a matrix product over tiles
//!     Y = Aᵀ M A       for every output channel
//! ```
//! F(2×2) does 16 multiply-adds for 4 outputs (2.25 times fewer than the direct sum's 36), F(4×4) 36 for 16 (4 times).
//!
//! | file | what |
//! |---|---|
//! | `tile` | the two tile sizes: G, Bᵀ and Aᵀ, and why the result is exact |
//! | `weights` | U: packed once, or made whenever it is needed, and why |
//! | `transform` | V of a tile's inputs, Y of its sums |
//! | `run` | M, and all of it in batches of tiles, on threads |

mod run;
mod tile;
mod transform;
mod weights;

pub(super) use run::{bytes, run};
pub(super) use tile::{F2, F4, Tile};
pub(super) use weights::pack;
