//! One suite over all vectors: every kernel must equal its definition in every element. `native.rs` runs it for the
//! portable and the SSE2 vector, `web.rs` in a browser for simd128.

use ndarray::{Array3, Array4};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use vgglass::kernels::backend::Backend;
use vgglass::kernels::conv::{Algorithm, Conv, conv, relu_u7};
use vgglass::kernels::gradient::{
    ConvBackward, Gradient, conv_backward, linear as linear_gradient, linear_backward, lrn as lrn_gradient,
    lrn_backward, max_pool_backward, most_steps, pool, through_relu,
};
use vgglass::kernels::linear::{Linear, linear};
use vgglass::kernels::lrn::Lrn;
use vgglass::kernels::parallel::Team;
use vgglass::kernels::pool::{max_pool, run as run_pool};
use vgglass::kernels::requantise::{requantise, round_u7, round_u7_vector};
use vgglass::kernels::scratch::Scratch;
use vgglass::kernels::simd::Simd;
use vgglass::kernels::source::Source;
use vgglass::kernels::tensor::{Activations, GradientSteps, Picture};
use vgglass::model::untrained;
use vgglass::network::{Network, Options, Shape, TABLE, Window};
use vgglass::run::{Rule, Target, scalar};

const SAME3X3: Window = Window { kernel: 3, stride: 1, pad: 1 };

thread_local! {
    /// Threads that the kernels under test use.
    static TEAM: std::cell::Cell<Team> = const { std::cell::Cell::new(Team::ALONE) };
}

/// Runs tests with kernels on these threads.
#[cfg(not(target_arch = "wasm32"))]
pub fn on_team(team: Team, tests: impl FnOnce()) {
    TEAM.set(team);
    tests();
    TEAM.set(Team::ALONE);
}

fn scratch() -> Scratch {
    Scratch::new(TEAM.get())
}

/// Random numbers of a test, always the same.
pub struct Random(Xoshiro256PlusPlus);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(Xoshiro256PlusPlus::seed_from_u64(seed))
    }
    /// Uniform in `low..=high`.
    pub fn range(&mut self, low: i32, high: i32) -> i32 {
        low + ((u64::from(self.0.next_u32()) * (high - low + 1) as u64) >> 32) as i32
    }
    fn activations(&mut self, shape: (usize, usize, usize)) -> Array3<u8> {
        // Half of them zero, as after ReLU; the ends of the range are common.
        Array3::from_shape_simple_fn(shape, || self.range(-120, 140).clamp(0, 127) as u8)
    }
    fn weights(&mut self, shape: (usize, usize, usize, usize)) -> Array4<i8> {
        Array4::from_shape_simple_fn(shape, || self.range(-127, 127) as i8)
    }
    fn biases(&mut self, n: usize) -> Vec<i32> {
        (0..n).map(|_| self.range(-1_000_000, 1_000_000)).collect()
    }
    /// Multipliers that bring typical sums over `fan_in` inputs into the range of u7.
    fn multipliers(&mut self, n: usize, fan_in: usize) -> Vec<f32> {
        let typical = (fan_in as f32).sqrt() * 4000.0;
        (0..n).map(|_| self.range(50, 200) as f32 / typical).collect()
    }
}

fn shape_of(plain: &Array3<u8>) -> Shape {
    let (channels, height, width) = plain.dim();
    Shape { channels, height, width }
}

/// Runs one convolution by `algorithm` and compares accumulators and activations with the definition.
fn check_conv<S: Simd>(
    algorithm: Algorithm,
    input: &Array3<u8>,
    weight: &Array4<i8>,
    bias: &[i32],
    multiplier: &[f32],
    window: Window,
) {
    let (out_channels, in_channels, ..) = weight.dim();
    let flat = weight.as_slice().unwrap();
    assert!(algorithm.applies(window, flat, out_channels), "{algorithm:?} applies");
    let expected = conv(input.view(), weight.view(), bias, window);
    let (_, height, width) = expected.dim();
    let packed = Conv::new(algorithm, false, window, in_channels, flat, bias, multiplier);
    let source = Activations::from_plain(input.view(), window.pad);
    let mut scratch = scratch();
    let (acc, stride) = packed.accumulators::<S>(Source::Activations(&source), &mut scratch);
    for ((o, y, x), &expected) in expected.indexed_iter() {
        assert_eq!(
            acc[(y * width + x) * stride + o],
            expected,
            "{algorithm:?} {:?} {window:?} sum {o} {y} {x}",
            input.dim()
        );
    }
    let mut out = Activations::new(Shape { channels: out_channels, height, width }, 1);
    packed.run::<S>(Source::Activations(&source), &mut scratch, &mut out);
    assert_eq!(out.to_plain(), relu_u7(&expected, multiplier), "{algorithm:?} {:?} {window:?}", input.dim());
    assert_halo_is_zero(&out);
}

