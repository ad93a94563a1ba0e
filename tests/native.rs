//! Native tests: the kernel suite for the portable and the SSE2 vector, and the network table's arithmetic.

#![cfg(not(target_arch = "wasm32"))]

mod suite;

use ndarray::s;
use vgglass::kernels::parallel::{Pool, Team};
use vgglass::kernels::simd::Portable;
#[cfg(target_arch = "x86_64")]
use vgglass::kernels::simd::Sse2;
use vgglass::look::{Atlas, Attribution, Colormap, Normalise, View, attribution, draw, input_gradient};
use vgglass::model::{Model, untrained};
use vgglass::network::{Memory, Network, NetworkError, Op, Options, Shape, TABLE, Totals, find, limits};
use vgglass::run::{Rule, Target};

suite!(portable, test, super::Portable);
#[cfg(target_arch = "x86_64")]
suite!(sse2, test, super::Sse2);

/// Who computes what does not matter: three threads give the same bits, here with more of them than most machines have.
#[test]
fn on_three_threads() {
    let pool = Pool::start(2);
    suite::on_team(Team::of(pool, 3), portable::all);
    #[cfg(target_arch = "x86_64")]
    suite::on_team(Team::of(pool, 2), sse2::all);
}

/// Of two networks that run at once on one pool, one goes on alone.
#[test]
fn two_networks_share_a_pool() {
    let pool = Pool::start(1);
    let options = small(0.3, 32);
    let expected = engine_after_a_picture("D", options.clone()).logits();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut engine = engine_after_a_picture("D", options.clone());
                engine.set_team(Team::of(pool, 2));
                for _ in 0..20 {
                    engine.switch_channel(1, 0, false);
                    engine.switch_all_on();
                    engine.run();
                    assert_eq!(engine.logits(), expected);
                }
            });
        }
    });
}

/// A network small enough for a test.
fn small(width: f64, input_size: usize) -> Options {
    Options { width: Some(width), input_size: Some(input_size), fc: Some(9), classes: Some(5), ..Options::default() }
}

fn paper(id: &str) -> Network {
    Network::new(id, Options::default()).unwrap()
}

/// Table 2 of the paper, in millions, and torchvision's exact counts.
#[test]
fn parameters_agree_with_the_paper() {
    let millions = [("A", 133), ("A-LRN", 133), ("B", 133), ("C", 134), ("D", 138), ("E", 144)];
    for (id, expected) in millions {
        let parameters = Totals::of(&paper(id).layers().unwrap()).parameters;
        assert_eq!((parameters as f64 / 1e6).round() as u64, expected, "{id} has {parameters}");
    }
    let exact = [("A", 132_863_336), ("B", 133_047_848), ("D", 138_357_544), ("E", 143_667_240)];
    for (id, expected) in exact {
        assert_eq!(Totals::of(&paper(id).layers().unwrap()).parameters, expected, "{id}");
    }
}

#[test]
fn the_lectures_figures_for_d() {
    let layers = paper("D").layers().unwrap();
    let totals = Totals::of(&layers);
    assert_eq!(totals.parameters, 138_357_544);
    assert_eq!(totals.macs, 15_470_264_320);
    assert_eq!((totals.values as f64 / 1e5).round() / 10.0, 15.2, "the deck's rows add up to 15.2M values");
    let fc6 = layers.iter().find(|layer| layer.name == "fc6").unwrap();
    assert_eq!(fc6.fan_in() * fc6.output.channels, 102_760_448);
}

#[test]
fn layers_of_d_in_order() {
    let names: Vec<String> = paper("D").layers().unwrap().into_iter().map(|layer| layer.name).collect();
    let expected = "input conv1_1 conv1_2 pool1 conv2_1 conv2_2 pool2 conv3_1 conv3_2 conv3_3 pool3 conv4_1 conv4_2 \
        conv4_3 pool4 conv5_1 conv5_2 conv5_3 pool5 fc6 fc7 fc8";
    assert_eq!(names.join(" "), expected);
}

#[test]
fn weight_layers_of_the_papers_rows() {
    let expected =
        [("A", 11), ("A-LRN", 11), ("B", 13), ("C", 16), ("D", 16), ("E", 19), ("AlexNet", 8), ("AlexNet-TV", 8)];
    for (id, count) in expected {
        assert_eq!(paper(id).layers().unwrap().iter().filter(|layer| layer.weighted()).count(), count, "{id}");
    }
}

/// What the page is told of a row is what follows from its layers.
#[test]
fn depth_and_smallest_input_of_every_row() {
    let is_possible = |id: &str, size| Network::new(id, small(0.1, size)).is_ok();
    for row in TABLE {
        let layers = paper(row.id).layers().unwrap();
        assert_eq!(row.weight_layers(), layers.iter().filter(|layer| layer.weighted()).count(), "{}", row.id);
        let smallest = row.smallest_input();
        assert!(is_possible(row.id, smallest) && !is_possible(row.id, smallest - 1), "{}: {smallest}", row.id);
    }
    let smallest = |id| find(id).unwrap().smallest_input();
    assert_eq!(["A", "D", "E", "AlexNet", "AlexNet-TV"].map(smallest), [32, 32, 32, 63, 63]);
}

