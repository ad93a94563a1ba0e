//! Published weights to the model files of vgglass. The engine knows nothing of this: only whoever imports weights needs it.
//!
//! [`Opening`] reads the head of a file, of whatever format, and gives a [`Catalogue`]: names, types, shapes, and where in the
//! file elements lie. [`Plan`] says which network that is, or what does not fit. [`Import`] reads the weights and gives them row
//! by row to a [`Sink`]; [`stream::Quantiser`] makes int8 of them, and [`layout::Layout`] knows where in the model file they belong,
//! so that no more than what is at work has to be in memory. [`calibrate::Calibrator`] finds what is missing then. All of them do
//! without files, threads and clocks: they say which bytes they want and are given them, by a native program out of a file
//! ([`import::of_file`]), by a page out of slices of a `Blob`, out of ranges of a server's file, or out of one stream, of which what
//! the head took is kept. A safetensors file is read from its first byte to its last; a zip archive and PyTorch's older files want
//! their ends or their middle first.
//!
//! Files come from anybody: whatever the bytes are, there is an [`Error`] or a network, and what is allocated is bounded by what
//! was read.

#![deny(unsafe_code)]

pub mod calibrate;
pub mod catalogue;
pub mod classes;
mod error;
pub mod float;
mod gather;
mod hdf5;
pub mod import;
mod keras;
pub mod layout;
mod parts;
mod pickle;
pub mod plan;
pub mod quantise;
mod safetensors;
mod sniff;
pub mod stream;
mod torch;
mod zip;

pub use catalogue::{Catalogue, Tensor};
pub use error::Error;
pub use import::{Import, Opening, Sink, Step};
pub use plan::{Hints, Naming, Plan};
