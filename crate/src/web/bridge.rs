//! The one way between Rust's types and JavaScript's objects, as text, in both directions: model files are JSON, too, and
//! so its reader is there already.
//!
//! No number changes on it. A real one crosses as the shortest text of its f64, an f32 as the f64 that it is; whole numbers
//! are below 2^53, and none is infinite or NaN (see [`limits`](crate::model::file::limits)), for which JSON has no text.
//! `None` becomes `null`. Large arrays are no text: they cross as typed arrays.

use super::whole;
use js_sys::{Array, JSON, Object, Reflect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::ser::{Formatter, Serializer};
use std::io::{self, Write};
use wasm_bindgen::prelude::*;

/// Plain objects and arrays.
pub fn to_js(value: &(impl Serialize + ?Sized)) -> Result<JsValue, JsError> {
    let mut text = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut text, Numbers))?;
    let text = String::from_utf8(text)?;
    JSON::parse(&text).map_err(|_| JsError::new("what Rust has written is JSON"))
}

/// Real numbers as the standard library writes them, which is there for messages; serde would write an f32 so short that
/// another f64 is read.
struct Numbers;

impl Formatter for Numbers {
    fn write_f32<W: Write + ?Sized>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        self.write_f64(writer, value.into())
    }

    fn write_f64<W: Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        write!(writer, "{value}")
    }
}

/// An object and what text cannot hold: typed arrays, the browser's own objects.
pub fn with_properties<const N: usize>(object: JsValue, properties: [(&str, JsValue); N]) -> Result<JsValue, JsError> {
    for (name, value) in properties {
        Reflect::set(&object, &name.into(), &value).map_err(|_| JsError::new("a plain object takes a property"))?;
    }
    Ok(object)
}

pub fn from_js<T: DeserializeOwned>(value: &JsValue) -> Result<T, JsError> {
    let text = JSON::stringify(value).ok().and_then(|text| text.as_string());
    let text = text.ok_or_else(|| JsError::new("options are a plain object"))?;
    check_numbers("options", value)?;
    Ok(serde_json::from_str(&text)?)
}

/// Whether numbers, however deep in an object, are what they have to be: JSON has no NaN and would make it nothing.
fn check_numbers(name: &str, value: &JsValue) -> Result<(), JsError> {
    if let Some(number) = value.as_f64() {
        return match name {
            "width" if number.is_finite() => Ok(()),
            "width" => Err(JsError::new(&format!("width is {number}, expected a number"))),
            _ => whole(name, number, u32::MAX as usize).map(drop),
        };
    }
    let Some(object) = value.dyn_ref::<Object>() else { return Ok(()) };
    Object::entries(object).iter().try_for_each(|entry| {
        let entry: Array = entry.unchecked_into();
        check_numbers(&entry.get(0).as_string().unwrap_or_default(), &entry.get(1))
    })
}