#[test]
fn a_row_names_others_of_the_table() {
    for row in TABLE {
        for other in [row.form_of, row.changed_from].into_iter().flatten() {
            assert!(
                find(other).is_some_and(|other| other.id != row.id && other.form_of.is_none()),
                "{}: {other}",
                row.id
            );
        }
    }
}

/// Two 3×3 layers see 5×5, three 7×7, four 9×9; VGG-16's last convolution sees 196 pixels, pool5 212.
#[test]
fn receptive_fields() {
    let layers = paper("E").layers().unwrap();
    let field = |name: &str| layers.iter().find(|layer| layer.name == name).unwrap().field;
    let (pool2, size) = (field("pool2"), |name| field(name).size);
    let stack: Vec<_> = ["conv3_1", "conv3_2", "conv3_3", "conv3_4"].map(size).into();
    assert_eq!(stack, [1, 2, 3, 4].map(|n| pool2.size + n * 2 * pool2.jump));
    let layers = paper("D").layers().unwrap();
    let field = |name: &str| layers.iter().find(|layer| layer.name == name).unwrap().field;
    assert_eq!((field("conv1_1").size, field("conv1_2").size), (3, 5));
    assert_eq!((field("conv5_3").size, field("pool5").size, field("pool5").jump), (196, 212, 32));
    assert_eq!(field("conv1_1").offset, -1);
    assert_eq!(field("fc6").size, 212 + 6 * 32);
    // Symmetric: what the field of pool5's first cell lacks on the left, the last one's lacks on the right.
    let pool5 = field("pool5");
    assert_eq!(-pool5.offset, pool5.of(6).end - 224);
}

#[test]
fn alexnet_has_the_papers_shapes() {
    let layers = paper("AlexNet").layers().unwrap();
    let shapes: Vec<_> =
        layers.iter().map(|layer| (layer.name.as_str(), layer.output.channels, layer.output.height)).collect();
    assert_eq!(
        shapes,
        [
            ("input", 3, 224),
            ("conv1", 96, 55),
            ("lrn1", 96, 55),
            ("pool1", 96, 27),
            ("conv2", 256, 27),
            ("lrn2", 256, 27),
            ("pool2", 256, 13),
            ("conv3", 384, 13),
            ("conv4", 384, 13),
            ("conv5", 256, 13),
            ("pool5", 256, 6),
            ("fc6", 4096, 1),
            ("fc7", 4096, 1),
            ("fc8", 1000, 1),
        ]
    );
}

/// `torchvision.models.alexnet`: its 61,100,840 parameters, and maps of 6x6 for the classifier.
#[test]
fn torchvisions_alexnet_has_its_shapes() {
    let layers = paper("AlexNet-TV").layers().unwrap();
    let shapes: Vec<_> =
        layers.iter().map(|layer| (layer.name.as_str(), layer.output.channels, layer.output.height)).collect();
    let convs = [
        ("input", 3, 224),
        ("conv1", 64, 55),
        ("pool1", 64, 27),
        ("conv2", 192, 27),
        ("pool2", 192, 13),
        ("conv3", 384, 13),
        ("conv4", 256, 13),
        ("conv5", 256, 13),
        ("pool5", 256, 6),
    ];
    assert_eq!(shapes[..convs.len()], convs);
    assert_eq!(Totals::of(&layers).parameters, 61_100_840);
}

#[test]
fn impossible_rows_are_refused_with_a_reason() {
    let network = |id: &str, options| Network::new(id, options).unwrap_err();
    assert!(matches!(network("F", Options::default()), NetworkError::Unknown { .. }));
    let small = network("D", Options { input_size: Some(16), ..Options::default() });
    assert!(small.to_string().contains("pool5"), "{small}");
    let options = [
        Options { width: Some(f64::NAN), ..Options::default() },
        Options { width: Some(-1.0), ..Options::default() },
        Options { width: Some(1e9), ..Options::default() },
        Options { input_size: Some(0), ..Options::default() },
        Options { input_size: Some(usize::MAX), ..Options::default() },
        Options { fc: Some(0), ..Options::default() },
        Options { classes: Some(usize::MAX), ..Options::default() },
    ];
    for options in options {
        assert!(matches!(network("E", options.clone()), NetworkError::OutOfRange { .. }), "{options:?}");
    }
    let wide = network("E", Options { width: Some(4.0), fc: Some(8192), ..Options::default() });
    assert_eq!(wide.to_string(), "inputs of one output of fc6 is 100352, expected 0 to 66000");
}

