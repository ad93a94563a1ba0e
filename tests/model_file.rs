//! Model files and float networks: PyTorch's figures, the round trip through a file, and hostile bytes.
//!
//! proptest mutates a few hundred files on every run; `fuzz/` goes on for millions.

#![cfg(not(target_arch = "wasm32"))]

use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use proptest::prelude::*;
use safetensors::SafeTensors;
use safetensors::tensor::{TensorView, serialize};
use serde_json::{Value, json};
use vgglass::model::{Accuracy, Card, Class, FileError, Model};
use vgglass::run::Engine;
use vgglass_convert::float::FloatModel;
use vgglass_convert::quantise::{Method, Statistics, quantise};
use vgglass_convert::{Error, Hints, Naming};

/// Made by `make_fixtures.py`, which says what it holds.
static FIXTURE: &[u8] = include_bytes!("fixtures/float.safetensors");

/// Float sums in another order: largest difference accepted, relative to the largest value of the tensor.
const FLOAT_TOLERANCE: f32 = 2e-5;

/// One network of the fixture.
struct Case {
    /// The weight file.
    file: Vec<u8>,
    /// RGB bytes, `[2][64][64][3]`.
    rgb: Vec<u8>,
    /// `[2][10]`.
    logits: Vec<f32>,
    /// (layer, values `[2][C][h][w]`).
    seen: Vec<(String, Vec<f32>)>,
}

fn floats(view: &TensorView) -> Vec<f32> {
    view.data().as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

fn case(name: &str) -> Case {
    let all = SafeTensors::deserialize(FIXTURE).unwrap();
    let part = |part: &str| {
        let prefix = format!("{name}/{part}");
        let mut tensors: Vec<_> = all.tensors();
        tensors.retain(|(name, _)| name.starts_with(&prefix));
        tensors.into_iter().map(move |(name, view)| (name[prefix.len()..].to_owned(), view)).collect::<Vec<_>>()
    };
    let pictures = all.tensor(&format!("{name}/pictures")).unwrap();
    let planes = pictures.data();
    let cells = 64 * 64;
    let byte = |i: usize| planes[(i / (3 * cells) * 3 + i % 3) * cells + i / 3 % cells];
    Case {
        file: serialize(part("file/"), None).unwrap(),
        rgb: (0..planes.len()).map(byte).collect(),
        logits: floats(&all.tensor(&format!("{name}/logits")).unwrap()),
        seen: part("seen/").into_iter().map(|(layer, view)| (layer, floats(&view))).collect(),
    }
}

fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |most, value| most.max(value.abs()))
}

fn assert_close(what: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let differences: Vec<f32> = found.iter().zip(expected).map(|(a, b)| a - b).collect();
    let relative = largest(&differences) / largest(expected);
    assert!(relative <= tolerance, "{what} differs by {relative:e} of its largest value");
}

/// Case, hinted row, expected row, naming.
const CASES: [(&str, Option<&str>, &str, Naming); 10] = [
    ("d", None, "D", Naming::Vgglass),
    ("c", None, "C", Naming::Vgglass),
    ("a_lrn", Some("A-LRN"), "A-LRN", Naming::Vgglass),
    ("alexnet", None, "AlexNet", Naming::Vgglass),
    ("torchvision_a", None, "A", Naming::Torchvision),
    ("torchvision_b_bn", None, "B", Naming::Torchvision),
    ("timm_a_bn", None, "A", Naming::Timm),
    ("half_a", None, "A", Naming::Timm),
    ("brain_a", None, "A", Naming::Torchvision),
    ("torchvision_alexnet", None, "AlexNet-TV", Naming::Torchvision),
];

fn read(name: &str, hint: Option<&str>) -> (Case, FloatModel) {
    let case = case(name);
    let hints = Hints { id: hint.map(str::to_owned), input_size: None };
    let model = FloatModel::from_bytes(&case.file, &hints).unwrap_or_else(|error| panic!("{name}: {error}"));
    (case, model)
}