/// Kernels must leave the halo and the padded channels alone: the next layer reads them as zeros.
fn assert_halo_is_zero(out: &Activations) {
    let total: u64 = out.data().iter().map(|&q| u64::from(q)).sum();
    let inside: u64 = out.to_plain().iter().map(|&q| u64::from(q)).sum();
    assert_eq!(total, inside, "nothing but zeros around the map");
}

fn random_conv<S: Simd>(algorithm: Algorithm, (c, h, w): (usize, usize, usize), out_channels: usize, window: Window) {
    let mut random = Random::new((c * 7919 + h * 131 + w * 17 + out_channels) as u64);
    let input = random.activations((c, h, w));
    let weight = random.weights((out_channels, c, window.kernel, window.kernel));
    let bias = random.biases(out_channels);
    let multiplier = random.multipliers(out_channels, c * window.kernel * window.kernel);
    check_conv::<S>(algorithm, &input, &weight, &bias, &multiplier, window);
}

/// Channels, height, width, output channels: ones, primes, one less and one more than a block.
const ODD: [((usize, usize, usize), usize); 12] = [
    ((1, 1, 1), 1),
    ((1, 3, 2), 5),
    ((3, 5, 7), 16),
    ((4, 13, 11), 17),
    ((31, 4, 4), 15),
    ((32, 2, 9), 32),
    ((33, 7, 3), 33),
    ((64, 8, 8), 64),
    ((65, 6, 5), 65),
    ((16, 17, 19), 31),
    ((7, 1, 23), 67),
    ((96, 3, 3), 130),
];

pub fn direct_equals_definition<S: Simd>() {
    let windows = [
        SAME3X3,
        Window { kernel: 1, stride: 1, pad: 0 },
        Window { kernel: 2, stride: 1, pad: 0 },
        Window { kernel: 5, stride: 1, pad: 2 },
        Window { kernel: 3, stride: 2, pad: 1 },
        Window { kernel: 11, stride: 4, pad: 2 },
        Window { kernel: 4, stride: 3, pad: 0 },
    ];
    for (shape, out_channels) in ODD {
        for window in windows {
            if window.output(shape.1).is_some() && window.output(shape.2).is_some() {
                random_conv::<S>(Algorithm::Direct, shape, out_channels, window);
                random_conv::<S>(Algorithm::DirectI8, shape, out_channels, window);
            }
        }
    }
}

pub fn winograd_equals_definition<S: Simd>() {
    for (shape, out_channels) in ODD {
        for algorithm in [Algorithm::WinogradF2, Algorithm::WinogradF4] {
            random_conv::<S>(algorithm, shape, out_channels, SAME3X3);
        }
    }
    // So many channels that U is made piece by piece: a whole one and a short one of inputs, whole and short tiles of outputs.
    for algorithm in [Algorithm::WinogradF2, Algorithm::WinogradF4] {
        random_conv::<S>(algorithm, (150, 5, 6), 230, SAME3X3);
    }
    // Many batches of tiles, which threads take whole.
    random_conv::<S>(Algorithm::WinogradF4, (65, 84, 90), 17, SAME3X3);
}

