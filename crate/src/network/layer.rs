//! One layer of a network: what it is, its shapes and what follows from them by arithmetic.

use super::{INPUT_CHANNELS, Memory, Network, NetworkError, Op, Shape, Window, limits};

/// What a layer computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The picture itself.
    Input,
    /// Convolution, bias, ReLU.
    Conv(Window),
    /// Local response normalisation.
    Lrn,
    MaxPool(Window),
    /// Fully connected, which is a convolution by a window that covers the native input; ReLU but for the last.
    Fc {
        window: Window,
        relu: bool,
    },
}

/// What one cell sees of the input: cell `i` sees pixels `offset + i*jump .. offset + i*jump + size`
/// of an axis, before clipping to the picture (Araujo, Norris & Sim, Distill 2019).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Receptive field, in input pixels.
    pub size: usize,
    /// Distance between the fields of neighbouring cells, the total stride.
    pub jump: usize,
    /// First pixel of the field of cell 0: zero or, by padding, negative.
    pub offset: i32,
}

impl Field {
    /// The field of one pixel.
    const PIXEL: Field = Field { size: 1, jump: 1, offset: 0 };

    /// The field after a window over cells that have this field.
    fn through(self, window: Window) -> Field {
        Field {
            size: self.size + (window.kernel - 1) * self.jump,
            jump: self.jump * window.stride,
            offset: self.offset - (window.pad * self.jump) as i32,
        }
    }

    /// Half-open range of pixels that cell `index` sees, not clipped.
    pub fn of(&self, index: usize) -> std::ops::Range<i32> {
        let start = self.offset + (index * self.jump) as i32;
        start..start + self.size as i32
    }
}

/// A layer in place: its name, kind, shapes and field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// `input`, `conv3_2`, `lrn1`, `pool5`, `fc6`; AlexNet's are `conv1` ... `conv5`.
    pub name: String,
    /// 0 the input, 1 to 5 the modules, 6 the fully connected ones.
    pub module: usize,
    pub kind: Kind,
    pub input: Shape,
    pub output: Shape,
    pub field: Field,
}

impl Layer {
    /// Whether the layer has weights.
    pub fn weighted(&self) -> bool {
        matches!(self.kind, Kind::Conv(_) | Kind::Fc { .. })
    }

    /// Whether the layer's output has an activation scale of its own: all that compute new values, but not the
    /// last, whose outputs are real.
    pub fn rescales(&self) -> bool {
        matches!(self.kind, Kind::Conv(_) | Kind::Lrn | Kind::Fc { relu: true, .. })
    }

    /// The sliding window, where there is one.
    pub fn window(&self) -> Option<Window> {
        match self.kind {
            Kind::Conv(window) | Kind::MaxPool(window) | Kind::Fc { window, .. } => Some(window),
            Kind::Input | Kind::Lrn => None,
        }
    }

    /// Inputs of one output of a weighted layer, `C·k·k`; else 0.
    pub fn fan_in(&self) -> usize {
        match self.kind {
            Kind::Conv(window) | Kind::Fc { window, .. } => self.input.channels * window.kernel * window.kernel,
            _ => 0,
        }
    }

    /// Output values for one picture.
    pub fn values(&self) -> u64 {
        // A layer that is refused may have more than a 32-bit `usize` can count.
        self.output.channels as u64 * self.output.cells() as u64
    }

    /// Weights and biases.
    pub fn parameters(&self) -> u64 {
        if self.weighted() { (self.fan_in() as u64 + 1) * self.output.channels as u64 } else { 0 }
    }

    /// Multiply-adds for one picture, padding counted as the paper does.
    pub fn macs(&self) -> u64 {
        self.fan_in() as u64 * self.values()
    }
}

/// Channels of a layer at a width; never none.
fn scaled(channels: usize, width: f64) -> usize {
    ((channels as f64 * width).round() as usize).max(1)
}

fn check<T: PartialOrd + std::fmt::Display>(
    what: impl std::fmt::Display,
    found: T,
    range: std::ops::RangeInclusive<T>,
) -> Result<(), NetworkError> {
    if range.contains(&found) {
        return Ok(());
    }
    Err(NetworkError::OutOfRange {
        what: what.to_string(),
        expected: format!("{} to {}", range.start(), range.end()),
        found: found.to_string(),
    })
}

/// Whether a row's own modules are such that the engine can run them.
fn check_modules(modules: &[&[Op]]) -> Result<(), NetworkError> {
    check("the number of modules", modules.len(), limits::MODULES)?;
    let ops = || modules.iter().copied().flatten();
    check("the number of layers before fc6", ops().count(), limits::LAYERS)?;
    if !matches!(ops().next(), Some(Op::Conv { .. })) {
        return Err(NetworkError::First);
    }
    for op in ops() {
        let (Op::Conv { kernel, stride, .. } | Op::Pool { kernel, stride }) = *op else { continue };
        check("a kernel", kernel, limits::KERNEL)?;
        check("a stride", stride, limits::STRIDE)?;
        if let Op::Conv { channels, pad, .. } = *op {
            check("the channels of a convolution", channels, limits::CHANNELS)?;
            check("the padding of a convolution", pad, 0..=kernel - 1)?;
        }
    }
    Ok(())
}