/// Each reason with its layer and its numbers, as the page tells them.
#[test]
fn what_is_wrong_with_a_row_is_found_in_its_place() {
    let conv = |kernel, channels| Op::Conv { kernel, channels, stride: 1, pad: kernel / 2 };
    let pool = Op::Pool { kernel: 2, stride: 2 };
    let of = |modules, size| {
        Network::new("custom", Options { modules: Some(modules), input_size: Some(size), ..Options::default() })
            .unwrap_err()
    };
    assert_eq!(of(vec![vec![pool, conv(3, 64)]], 224), NetworkError::First);
    let vanishing = of(vec![vec![conv(3, 64), pool, pool, pool], vec![conv(3, 64), pool, pool, pool, pool]], 64);
    let NetworkError::TooSmall { index: 9, height: 1, width: 1, kernel: 2, .. } = vanishing else {
        panic!("{vanishing:?}")
    };
    let unpooled = of(vec![vec![conv(3, 64)]], 224);
    let input = Shape { channels: 64, height: 224, width: 224 };
    let (layer, found) = ("fc6".to_owned(), input.values());
    assert_eq!(unpooled, NetworkError::FanIn { index: 2, layer, input, expected: limits::FAN_IN, found });
    let large = of(vec![vec![conv(3, 64), pool], vec![conv(7, 2048)], vec![conv(7, 64)]], 64);
    assert!(matches!(large, NetworkError::FanIn { index: 4, found: 100_352, .. }), "{large:?}");
    let deep = [vec![conv(3, 2048); 12], vec![pool; 6]].concat();
    let NetworkError::Parameters { expected: limits::PARAMETERS, found } = of(vec![deep], 224) else { panic!() };
    assert!(found > limits::PARAMETERS);
    let wide = [vec![conv(3, 2048); 4], vec![pool; 6]].concat();
    assert!(matches!(of(vec![wide], 224), NetworkError::Values { found, .. } if found > limits::VALUES));
}

/// Limits are of what is allocated: maps are held in blocks of 32 channels, kernels have halos, sums 32 bits.
#[test]
fn rows_that_need_too_much_memory_are_refused() {
    // Padding that lets maps grow.
    let conv = |kernel: usize| Op::Conv { kernel, channels: 1, stride: 1, pad: kernel - 1 };
    let pool = Op::Pool { kernel: 8, stride: 8 };
    let row = |kernel, layers, size| {
        let modules = vec![vec![conv(kernel); layers], vec![pool, pool]];
        Network::new("custom", Options { modules: Some(modules), ..small(1.0, size) })
    };
    for (kernel, least) in [(1, 2_000_000_000), (15, 4_000_000_000)] {
        let error = row(kernel, 62, 1024).unwrap_err();
        let NetworkError::Memory { size: 1024, expected: limits::MEMORY, found } = error else { panic!("{error}") };
        assert!(found > least, "{found}");
        assert_eq!(
            error.to_string(),
            format!(
                "at 1024x1024 this network takes {} MB of memory, at most 1536 MB are accepted",
                found.div_ceil(1 << 20)
            )
        );
    }
    // As it is small it may run, but not at every size.
    let mut engine = untrained(&row(1, 62, 64).unwrap(), 1).unwrap().engine;
    let before = engine.activation_bytes();
    assert!(matches!(engine.set_size(1024), Err(NetworkError::Memory { size: 1024, .. })));
    assert_eq!((engine.size(), engine.activation_bytes()), (64, before), "a refused size leaves all as it was");
}

/// The paper's rows fit as they are, and far above their size.
#[test]
fn the_papers_rows_fit_at_every_test_size() {
    for row in TABLE {
        for size in [224, 512, 640] {
            let network = paper(row.id);
            let memory = Memory::of(&network.layers_at(size).unwrap(), limits::THREADS);
            assert!(memory.total() <= limits::MEMORY, "{} at {size}: {memory:?}", row.id);
        }
    }
}

/// A stride of eight in every layer of one cell: the product of 30 of them is beyond any integer.
#[test]
fn strides_without_end_are_refused() {
    let conv = Op::Conv { kernel: 3, channels: 1, stride: 8, pad: 1 };
    let error = Network::new("custom", Options { modules: Some(vec![vec![conv; 64]]), ..small(1.0, 8) }).unwrap_err();
    assert!(error.to_string().starts_with("the total stride of conv1_6 is 262144"), "{error}");
}

/// What views read agrees with the plain layout: `map` is the fast path of `value`.
#[test]
fn maps_are_the_values_of_a_channel() {
    let options = small(0.6, 32);
    let mut engine = untrained(&Network::new("A-LRN", options).unwrap(), 1).unwrap().engine;
    engine.set_picture(&(0..32 * 32 * 3).map(|i| (i * 37 % 251) as u8).collect::<Vec<_>>());
    engine.run();
    for (index, layer) in engine.layers().iter().enumerate() {
        for channel in [0, layer.output.channels / 2, layer.output.channels - 1] {
            let Shape { height, width, .. } = layer.output;
            let cells = (0..height).flat_map(|y| (0..width).map(move |x| (y, x)));
            let values: Vec<f32> = cells.map(|(y, x)| engine.value(index, channel, y, x)).collect();
            assert_eq!(engine.map(index, channel), values, "{} {channel}", layer.name);
        }
    }
}