/// All inputs 127, and weights that bring every direct sum to the bound's edge: just below it F(4×4) must be exact,
/// at it the algorithm must decline.
pub fn winograd_is_exact_up_to_its_bound<S: Simd>() {
    // 2^25 / 127 = 264208.2: the largest sum of weights of one sign that F(4×4) takes.
    const MOST: i64 = ((1 << 25) - 1) / 127;
    let channels = 240;
    let n = channels * 9;
    // Few outputs, for which U is kept, and so many that it is made.
    for (sign, outputs) in [(1, 2), (-1, 2), (1, 138), (-1, 138)] {
        let mut weight = Array4::from_elem((outputs, channels, 3, 3), 0_i8);
        for (i, w) in weight.iter_mut().enumerate() {
            // n weights whose magnitudes sum to MOST exactly: MOST / n, and one more in the first MOST % n.
            let magnitude = MOST / n as i64 + i64::from(((i % n) as i64) < MOST % n as i64);
            *w = (magnitude.min(127) * sign) as i8;
        }
        let flat = weight.as_slice().unwrap();
        let sum: i64 = flat[..n].iter().map(|&w| i64::from(w).abs()).sum();
        assert_eq!(sum, MOST, "the weights sum to the edge");
        let input = Array3::from_elem((channels, 3, 5), 127_u8);
        let bias: Vec<i32> = (0..outputs as i32).map(|o| -5 * o).collect();
        for algorithm in [Algorithm::WinogradF4, Algorithm::WinogradF2] {
            check_conv::<S>(algorithm, &input, &weight, &bias, &vec![1e-6; outputs], SAME3X3);
        }
        let beyond = flat.iter().position(|&w| w.abs() < 127).unwrap();
        weight.as_slice_mut().unwrap()[beyond] += sign as i8;
        assert!(
            !Algorithm::WinogradF4.applies(SAME3X3, weight.as_slice().unwrap(), outputs),
            "one more and it declines"
        );
        assert!(Algorithm::WinogradF2.applies(SAME3X3, weight.as_slice().unwrap(), outputs));
    }
}

/// The largest sums there are, in both signs and in patterns that stress the transforms.
pub fn convolutions_bear_extremes<S: Simd>() {
    let input = Array3::from_shape_fn((40, 6, 7), |(c, y, x)| if (c + y + x) % 2 == 0 { 127 } else { 0 });
    let patterns: [fn(usize) -> i8; 4] =
        [|_| 127, |_| -127, |i| if i % 2 == 0 { 127 } else { -127 }, |i| if i % 9 == 4 { 127 } else { -127 }];
    for pattern in patterns {
        let mut i = 0;
        let weight = Array4::from_shape_simple_fn((18, 40, 3, 3), || {
            i += 1;
            pattern(i)
        });
        let (bias, multiplier) = (vec![1 << 30; 18], vec![1e-7; 18]);
        for algorithm in Algorithm::ALL {
            check_conv::<S>(algorithm, &input, &weight, &bias, &multiplier, SAME3X3);
        }
    }
}

pub fn convolution_of_a_picture_equals_definition<S: Simd>() {
    let mut random = Random::new(5);
    for (window, size, out_channels) in [
        (SAME3X3, 9, 17),
        (SAME3X3, 1, 3),
        // More tiles than are kept at once, the last row and column cut.
        (SAME3X3, 30, 33),
        (Window { kernel: 11, stride: 4, pad: 2 }, 23, 20),
        (Window { kernel: 5, stride: 2, pad: 0 }, 12, 16),
    ] {
        // The ends of the range are common.
        let rgb: Vec<u8> = (0..size * size * 3).map(|_| random.range(-200, 455).clamp(0, 255) as u8).collect();
        let mut picture = Picture::new(size, size, window.pad);
        picture.fill(&rgb, [124, 0, 255]);
        let weight = random.weights((out_channels, 3, window.kernel, window.kernel));
        let bias = random.biases(out_channels);
        let multiplier = random.multipliers(out_channels, 27);
        let expected = conv(picture.to_plain().view(), weight.view(), &bias, window);
        let (_, height, width) = expected.dim();
        let flat = weight.as_slice().unwrap();
        for algorithm in Algorithm::ALL {
            if !algorithm.takes_pictures() || !algorithm.applies(window, flat, out_channels) {
                continue;
            }
            let packed = Conv::new(algorithm, true, window, 3, flat, &bias, &multiplier);
            let mut out = Activations::new(Shape { channels: out_channels, height, width }, 0);
            packed.run::<S>(Source::Picture(&picture), &mut scratch(), &mut out);
            assert_eq!(out.to_plain(), relu_u7(&expected, &multiplier), "{algorithm:?} {window:?} {size}");
            assert_halo_is_zero(&out);
        }
    }
}

/// Any f32 gradient, of sizes far apart; half of them zero.
fn random_gradient(random: &mut Random, (channels, height, width): (usize, usize, usize)) -> Gradient {
    let mut gradient = Gradient::default();
    gradient.reset(Shape { channels, height, width });
    for cell in 0..height * width {
        for value in gradient.cell_mut(cell) {
            *value = random.range(-1000, 1000).max(0) as f32 * (random.range(-20, 20) as f32 / 4.0).exp2();
        }
    }
    gradient
}