/// See [`Network::layers_at`].
pub(super) fn build(network: &Network, size: usize) -> Result<Vec<Layer>, NetworkError> {
    let modules = network.modules()?;
    check_modules(&modules)?;
    check("width", network.width, 0.01..=4.0)?;
    check("input_size", network.input_size, limits::INPUT_SIZE)?;
    check("the size to run at", size, limits::INPUT_SIZE)?;
    check("fc", network.fc, limits::FC)?;
    check("classes", network.classes, limits::CLASSES)?;

    let shape = |size| Shape { channels: INPUT_CHANNELS, height: size, width: size };
    let mut stack = Stack { layers: Vec::new(), size, scale: network.width };
    stack.layers.push(Layer {
        name: "input".to_owned(),
        module: 0,
        kind: Kind::Input,
        input: shape(size),
        output: shape(size),
        field: Field::PIXEL,
    });
    // AlexNet's way of naming: a module with one convolution each has no second number.
    let convs = |module: &[Op]| module.iter().filter(|op| matches!(op, Op::Conv { .. })).count();
    let flat = !modules.iter().any(|module| convs(module) > 1);
    for (module, ops) in (1..).zip(&modules) {
        let mut conv = 0;
        for op in *ops {
            match *op {
                Op::Conv { kernel, channels, stride, pad } => {
                    conv += 1;
                    let name = if flat { format!("conv{module}") } else { format!("conv{module}_{conv}") };
                    let channels = scaled(channels, stack.scale);
                    stack.push(name, module, Kind::Conv(Window { kernel, stride, pad }), channels)?;
                }
                Op::Lrn => {
                    let channels = stack.top().channels;
                    stack.push(stack.free_name("lrn", module), module, Kind::Lrn, channels)?;
                }
                Op::Pool { kernel, stride } => {
                    let channels = stack.top().channels;
                    let window = Window { kernel, stride, pad: 0 };
                    stack.push(stack.free_name("pool", module), module, Kind::MaxPool(window), channels)?;
                }
            }
        }
    }
    let fc_module = modules.len() + 1;
    // At the native size fc6 covers what is left of the picture: that fixes its kernel at every size.
    let covered = if size == network.input_size {
        stack.top().height
    } else {
        build(network, network.input_size)?
            .iter()
            .rfind(|layer| layer.module < fc_module)
            .map_or(1, |l| l.output.height)
    };
    for (index, (kernel, channels)) in
        [(covered, network.fc), (1, network.fc), (1, network.classes)].into_iter().enumerate()
    {
        let window = Window { kernel, stride: 1, pad: 0 };
        stack.push(format!("fc{}", index + 6), fc_module, Kind::Fc { window, relu: index < 2 }, channels)?;
    }
    let totals = super::Totals::of(&stack.layers);
    if totals.parameters > limits::PARAMETERS {
        return Err(NetworkError::Parameters { expected: limits::PARAMETERS, found: totals.parameters });
    }
    if totals.values > limits::VALUES {
        return Err(NetworkError::Values { expected: limits::VALUES, found: totals.values });
    }
    let found = Memory::of(&stack.layers, limits::THREADS).total();
    if found > limits::MEMORY {
        return Err(NetworkError::Memory { size, expected: limits::MEMORY, found });
    }
    Ok(stack.layers)
}

/// Layers under construction.
struct Stack {
    layers: Vec<Layer>,
    size: usize,
    scale: f64,
}

impl Stack {
    fn last(&self) -> &Layer {
        self.layers.last().expect("the input is always there")
    }

    /// `pool3`, and `pool3_2` for a second one in the same module.
    fn free_name(&self, what: &str, module: usize) -> String {
        let base = format!("{what}{module}");
        let same = self.layers.iter().filter(|layer| layer.module == module && layer.name.starts_with(&base)).count();
        if same == 0 { base } else { format!("{base}_{}", same + 1) }
    }

    fn top(&self) -> Shape {
        self.last().output
    }

    fn push(&mut self, name: String, module: usize, kind: Kind, channels: usize) -> Result<(), NetworkError> {
        let input = self.top();
        let mut layer =
            Layer { module, kind, input, output: Shape { channels, ..input }, field: self.last().field, name };
        if !matches!(kind, Kind::Fc { .. }) {
            check(format!("channels of {}", layer.name), channels, limits::CHANNELS)?;
        }
        if let Some(window) = layer.window() {
            let fits = || Some((window.output(input.height)?, window.output(input.width)?));
            let Some((height, width)) = fits() else {
                return Err(NetworkError::TooSmall {
                    input_size: self.size,
                    index: self.layers.len(),
                    layer: layer.name,
                    height: input.height,
                    width: input.width,
                    kernel: window.kernel,
                });
            };
            layer.output = Shape { channels, height, width };
            layer.field = layer.field.through(window);
            // Where a map has one cell left a stride may follow the other without end.
            check(format!("the total stride of {}", layer.name), layer.field.jump, limits::JUMP)?;
        }
        let found = layer.fan_in();
        if found > limits::FAN_IN {
            let (index, layer) = (self.layers.len(), layer.name);
            return Err(NetworkError::FanIn { index, layer, input, expected: limits::FAN_IN, found });
        }
        self.layers.push(layer);
        Ok(())
    }
}