/// Real values before ReLU: clamped at zero and at the top they are the activations, to half a step.
#[test]
fn pre_activations_stand_for_the_activations() {
    let options = small(0.3, 32);
    let mut engine = untrained(&Network::new("C", options).unwrap(), 1).unwrap().engine;
    engine.set_picture(&(0..32 * 32 * 3).map(|i| (i * 91 % 253) as u8).collect::<Vec<_>>());
    engine.run();
    for index in 0..engine.layers().len() {
        engine.keep_pre_activations(index);
        let layer = &engine.layers()[index];
        let Some((values, stride)) = engine.pre_activations(index) else {
            assert!(!layer.weighted(), "{} has weights", layer.name);
            continue;
        };
        let last = index + 1 == engine.layers().len();
        for channel in 0..layer.output.channels {
            for (cell, value) in engine.map(index, channel).into_iter().enumerate() {
                let pre = values[cell * stride + channel];
                let clamped = if last { pre } else { pre.clamp(0.0, 127.0 * engine.scale(index)) };
                let step = if last { 1e-5 } else { engine.scale(index) };
                assert!((clamped - value).abs() <= 0.501 * step, "{} {channel} {cell}: {pre} is {value}", layer.name);
            }
        }
    }
}

/// The same seed is the same network, another seed another.
#[test]
fn a_seed_is_a_network() {
    let options = small(0.2, 32);
    let network = Network::new("A", options).unwrap();
    let bytes = |seed| untrained(&network, seed).unwrap().model.to_bytes().unwrap();
    assert_eq!(bytes(7), bytes(7));
    assert_ne!(bytes(7), bytes(8));
}

/// A layer of a few random channels may give nothing but zeros: such a network can be written and read as any other.
#[test]
fn a_network_with_a_dead_layer_is_a_model() {
    let options = Options { fc: Some(3), classes: Some(2), ..small(0.02, 32) };
    let network = Network::new("D", options).unwrap();
    let is_dead = |seed| {
        let made = untrained(&network, seed).unwrap();
        let read = Model::from_bytes(&made.model.to_bytes().unwrap()).unwrap();
        assert_eq!(read.activation_scales, made.model.activation_scales);
        read.activation_scales.iter().any(|&(_, scale)| scale == 1.0)
    };
    assert!((0..20).filter(|&seed| is_dead(seed)).count() > 0, "no layer is dead: another seed is needed");
}

/// A network with random weights after a picture, and a way to make the same again.
fn engine_after_a_picture(id: &str, options: Options) -> vgglass::run::Engine {
    let mut engine = untrained(&Network::new(id, options).unwrap(), 1).unwrap().engine;
    engine.set_picture(&(0..32 * 32 * 3).map(|i| (i * 53 % 255) as u8).collect::<Vec<_>>());
    engine.run();
    engine
}

/// Channels that are off give zeros, only what follows them is computed again, and on again all is as before.
#[test]
fn a_channel_switched_off_changes_what_follows_it() {
    let options = small(0.3, 32);
    let mut engine = engine_after_a_picture("A", options);
    let layers = engine.layers().len();
    let outputs = |engine: &vgglass::run::Engine| -> Vec<_> {
        (1..layers - 1).map(|layer| engine.activations(layer).unwrap().to_plain()).collect()
    };
    let (before, logits) = (outputs(&engine), engine.logits());
    let changed = 4;
    let busiest = (0..engine.layers()[changed].output.channels)
        .max_by_key(|&channel| {
            engine.activations(changed).unwrap().map(channel).into_iter().map(u32::from).sum::<u32>()
        })
        .unwrap();
    engine.switch_channel(changed, busiest, false);
    assert_eq!(engine.done(), changed, "what came before is kept");
    engine.run();
    let after = outputs(&engine);
    assert_eq!(after[..changed - 1], before[..changed - 1]);
    for (channel, (map, former)) in after[changed - 1].outer_iter().zip(before[changed - 1].outer_iter()).enumerate() {
        if channel == busiest {
            assert!(map.iter().all(|&q| q == 0) && former.iter().any(|&q| q > 0));
        } else {
            assert_eq!(map, former);
        }
    }
    assert_ne!(after[changed], before[changed]);
    assert_eq!(engine.switched_off().collect::<Vec<_>>(), [(changed, busiest)]);
    engine.switch_all_on();
    engine.run();
    assert_eq!((outputs(&engine), engine.logits()), (before, logits));
}

/// An edited value reaches the next layer as the definition says, and the layer itself stays as edited.
#[test]
fn an_edited_value_is_computed_on_from_there() {
    let options = small(0.3, 32);
    let mut engine = engine_after_a_picture("B", options);
    let (layer, channel) = (1, 2);
    engine.set_value(layer, channel, 5, 6, 127);
    assert_eq!(engine.done(), layer + 1);
    engine.run();
    assert_eq!(engine.activations(layer).unwrap().get(channel, 5, 6), 127);
    for c in 0..engine.layers()[layer + 1].output.channels {
        let worked = vgglass::look::arithmetic(&engine, layer + 1, c, 4, 6).unwrap();
        // [C_in][3][3], the edited cell in the last row and the middle column.
        assert_eq!(worked.patch[channel * 9 + 7], 127);
        assert_eq!(worked.q, Some(engine.activations(layer + 1).unwrap().get(c, 4, 6).into()));
    }
}