#[test]
fn float_networks_agree_with_pytorch() {
    for (name, hint, id, naming) in CASES {
        let (case, model) = read(name, hint);
        assert_eq!((model.network.id.as_str(), model.naming), (id, naming), "{name}");
        assert_eq!(
            (model.network.width, model.network.input_size, model.network.fc, model.network.classes),
            (1.0 / 32.0, 64, 12, 10),
            "{name}"
        );
        let mut seen: HashMap<String, Vec<f32>> = HashMap::new();
        let logits = model.run(&case.rgb, |index, values| {
            let layer = &model.layers[index];
            // PyTorch has pictures before channels.
            let (channels, cells) = (layer.output.channels, layer.output.cells());
            let from = |i: usize| values[(i / cells % channels * 2 + i / cells / channels) * cells + i % cells];
            seen.insert(layer.name.clone(), (0..values.len()).map(from).collect());
        });
        assert_close(name, &logits, &case.logits, FLOAT_TOLERANCE);
        for (layer, expected) in &case.seen {
            assert_close(&format!("{name}, {layer}"), &seen[layer], expected, FLOAT_TOLERANCE);
        }
    }
}

/// Rounding to eight bits in up to sixteen layers of two to sixteen random channels; wrong units of a scale or a bias
/// would be wrong by a multiple.
const INT8_TOLERANCE: f32 = 0.3;

#[test]
fn int8_follows_float_by_every_method() {
    for (name, hint, ..) in CASES {
        let (case, float) = read(name, hint);
        let statistics = Statistics::gather(&float, &case.rgb);
        for method in Method::all() {
            let model = quantise(&float, &statistics, method, Vec::new(), Card::default());
            let mut engine = Engine::new(&model).unwrap();
            let run = |rgb: &[u8]| {
                engine.set_picture(rgb);
                engine.run();
                engine.logits()
            };
            let logits: Vec<f32> = case.rgb.chunks(64 * 64 * 3).flat_map(run).collect();
            assert_close(&format!("{name}, {method}"), &logits, &case.logits, INT8_TOLERANCE);
        }
    }
}

fn model() -> Model {
    let (case, float) = read("d", None);
    let statistics = Statistics::gather(&float, &case.rgb);
    let class = |i: usize| Class { wnid: format!("n{i:08}"), en: format!("class {i}"), zh: format!("第{i}类") };
    let accuracy = Accuracy { top1: 0.5, top5: 0.75, float_top1: 0.501, float_top5: 0.8, images: 7 };
    let card = Card {
        accuracy: Some(accuracy),
        licence: "free, \"as is\"".to_owned(),
        provenance: "random\nnumbers".to_owned(),
        temperature: Some(1.23),
        seed: None,
    };
    quantise(&float, &statistics, Method::all()[0], (0..10).map(class).collect(), card)
}

static VALID: LazyLock<Bytes> = LazyLock::new(|| model().to_bytes().unwrap());

#[test]
fn a_file_gives_the_model_back() {
    let (written, again) = (model(), model().to_bytes().unwrap());
    assert_eq!(*VALID, again, "the same model gives the same bytes");
    let read = Model::from_bytes(&VALID).unwrap();
    assert_eq!(read.network, written.network);
    assert_eq!(read.preprocess, written.preprocess);
    assert_eq!(read.activation_scales, written.activation_scales);
    assert_eq!(read.classes, written.classes);
    assert_eq!(read.card, written.card);
    assert_eq!(read.weights.len(), written.weights.len());
    for (read, written) in read.weights.iter().zip(&written.weights) {
        let inside = VALID.as_ptr_range().contains(&read.weight.as_ptr().cast());
        assert!(inside, "weights stay in the file's bytes");
        assert_eq!(
            (&read.name, &read.weight, &read.scale, &read.bias),
            (&written.name, &written.weight, &written.scale, &written.bias)
        );
    }
}

