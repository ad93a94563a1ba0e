//! The kernel suite in a real browser, with simd128.

#![cfg(target_arch = "wasm32")]

mod suite;

use vgglass::kernels::simd::Simd128;
use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_dedicated_worker);

suite!(simd128, wasm_bindgen_test::wasm_bindgen_test, super::Simd128);

mod bindings {
    use js_sys::{Object, Reflect, Uint8ClampedArray};
    use vgglass::network::TABLE;
    use vgglass::web::Network;
    use wasm_bindgen::JsValue;
    use wasm_bindgen_test::wasm_bindgen_test;
    use web_sys::ImageData;

    /// A small A with random weights.
    fn untrained() -> Network {
        let options = Object::new();
        for (name, value) in [("width", 0.25), ("input_size", 32.0), ("fc", 16.0), ("classes", 10.0)] {
            Reflect::set(&options, &name.into(), &value.into()).unwrap();
        }
        Network::untrained("A", options.into(), 5.0).ok().unwrap()
    }

    /// A gradient of `width`×`height` pixels.
    fn picture(width: u32, height: u32) -> ImageData {
        let pixel = |i: u32| [(i % width * 255 / width) as u8, (i / width * 255 / height) as u8, 90, 255];
        let rgba: Vec<u8> = (0..width * height).flat_map(pixel).collect();
        // A copy: the browser takes no view of memory that threads share.
        let copy = Uint8ClampedArray::from(&*rgba);
        ImageData::new_with_js_u8_clamped_array_and_sh(&copy, width, height).unwrap()
    }

    fn text(error: wasm_bindgen::JsError) -> String {
        js_sys::Error::from(JsValue::from(error)).message().into()
    }

    fn number(object: &JsValue, name: &str) -> f64 {
        Reflect::get(object, &name.into()).unwrap().as_f64().unwrap()
    }

    #[wasm_bindgen_test]
    fn the_table_is_there() {
        let rows = js_sys::Array::from(&vgglass::web::networks().ok().unwrap());
        assert_eq!(rows.length() as usize, TABLE.len());
        let d = rows.get(TABLE.iter().position(|row| row.id == "D").unwrap() as u32);
        assert_eq!(number(&d, "parameters"), 138_357_544.0);
        assert_eq!(number(&d, "macs"), 15_470_264_320.0);
        let layers = js_sys::Array::from(&vgglass::web::describe("D", JsValue::UNDEFINED).ok().unwrap());
        assert_eq!(layers.length(), 22);
    }

    #[wasm_bindgen_test]
    fn a_picture_runs_layer_by_layer() {
        let mut network = untrained();
        network.set_picture(&picture(50, 40)).ok().unwrap();
        let mut steps = 0;
        while !network.step().ok().unwrap().is_undefined() {
            steps += 1;
        }
        assert_eq!(steps, js_sys::Array::from(&network.layers().ok().unwrap()).length() - 1);
        let top = js_sys::Array::from(&network.top(3.0).ok().unwrap());
        assert_eq!(top.length(), 3);
        assert!(number(&top.get(0), "probability") >= number(&top.get(1), "probability"));
        let sum: f32 = network.probabilities().ok().unwrap().to_vec().iter().sum();
        assert!((sum - 1.0).abs() < 1e-5);
    }

    #[wasm_bindgen_test]
    fn what_the_network_sees_is_the_picture() {
        let mut network = untrained();
        let image = picture(32, 32);
        network.set_picture(&image).ok().unwrap();
        assert_eq!(network.picture().ok().unwrap().data(), image.data());
    }