/// The sums worked out for views are the engine's own: of every layer, at a corner, an edge and inside.
#[test]
fn arithmetic_gives_the_engines_values() {
    for (id, size) in [("C", 32), ("AlexNet", 63)] {
        let options = small(0.2, size);
        let mut engine = untrained(&Network::new(id, options).unwrap(), 1).unwrap().engine;
        engine.set_picture(&(0..size * size * 3).map(|i| (i * 53 % 255) as u8).collect::<Vec<_>>());
        engine.run();
        let last = engine.layers().len() - 1;
        for index in 1..=last {
            let layer = &engine.layers()[index];
            let Shape { channels, height, width } = layer.output;
            for (c, y, x) in [(0, 0, 0), (channels - 1, height / 2, width - 1), (channels / 2, height - 1, width / 2)] {
                let Some(worked) = vgglass::look::arithmetic(&engine, index, c, y, x) else {
                    assert!(!layer.weighted());
                    continue;
                };
                assert_eq!(worked.patch.len(), layer.fan_in());
                let multiplier = worked.input_scale * worked.weight_scale / worked.output_scale;
                if index == last {
                    assert_eq!((worked.pre, worked.q), (worked.value, None));
                } else {
                    let q = vgglass::kernels::requantise::requantise(worked.sum, multiplier);
                    assert_eq!(Some(i32::from(q)), worked.q, "{id} {} {c} {y} {x}", layer.name);
                }
            }
        }
    }
}

#[test]
fn histograms_count_every_value_once() {
    let options = small(0.3, 32);
    let engine = engine_after_a_picture("A", options);
    let plain = engine.activations(1).unwrap().to_plain();
    let all = vgglass::look::histogram(&engine, 1, None).unwrap();
    assert_eq!(all.iter().sum::<u32>() as usize, plain.len());
    for (q, &count) in (0..).zip(&all) {
        assert_eq!(plain.iter().filter(|&&value| value == q).count(), count as usize);
    }
    let each = (0..plain.dim().0).map(|channel| vgglass::look::histogram(&engine, 1, Some(channel)).unwrap());
    assert_eq!(each.fold([0; 128], |sum, one| std::array::from_fn(|q| sum[q] + one[q])), all);
    assert_eq!(vgglass::look::histogram(&engine, 0, None), None);
}

/// A row of one's own is a row like the table's: the same modules give the same layers, and it runs.
#[test]
fn custom_rows() {
    let modules = |id: &str| paper(id).modules().unwrap().into_iter().map(<[_]>::to_vec).collect::<Vec<_>>();
    for row in TABLE {
        let own = Network::new("custom", Options { modules: Some(modules(row.id)), ..Options::default() }).unwrap();
        assert_eq!(own.layers(), paper(row.id).layers(), "{}", row.id);
    }
    let conv = |kernel, channels, stride, pad| Op::Conv { kernel, channels, stride, pad };
    let pool = Op::Pool { kernel: 2, stride: 2 };
    let own = |modules| Options { modules: Some(modules), ..small(1.0, 32) };
    let odd =
        vec![vec![conv(7, 10, 2, 3), Op::Lrn, Op::Lrn, pool], vec![conv(1, 40, 1, 0), conv(5, 20, 1, 4), pool, pool]];
    let engine = engine_after_a_picture("custom", own(odd));
    let names: Vec<_> = engine.layers().iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(names.join(" "), "input conv1_1 lrn1 lrn1_2 pool1 conv2_1 conv2_2 pool2 pool2_2 fc6 fc7 fc8");
    assert!(engine.logits().iter().all(|logit| logit.is_finite()));

    let refused = [
        vec![],
        vec![vec![]],
        vec![vec![conv(3, 0, 1, 1)]],
        vec![vec![conv(0, 8, 1, 0)]],
        vec![vec![conv(3, 8, 0, 1)]],
        vec![vec![conv(3, 8, 1, 3)]],
        vec![vec![conv(3, usize::MAX, 1, 1)]],
        vec![vec![conv(3, 8, 1, 1); 65]],
        vec![vec![conv(3, 8, 1, 1), Op::Pool { kernel: 0, stride: 1 }]],
    ];
    for modules in refused {
        let error = Network::new("custom", own(modules.clone())).unwrap_err();
        assert!(matches!(error, NetworkError::OutOfRange { .. }), "{modules:?}: {error}");
    }
    assert_eq!(Network::new("custom", own(vec![vec![pool]])), Err(NetworkError::First));
    let vanishing = Network::new("custom", own(vec![vec![conv(3, 8, 1, 1), pool, pool, pool, pool, pool, pool]]));
    assert!(matches!(vanishing, Err(NetworkError::TooSmall { .. })));
    assert!(Network::new("custom", Options::default()).is_err(), "a custom row has modules");
    assert!(Network::new("D", own(modules("D"))).is_err(), "a row of the table has none of its own");
}

/// Pillow's results, made by `fixtures/make_resized.py` of the same pictures.
static RESIZED: &[u8] = include_bytes!("fixtures/resized.rgb");