/// Its deviation, one step of a byte, is forty times smaller than anybody else's.
#[test]
fn kerass_preprocessing_fits_a_model_file() {
    let float = FloatModel::from_bytes(include_bytes!("fixtures/convert/keras.h5"), &Hints::default()).unwrap();
    assert_eq!(float.preprocess.std, [1.0 / 255.0; 3]);
    assert_eq!(float.preprocess.rounded_mean(), [124, 117, 104]);
    let picture: Vec<u8> = (0..float.network.input_size.pow(2) * 3).map(|i| (i * 7) as u8).collect();
    let statistics = Statistics::gather(&float, &picture);
    let written = quantise(&float, &statistics, Method::all()[0], Vec::new(), Card::default());
    let read = Model::from_bytes(&written.to_bytes().unwrap()).unwrap();
    assert_eq!(read.preprocess, written.preprocess);
    assert_eq!(read.weights[0].scale, written.weights[0].scale);
}

#[test]
fn an_int8_file_is_not_float_weights() {
    let error = FloatModel::from_bytes(&VALID, &Hints::default()).unwrap_err();
    assert!(matches!(error, Error::Quantised), "{error}");
}

/// Joins a header and data.
fn join(header: &Value, data: &[u8]) -> Vec<u8> {
    let header = header.to_string().into_bytes();
    [&(header.len() as u64).to_le_bytes()[..], &header, data].concat()
}

/// The valid file with header and data changed.
fn changed(change: impl FnOnce(&mut Value, &mut Vec<u8>)) -> Vec<u8> {
    let (length, rest) = VALID.split_first_chunk::<8>().unwrap();
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let (mut header, mut data) = (serde_json::from_slice(header).unwrap(), data.to_vec());
    change(&mut header, &mut data);
    join(&header, &data)
}

/// The valid file with one value of the metadata changed or, by `None`, removed.
fn metadata(key: &str, value: Option<&str>) -> Vec<u8> {
    changed(|header, _| {
        let metadata = header["__metadata__"].as_object_mut().unwrap();
        match value {
            Some(value) => metadata.insert(key.to_owned(), json!(value)),
            None => metadata.remove(key),
        };
    })
}

/// The valid file with the first four bytes of a tensor changed.
fn element(tensor: &str, bytes: [u8; 4]) -> Vec<u8> {
    changed(|header, data| {
        let at = header[tensor]["data_offsets"][0].as_u64().unwrap() as usize;
        data[at..at + 4].copy_from_slice(&bytes);
    })
}

#[track_caller]
fn assert_error(bytes: &[u8], expected: &str) {
    let error = match Model::from_bytes(&Bytes::copy_from_slice(bytes)) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("accepted; expected {expected:?}"),
    };
    assert!(error.contains(expected), "expected {expected:?} in {error:?}");
}

