//! The kernel suite in a real browser, with simd128.

#![cfg(target_arch = "wasm32")]

mod suite;

use vgglass::kernels::simd::Simd128;
use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_dedicated_worker);

suite!(simd128, wasm_bindgen_test::wasm_bindgen_test, super::Simd128);