/// Width, height; those of the result; one pixel in so many is kept.
const RESIZE_CASES: [(usize, usize, usize, usize, usize); 11] = [
    (200, 130, 64, 64, 1),
    (64, 300, 64, 64, 1),
    (64, 64, 64, 64, 1),
    (9, 9, 32, 32, 1),
    (301, 7, 40, 40, 1),
    (1000, 750, 341, 256, 61),
    (750, 1000, 256, 341, 61),
    (4032, 3024, 341, 256, 61),
    (3024, 3024, 224, 224, 53),
    (120, 90, 341, 256, 61),
    (333, 255, 334, 256, 61),
];

#[test]
fn pictures_are_resized_as_pillow_does() {
    let mut pillow = RESIZED;
    for (width, height, wide, high, step) in RESIZE_CASES {
        let pixel = |i: usize| {
            let (x, y) = (i % width, i / width);
            [(x * x * 7 / 5 % 256) as u8, ((x * 3 + y * y) % 256) as u8, (255 * y / height) as u8, 255]
        };
        let rgba: Vec<u8> = (0..width * height).flat_map(pixel).collect();
        let resized = vgglass::picture::resize_to(&rgba, width, height, (wide, high)).unwrap();
        assert_eq!(resized.len(), wide * high * 3);
        let kept: Vec<u8> = resized.chunks_exact(3).step_by(step).flatten().copied().collect();
        let expected = pillow.split_off(..kept.len()).unwrap();
        let most = kept.iter().zip(expected).map(|(&ours, &theirs)| ours.abs_diff(theirs)).max();
        assert!(most <= Some(1), "{width}x{height} to {wide}x{high}: differs by {most:?}");
    }
    assert!(pillow.is_empty());
}

/// A layer of maps of 32x32, all zero, and the real value of a step.
fn blank(layer: usize) -> (vgglass::run::Engine, f32) {
    let mut engine = engine_after_a_picture("A", small(0.3, 32));
    let shape = engine.layers()[layer].output;
    assert_eq!((shape.height, shape.width), (32, 32));
    for channel in 0..shape.channels {
        paint(&mut engine, layer, channel, |_, _| 0);
    }
    let scale = engine.scale(layer);
    (engine, scale)
}

fn paint(engine: &mut vgglass::run::Engine, layer: usize, channel: usize, q: impl Fn(usize, usize) -> u8) {
    for (y, x) in (0..32).flat_map(|y| (0..32).map(move |x| (y, x))) {
        engine.set_value(layer, channel, y, x, q(y, x));
    }
}

/// The red byte of every pixel of a map drawn in grey: its step in the range.
fn greys(engine: &mut vgglass::run::Engine, layer: usize, channel: u32, atlas: Atlas) -> Vec<u8> {
    let raster = draw(engine, layer, &[channel], Atlas { colormap: Colormap::Grey, ..atlas }).unwrap();
    raster.rgba.chunks_exact(4).map(|pixel| pixel[0]).collect()
}

/// The steps of the range, from its colours in matplotlib (viridis) and ColorBrewer (RdBu, smoothed), dark to light.
#[test]
fn maps_have_the_colours_of_their_values() {
    let (mut engine, _) = blank(1);
    paint(&mut engine, 1, 2, |y, x| [0, 32, 64, 96, 127][(y * 32 + x) % 5]);
    let colours = |engine: &mut _, colormap| -> Vec<[u8; 3]> {
        let raster = draw(engine, 1, &[2], Atlas { colormap, ..Atlas::default() }).unwrap();
        assert_eq!((raster.width, raster.height), (32, 32));
        raster.rgba.as_chunks::<4>().0[..5].iter().map(|&[r, g, b, _]| [r, g, b]).collect()
    };
    let steps = [0, 64, 129, 193, 255];
    assert_eq!(colours(&mut engine, Colormap::Grey), steps.map(|step| [step; 3]));
    let viridis = [[68, 1, 84], [59, 82, 139], [32, 146, 140], [96, 202, 96], [253, 231, 37]];
    assert_alike(&colours(&mut engine, Colormap::Viridis), &viridis, 2);
    // Zero in the middle, and nothing below it.
    let above_zero = [[247, 246, 246], [250, 196, 170], [228, 128, 102], [182, 33, 47], [103, 0, 31]];
    assert_alike(&colours(&mut engine, Colormap::Diverging), &above_zero, 12);
}

fn assert_alike(colours: &[[u8; 3]], expected: &[[u8; 3]], most: u8) {
    for (colour, wanted) in colours.iter().zip(expected) {
        let is_alike = colour.iter().zip(wanted).all(|(&a, &b)| a.abs_diff(b) <= most);
        assert!(is_alike, "{colours:?}, expected {expected:?}");
    }
    assert_eq!(colours.len(), expected.len());
}

#[test]
fn a_range_is_that_of_the_channel_or_of_the_layer() {
    let (mut engine, _) = blank(1);
    paint(&mut engine, 1, 2, |y, _| if y < 16 { 60 } else { 30 });
    paint(&mut engine, 1, 3, |_, _| 120);
    let of = |engine: &mut _, normalise| greys(engine, 1, 2, Atlas { normalise, ..Atlas::default() });
    for (normalise, [upper, lower]) in [(Normalise::Channel, [255, 128]), (Normalise::Layer, [128, 64])] {
        let drawn = of(&mut engine, normalise);
        assert!(drawn[..512].iter().all(|&step| step == upper), "{normalise:?}: {}", drawn[0]);
        assert!(drawn[512..].iter().all(|&step| step == lower), "{normalise:?}: {}", drawn[512]);
    }
    assert!(greys(&mut engine, 1, 4, Atlas::default()).iter().all(|&step| step == 0), "nothing is not a range");
}

