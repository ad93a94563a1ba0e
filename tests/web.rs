//! The kernel suite in a real browser, with simd128.

#![cfg(target_arch = "wasm32")]

mod suite;

use vgglass::kernels::simd::Simd128;
use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_dedicated_worker);

suite!(simd128, wasm_bindgen_test::wasm_bindgen_test, super::Simd128);

mod bindings {
    use js_sys::{Object, Reflect, Uint8ClampedArray};
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
        Network::untrained("A", options.into(), 5).ok().unwrap()
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
        assert_eq!(rows.length(), 7);
        assert_eq!(number(&rows.get(4), "parameters"), 138_357_544.0);
        assert_eq!(number(&rows.get(4), "macs"), 15_470_264_320.0);
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
        let top = js_sys::Array::from(&network.top(3).ok().unwrap());
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
        let drawn = network.draw(1, &[0, 1, 2], options.unwrap()).ok().unwrap();
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
        let worked = network.arithmetic(3, 2, 1, 1).ok().unwrap();
        let array = |name: &str| Reflect::get(&worked, &name.into()).unwrap();
        let patch = js_sys::Int16Array::from(array("patch")).to_vec();
        let weights = js_sys::Int8Array::from(array("weights")).to_vec();
        let sum: i32 = patch.iter().zip(&weights).map(|(&q, &w)| i32::from(q) * i32::from(w)).sum();
        assert_eq!(f64::from(sum) + number(&worked, "bias"), number(&worked, "sum"));
        let kernel = network.weights(3, 2).ok().unwrap();
        let values = js_sys::Int8Array::from(Reflect::get(&kernel, &"values".into()).unwrap());
        assert_eq!(values.to_vec(), weights);
        assert_eq!(network.histogram(3, Some(2)).ok().unwrap().to_vec().iter().sum::<u32>(), 16 * 16);
        assert_eq!(network.cell_values(3, 1, 1).ok().unwrap().get_index(2) as f64, number(&worked, "value"));
        assert_eq!(network.score_map().ok().unwrap().to_vec(), network.logits().ok().unwrap().to_vec());
    }

    #[wasm_bindgen_test]
    fn channels_are_switched() {
        let mut network = untrained();
        network.set_picture(&picture(32, 32)).ok().unwrap();
        network.run().ok().unwrap();
        let logits = network.logits().ok().unwrap().to_vec();
        for channel in 0..8 {
            network.switch_channel(3, channel, false).ok().unwrap();
        }
        assert_eq!(network.done(), 3);
        network.run().ok().unwrap();
        assert_ne!(network.logits().ok().unwrap().to_vec(), logits);
        assert_eq!(js_sys::Array::from(&network.switched_off().ok().unwrap()).length(), 8);
        network.switch_all_on();
        network.run().ok().unwrap();
        assert_eq!(network.logits().ok().unwrap().to_vec(), logits);
        network.set_value(3, 0, 0, 0, 127).ok().unwrap();
        assert_eq!(network.done(), 4);
    }

    #[wasm_bindgen_test]
    fn a_row_of_ones_own_runs() {
        let options = r#"{"modules": [[{"op": "conv", "kernel": 5, "channels": 8, "stride": 1, "pad": 2}, {"op": "lrn"}],
            [{"op": "pool", "kernel": 2, "stride": 2}]], "input_size": 16, "fc": 8, "classes": 4}"#;
        let options = js_sys::JSON::parse(options).unwrap();
        let mut network = Network::untrained("custom", options.clone(), 1).ok().unwrap();
        network.set_picture(&picture(16, 16)).ok().unwrap();
        network.run().ok().unwrap();
        assert_eq!(network.logits().ok().unwrap().length(), 4);
        assert_eq!(js_sys::Array::from(&vgglass::web::describe("custom", options).ok().unwrap()).length(), 7);
        assert_eq!(js_sys::Array::from(&vgglass::web::modules("D").ok().unwrap()).length(), 5);
    }

    #[wasm_bindgen_test]
    fn mistakes_are_errors_with_reasons() {
        let mut network = untrained();
        assert!(text(network.top(5).err().unwrap()).contains("0 of"));
        network.set_picture(&picture(8, 8)).ok().unwrap();
        assert!(text(network.stats(3).err().unwrap()).contains("not computed"));
        network.run().ok().unwrap();
        assert!(text(network.value(1, 999, 0, 0).err().unwrap()).contains("channel 999"));
        assert!(network.draw(1, &[999], Object::new().into()).is_err());
        assert!(text(network.switch_channel(1, 999, false).err().unwrap()).contains("channel 999"));
        assert!(network.switch_channel(0, 0, false).is_err(), "the input has no switch");
        assert!(network.switch_channel(999, 0, false).is_err());
        assert!(network.set_value(1, 0, 0, 0, 128).is_err(), "activations end at 127");
        assert!(network.set_value(1, 0, 99, 0, 1).is_err());
        assert!(text(network.arithmetic(2, 0, 0, 0).err().unwrap()).contains("no weights"));
        assert!(network.weights(999, 0).is_err() && network.weights(1, 999).is_err());
        assert!(network.histogram(0, None).is_err() && network.histogram(1, Some(999)).is_err());
        assert!(network.set_size(16).is_err(), "below the native size fc6 does not fit");
        assert!(network.top(1).is_ok(), "a refused size leaves what was computed");
        assert!(text(Network::untrained("Z", JsValue::UNDEFINED, 1).err().unwrap()).contains("A-LRN"));
        for bytes in [&[][..], b"not a model", &[255; 64]] {
            assert!(!text(Network::from_model(bytes.to_vec()).err().unwrap()).is_empty());
        }
    }
}