pub fn conv_backward_equals_definition<S: Simd>() {
    let mut random = Random::new(7);
    let windows = [
        SAME3X3,
        Window { kernel: 1, stride: 1, pad: 0 },
        Window { kernel: 2, stride: 1, pad: 1 },
        Window { kernel: 5, stride: 1, pad: 2 },
        Window { kernel: 3, stride: 2, pad: 1 },
        Window { kernel: 11, stride: 4, pad: 2 },
        Window { kernel: 2, stride: 3, pad: 0 },
    ];
    let shapes = ODD.into_iter().chain([((150, 5, 6), 230), ((3, 20, 23), 64)]);
    for ((channels, height, width), outputs) in shapes {
        for window in windows {
            let (Some(down), Some(across)) = (window.output(height), window.output(width)) else { continue };
            let weight = random.weights((outputs, channels, window.kernel, window.kernel));
            let mut gradient = random_gradient(&mut random, (outputs, down, across));
            let outputs_on = Activations::from_plain(random.activations((outputs, down, across)).view(), 0);
            let scale: Vec<f32> = (0..outputs).map(|o| 0.01 + o as f32 / 100.0).collect();
            let largest = through_relu(&mut gradient, &outputs_on, &scale, Rule::Gradient);
            let back = ConvBackward::new(window, channels, outputs, weight.as_slice().unwrap());
            let input = Shape { channels, height, width };
            let mut found = Gradient::default();
            let mut steps = GradientSteps::default();
            // What was there before is of another shape.
            steps.reset(Shape { channels: 40, height: 9, width: 9 }, 1);
            steps.block_mut(0, 3, 3).fill(77);
            back.run::<S>(&gradient, largest, input, &mut steps, &mut scratch(), &mut found);
            let most = f32::from(most_steps_of(&weight));
            let whole = gradient.to_plain().mapv(|g| (g * (most / largest)).round_ties_even() as i16);
            let sums = conv_backward(whole.view(), weight.view(), window, (height, width));
            let expected = sums.mapv(|sum| if largest > 0.0 { sum as f32 * (largest / most) } else { 0.0 });
            assert_eq!(found.to_plain(), expected, "{window:?} {input:?} {outputs}");
        }
    }
}

/// [`most_steps`] of a convolution's weights: those of one input meet.
fn most_steps_of(weight: &Array4<i8>) -> i16 {
    let inputs = weight.view().permuted_axes([1, 0, 2, 3]);
    let inputs: Vec<Vec<i8>> = inputs.outer_iter().map(|weights| weights.iter().copied().collect()).collect();
    most_steps(inputs.iter().map(Vec::as_slice))
}

/// As many steps as there may be, all of one sign, and weights at the end of their range.
pub fn conv_backward_bears_extremes<S: Simd>() {
    for (outputs, value) in [(512, 1.0), (512, -1.0), (3, 1.0)] {
        let weight = Array4::from_elem((outputs, 17, 3, 3), -127_i8);
        let mut gradient = Gradient::default();
        gradient.reset(Shape { channels: outputs, height: 4, width: 5 });
        (0..20).for_each(|cell| gradient.cell_mut(cell).fill(value));
        let back = ConvBackward::new(SAME3X3, 17, outputs, weight.as_slice().unwrap());
        let (mut found, mut steps) = (Gradient::default(), GradientSteps::default());
        let input = Shape { channels: 17, height: 4, width: 5 };
        back.run::<S>(&gradient, 1.0, input, &mut steps, &mut scratch(), &mut found);
        let most = most_steps_of(&weight);
        let whole = Array3::from_elem((outputs, 4, 5), if value > 0.0 { most } else { -most });
        let sums = conv_backward(whole.view(), weight.view(), SAME3X3, (4, 5));
        assert_eq!(found.to_plain(), sums.mapv(|sum| sum as f32 * (1.0 / f32::from(most))));
        let real = -127.0 * 9.0 * outputs as f32 * value;
        assert!((found.to_plain()[[3, 1, 1]] / real - 1.0).abs() < 1e-6, "no sum has wrapped");
    }
}