/// One pixel shows the mean of all cells that it touches, or its one cell.
#[test]
fn maps_are_averaged_and_enlarged() {
    let (mut engine, _) = blank(1);
    // One cell of each block of two, so that the block's mean is a quarter of it.
    let value =
        |y: usize, x: usize| if y.is_multiple_of(2) && x.is_multiple_of(2) { 4 * (y / 2 + x / 2) as u8 } else { 0 };
    paint(&mut engine, 1, 0, value);
    // The brightest cell is the range's end, whatever the means are.
    let is_step = |step: u8, mean: f32| (f32::from(step) - mean / 120.0 * 255.0).abs() < 0.501;
    let halved = greys(&mut engine, 1, 0, Atlas { cell: 16, ..Atlas::default() });
    for (i, &drawn) in halved.iter().enumerate() {
        assert!(is_step(drawn, (i / 16 + i % 16) as f32), "pixel {i}: {drawn}");
    }

    let doubled = greys(&mut engine, 1, 0, Atlas { cell: 64, ..Atlas::default() });
    for (i, &drawn) in doubled.iter().enumerate() {
        assert!(is_step(drawn, f32::from(value(i / 64 / 2, i % 64 / 2))), "pixel {i}: {drawn}");
    }

    // 32 cells on 5 pixels: the second of them touches cells 6 to 12.
    let odd = greys(&mut engine, 1, 0, Atlas { cell: 5, ..Atlas::default() });
    let touched = [0..7, 6..13, 12..20, 19..26, 25..32];
    for (i, &drawn) in odd.iter().enumerate() {
        let (rows, columns) = (&touched[i / 5], &touched[i % 5]);
        let cells = rows.clone().flat_map(|y| columns.clone().map(move |x| f32::from(value(y, x))));
        let mean = cells.sum::<f32>() / (rows.len() * columns.len()) as f32;
        assert!(is_step(drawn, mean), "pixel {i}: {drawn}, mean {mean}");
    }
}

/// What is before ReLU is drawn of the sums: the lowest darkest, the highest brightest, zero in the middle of two colours.
#[test]
fn maps_before_relu_have_the_range_of_their_sums() {
    let mut engine = engine_after_a_picture("A", small(0.3, 32));
    let atlas = Atlas { view: View::Pre, ..Atlas::default() };
    let drawn = greys(&mut engine, 1, 3, atlas);
    let pre: Vec<f32> =
        (0..32 * 32).map(|i| vgglass::look::arithmetic(&engine, 1, 3, i / 32, i % 32).unwrap().pre).collect();
    let (low, high) = pre.iter().fold((0f32, 0f32), |(low, high), &value| (low.min(value), high.max(value)));
    assert!(low < 0.0 && high > 0.0, "both sides of zero are needed: {low}..{high}");
    for (i, (&step, value)) in drawn.iter().zip(&pre).enumerate() {
        let expected = (value - low) / (high - low) * 255.0;
        assert!((f32::from(step) - expected).abs() < 0.51, "cell {i}: {step}, expected {expected}");
    }
    let diverging = draw(&mut engine, 1, &[3], Atlas { colormap: Colormap::Diverging, ..atlas }).unwrap();
    for (pixel, &value) in diverging.rgba.chunks_exact(4).zip(&pre) {
        if value.abs() > 0.3 * high.max(-low) {
            assert_eq!(pixel[0] > pixel[2], value > 0.0, "red above zero, blue below: {pixel:?} for {value}");
        }
    }
}

#[test]
fn statistics_count_what_is_there() {
    let (mut engine, scale) = blank(1);
    let channels = engine.layers()[1].output.channels;
    paint(&mut engine, 1, 1, |y, _| if y < 8 { 127 } else { 0 });
    paint(&mut engine, 1, 4, |_, x| if x < 16 { 20 } else { 10 });
    paint(&mut engine, 1, 6, |_, x| if x < 16 { 10 } else { 20 });
    let stats = vgglass::look::stats(&engine, 1);
    let values = (channels * 1024) as f32;
    let sum = (256 * 127 + 2 * 512 * 30) as f32;
    assert_eq!((stats.min, stats.max, stats.scale), (0.0, 127.0 * scale, scale));
    assert!((stats.mean / (sum / values * scale) - 1.0).abs() < 1e-5, "{}", stats.mean);
    assert_eq!(stats.zero_fraction, (values - 256.0 - 2048.0) / values);
    assert_eq!(stats.saturated_fraction, 256.0 / values);
    assert_eq!(stats.channels_dead, channels - 3);

    let means = vgglass::look::channel_means(&engine, 1);
    for (channel, mean) in means.iter().enumerate() {
        let expected =
            [(1, 127.0 / 4.0), (4, 15.0), (6, 15.0)].iter().find(|one| one.0 == channel).map_or(0.0, |one| one.1);
        assert!((mean - expected * scale).abs() <= 1e-5 * expected * scale, "channel {channel}: {mean}");
    }
    // Of equal means the first channel is first.
    assert_eq!(vgglass::look::strongest(&engine, 1, 5), [1, 4, 6, 0, 2]);

    let histogram = vgglass::look::histogram(&engine, 1, None).unwrap();
    let counted: Vec<_> =
        histogram.iter().enumerate().filter(|(_, count)| **count > 0).map(|(q, &count)| (q, count)).collect();
    assert_eq!(counted, [(0, channels as u32 * 1024 - 2304), (10, 1024), (20, 1024), (127, 256)]);
    let of_one = vgglass::look::histogram(&engine, 1, Some(1)).unwrap();
    assert_eq!((of_one[0], of_one[127]), (768, 256));
}

