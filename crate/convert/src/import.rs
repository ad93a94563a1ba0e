//! From a file to the numbers of a network, as the bytes come.
//!
//! [`Opening`] reads a head; [`Import`] reads the weights and gives rows to a [`Sink`]. Both ask for ranges of bytes and are
//! given them: they read nothing themselves, so that they go with a file, a `Blob`, a server that knows ranges, and one that does
//! not. Nothing of the size of a tensor is ever held, but the rows of a convolution whose batch norm is yet to come.

use std::collections::VecDeque;
use std::ops::Range;

use vgglass::network::{INPUT_CHANNELS, Layer};

use crate::catalogue::Catalogue;
use crate::error::Error;
use crate::gather::Gather;
use crate::parts::{Parts, Stop};
use crate::plan::{Hints, Named, Plan};
use crate::sniff;

/// Bytes that are asked for at once.
const PIECE: u64 = 1 << 20;
/// Values of rows that are gathered at once: where rows lie one behind the other, and where they do not.
const SOME: usize = 1 << 18;
const MANY: usize = 6 << 20;
/// Batch norm's epsilon, PyTorch's default.
const BATCH_NORM_EPSILON: f64 = 1e-5;

/// The head of a file of `length` bytes.
pub struct Opening {
    parts: Parts,
    wanted: VecDeque<Range<u64>>,
}

/// What comes next.
pub enum Step {
    /// These bytes of the file are needed.
    Read(Range<u64>),
    Done(Catalogue),
}

impl Opening {
    pub fn new(length: u64) -> Self {
        Opening { parts: Parts::new(length), wanted: VecDeque::new() }
    }

    /// Asks for bytes, which are to be [given](Opening::give), until it is done.
    pub fn step(&mut self) -> Result<Step, Error> {
        if let Some(range) = self.wanted.front() {
            return Ok(Step::Read(range.clone()));
        }
        match sniff::open(&self.parts) {
            Ok(catalogue) => Ok(Step::Done(catalogue)),
            Err(Stop::Error(error)) => Err(error),
            Err(Stop::Want(ranges)) => {
                self.wanted = ranges.into();
                let first = self.wanted.front().expect("a reader that wants something says what");
                Ok(Step::Read(first.clone()))
            }
        }
    }

    /// The bytes that were asked for last.
    pub fn give(&mut self, bytes: Vec<u8>) -> Result<(), Error> {
        let Some(range) = self.wanted.pop_front() else { return Ok(()) };
        if (bytes.len() as u64) < range.end - range.start {
            return Err(Error::Truncated { expected: range.end, found: range.start + bytes.len() as u64 });
        }
        self.parts.add(range.start, bytes);
        Ok(())
    }
}

/// Takes a network's rows.
pub trait Sink {
    /// Weights of one output channel, batch norm folded, `[C_in, k, k]`; rows of a layer come in order, layers do not.
    fn row(&mut self, layer: usize, row: usize, weights: &[f32]);
    /// Biases of a layer, batch norm folded, once for each.
    fn biases(&mut self, layer: usize, biases: Vec<f32>);
}

/// What of a layer a tensor is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Weight,
    Bias,
    /// Gamma, beta, mean, variance.
    Norm(usize),
}

/// A tensor to be read.
struct Job {
    /// Which of the weighted layers.
    layer: usize,
    part: Part,
    named: Named,
}

/// What is known of a layer.
struct Known {
    bias: Option<Vec<f32>>,
    norm: [Option<Vec<f32>>; 4],
    has_norm: bool,
    /// Rows that wait for the norm.
    waiting: Vec<f32>,
    /// Rows given to the sink.
    given: usize,
    fan_in: usize,
    outputs: usize,
}

impl Known {
    /// Each channel's factor; `None` until the norm is known.
    fn factors(&self) -> Option<Vec<f64>> {
        if !self.has_norm {
            return Some(Vec::new());
        }
        let [Some(gamma), _, _, Some(variance)] = &self.norm else { return None };
        let factor =
            |(gamma, variance): (&f32, &f32)| f64::from(*gamma) / (f64::from(*variance) + BATCH_NORM_EPSILON).sqrt();
        Some(gamma.iter().zip(variance).map(factor).collect())
    }
}