#[expect(clippy::extra_unused_type_parameters, reason = "compilers make vectors of them, in every build others")]
pub fn other_gradients_equal_definitions<S: Simd>() {
    let mut random = Random::new(8);
    let mut found = Gradient::default();
    for (shape, kernel, stride) in [((33, 9, 7), 3, 2), ((5, 4, 4), 2, 2), ((64, 6, 9), 2, 1), ((1, 3, 3), 3, 3)] {
        // Few different values: equal ones are common.
        let plain = random.activations(shape).mapv(|q| q / 50);
        let input = Activations::from_plain(plain.view(), 1);
        let window = Window { kernel, stride, pad: 0 };
        let out = (shape.0, window.output(shape.1).unwrap(), window.output(shape.2).unwrap());
        let gradient = random_gradient(&mut random, out);
        pool(&input, &gradient, window, &mut found);
        assert_eq!(found.to_plain(), max_pool_backward(plain.view(), gradient.to_plain().view(), window));
    }
    for shape in [(1, 2, 2), (4, 3, 1), (96, 2, 3)] {
        let plain = random.activations(shape);
        let gradient = random_gradient(&mut random, shape);
        lrn_gradient(&Activations::from_plain(plain.view(), 0), &gradient, 0.7, &mut scratch(), &mut found);
        for cell in 0..shape.1 * shape.2 {
            let q: Vec<u8> = (0..shape.0).map(|c| plain[[c, cell / shape.2, cell % shape.2]]).collect();
            assert_eq!(found.cell(cell), lrn_backward(&q, gradient.cell(cell), 0.7));
        }
    }
    // One place; then a window that has several.
    for ((channels, side, larger), outputs) in [((33, 2, 2), 10), ((3, 1, 1), 67), ((70, 7, 7), 19), ((9, 2, 4), 33)] {
        let weight: Vec<i8> = (0..outputs * channels * side * side).map(|_| random.range(-127, 127) as i8).collect();
        let places = larger - side + 1;
        let gradient = random_gradient(&mut random, (outputs, places, places));
        let window = Shape { channels, height: side, width: side };
        let input = Shape { channels, height: larger, width: larger };
        linear_gradient(&weight.clone().into(), window, &gradient, input, &mut scratch(), &mut found);
        let mut expected = Array3::<f32>::zeros((channels, larger, larger));
        for place in 0..places * places {
            let sums = linear_backward(gradient.cell(place), &weight, window.values());
            for (i, sum) in sums.into_iter().enumerate() {
                let (c, y, x) = (i / (side * side), i / side % side, i % side);
                expected[[c, place / places + y, place % places + x]] += sum;
            }
        }
        assert_eq!(found.to_plain(), expected, "{channels} {side} {larger} {outputs}");
    }
}

/// The whole way back by definitions, from every kind of target.
pub fn backward_equals_definition<S: Simd>() {
    for row in TABLE {
        let options = Options {
            width: Some(0.1),
            input_size: Some(row.smallest_input().max(34)),
            fc: Some(9),
            classes: Some(5),
            ..Options::default()
        };
        let network = Network::new(row.id, options).unwrap();
        let made = untrained(&network, 3).unwrap();
        let mut random = Random::new(9);
        let rgb: Vec<u8> = (0..network.input_size.pow(2) * 3).map(|_| random.range(0, 255) as u8).collect();
        let mut engine = made.engine;
        engine.set_team(TEAM.get());
        engine.set_picture(&rgb);
        engine.run();
        let outputs = scalar::forward(&made.model, &rgb).unwrap();
        let logits = engine.layers().len() - 1;
        let factors = [0.5, -1.0, 0.0, 2.0, 1.0];
        let conv = engine.layers().iter().rposition(|layer| layer.name.starts_with("conv")).unwrap();
        for (target, from, rule) in [
            (Target::Logits(&factors), logits, Rule::Gradient),
            (Target::Logits(&factors), logits, Rule::Guided),
            (Target::Channel { layer: conv, channel: 1 }, conv, Rule::Gradient),
            (Target::Value { layer: 1, channel: 2, y: 3, x: 5 }, 1, Rule::Gradient),
        ] {
            let expected = scalar::backward(&made.model, &outputs, target, rule).unwrap();
            for to in [0, 1, from / 2, from - 1, from] {
                let found = engine.backward_with(target, to, rule, &Backend::of::<S>()).unwrap().to_plain();
                assert_eq!(found, expected[to], "{} {target:?} {rule:?} to layer {to}", row.id);
            }
            let is_heard = matches!(target, Target::Channel { .. }) || expected[0].iter().any(|&g| g != 0.0);
            assert!(is_heard, "{} {target:?} says something", row.id);
        }
    }
}