#[test]
fn errors_say_what_was_expected_and_found() {
    assert_error(&[], "it has 0 bytes, expected 8");
    assert_error(&VALID[..VALID.len() - 1], &format!("expected {}", VALID.len()));
    assert_error(&VALID[..1000], "cut short");
    assert_error(&[&VALID[..], &[0]].concat(), "its tensors end at byte");
    assert_error(&[0xff; 64], "at most 4194304");
    assert_error(&join(&json!([1]), &[]), "not that of a safetensors file");

    assert_error(&metadata("format", Some("vgglass 2")), "expected vgglass 1, found vgglass 2");
    for key in ["format", "network", "mean", "std", "activation_scales"] {
        assert_error(&metadata(key, None), &format!("metadata \"{key}\" is missing"));
        assert_error(&metadata(key, Some("{")), &format!("metadata \"{key}\""));
    }
    let network = |id: &str, width: f64, fc: usize| {
        metadata(
            "network",
            Some(&json!({"id": id, "width": width, "input_size": 64, "fc": fc, "classes": 10}).to_string()),
        )
    };
    assert_error(&network("F", 0.5, 12), "no network is called \"F\"");
    assert_error(&network("D", 1e9, 12), "width is 1000000000");
    assert_error(&network("D", 0.03125, usize::MAX), "fc is");
    assert_error(&network("D", 0.03125, 13), "tensor fc6.weight: expected I8 [13, 64], found I8 [12, 64]");
    assert_error(&network("E", 0.03125, 12), "scale for conv3_4");
    assert_error(&metadata("std", Some("[0.2, 0, 0.2]")), "\"std\": expected 0.001 to 1000, found 0");
    assert_error(&metadata("classes", Some("[]")), "expected 10 classes, found 0");
    assert_error(
        &metadata("classes", Some(&json!(vec![json!({"wnid": "n", "en": "x".repeat(300), "zh": ""}); 10]).to_string())),
        "at most 256 bytes",
    );
    assert_error(
        &metadata("accuracy", Some(r#"{"top1":1.5,"top5":0,"float_top1":0,"float_top5":0,"images":1}"#)),
        "found 1.5",
    );
    assert_error(&metadata("licence", Some(&"x".repeat(10_000))), "found 10000");
    for temperature in ["0", "-1", "NaN", "inf", "warm"] {
        assert_error(&metadata("temperature", Some(temperature)), "a number from 0.01 to 100");
    }
    assert_error(&metadata("seed", Some("-1")), "an unsigned number");

    let scales: BTreeMap<String, f32> = model().activation_scales.into_iter().collect();
    let scales = |change: fn(&mut BTreeMap<String, f32>)| {
        let mut scales = scales.clone();
        change(&mut scales);
        metadata("activation_scales", Some(&json!(scales).to_string()))
    };
    assert_error(&scales(|scales| _ = scales.remove("conv3_2")), "a scale for conv3_2");
    assert_error(&scales(|scales| _ = scales.insert("fc8".into(), 1.0)), "one for fc8");
    assert_error(&scales(|scales| _ = scales.insert("fc7".into(), 1e-20)), "1e-12 to 1e6 for fc7");

    assert_error(&element("conv1_1.scale", f32::NAN.to_le_bytes()), "conv1_1.scale: element 0 is NaN");
    assert_error(&element("conv1_1.scale", 0f32.to_le_bytes()), "conv1_1.scale: element 0 is 0");
    assert_error(&element("fc8.scale", (-1f32).to_le_bytes()), "fc8.scale: element 0 is -1");
    assert_error(&element("fc8.scale", f32::MIN_POSITIVE.to_le_bytes()), "expected 1e-12 to 1e6");
    assert_error(&element("fc6.bias", i32::MIN.to_le_bytes()), "fc6.bias: element 0 is -2147483648");
    assert_error(&element("conv2_1.weight", [0, 0, 128, 0]), "conv2_1.weight: element 2 is -128");

    let renamed = |from: &str, to: &str| {
        changed(|header, _| {
            let tensors = header.as_object_mut().unwrap();
            let tensor = tensors.remove(from).unwrap();
            tensors.insert(to.to_owned(), tensor);
        })
    };
    assert_error(&renamed("fc7.bias", "fc7.biases"), "tensor fc7.bias is missing; expected I32 [12]");
    assert_error(
        &changed(|header, data| {
            header["conv9_9.weight"] =
                json!({"dtype": "I8", "shape": [1], "data_offsets": [data.len(), data.len() + 1]});
            data.push(0);
        }),
        "tensor conv9_9.weight does not belong",
    );
    assert_error(
        &changed(|header, _| header["fc7.bias"]["dtype"] = json!("F32")),
        "fc7.bias: expected I32 [12], found F32 [12]",
    );
    assert_error(&changed(|header, _| header["fc7.bias"]["shape"] = json!([3, 4])), "found I32 [3, 4]");
    assert_error(&changed(|header, _| header["fc7.bias"]["shape"] = json!([13])), "not that of a safetensors file");
    assert_error(&changed(|header, _| header["fc7.bias"]["data_offsets"][0] = json!(1)), "fc7.bias");
}

/// A row from a file is bounded as any other: by what would be allocated, before its tensors are looked for.
#[test]
fn a_file_cannot_ask_for_more_memory_than_there_is() {
    let conv = json!({"op": "conv", "kernel": 3, "channels": 1, "stride": 1, "pad": 1});
    let pool = json!({"op": "pool", "kernel": 8, "stride": 8});
    let modules = json!([vec![conv; 62], [&pool, &pool]]);
    let at = |size: usize| {
        let network =
            json!({"id": "custom", "modules": modules, "width": 1, "input_size": size, "fc": 1, "classes": 1});
        metadata("network", Some(&network.to_string()))
    };
    assert_error(&at(256), "a scale for conv1_3");
    assert_error(&at(1024), "MB of memory, at most 1536 MB are accepted");
}

/// Sizes whose sum wraps: on 32 bits as well as on 64.
#[test]
fn offsets_that_overflow_are_an_error() {
    for bits in [32, 64] {
        let step = 1u64 << (bits - 3);
        let mut header = json!({});
        for i in 0..9u64 {
            let (start, end) = (step.wrapping_mul(i), step.wrapping_mul(i + 1));
            header[format!("t{i}")] = json!({"dtype": "U8", "shape": [step], "data_offsets": [start, end]});
        }
        assert!(Model::from_bytes(&join(&header, &[]).into()).is_err());
    }
}

/// Whatever is accepted can be run.
fn read_anything(bytes: &[u8]) -> Result<(), FileError> {
    let _ = FloatModel::from_bytes(bytes, &Hints::default());
    let model = Model::from_bytes(&Bytes::copy_from_slice(bytes))?;
    // A changed row may ask for a large network; its tensors would have to be in the file.
    let mut engine = Engine::new(&model)?;
    engine.set_picture(&vec![200; model.network.input_size.pow(2) * 3]);
    engine.run();
    assert!(engine.logits().iter().all(|logit| logit.is_finite()));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read_anything(&bytes).is_err());
    }

    #[test]
    fn random_headers_never_panic(text in "[\\[\\]{}:,\"0-9a-z_]{0,200}", data in prop::collection::vec(any::<u8>(), 0..16)) {
        let bytes = [&(text.len() as u64).to_le_bytes()[..], text.as_bytes(), &data].concat();
        prop_assert!(read_anything(&bytes).is_err());
    }

    #[test]
    fn truncated_files_are_errors(length in 0..VALID.len()) {
        prop_assert!(read_anything(&VALID[..length]).is_err());
    }

    #[test]
    fn changed_bytes_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), header in any::<bool>()) {
        let mut bytes = VALID.to_vec();
        let end = if header { 8 + u64::from_le_bytes(VALID[..8].try_into().unwrap()) as usize } else { VALID.len() };
        for (index, value) in changes {
            bytes[index.index(end)] = value;
        }
        let _ = read_anything(&bytes);
    }

    #[test]
    fn changed_float_files_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| case("timm_a_bn").file);
        let mut bytes = FILE.clone();
        for (index, value) in changes {
            // Mostly the header, which is the first eighth.
            bytes[index.index(FILE.len() / 8)] = value;
        }
        let _ = FloatModel::from_bytes(&bytes, &Hints::default());
    }

    #[test]
    fn changed_numbers_never_panic(tensor in any::<prop::sample::Index>(), field in 0..3usize, number in any::<u64>(), small in 0..70u64) {
        let bytes = changed(|header, _| {
            let names: Vec<String> = header.as_object().unwrap().keys().filter(|name| !name.starts_with('_')).cloned().collect();
            let info = &mut header[&names[tensor.index(names.len())]];
            let number = json!(number >> small.min(63));
            match field {
                0 => info["shape"][0] = number,
                1 => info["data_offsets"][0] = number,
                _ => info["data_offsets"][1] = number,
            }
        });
        let _ = read_anything(&bytes);
    }
}