/// Reads a network's weights.
pub struct Import {
    /// In the order of the file.
    jobs: VecDeque<Job>,
    known: Vec<Known>,
    bgr: bool,
    /// The rows that are being gathered, of the first job.
    gather: Option<(Range<usize>, Gather)>,
    /// First row of the first job that is not gathered.
    row: usize,
    /// Bytes of elements that were gathered, and of all.
    read: u64,
    total: u64,
}

impl Import {
    pub fn new(plan: &Plan) -> Self {
        let weighted: Vec<&Layer> = plan.layers.iter().filter(|layer| layer.weighted()).collect();
        let mut jobs = Vec::new();
        let mut known = Vec::new();
        for (layer, (source, of)) in plan.sources.iter().zip(&weighted).enumerate() {
            let mut add = |part, named: &Named| jobs.push(Job { layer, part, named: named.clone() });
            add(Part::Weight, &source.weight);
            source.bias.iter().for_each(|named| add(Part::Bias, named));
            source.norm.iter().flatten().enumerate().for_each(|(i, named)| add(Part::Norm(i), named));
            known.push(Known {
                bias: source.bias.is_none().then(|| vec![0.0; of.output.channels]),
                norm: [None, None, None, None],
                has_norm: source.norm.is_some(),
                waiting: Vec::new(),
                given: 0,
                fan_in: of.fan_in(),
                outputs: of.output.channels,
            });
        }
        jobs.sort_by_key(|job| job.named.tensor.offset);
        let bytes = |Job { named: Named { tensor, .. }, .. }: &Job| tensor.count().unwrap_or(0) * tensor.size();
        let total = jobs.iter().map(bytes).sum();
        Import { jobs: jobs.into(), known, bgr: plan.bgr, gather: None, row: 0, read: 0, total }
    }

    /// Bytes of weights that have come, of how many. Of those that lie transposed each may be read more than once.
    pub fn progress(&self) -> (u64, u64) {
        (self.read, self.total)
    }

    /// Bytes that are needed next: as many of them as one likes, but at least an element, are to be [given](Import::give). `None`
    /// when all is read. Where the tensors lie one behind the other, as in all files but transposed ones, ranges only ascend.
    pub fn wanted(&mut self) -> Result<Option<Range<u64>>, Error> {
        let Some(job) = self.jobs.front() else { return Ok(None) };
        if self.gather.is_none() {
            let tensor = &job.named.tensor;
            let rows = Gather::rows_at_once(tensor, SOME, MANY);
            let rows = self.row..(self.row + rows).min(tensor.shape[0]);
            self.gather = Some((rows.clone(), Gather::new(&job.named.name, tensor, rows)?));
        }
        let (_, gather) = self.gather.as_ref().expect("just made");
        let range = gather.wanted();
        Ok(Some(range.start..range.end.min(range.start + PIECE)))
    }

    /// The bytes at `offset`, which is where those begin that are wanted. Says how many of them are done with; what is left of
    /// them is wanted again.
    pub fn give(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Result<usize, Error> {
        let Some(offset) = self.wanted()?.map(|range| range.start) else { return Ok(0) };
        let Some((rows, gather)) = &mut self.gather else { return Ok(0) };
        gather.take(offset, bytes);
        if !gather.is_done() {
            return Ok((gather.wanted().start - offset).min(bytes.len() as u64) as usize);
        }
        let used = (gather.end() - offset).min(bytes.len() as u64) as usize;
        let (rows, values) = (rows.clone(), std::mem::take(&mut gather.values));
        self.gather = None;
        self.done(rows, values, sink)?;
        Ok(used)
    }

    /// Rows of the first job have come.
    fn done(&mut self, rows: Range<usize>, values: Vec<f32>, sink: &mut impl Sink) -> Result<(), Error> {
        let Job { layer, part, named } = self.jobs.front().expect("it was gathered for");
        let row = values.len() / rows.len().max(1);
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            let index = (rows.start * row + index) as u64;
            return Err(Error::NotFinite { tensor: named.name.clone(), index });
        }
        self.read += values.len() as u64 * named.tensor.size();
        let (layer, part) = (*layer, *part);
        let known = &mut self.known[layer];
        match part {
            Part::Bias => known.bias = Some(values),
            Part::Norm(i) => {
                const VARIANCE: usize = 3;
                let below = values.iter().position(|&value| i == VARIANCE && value < 0.0);
                if let Some(index) = below {
                    return Err(Error::Variance { tensor: named.name.clone(), index, found: values[index] });
                }
                known.norm[i] = Some(values);
            }
            Part::Weight if known.waiting.is_empty() => known.waiting = values,
            Part::Weight => known.waiting.extend(values),
        }
        if rows.end == named.tensor.shape[0] {
            self.jobs.pop_front();
            self.row = 0;
        } else {
            self.row = rows.end;
        }
        self.give_rows(layer, sink);
        Ok(())
    }