    #[wasm_bindgen_test]
    fn maps_are_drawn_as_laid_out() {
        let mut network = untrained();
        network.set_picture(&picture(64, 64)).ok().unwrap();
        network.run().ok().unwrap();
        let options = js_sys::JSON::parse(r#"{"columns": 2, "cell": 20, "gap": 3, "colormap": "grey", "view": "pre"}"#);
        let drawn = network.draw(1.0, &[0.0, 1.0, 2.0], options.unwrap()).ok().unwrap();
        assert_eq!((drawn.width(), drawn.height()), (2 * 20 + 3, 2 * 20 + 3));
        let data = drawn.data();
        let alpha = |x: usize, y: usize| data[(y * 43 + x) * 4 + 3];
        assert_eq!(
            (alpha(0, 0), alpha(20, 0), alpha(42, 42)),
            (255, 0, 0),
            "maps are opaque, gaps and the missing map not"
        );
        assert!(data.chunks(4).any(|pixel| pixel[..3] != data[..3]), "a map is not one colour");
    }

    /// Typed arrays arrive as such, and the sum is that of the products.
    #[wasm_bindgen_test]
    fn a_value_is_worked_out() {
        let mut network = untrained();
        network.set_picture(&picture(32, 32)).ok().unwrap();
        network.run().ok().unwrap();
        let worked = network.arithmetic(3.0, 2.0, 1.0, 1.0).ok().unwrap();
        let array = |name: &str| Reflect::get(&worked, &name.into()).unwrap();
        let patch = js_sys::Int16Array::from(array("patch")).to_vec();
        let weights = js_sys::Int8Array::from(array("weights")).to_vec();
        let sum: i32 = patch.iter().zip(&weights).map(|(&q, &w)| i32::from(q) * i32::from(w)).sum();
        assert_eq!(f64::from(sum) + number(&worked, "bias"), number(&worked, "sum"));
        let kernel = network.weights(3.0, 2.0).ok().unwrap();
        let values = js_sys::Int8Array::from(Reflect::get(&kernel, &"values".into()).unwrap());
        assert_eq!(values.to_vec(), weights);
        assert_eq!(network.histogram(3.0, Some(2.0)).ok().unwrap().to_vec().iter().sum::<u32>(), 16 * 16);
        assert_eq!(network.cell_values(3.0, 1.0, 1.0).ok().unwrap().get_index(2) as f64, number(&worked, "value"));
        assert_eq!(network.score_map().ok().unwrap().to_vec(), network.logits().ok().unwrap().to_vec());
    }

    /// Real numbers are on the other side what they are here, to the last bit, and what is missing is null.
    #[wasm_bindgen_test]
    fn numbers_cross_as_they_are() {
        let mut network = untrained();
        network.set_picture(&picture(32, 32)).ok().unwrap();
        network.run().ok().unwrap();
        let last = network.done() as f64 - 1.0;
        let (logits, probabilities) =
            (network.logits().ok().unwrap().to_vec(), network.probabilities().ok().unwrap().to_vec());
        for top in js_sys::Array::from(&network.top(10.0).ok().unwrap()).iter() {
            let class = number(&top, "class") as usize;
            assert_eq!(number(&top, "logit").to_bits(), f64::from(logits[class]).to_bits());
            assert_eq!(number(&top, "probability").to_bits(), f64::from(probabilities[class]).to_bits());
        }
        let means = network.channel_means(2.0).ok().unwrap().to_vec();
        let mean = means.iter().map(|&mean| f64::from(mean)).sum::<f64>() / means.len() as f64;
        assert!((number(&network.stats(2.0).ok().unwrap(), "mean") - mean).abs() < 1e-6 * mean);
        let value = network.value(last, 0.0, 0.0, 0.0).ok().unwrap();
        assert!(Reflect::get(&value, &"q".into()).unwrap().is_null(), "logits are no integers");
        let info = network.info().ok().unwrap();
        assert_eq!((number(&info, "width"), number(&info, "seed")), (0.25, 5.0));
        for missing in ["modules", "accuracy", "temperature"] {
            assert!(Reflect::get(&info, &missing.into()).unwrap().is_null(), "{missing}");
        }
    }

    #[wasm_bindgen_test]
    fn layers_tell_how_they_are_computed() {
        let text = |layer: &JsValue, name: &str| Reflect::get(layer, &name.into()).unwrap().as_string();
        let options = js_sys::JSON::parse(r#"{"width": 0.5, "input_size": 32, "fc": 16, "classes": 10}"#).unwrap();
        let network = Network::untrained("A-LRN", options, 5.0).ok().unwrap();
        let layers = js_sys::Array::from(&network.layers().ok().unwrap()).to_vec();
        assert_eq!(
            (text(&layers[0], "algorithm"), number(&layers[0], "gain")),
            (None, 1.0),
            "the input is not computed"
        );
        let mut seen = Vec::new();
        for layer in &layers[1..] {
            let (algorithm, name) = (text(layer, "algorithm").unwrap(), text(layer, "kernel_name").unwrap());
            let instruction = text(layer, "instruction");
            let (word, gain) = match algorithm.as_str() {
                "direct" => ("direct", 1.0),
                "winograd-f2" => ("F(2×2)", 2.25),
                "winograd-f4" => ("F(4×4)", 4.0),
                "lrn" => ("LRN", 1.0),
                "max-pool" => ("max", 1.0),
                "matrix-vector" => ("matrix–vector", 1.0),
                other => panic!("{other}"),
            };
            assert!(name.contains(word), "{algorithm}: {name}");
            assert_eq!(number(layer, "gain"), gain, "{algorithm}");
            assert_eq!(instruction.is_some(), number(layer, "macs") > 0.0, "{algorithm}");
            if text(layer, "kind").unwrap() == "conv" {
                assert!(name.contains(&format!(" {} ", instruction.unwrap())), "{name}");
            } else if let Some(instruction) = instruction {
                let expected = if cfg!(target_feature = "relaxed-simd") { "i8" } else { "i16" };
                assert_eq!(instruction, expected, "{name}");
            }
            seen.push(algorithm);
        }
        for algorithm in ["winograd-f4", "lrn", "max-pool", "matrix-vector"] {
            assert!(seen.iter().any(|other| other == algorithm), "{algorithm}");
        }
        let described = js_sys::Array::from(&vgglass::web::describe("A", JsValue::UNDEFINED).ok().unwrap());
        assert_eq!(text(&described.get(1), "algorithm"), None, "a row alone does not run");
    }

    #[wasm_bindgen_test]
    fn what_is_wrong_with_a_row_is_told() {
        let problem =
            |options: &str| vgglass::web::problem("custom", js_sys::JSON::parse(options).unwrap()).ok().unwrap();
        let conv = r#"{"op": "conv", "kernel": 3, "channels": 64, "stride": 1, "pad": 1}"#;
        let pool = r#"{"op": "pool", "kernel": 2, "stride": 2}"#;
        assert!(problem(&format!(r#"{{"modules": [[{conv}, {pool}]], "input_size": 16}}"#)).is_undefined());
        let text = |problem: &JsValue, name: &str| Reflect::get(problem, &name.into()).unwrap().as_string().unwrap();
        let vanishing = problem(&format!(r#"{{"modules": [[{conv}, {pool}, {pool}]], "input_size": 2}}"#));
        assert_eq!(text(&vanishing, "code"), "vanish");
        let found = ["layer", "cells", "kernel"].map(|name| number(&vanishing, name));
        assert_eq!(found, [3.0, 1.0, 2.0]);
        let whole = problem(&format!(r#"{{"modules": [[{conv}]]}}"#));
        assert_eq!(text(&whole, "code"), "inputs");
        let found = ["layer", "cells", "channels", "found", "most"].map(|name| number(&whole, name));
        assert_eq!(found, [2.0, 224.0, 64.0, 64.0 * 224.0 * 224.0, 66_000.0]);
        let many = problem(r#"{"modules": [], "input_size": 16}"#);
        assert_eq!(text(&many, "code"), "other");
        assert_eq!(text(&many, "message"), "the number of modules is 0, expected 1 to 16");
    }

    #[wasm_bindgen_test]
    fn channels_are_switched() {
        let mut network = untrained();
        network.set_picture(&picture(32, 32)).ok().unwrap();
        network.run().ok().unwrap();
        let logits = network.logits().ok().unwrap().to_vec();
        for channel in 0..8 {
            network.switch_channel(3.0, channel.into(), false).ok().unwrap();
        }
        assert_eq!(network.done(), 3);
        network.run().ok().unwrap();
        assert_ne!(network.logits().ok().unwrap().to_vec(), logits);
        assert_eq!(js_sys::Array::from(&network.switched_off().ok().unwrap()).length(), 8);
        network.switch_all_on();
        network.run().ok().unwrap();
        assert_eq!(network.logits().ok().unwrap().to_vec(), logits);
        network.set_value(3.0, 0.0, 0.0, 0.0, 127.0).ok().unwrap();
        assert_eq!(network.done(), 4);
    }

    #[wasm_bindgen_test]
    fn layers_are_repeated() {
        let mut network = untrained();
        assert!(text(network.repeat(1.0, 2.0, 1.0).err().unwrap()).contains("not computed"), "there is no picture");
        network.set_picture(&picture(32, 32)).ok().unwrap();
        network.repeat(1.0, 3.0, 2.0).ok().unwrap();
        assert_eq!(network.done(), 3);
        assert!(text(network.repeat(4.0, 5.0, 1.0).err().unwrap()).contains("not computed"));
        network.run().ok().unwrap();
        let (logits, all) = (network.logits().ok().unwrap().to_vec(), network.done() as f64);
        network.repeat(2.0, 3.0, 5.0).ok().unwrap();
        assert_eq!(network.done(), 3, "what came after is forgotten");
        network.repeat(1.0, all, 3.0).ok().unwrap();
        assert_eq!(network.logits().ok().unwrap().to_vec(), logits);
        for (first, end) in [(0.0, 1.0), (2.0, 2.0), (3.0, 2.0), (1.0, all + 1.0)] {
            assert!(network.repeat(first, end, 1.0).is_err(), "{first}..{end}");
        }
    }

    #[wasm_bindgen_test]
    fn a_row_of_ones_own_runs() {
        let options = r#"{"modules": [[{"op": "conv", "kernel": 5, "channels": 8, "stride": 1, "pad": 2}, {"op": "lrn"}],
            [{"op": "pool", "kernel": 2, "stride": 2}]], "input_size": 16, "fc": 8, "classes": 4}"#;
        let options = js_sys::JSON::parse(options).unwrap();
        let mut network = Network::untrained("custom", options.clone(), 1.0).ok().unwrap();
        network.set_picture(&picture(16, 16)).ok().unwrap();
        network.run().ok().unwrap();
        assert_eq!(network.logits().ok().unwrap().length(), 4);
        assert_eq!(js_sys::Array::from(&vgglass::web::describe("custom", options).ok().unwrap()).length(), 7);
        assert_eq!(js_sys::Array::from(&vgglass::web::modules("D").ok().unwrap()).length(), 5);
    }

    #[wasm_bindgen_test]
    fn mistakes_are_errors_with_reasons() {
        let mut network = untrained();
        assert!(text(network.top(5.0).err().unwrap()).contains("0 of"));
        network.set_picture(&picture(8, 8)).ok().unwrap();
        assert!(text(network.stats(3.0).err().unwrap()).contains("not computed"));
        network.run().ok().unwrap();
        assert!(text(network.value(1.0, 999.0, 0.0, 0.0).err().unwrap()).contains("channel is 999"));
        assert!(network.draw(1.0, &[999.0], Object::new().into()).is_err());
        assert!(text(network.switch_channel(1.0, 999.0, false).err().unwrap()).contains("channel is 999"));
        assert!(network.switch_channel(0.0, 0.0, false).is_err(), "the input has no switch");
        assert!(network.switch_channel(999.0, 0.0, false).is_err());
        assert!(network.set_value(1.0, 0.0, 0.0, 0.0, 128.0).is_err(), "activations end at 127");
        assert!(network.set_value(1.0, 0.0, 99.0, 0.0, 1.0).is_err());
        assert!(text(network.arithmetic(2.0, 0.0, 0.0, 0.0).err().unwrap()).contains("no weights"));
        assert!(network.weights(999.0, 0.0).is_err() && network.weights(1.0, 999.0).is_err());
        assert!(network.histogram(0.0, None).is_err() && network.histogram(1.0, Some(999.0)).is_err());
        assert!(network.set_size(16.0).is_err(), "below the native size fc6 does not fit");
        assert!(network.top(1.0).is_ok(), "a refused size leaves what was computed");
        assert!(text(Network::untrained("Z", JsValue::UNDEFINED, 1.0).err().unwrap()).contains("A-LRN"));
        for bytes in [&[][..], b"not a model", &[255; 64]] {
            assert!(!text(Network::from_model(bytes.to_vec()).err().unwrap()).is_empty());
        }
    }

    /// Numbers are taken as JavaScript has them: what is cut to an integer would be another one, or another channel's.
    #[wasm_bindgen_test]
    fn numbers_are_whole_and_in_range() {
        let mut network = untrained();
        network.set_picture(&picture(32, 32)).ok().unwrap();
        network.run().ok().unwrap();
        let before = network.logits().ok().unwrap().to_vec();
        let wrong = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.5, 4_294_967_296.0, 4_294_967_297.0, 1e300];
        for number in wrong {
            let expect = |name: &str, error: Option<wasm_bindgen::JsError>| {
                let message = text(error.unwrap_or_else(|| panic!("{name} {number}")));
                assert!(message.starts_with(&format!("{name} is {number}, expected")), "{message}");
            };
            expect("layer", network.stats(number).err());
            expect("layer", network.strongest(number, 1.0).err());
            expect("n", network.strongest(1.0, number).err());
            expect("layer", network.channel_means(number).err());
            expect("layer", network.set_value(number, 0.0, 0.0, 0.0, 1.0).err());
            expect("channel", network.set_value(1.0, number, 0.0, 0.0, 1.0).err());
            expect("y", network.set_value(1.0, 0.0, number, 0.0, 1.0).err());
            expect("x", network.set_value(1.0, 0.0, 0.0, number, 1.0).err());
            expect("q", network.set_value(1.0, 0.0, 0.0, 0.0, number).err());
            expect("layer", network.switch_channel(number, 0.0, false).err());
            expect("channel", network.switch_channel(1.0, number, false).err());
            expect("size", network.set_size(number).err());
            expect("side", network.begin_picture(number).err());
            expect("k", network.top(number).err());
            expect("layer", network.value(number, 0.0, 0.0, 0.0).err());
            expect("channel", network.arithmetic(1.0, number, 0.0, 0.0).err());
            expect("layer", network.weights(number, 0.0).err());
            expect("channel", network.weights(1.0, number).err());
            expect("y", network.cell_values(1.0, number, 0.0).err());
            expect("layer", network.histogram(number, None).err());
            expect("channel", network.histogram(1.0, Some(number)).err());
            expect("channel", network.channel_values(1.0, number).err());
            expect("layer", network.draw(number, &[0.0], Object::new().into()).err());
            expect("channel", network.draw(1.0, &[0.0, number], Object::new().into()).err());
            expect("x", network.receptive_box(1.0, 0.0, number).err());
            expect("first", network.repeat(number, 2.0, 1.0).err());
            expect("end", network.repeat(1.0, number, 1.0).err());
            expect("times", network.repeat(1.0, 2.0, number).err());
            expect("seed", Network::untrained("A", JsValue::UNDEFINED, number).err());
            for name in ["columns", "cell", "gap"] {
                let atlas = Object::new();
                Reflect::set(&atlas, &name.into(), &number.into()).unwrap();
                expect(name, network.draw(1.0, &[0.0], atlas.into()).err());
            }
            for name in ["input_size", "fc", "classes"] {
                let options = Object::new();
                Reflect::set(&options, &name.into(), &number.into()).unwrap();
                expect(name, vgglass::web::describe("A", options.into()).err());
            }
            if !number.is_finite() {
                let options = Object::new();
                Reflect::set(&options, &"width".into(), &number.into()).unwrap();
                expect("width", vgglass::web::describe("A", options.into()).err());
            }
            let modules = r#"{"modules": [[{"op": "conv", "kernel": 3, "channels": 8, "stride": 1, "pad": 1}]]}"#;
            let options = js_sys::JSON::parse(modules).unwrap();
            let op =
                js_sys::Array::from(&js_sys::Array::from(&Reflect::get(&options, &"modules".into()).unwrap()).get(0))
                    .get(0);
            Reflect::set(&op, &"channels".into(), &number.into()).unwrap();
            expect("channels", vgglass::web::describe("custom", options).err());
        }
        assert!(text(network.set_value(1.0, 0.0, 0.0, 0.0, 300.0).err().unwrap()).starts_with("q is 300, expected"));
        assert_eq!(network.logits().ok().unwrap().to_vec(), before, "nothing was changed");
    }

    /// More pixels than are held at a time: the same as what a crop of the smaller picture gives when its pixels are doubled.
    #[wasm_bindgen_test]
    fn a_large_picture_comes_in_strips() {
        let (width, height) = (2100, 2200);
        let image = picture(width, height);
        let mut network = untrained();
        network.set_picture(&image).ok().unwrap();
        let rgb = vgglass::picture::resize(&image.data(), width as usize, height as usize, 32).unwrap();
        let seen = network.picture().ok().unwrap().data().to_vec();
        assert_eq!(seen.as_chunks::<4>().0.iter().flat_map(|pixel| &pixel[..3]).copied().collect::<Vec<_>>(), rgb);
    }

    #[wasm_bindgen_test]
    fn a_picture_may_come_column_by_column() {
        let (side, mut network) = (90, untrained());
        let image = picture(side, side);
        network.set_picture(&image).ok().unwrap();
        let expected = network.picture().ok().unwrap().data();
        network.set_picture(&picture(7, 7)).ok().unwrap();
        let data = image.data();
        let strip = |columns: std::ops::Range<usize>| -> Vec<u8> {
            data.chunks_exact(side as usize * 4)
                .flat_map(|row| &row[columns.start * 4..columns.end * 4])
                .copied()
                .collect()
        };
        network.begin_picture(90.0).ok().unwrap();
        for columns in [0..1, 1..50] {
            network.picture_columns(strip(columns)).ok().unwrap();
            assert_ne!(network.picture().ok().unwrap().data(), expected);
        }
        network.picture_columns(strip(50..90)).ok().unwrap();
        assert_eq!(network.picture().ok().unwrap().data(), expected);
        assert!(text(network.picture_columns(strip(0..1)).err().unwrap()).contains("no picture was announced"));
        network.begin_picture(90.0).ok().unwrap();
        assert!(text(network.picture_columns(vec![0; 7]).err().unwrap()).contains("found 7"));
        assert!(network.picture_columns(strip(0..1)).is_err(), "it is not waited for any more");
        network.begin_picture(90.0).ok().unwrap();
        network.set_size(64.0).ok().unwrap();
        assert!(network.picture_columns(strip(0..90)).is_err(), "it was to be of another size");
    }
}
