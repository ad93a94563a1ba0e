//! Published weights in every format (`fixtures/make_convert.py` makes them): the same numbers from each, PyTorch's logits, and
//! what is said of files that are damaged, hostile or something else.

#![cfg(not(target_arch = "wasm32"))]

use std::ops::Range;
use std::path::PathBuf;

use proptest::prelude::*;
use safetensors::SafeTensors;
use vgglass::model::{Card, Model};
use vgglass::run::Engine;
use vgglass_convert::calibrate::{Calibrator, calibrate};
use vgglass_convert::float::FloatModel;
use vgglass_convert::layout::{Layout, Outbox};
use vgglass_convert::quantise::{ActivationRange, Method, Statistics, WeightRange, quantise};
use vgglass_convert::stream::{Quantised, Quantiser, Store};
use vgglass_convert::{Error, Hints, Import, Naming, import};

/// vgg11_bn, and how its tensors are called in each file.
const SAME: [(&str, Naming); 8] = [
    ("tv.safetensors", Naming::Torchvision),
    ("timm.safetensors", Naming::Timm),
    ("zip.pth", Naming::Torchvision),
    ("legacy.pth", Naming::Torchvision),
    ("wrapped.pth", Naming::Torchvision),
    ("parameters.pth", Naming::Torchvision),
    ("old.pth", Naming::Torchvision),
    ("views.pth", Naming::Torchvision),
];
const SIDE: usize = 32;

fn hints() -> Hints {
    Hints { id: None, input_size: Some(SIDE) }
}

fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/convert").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// RGB bytes of the pictures, and PyTorch's logits.
fn expected(case: &str) -> (Vec<u8>, Vec<f32>) {
    let file = fixture("expected.safetensors");
    let all = SafeTensors::deserialize(&file).unwrap();
    let planes = all.tensor(if case == "keras" { "pictures/keras" } else { "pictures" }).unwrap();
    let cells = planes.shape()[2] * planes.shape()[3];
    let byte = |i: usize| planes.data()[(i / (3 * cells) * 3 + i % 3) * cells + i / 3 % cells];
    let rgb = (0..planes.data().len()).map(byte).collect();
    let logits = all.tensor(&format!("logits/{case}")).unwrap();
    (rgb, logits.data().as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
}

fn read(name: &str) -> FloatModel {
    FloatModel::from_bytes(&fixture(name), &hints()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[track_caller]
fn assert_close(found: &[f32], expected: &[f32]) {
    let most = expected.iter().fold(0.0f32, |most, value| most.max(value.abs()));
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-4 * most, "{found}, PyTorch {expected}");
    }
    assert_eq!(found.len(), expected.len());
}

#[test]
fn every_format_gives_the_same_network() {
    let (rgb, logits) = expected("bn");
    let first = read(SAME[0].0);
    let run = first.run(&rgb, |_, _| ());
    assert_close(&run, &logits);
    for (name, naming) in SAME {
        let model = read(name);
        assert_eq!((model.network.id.as_str(), model.naming), ("A", naming), "{name}");
        assert_eq!(bits(&model.run(&rgb, |_, _| ())), bits(&run), "{name}");
        for (of, same) in model.weights.iter().zip(&first.weights) {
            assert_eq!(bits(&of.weight), bits(&same.weight), "{name}, {}", of.name);
            assert_eq!(bits(&of.bias), bits(&same.bias), "{name}, {}", of.name);
        }
    }
}

#[test]
fn halves_are_read_exactly() {
    for case in ["f16", "bf16"] {
        let (rgb, logits) = expected(case);
        assert_close(&read(&format!("{case}.safetensors")).run(&rgb, |_, _| ()), &logits);
    }
}

/// The paper's own weights: transposed, fc1 in another order, for B, G, R from 0 to 255.
#[test]
fn kerass_files_are_read_as_keras_means_them() {
    let (rgb, logits) = expected("keras");
    let mut all = Vec::new();
    for name in ["keras.h5", "newer.h5"] {
        let model =
            FloatModel::from_bytes(&fixture(name), &Hints::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            (model.network.id.as_str(), model.network.input_size, model.naming),
            ("D", 64, Naming::Keras),
            "{name}"
        );
        let found = model.run(&rgb, |_, _| ());
        assert_close(&found, &logits);
        all.push(bits(&found));
    }
    assert_eq!(all[0], all[1]);
}

/// Bytes come in pieces of any size, and of a safetensors file in its order: what is wanted next is what was not used.
#[test]
fn a_stream_may_come_in_any_pieces() {
    let whole = read("tv.safetensors");
    let file = fixture("tv.safetensors");
    let (_, plan) = import::plan(file.len() as u64, &hints(), import::of_slice(&file)).unwrap();
    for piece in [4, 5, 37, 1000, 1 << 20] {
        let mut import = Import::new(&plan);
        let mut weights: Vec<_> = whole.weights.clone();
        weights.iter_mut().for_each(|layer| (layer.weight, layer.bias) = (Vec::new(), Vec::new()));
        let mut last = 0;
        while let Some(Range { start, .. }) = import.wanted().unwrap() {
            assert!(start >= last, "from {last} back to {start}");
            last = start;
            let start = start as usize;
            let used = import.give(&file[start..(start + piece).min(file.len())], &mut weights).unwrap();
            assert!(used > 0, "pieces of {piece} bytes bring something");
        }
        for (of, same) in weights.iter().zip(&whole.weights) {
            assert_eq!(bits(&of.weight), bits(&same.weight), "{}", of.name);
            assert_eq!(bits(&of.bias), bits(&same.bias), "{}", of.name);
        }
    }
}

/// The network in int8, row by row as its file comes.
fn streamed(name: &str, range: WeightRange) -> (Vec<Vec<i8>>, Quantised) {
    let file = fixture(name);
    let (_, plan) = import::plan(file.len() as u64, &hints(), import::of_slice(&file)).unwrap();
    let mut quantiser = Quantiser::new(&plan, range, vec![Vec::new(); plan.sources.len()]);
    import::import(&plan, import::of_slice(&file), &mut quantiser).unwrap();
    let (weights, channels) = quantiser.finish();
    (weights, Quantised::new(plan, channels))
}

#[test]
fn a_stream_is_quantised_to_the_same_bits_as_a_whole() {
    let (rgb, _) = expected("bn");
    for (name, _) in SAME.into_iter().chain([("f16.safetensors", Naming::Torchvision)]) {
        let float = read(name);
        let statistics = Statistics::gather(&float, &rgb);
        for weights in [WeightRange::Maximum, WeightRange::LeastSquares] {
            let method = Method { activations: ActivationRange::LeastSquares, weights, correct_bias: false };
            let whole = quantise(&float, &statistics, method, Vec::new(), Card::default());
            let scales: Vec<f32> = whole.activation_scales.iter().map(|(_, scale)| *scale).collect();
            let (weights, quantised) = streamed(name, weights);
            let model = quantised.model(weights, &scales, Vec::new(), Card::default());
            assert_eq!(model.to_bytes().unwrap(), whole.to_bytes().unwrap(), "{name}, {method}");
        }
    }
}

/// Scales are those of the pictures as the engine runs them: the largest activation of all is the largest integer.
#[test]
fn calibration_sees_what_the_engine_computes() {
    let (rgb, logits) = expected("bn");
    for range in [ActivationRange::Maximum, ActivationRange::LeastSquares] {
        let (weights, quantised) = streamed("zip.pth", WeightRange::LeastSquares);
        let model = calibrate(quantised, weights, &rgb, range, Vec::new(), Card::default());
        let mut engine = Engine::new(&model).unwrap();
        let mut largest = vec![0; engine.layers().len()];
        let mut found = Vec::new();
        for picture in rgb.chunks(SIDE * SIDE * 3) {
            engine.set_picture(picture);
            engine.run();
            found.extend(engine.logits());
            for (index, largest) in largest.iter_mut().enumerate() {
                let values = engine.activations(index).map(|all| all.to_plain().into_iter().max().unwrap_or(0));
                *largest = values.unwrap_or(0).max(*largest);
            }
        }
        // Two hundred weights a layer in eight bits; a wrong unit would be wrong by a multiple.
        let most = logits.iter().fold(0.0f32, |most, value| most.max(value.abs()));
        for (found, expected) in found.iter().zip(&logits) {
            assert!((found - expected).abs() <= 0.1 * most, "{range:?}: {found}, PyTorch {expected}");
        }
        let layers = engine.layers();
        for (layer, largest) in layers.iter().zip(largest).filter(|(layer, _)| layer.rescales()) {
            // Bins of the histogram are 0.2 % wide.
            let least = if range == ActivationRange::Maximum { 127 } else { 64 };
            assert!(largest >= least, "{range:?}, {}: {largest}", layer.name);
        }
    }
}

/// A model file as the page writes it: rows where they belong, in the order of their coming, and the head last.
fn written(name: &str, rgb: &[u8]) -> Vec<u8> {
    let file = fixture(name);
    let (_, plan) = import::plan(file.len() as u64, &Hints::default(), import::of_slice(&file)).unwrap();
    let card = Card { licence: "none".to_owned(), provenance: "a fixture".to_owned(), ..Card::default() };
    let layout = Layout::new(&plan, &[], &card);
    let mut model = vec![0; layout.length() as usize];
    let mut put = |outbox: &mut Outbox| {
        while let Some((at, bytes)) = outbox.take() {
            model[at as usize..][..bytes.len()].copy_from_slice(&bytes);
        }
    };
    let mut quantiser = Quantiser::new(&plan, WeightRange::LeastSquares, Outbox::new(layout.clone()));
    let mut import = Import::new(&plan);
    while let Some(Range { start, end }) = import.wanted().unwrap() {
        import.give(&file[start as usize..end as usize], &mut quantiser).unwrap();
        put(quantiser.store());
    }
    let (mut outbox, channels) = quantiser.finish();
    let mut calibrator = Calibrator::new(Quantised::new(plan, channels), rgb, ActivationRange::LeastSquares);
    while let Some(rows) = calibrator.wanted() {
        let Range { start, end } = layout.span(&rows);
        let weights = model[start as usize..end as usize].iter().map(|&byte| byte as i8).collect();
        for (row, weights) in calibrator.give(weights) {
            outbox.row(rows.layer, row, &weights);
        }
        while let Some((at, bytes)) = outbox.take() {
            model[at as usize..][..bytes.len()].copy_from_slice(&bytes);
        }
    }
    let count = layout.layers();
    let head = layout.head(&calibrator.finish(vec![Vec::new(); count], Vec::new(), card));
    model[..head.len()].copy_from_slice(&head);
    model
}

/// The page's converter is held to these files, bit for bit (`page/import.test.js`). After a change of the arithmetic
///
///     VGGLASS_WRITE=1 cargo test -p vgglass-convert --test convert
///
/// writes them anew.
#[test]
fn a_file_written_in_parts_is_that_of_the_whole() {
    for (name, case, of) in
        [("tv.safetensors", "bn", "int8.safetensors"), ("keras.h5", "keras", "int8-keras.safetensors")]
    {
        let (rgb, _) = expected(case);
        let file = written(name, &rgb);
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/convert").join(of);
        if std::env::var_os("VGGLASS_WRITE").is_some() {
            std::fs::write(&path, &file).unwrap();
        }
        assert!(file == fixture(of), "{of} is not what {name} becomes");
        let read = Model::from_bytes(&file.clone().into()).unwrap();
        // Beside the header, whose length is set aside before it is known.
        let whole = read.to_bytes().unwrap();
        let data = |file: &[u8]| file[8 + u64::from_le_bytes(file[..8].try_into().unwrap()) as usize..].to_vec();
        assert!(data(&whole) == data(&file), "{name}");
        let mut all = Vec::new();
        for other in SAME.iter().map(|(name, _)| *name).filter(|_| case == "bn") {
            all.push(data(&written(other, &rgb)));
        }
        assert!(all.iter().all(|other| *other == data(&file)), "every format gives the same");
    }
}

/// Where weights are next to nothing, their scale follows the bias: rows that were written already are written again.
#[test]
fn rows_that_are_rounded_again_are_written_again() {
    let (rgb, _) = expected("bn");
    let file = changed(|tensors| {
        for name in ["features.4.weight", "classifier.0.weight"] {
            let (_, _, numbers) = tensors.iter_mut().find(|(found, ..)| found == name).unwrap();
            numbers.iter_mut().for_each(|number| *number *= 1e-12);
        }
    });
    let (_, plan) = import::plan(file.len() as u64, &hints(), import::of_slice(&file)).unwrap();
    let range = WeightRange::LeastSquares;
    let mut quantiser = Quantiser::new(&plan, range, vec![Vec::new(); plan.sources.len()]);
    import::import(&plan, import::of_slice(&file), &mut quantiser).unwrap();
    let (weights, channels) = quantiser.finish();
    let quantised = Quantised::new(plan, channels);
    let before = weights.clone();
    let least = ActivationRange::LeastSquares;
    let model = calibrate(quantised.clone(), weights.clone(), &rgb, least, Vec::new(), Card::default());
    let scales: Vec<f32> = model.activation_scales.iter().map(|(_, scale)| *scale).collect();
    let whole = quantised.model(weights, &scales, Vec::new(), Card::default());
    assert_eq!(model.to_bytes().unwrap(), whole.to_bytes().unwrap());
    let differ = model.weights.iter().zip(&before).filter(|(now, before)| now.weight[..] != before[..]).count();
    assert!(differ >= 1, "the case is there");
}

#[track_caller]
fn assert_error(bytes: &[u8], expected: &str) -> Error {
    match FloatModel::from_bytes(bytes, &hints()) {
        Err(error) => {
            assert!(error.to_string().contains(expected), "expected {expected:?} in {error:?}: {error}");
            error
        }
        Ok(_) => panic!("accepted; expected {expected:?}"),
    }
}

#[test]
fn a_cut_file_is_an_error_wherever_it_is_cut() {
    for name in SAME.iter().map(|(name, _)| *name).chain(["keras.h5"]) {
        let file = fixture(name);
        for length in (0..file.len()).step_by(331).chain([file.len() - 1]) {
            let error = FloatModel::from_bytes(&file[..length], &hints()).err();
            let error = error.unwrap_or_else(|| panic!("{name}, {length} bytes: accepted"));
            if name.ends_with(".safetensors") && length > 0 {
                assert!(
                    matches!(error, Error::Truncated { .. } | Error::Unknown { .. }),
                    "{name}, {length} bytes: {error}"
                );
            }
        }
    }
}

/// A pickle of protocol 2.
fn pickle(instructions: &[&[u8]]) -> Vec<u8> {
    [&[0x80, 2][..], &instructions.concat(), b"."].concat()
}

fn text(text: &str) -> Vec<u8> {
    [&b"X"[..], &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat()
}

/// `_rebuild_tensor_v2` of a storage of floats: offset, shape and strides are one-byte integers.
fn tensor(key: &str, elements: u8, offset: u8, shape: &[u8], strides: &[u8]) -> Vec<u8> {
    let tuple =
        |numbers: &[u8]| [&b"("[..], &numbers.iter().flat_map(|&n| [b'K', n]).collect::<Vec<_>>(), b"t"].concat();
    [
        &b"ctorch._utils\n_rebuild_tensor_v2\n(("[..],
        &text("storage"),
        b"ctorch\nFloatStorage\n",
        &text(key),
        &text("cpu"),
        &[b'K', elements, b't', b'Q', b'K', offset],
        &tuple(shape),
        &tuple(strides),
        b"\x89ccollections\nOrderedDict\n)RtR",
    ]
    .concat()
}

/// `{name: value, ...}`
fn dict(items: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let items: Vec<u8> = items.iter().flat_map(|(name, value)| [text(name), value.clone()].concat()).collect();
    [&b"}("[..], &items, b"u"].concat()
}

/// An archive of entries; `method` is 0 for stored ones.
fn zip(entries: &[(&str, &[u8])], method: u16) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in entries {
        let offset = file.len() as u32;
        let (size, length) = ((bytes.len() as u32).to_le_bytes(), (name.len() as u16).to_le_bytes());
        let common = [&[10, 0, 0, 0][..], &method.to_le_bytes(), &[0; 8], &size, &size, &length, &[0, 0]].concat();
        file.extend([&b"PK\x03\x04"[..], &common, name.as_bytes(), bytes].concat());
        let tail = [&[0; 10][..], &offset.to_le_bytes(), name.as_bytes()].concat();
        directory.extend([&b"PK\x01\x02\x0a\x00"[..], &common, &tail].concat());
    }
    let count = (entries.len() as u16).to_le_bytes();
    let (size, start) = ((directory.len() as u32).to_le_bytes(), (file.len() as u32).to_le_bytes());
    [&file, &directory, &b"PK\x05\x06\0\0\0\0"[..], &count, &count, &size, &start, &[0, 0]].concat()
}

/// A PyTorch archive around a pickle, with one storage of 16 bytes.
fn torch_zip(pickle: &[u8]) -> Vec<u8> {
    zip(&[("net/data.pkl", pickle), ("net/data/0", &[0; 16])], 0)
}

/// PyTorch's older file around a pickle, with one storage of 16 bytes.
fn torch_legacy(pickle_of_tensors: &[u8]) -> Vec<u8> {
    let magic = pickle(&[b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"]);
    let machine = pickle(&[&dict(&[("little_endian", b"\x88".to_vec())])]);
    let keys = pickle(&[b"]", &text("0"), b"a"]);
    let storage = [&4u64.to_le_bytes()[..], &[0; 16]].concat();
    [&magic, &pickle(&[b"M\xe9\x03"])[..], &machine, pickle_of_tensors, &keys, &storage].concat()
}

#[test]
fn a_pickle_that_wants_to_call_something_is_refused_by_its_name() {
    let call = |global: &str| pickle(&[global.as_bytes(), b"(", &text("rm -rf /"), b"tR"]);
    for (global, name) in [
        ("cos\nsystem\n", "os.system"),
        ("cposix\nsystem\n", "posix.system"),
        ("c__builtin__\neval\n", "__builtin__.eval"),
        ("ctorch.storage\n_load_from_bytes\n", "torch.storage._load_from_bytes"),
        ("ctorch._utils\n_rebuild_tensor_v3\n", "torch._utils._rebuild_tensor_v3"),
        ("ccollections\nOrderedDict.__reduce__\n", "collections.OrderedDict.__reduce__"),
    ] {
        for file in [torch_zip(&call(global)), torch_legacy(&call(global)), call(global)] {
            let error = assert_error(&file, name);
            assert!(matches!(&error, Error::PickleCall { name: found } if found == name), "{error}");
        }
    }
    for (instructions, name) in [
        (&b"\x8c\x02os\x8c\x06system\x93"[..], "SHORT_BINUNICODE"),
        (b"(ios\nsystem\n", "INST"),
        (b"K\x01\x93", "STACK_GLOBAL"),
        (b"I1\n", "protocol 0"),
    ] {
        let error = assert_error(&torch_zip(&pickle(&[instructions])), name);
        assert!(matches!(error, Error::PickleInstruction { .. }), "{error}");
    }
    // A container of a whole module, which older files may hold.
    let module = pickle(&[b"(", &text("module"), b"NNNtQ"]);
    assert_error(&torch_legacy(&module), "wants to call module");
    // What is allowed can be called with what is known alone.
    assert_error(&torch_zip(&pickle(&[b"ccollections\nOrderedDict\nK\x01R"])), "other arguments");
    assert_error(
        &torch_zip(&pickle(&[b"ctorch._utils\n_rebuild_tensor_v2\n(NK\x00))tR"])),
        "something else than a storage",
    );
}

#[test]
fn pickle_bombs_end_soon() {
    let many = |bytes: &[u8], times: usize| bytes.repeat(times);
    // Nested a quarter of a million deep; a list in itself; a stack, a memo, marks without end.
    for instructions in [
        [b"N".to_vec(), many(b"\x85", 300_000)].concat(),
        many(b"N", 300_000),
        many(b"(", 300_000),
        [b"N".to_vec(), (0..300_000u32).flat_map(|i| [&b"r"[..], &i.to_le_bytes()].concat()).collect()].concat(),
        // A list doubled again and again, and copied into dictionaries.
        [
            b"]q\0(".to_vec(),
            many(b"NN\x86", 20_000),
            b"e".to_vec(),
            many(b"ccollections\nOrderedDict\nh\0\x85R", 10_000),
        ]
        .concat(),
        many(b"]q\0(h\0h\0h\0h\0eh\0h\0\x86", 60_000),
    ] {
        let error = assert_error(&torch_zip(&pickle(&[&instructions])), "objects");
        assert!(matches!(error, Error::PickleSize { .. }), "{error}");
    }
    let itself = pickle(&[b"]q\0h\0a", &many(b"h\0a", 1000)]);
    assert_error(&torch_zip(&itself), "holds a list");
    // Deep, but not too deep: taking it apart is no recursion.
    assert_error(&torch_zip(&pickle(&[b"N", &many(b"\x85", 100_000)])), "holds a tuple");
    for (instructions, reason) in [
        (&b""[..], "stack is empty"),
        (b"t", "no mark"),
        (b"h\x07", "nothing is kept"),
        (b"(N(\x86", "stack is empty"),
        (b"NNs", "stack is empty"),
    ] {
        assert_error(&torch_zip(&pickle(&[instructions])), reason);
    }
    assert_error(&torch_zip(&[0x80, 2, b'N']), "without an instruction to stop");
}

#[test]
fn tensors_stay_in_their_storages() {
    let file = |tensor: Vec<u8>| pickle(&[&dict(&[("features.0.weight", tensor)])]);
    for pickle in [
        file(tensor("0", 4, 1, &[2, 2], &[2, 1])),
        file(tensor("0", 4, 0, &[2, 3], &[2, 1])),
        file(tensor("0", 4, 0, &[2], &[255])),
        file(tensor("0", 3, 0, &[4], &[1])),
        file(tensor("0", 4, 0, &[255; 8], &[255; 8])),
        file(tensor("0", 4, 0, &[2, 2], &[2])),
    ] {
        for file in [torch_zip(&pickle), torch_legacy(&pickle)] {
            assert_error(&file, "features.0.weight reaches beyond its storage");
        }
    }
    // A storage that says it has more than there is.
    let lying = file(tensor("0", 200, 0, &[200], &[1]));
    for file in [torch_zip(&lying), torch_legacy(&lying)] {
        assert_error(&file, "storage 0 has 16 bytes, expected 800");
    }
    assert_error(&torch_zip(&file(tensor("7", 4, 0, &[4], &[1]))), "net/data/7 is missing");
    assert_error(&torch_legacy(&file(tensor("7", 4, 0, &[4], &[1]))), "of no tensor");
    assert_error(&torch_zip(&file(tensor("0", 4, 0, &[1; 9], &[1; 9]))), "numbers");
    // Nothing is wrong but that it is no network.
    for file in [torch_zip(&file(tensor("0", 4, 0, &[4], &[1]))), torch_legacy(&file(tensor("0", 4, 0, &[4], &[1])))] {
        assert!(matches!(assert_error(&file, "features.0.weight"), Error::Naming { .. }));
    }
    assert_error(&torch_zip(&pickle(&[b"K\x07"])), "holds a number");
    assert_error(&torch_zip(&pickle(&[&dict(&[("epoch", b"K\x07".to_vec())])])), "a dictionary of other things");
}

#[test]
fn damaged_archives_are_named() {
    let good = pickle(&[&dict(&[("x", tensor("0", 4, 0, &[4], &[1]))])]);
    let valid = torch_zip(&good);
    assert_error(&valid, "the first is x");
    let end = valid.len() - 22;
    let with = |at: usize, bytes: &[u8]| {
        let mut file = valid.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    };
    let start = u32::from_le_bytes(valid[end + 16..end + 20].try_into().unwrap()) as usize;
    assert_error(&valid[..end], "directory at its end is missing");
    assert_error(&with(end + 16, &u32::MAX.to_le_bytes()), "reaches beyond its place");
    assert_error(&with(end + 12, &u32::MAX.to_le_bytes()), "reaches beyond its place");
    assert_error(&with(end + 10, &[9, 0]), "fewer entries than it says");
    assert_error(&with(end + 10, &[255, 255]), "65535 entries");
    assert_error(&with(end + 16, &0u32.to_le_bytes()), "fewer entries than it says");
    assert_error(&with(start, b"XX"), "fewer entries than it says");
    assert_error(&with(start + 28, &[255, 255]), "is cut short");
    // A data.pkl of 2 GB, one that lies elsewhere, one beyond the file.
    let size = (2u32 << 30).to_le_bytes();
    assert_error(&with(start + 20, &[size, size].concat()), "net/data.pkl reaches beyond");
    assert_error(&with(start + 42, &7u32.to_le_bytes()), "net/data.pkl is not where the directory says");
    assert_error(&with(start + 42, &u32::MAX.to_le_bytes()), "net/data.pkl reaches beyond");
    let error = assert_error(
        &zip(&[("net/data.pkl", &good), ("net/data/0", &[0; 16])], 8),
        "net/data.pkl of the zip archive is compressed",
    );
    assert!(matches!(error, Error::ZipCompressed { .. }));
    assert_error(&zip(&[("net/data.pkl", &good), ("net/data.pkl", &good)], 0), "is there twice");
    assert_error(&zip(&[("word/document.xml", b"<w/>")], 0), "has no data.pkl, but word/document.xml");
    assert_error(
        &zip(&[("net/byteorder", b"big"), ("net/data.pkl", &good), ("net/data/0", &[0; 16])], 0),
        "big-endian",
    );
}

#[test]
fn damaged_hdf5_files_are_named() {
    let valid = fixture("keras.h5");
    let with = |at: usize, bytes: &[u8]| {
        let mut file = valid.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    };
    let of = |signature: &[u8]| valid.windows(signature.len()).position(|bytes| bytes == signature).unwrap();
    assert_error(&with(8, &[2]), "version 2 of the superblock");
    assert_error(&with(13, &[4]), "another size than 8 bytes");
    // The root's header lies elsewhere, at the end of the file, behind it.
    assert_error(&with(64, &[8, 0]), "newer version");
    assert_error(&with(64, &[255; 8]), "an address beyond the file");
    assert_error(&with(64, &(1u64 << 40).to_le_bytes()), "cut short");
    assert_error(&with(of(b"HEAP"), b"HEAR"), "a heap of names is not where it should be");
    assert_error(&with(of(b"SNOD"), b"SNOW"), "a node of names is not where it should be");
    // The root's tree is its own child, and its group in itself.
    let tree = of(b"TREE");
    assert_error(&with(tree + 32, &(tree as u64).to_le_bytes()), "without end");
    let root = u64::from_le_bytes(valid[64..72].try_into().unwrap());
    assert_error(&with(of(b"SNOD") + 16, &root.to_le_bytes()), "without end");
}

fn header(header: &str, data: usize) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; data]].concat()
}