    /// Gives the sink what is ready of a layer.
    fn give_rows(&mut self, layer: usize, sink: &mut impl Sink) {
        let known = &mut self.known[layer];
        let Some(factors) = known.factors() else { return };
        let mut waiting = std::mem::take(&mut known.waiting);
        for weights in waiting.chunks_exact_mut(known.fan_in) {
            if let Some(&factor) = factors.get(known.given) {
                weights.iter_mut().for_each(|w| *w = (f64::from(*w) * factor) as f32);
            }
            if self.bgr && layer == 0 {
                let (blue, rest) = weights.split_at_mut(known.fan_in / INPUT_CHANNELS);
                let red = rest.len() - blue.len();
                blue.swap_with_slice(&mut rest[red..]);
            }
            sink.row(layer, known.given, weights);
            known.given += 1;
        }
        if known.given < known.outputs {
            return;
        }
        let Some(mut biases) = known.bias.clone() else { return };
        if known.has_norm {
            let [_, Some(beta), Some(mean), _] = &known.norm else { return };
            for (c, bias) in biases.iter_mut().enumerate() {
                *bias = (f64::from(beta[c]) + (f64::from(*bias) - f64::from(mean[c])) * factors[c]) as f32;
            }
        }
        known.bias = None;
        sink.biases(layer, biases);
    }
}

/// Reads with `read`, which gives the bytes of a range or fewer, where the file ends.
pub fn open(length: u64, mut read: impl FnMut(Range<u64>) -> Result<Vec<u8>, Error>) -> Result<Catalogue, Error> {
    let mut opening = Opening::new(length);
    loop {
        match opening.step()? {
            Step::Done(catalogue) => return Ok(catalogue),
            Step::Read(range) => opening.give(read(range)?)?,
        }
    }
}

/// Reads all weights with `read` and gives them to `sink`.
pub fn import(
    plan: &Plan,
    mut read: impl FnMut(Range<u64>) -> Result<Vec<u8>, Error>,
    sink: &mut impl Sink,
) -> Result<(), Error> {
    let mut import = Import::new(plan);
    while let Some(range) = import.wanted()? {
        let bytes = read(range.clone())?;
        if (bytes.len() as u64) < range.end - range.start {
            return Err(Error::Truncated { expected: range.end, found: range.start + bytes.len() as u64 });
        }
        import.give(&bytes, sink)?;
    }
    Ok(())
}

/// What is known of a file from its head.
pub fn plan(
    length: u64,
    hints: &Hints,
    read: impl FnMut(Range<u64>) -> Result<Vec<u8>, Error>,
) -> Result<(Catalogue, Plan), Error> {
    let catalogue = open(length, read)?;
    let plan = Plan::new(&catalogue, hints)?;
    Ok((catalogue, plan))
}

/// Reads out of bytes that are all there.
pub fn of_slice(bytes: &[u8]) -> impl FnMut(Range<u64>) -> Result<Vec<u8>, Error> {
    |range| {
        let known = bytes.get(range.start as usize..range.end as usize);
        known.map(<[u8]>::to_vec).ok_or(Error::Truncated { expected: range.end, found: bytes.len() as u64 })
    }
}

/// A file and its length.
#[cfg(not(target_arch = "wasm32"))]
pub fn open_file(path: &std::path::Path) -> Result<(std::fs::File, u64), Error> {
    let open = || {
        let file = std::fs::File::open(path)?;
        let length = file.metadata()?.len();
        Ok((file, length))
    };
    open().map_err(|error: std::io::Error| Error::Read { message: error.to_string() })
}

/// Reads out of a file.
#[cfg(not(target_arch = "wasm32"))]
pub fn of_file(file: &mut std::fs::File) -> impl FnMut(Range<u64>) -> Result<Vec<u8>, Error> {
    use std::io::{Read, Seek, SeekFrom};
    |range| {
        let failed = |error: std::io::Error| Error::Read { message: error.to_string() };
        file.seek(SeekFrom::Start(range.start)).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(range.end - range.start).read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }
}
