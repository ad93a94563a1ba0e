//! Native tests: the kernel suite for the portable and the SSE2 vector, and the network table's arithmetic.

#![cfg(not(target_arch = "wasm32"))]

mod suite;

use vgglass::kernels::parallel::{Pool, Team};
use vgglass::kernels::simd::Portable;
#[cfg(target_arch = "x86_64")]
use vgglass::kernels::simd::Sse2;
use vgglass::model::untrained;
use vgglass::network::{Network, NetworkError, Op, Options, Shape, TABLE, Totals};

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
fn weight_layers_of_every_row() {
    let expected = [("A", 11), ("A-LRN", 11), ("B", 13), ("C", 16), ("D", 16), ("E", 19), ("AlexNet", 8)];
    assert_eq!(TABLE.iter().map(|row| row.id).collect::<Vec<_>>(), expected.map(|(id, _)| id));
    for (id, count) in expected {
        assert_eq!(paper(id).layers().unwrap().iter().filter(|layer| layer.weighted()).count(), count, "{id}");
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
        Options { width: Some(4.0), fc: Some(8192), ..Options::default() },
    ];
    for options in options {
        assert!(matches!(network("E", options.clone()), NetworkError::OutOfRange { .. }), "{options:?}");
    }
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
        vec![vec![pool]],
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
    let vanishing = Network::new("custom", own(vec![vec![conv(3, 8, 1, 1), pool, pool, pool, pool, pool, pool]]));
    assert!(matches!(vanishing, Err(NetworkError::TooSmall { .. })));
    assert!(Network::new("custom", Options::default()).is_err(), "a custom row has modules");
    assert!(Network::new("D", own(modules("D"))).is_err(), "a row of the table has none of its own");
}