pub fn linear_equals_definition<S: Simd>() {
    let mut random = Random::new(6);
    for (shape, outputs) in [((1, 1, 1), 1), ((33, 2, 2), 10), ((64, 7, 7), 9), ((31, 1, 3), 4), ((512, 1, 1), 200)] {
        let input = random.activations(shape);
        let values = input.len();
        let weight: Vec<i8> = (0..values * outputs).map(|_| random.range(-127, 127) as i8).collect();
        let bias = random.biases(outputs);
        let flat: Vec<u8> = input.iter().copied().collect();
        for dot_i8 in [false, true] {
            let packed = Linear::new(shape_of(&input), weight.clone().into(), &bias, dot_i8);
            let mut acc = Vec::new();
            packed.run::<S>(&Activations::from_plain(input.view(), 0), &mut scratch(), &mut acc);
            assert_eq!(acc, linear(&flat, &weight, &bias), "{shape:?} {outputs} {dot_i8}");
        }
    }
}

/// Over a larger map a fully connected layer is a convolution without padding.
pub fn linear_over_a_map_is_a_convolution<S: Simd>() {
    let mut random = Random::new(7);
    let window = Window { kernel: 3, stride: 1, pad: 0 };
    let input = random.activations((37, 5, 6));
    let weight = random.weights((11, 37, 3, 3));
    let bias = random.biases(11);
    let covered = Shape { channels: 37, height: 3, width: 3 };
    let packed = Linear::new(covered, weight.as_slice().unwrap().to_vec().into(), &bias, S::DOT_I8);
    let mut acc = Vec::new();
    packed.run::<S>(&Activations::from_plain(input.view(), 0), &mut scratch(), &mut acc);
    let expected = conv(input.view(), weight.view(), &bias, window);
    for ((o, y, x), &expected) in expected.indexed_iter() {
        assert_eq!(acc[(y * 4 + x) * 11 + o], expected, "{o} {y} {x}");
    }
}

pub fn max_pool_equals_definition<S: Simd>() {
    let mut random = Random::new(8);
    for window in [Window { kernel: 2, stride: 2, pad: 0 }, Window { kernel: 3, stride: 2, pad: 0 }] {
        for shape in [(1, 3, 3), (33, 7, 8), (64, 4, 5), (5, 13, 17)] {
            let input = random.activations(shape);
            let expected = max_pool(input.view(), window);
            let mut out = Activations::new(shape_of(&expected), 1);
            run_pool::<S>(&Activations::from_plain(input.view(), 1), window, &mut scratch(), &mut out);
            assert_eq!(out.to_plain(), expected, "{window:?} {shape:?}");
            assert_halo_is_zero(&out);
        }
    }
}

pub fn lrn_equals_definition<S: Simd>() {
    let mut random = Random::new(9);
    for (scale_in, scale_out) in [(0.02, 0.01), (1.0, 0.6), (30.0, 5.0), (1e-6, 1e6)] {
        let lrn = Lrn::new(scale_in, scale_out);
        for shape in [(1, 1, 1), (3, 2, 2), (32, 3, 3), (67, 5, 4)] {
            let input = random.activations(shape);
            let mut out = Activations::new(shape_of(&input), 0);
            lrn.run::<S>(&Activations::from_plain(input.view(), 1), &mut scratch(), &mut out);
            assert_eq!(out.to_plain(), lrn.plain(input.view()), "{scale_in} {scale_out} {shape:?}");
        }
    }
}

/// Ties go to even, and the ends clamp, in the vector as in the definition.
pub fn requantise_rounds_ties_to_even<S: Simd>() {
    for (acc, multiplier, expected) in [
        (1, 0.5, 0),
        (3, 0.5, 2),
        (5, 0.5, 2),
        (7, 0.5, 4),
        (-9, 0.5, 0),
        (255, 0.5, 127),
        (253, 0.5, 126),
        (i32::MAX, 1.0, 127),
        (i32::MIN, 1.0, 0),
    ] {
        assert_eq!(requantise(acc, multiplier), expected, "{acc} * {multiplier}");
    }
    // Beyond 2^22 adding the magic number no longer rounds, beyond 1.5·2^23 below zero it changes the sign.
    let far = [-0.0, 1e-40, 4_194_305.0, 12_582_911.0, 12_582_913.0, 16_777_217.0, 1e30, f32::MAX, f32::INFINITY];
    let near = (-40..600).map(|i| i as f32 * 0.25);
    let values: Vec<f32> = near.chain(far).flat_map(|x| [x, -x]).collect();
    for x in values.windows(4).map(|four| <[f32; 4]>::try_from(four).unwrap()) {
        let q = x.map(|x| i32::from_le_bytes([round_u7(x); 4]));
        assert_eq!(S::lanes_i32(round_u7_vector::<S>(x.map(S::splat_f32))), q, "{x:?}");
    }
}