#[test]
fn damaged_safetensors_are_named() {
    let huge = [&(2u64 << 30).to_le_bytes()[..], b"{", &[b' '; 600]].concat();
    assert_error(&huge, "the head of the file has 2147483648 bytes or more");
    assert_error(&[&u64::MAX.to_le_bytes()[..], b"{}"].concat(), "at most");
    assert_error(&header("{\"a\":1}", 0), "not that of a safetensors file");
    let two = |a: &str, b: &str| {
        format!(
            "{{\"a\":{{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":{a}}},\"b\":{{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":{b}}}}}"
        )
    };
    let error = assert_error(&header(&two("[0,8]", "[4,12]"), 12), "tensors b and a overlap");
    assert!(matches!(error, Error::Overlap { .. }));
    assert_error(&header(&two("[0,8]", "[0,8]"), 8), "overlap");
    assert_error(&header(&two("[0,8]", "[10,18]"), 18), "b begins 2 bytes behind");
    assert_error(&header(&two("[0,8]", "[8,17]"), 17), "b has 9 bytes");
    assert_error(&header(&two("[0,8]", "[16,8]"), 17), "tensor b has");
    assert_error(&header(&two("[0,8]", "[8,16]"), 15), "cut short");
    assert_error(&header(&two("[0,8]", "[8,16]"), 17), "its tensors end at byte");
    let of = |shape: &str| format!("{{\"a\":{{\"dtype\":\"F32\",\"shape\":{shape},\"data_offsets\":[0,8]}}}}");
    assert_error(&header(&of("[4611686018427387904,4]"), 8), "more than there are");
    assert_error(&header(&of("[1,1,1,1,1,1,1,1,2]"), 8), "more than there are");
}