/// The maps of what speaks for a class are what their papers make of gradients.
#[test]
fn attributions_are_made_of_gradients() {
    let mut engine = engine_after_a_picture("D", small(0.25, 32));
    let (class, layer) = (3, engine.layers().iter().rposition(|layer| layer.name.starts_with("conv4")).unwrap());
    let target = [0.0, 0.0, 0.0, 1.0, 0.0];
    let mut gradient = |to, rule| engine.backward(Target::Logits(&target), to, rule).unwrap().to_plain();
    let (at_layer, at_pixels, guided) =
        (gradient(layer, Rule::Gradient), gradient(0, Rule::Gradient), gradient(0, Rule::Guided));
    assert!(at_pixels.iter().any(|&g| g != 0.0) && at_pixels != guided);
    let mut of = |how| attribution(&mut engine, class, how).unwrap();
    let (cam, saliency) = (of(Attribution::GradCam { layer }), of(Attribution::Saliency));
    let (product, through) = (of(Attribution::GradientInput), of(Attribution::Guided));
    assert_eq!(engine.layers()[0].output.cells(), saliency.len());
    for cell in 0..32 * 32 {
        let (y, x) = (cell / 32, cell % 32);
        let colours = |of: &dyn Fn(usize) -> f32| (0..3).map(of).collect::<Vec<_>>();
        let largest = colours(&|c| at_pixels[[c, y, x]].abs()).into_iter().fold(0.0, f32::max);
        assert_eq!(saliency[cell], largest);
        let sum: f32 = colours(&|c| at_pixels[[c, y, x]] * engine.value(0, c, y, x)).into_iter().sum();
        assert_eq!(product[cell], sum);
        assert_eq!(through[cell], colours(&|c| guided[[c, y, x]]).into_iter().sum::<f32>());
    }
    let (channels, height, width) = at_layer.dim();
    assert_eq!(cam.len(), height * width);
    for (cell, &found) in cam.iter().enumerate() {
        let weight = |c: usize| at_layer.slice(s![c, .., ..]).mean().unwrap();
        let value = |c: usize| engine.value(layer, c, cell / width, cell % width);
        let expected: f32 = (0..channels).map(|c| weight(c) * value(c)).sum();
        assert!((found - expected).abs() <= 1e-5 * expected.abs().max(1e-3), "{found} for {expected}");
    }
    let expected = at_pixels.permuted_axes([1, 2, 0]).iter().copied().collect::<Vec<_>>();
    assert_eq!(input_gradient(&mut engine, class).unwrap(), expected);
}

/// Through channels that are off nothing comes back, be they of a layer without ReLU.
#[test]
fn a_channel_switched_off_has_no_way_back() {
    let mut engine = engine_after_a_picture("A-LRN", small(0.3, 32));
    // Those next to channel 2 see it in LRN.
    let (seen, off) = (2, 0..5);
    for name in ["pool3", "lrn1"] {
        let layer = engine.layers().iter().position(|layer| layer.name == name).unwrap();
        let comes_back = |engine: &mut vgglass::run::Engine| {
            let gradient = engine.backward(Target::Logits(&[1.0; 5]), layer - 1, Rule::Gradient).unwrap().to_plain();
            gradient.slice(s![seen, .., ..]).iter().any(|&g| g != 0.0)
        };
        assert!(comes_back(&mut engine), "{name}");
        off.clone().for_each(|channel| engine.switch_channel(layer, channel, false));
        engine.run();
        assert!(!comes_back(&mut engine), "{name}");
        engine.switch_all_on();
        engine.run();
    }
}

/// There is no memory for the way back where the network alone takes nearly all that there is.
#[test]
fn a_way_back_that_is_too_long_is_refused() {
    let network = paper("E");
    let check = |size| Memory::check_backward(&network.layers_at(size).unwrap());
    assert_eq!(check(224), Ok(()));
    let refused =
        (224..=1024).step_by(32).filter(|&size| network.layers_at(size).is_ok()).find(|&size| check(size).is_err());
    let size = refused.expect("a size at which the network runs and there is no way back");
    let Err(NetworkError::Memory { size: named, expected, found }) = check(size) else { panic!("another error") };
    assert_eq!((named, expected), (size, limits::MEMORY));
    assert!(found > expected);
}