/// Every row of the table, narrow, with random weights: the engine equals the definitions in every value of every layer.
pub fn engine_equals_definition<S: Simd>() {
    for row in TABLE {
        let options = Options {
            width: Some(0.3),
            input_size: Some(row.smallest_input().max(34)),
            fc: Some(37),
            classes: Some(11),
            ..Options::default()
        };
        let network = Network::new(row.id, options).unwrap();
        let made = untrained(&network, 42).unwrap();
        let mut random = Random::new(10);
        let rgb: Vec<u8> = (0..network.input_size.pow(2) * 3).map(|_| random.range(0, 255) as u8).collect();
        let expected = scalar::forward(&made.model, &rgb).unwrap();
        let mut engine = made.engine;
        engine.set_team(TEAM.get());
        engine.set_picture(&rgb);
        while let Some(layer) = engine.step_with(&Backend::of::<S>()) {
            if let Some(activations) = engine.activations(layer) {
                assert_eq!(
                    activations.to_plain(),
                    expected.activations[layer],
                    "{} {}",
                    row.id,
                    engine.layers()[layer].name
                );
                assert_eq!(engine.map(layer, 0).len(), engine.layers()[layer].output.cells());
                assert!(
                    expected.activations[layer].iter().any(|&q| q > 0),
                    "{} {} is alive",
                    row.id,
                    engine.layers()[layer].name
                );
            }
        }
        assert_eq!(engine.logits(), expected.logits, "{}", row.id);
    }
}

/// At the native size the score map is one place; above it the network is fully convolutional, and a place's score is
/// that of the crop it sees, wherever padding is not involved.
pub fn dense_evaluation_agrees_with_the_native_size<S: Simd>() {
    let options =
        Options { width: Some(0.2), input_size: Some(32), fc: Some(20), classes: Some(7), ..Options::default() };
    let network = Network::new("A", options).unwrap();
    let mut engine = untrained(&network, 3).unwrap().engine;
    let mut random = Random::new(11);
    let rgb: Vec<u8> = (0..96 * 96 * 3).map(|_| random.range(0, 255) as u8).collect();
    engine.set_size(96).unwrap();
    engine.set_picture(&rgb);
    while engine.step_with(&Backend::of::<S>()).is_some() {}
    assert_eq!(engine.score_map().len(), 3 * 3 * 7);
    let mean = |class: usize| (0..9).map(|place| engine.score_map()[place * 7 + class]).sum::<f32>() / 9.0;
    assert_eq!(engine.logits(), (0..7).map(mean).collect::<Vec<_>>());
    engine.set_size(32).unwrap();
    engine.set_picture(&rgb[..32 * 32 * 3]);
    while engine.step_with(&Backend::of::<S>()).is_some() {}
    assert_eq!(engine.score_map(), engine.logits());
}

/// Makes a test of every function of the suite, for one vector: `suite!(name, attribute, Vector)`.
#[macro_export]
macro_rules! suite {
    ($name:ident, $test:meta, $vector:ty) => {
        mod $name {
            $crate::suite!(@tests $test, $vector,
                direct_equals_definition
                winograd_equals_definition
                winograd_is_exact_up_to_its_bound
                convolutions_bear_extremes
                convolution_of_a_picture_equals_definition
                linear_equals_definition
                linear_over_a_map_is_a_convolution
                max_pool_equals_definition
                lrn_equals_definition
                requantise_rounds_ties_to_even
                engine_equals_definition
                conv_backward_equals_definition
                conv_backward_bears_extremes
                other_gradients_equal_definitions
                backward_equals_definition
                dense_evaluation_agrees_with_the_native_size
            );
        }
    };
    (@tests $test:meta, $vector:ty, $($function:ident)*) => {
        /// All of them, one after another.
        #[cfg(not(target_arch = "wasm32"))]
        pub fn all() {
            $($crate::suite::$function::<$vector>();)*
        }

        $(#[$test]
        fn $function() {
            $crate::suite::$function::<$vector>();
        })*
    };
}