/// The file with its tensors changed: name, shape, numbers.
fn changed(change: impl FnOnce(&mut Vec<(String, Vec<usize>, Vec<f32>)>)) -> Vec<u8> {
    use safetensors::tensor::{Dtype, TensorView, serialize};
    let file = fixture("tv.safetensors");
    let all = SafeTensors::deserialize(&file).unwrap();
    let floats = all.tensors().into_iter().filter(|(_, view)| view.dtype() == Dtype::F32);
    let floats = floats.map(|(name, view)| {
        (
            name,
            view.shape().to_vec(),
            view.data().as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect(),
        )
    });
    let mut tensors: Vec<(String, Vec<usize>, Vec<f32>)> = floats.collect();
    change(&mut tensors);
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|(.., numbers)| numbers.iter().flat_map(|n| n.to_le_bytes()).collect()).collect();
    let views = tensors.iter().zip(&bytes);
    let views =
        views.map(|((name, shape, _), bytes)| (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
    serialize(views, None).unwrap()
}

/// The file with one number of a tensor changed.
fn number(tensor: &str, index: usize, value: f32) -> Vec<u8> {
    changed(|tensors| tensors.iter_mut().find(|(name, ..)| name == tensor).unwrap().2[index] = value)
}

#[test]
fn what_does_not_fit_is_named() {
    for (tensor, index) in [("features.8.weight", 37), ("classifier.6.bias", 4), ("features.1.running_var", 0)] {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let error =
                assert_error(&number(tensor, index, value), &format!("{tensor}: element {index} is not a finite"));
            assert!(matches!(error, Error::NotFinite { .. }));
        }
    }
    assert_error(&number("features.5.running_var", 1, -0.5), "features.5.running_var: element 1 is -0.5");
    // A variance of nothing at all, and gammas that overflow, are numbers all the same.
    assert!(FloatModel::from_bytes(&number("features.5.running_var", 1, 0.0), &hints()).is_ok());

    let error =
        assert_error(&changed(|all| all.retain(|(name, ..)| name.starts_with("features."))), "without its classifier");
    assert!(matches!(error, Error::NoClassifier { .. }));
    assert_error(
        &changed(|all| all.retain(|(name, ..)| name != "classifier.3.weight")),
        "classifier.3.weight is missing",
    );
    assert_error(&changed(|all| all.retain(|(name, ..)| name != "features.5.weight")), "features.5.weight is missing");
    assert_error(
        &changed(|all| all.push(("features.30.weight".into(), vec![1, 1, 3, 3], vec![0.0; 9]))),
        "no network of the table",
    );
    assert_error(&changed(|all| all.push(("head.weight".into(), vec![1], vec![0.0]))), "head.weight does not belong");
    let reshaped = |name: &str, shape: &[usize]| {
        changed(|all| all.iter_mut().find(|(found, ..)| found == name).unwrap().1 = shape.to_vec())
    };
    assert_error(
        &reshaped("classifier.3.weight", &[4, 9]),
        "classifier.3.weight has the shape [4, 9], expected [6, 6]",
    );
    assert_error(
        &reshaped("features.4.weight", &[1, 2, 3, 3]),
        "features.4.weight has the shape [1, 2, 3, 3], expected [2, 1, 3, 3]",
    );
    let resnet = changed(|all| {
        *all = vec![
            ("conv1.weight".into(), vec![2, 3, 7, 7], vec![0.0; 294]),
            ("layer1.0.conv1.weight".into(), vec![2], vec![0.0; 2]),
        ];
    });
    assert!(matches!(assert_error(&resnet, "the first is conv1.weight"), Error::Naming { .. }));
}

#[test]
fn what_is_no_weights_is_named_for_what_it_is() {
    let onnx = b"\x08\x08\x12\x07pytorch\x1a\x052.1.0:\xb9\x04\n\x5b\n\x05input\x12\x0dQuantizeLinear";
    let tar = [&b"sys_info"[..], &[0; 249], b"ustar  ", &[0; 300]].concat();
    let cases: [(&[u8], &str, &str); 14] = [
        (b"", "empty", "the file is empty"),
        (b"<!DOCTYPE html>\n<html><head><title>404", "html", "a web page"),
        (b"\n  <html lang=\"en\">", "html", "a web page"),
        (b"{\"error\":\"Repository not found\"}", "text", "Repository not found"),
        (b"Entry not found", "text", "Entry not found"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:12", "lfs-pointer", "Git LFS"),
        (onnx, "onnx", "ONNX"),
        (b"\x1c\0\0\0TFL3\x14\0 \0", "tflite", "TensorFlow Lite"),
        (b"GGUF\x03\0\0\0\x01", "gguf", "GGUF"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03", "compressed", "gzip"),
        (&tar, "torch-tar", "tar"),
        (&[0x9c, 0x3f, 0, 0x7d, 0xee, 0xbc, 1, 2, 3, 4, 5], "unknown", "9c 3f 00 7d ee bc 01 02"),
        (b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01.", "pickle-call", "numpy.core.multiarray._reconstruct"),
        (&fixture("script.pt"), "torch-script", "TorchScript"),
    ];
    for (file, code, expected) in cases {
        let error = assert_error(file, expected);
        // The page makes its sentence of this.
        assert_eq!(serde_json::to_value(&error).unwrap()["code"], code);
    }
    let missing = Error::Shape { tensor: "a".into(), expected: "[1]".into(), found: "[2]".into() };
    let parameters = serde_json::json!({"code": "shape", "tensor": "a", "expected": "[1]", "found": "[2]"});
    assert_eq!(serde_json::to_value(missing).unwrap(), parameters);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_files_never_panic(
        file in 0..=SAME.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        at_end in any::<bool>(),
    ) {
        let mut bytes = fixture(SAME.get(file).map_or("keras.h5", |(name, _)| name));
        // Heads lie at the beginning; a zip archive's directory, at the end.
        let (start, length) = if at_end { (bytes.len() - 4000, 4000) } else { (0, 6000) };
        for (index, value) in changes {
            bytes[start + index.index(length)] = value;
        }
        let _ = FloatModel::from_bytes(&bytes, &hints());
    }
}
