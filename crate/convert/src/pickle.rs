//! Pickles (Python's `pickletools.py` describes them) as far as PyTorch's `weights_only` loader goes: a pickle is a program for
//! a machine with a stack, and here it can make numbers, strings, tuples, lists, dictionaries and tensors, and nothing else.
//! A name that it wants to call is compared with a few, never looked up.
//!
//! Objects lie in one list and point to one another by index: what points to itself is no loop, what is nested a million deep
//! no recursion, and what is there twice costs nothing twice.

use std::collections::HashMap;

use crate::catalogue::Dtype;
use crate::error::Error;

/// Values that a pickle may push, keep or copy, all together. A network has some thousand.
const VALUES: usize = 1 << 18;
/// Dimensions of a tensor.
const DIMENSIONS: usize = 8;
/// Bytes of a storage's key, which is a number.
const KEY: usize = 64;

/// An object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// One that no tensor has: real, or of more than 64 bits.
    Number,
    /// Index into the list of objects.
    Object(usize),
    Callable(Callable),
    /// Type of a storage's elements.
    StorageType(Dtype),
}

/// What a pickle may call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Callable {
    OrderedDict,
    RebuildTensor,
    RebuildTensorV2,
    RebuildParameter,
    Parameter,
}

#[derive(Clone, Debug)]
pub(crate) enum Object {
    Text(String),
    Tuple(Vec<Value>),
    List(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    Storage(Storage),
    Tensor(View),
}

/// A storage as a tensor names it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Storage {
    pub(crate) key: String,
    pub(crate) dtype: Dtype,
    /// Elements.
    pub(crate) count: u64,
    /// First element of it in the storage that is in the file, for a view of one.
    pub(crate) start: u64,
}

/// A tensor as a view of a storage. Strides and offset are in elements.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) storage: Storage,
    pub(crate) offset: u64,
    pub(crate) shape: Vec<usize>,
    pub(crate) strides: Vec<u64>,
}

/// Why a pickle could not be read.
pub(crate) enum Failure {
    /// It goes on where the bytes end.
    End,
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Error(error)
    }
}

/// A pickle's result and all objects that it made.
#[derive(Debug)]
pub(crate) struct Pickle {
    pub(crate) result: Value,
    objects: Vec<Object>,
    /// Bytes of the pickle.
    pub(crate) length: usize,
}

impl Pickle {
    /// Reads the pickle that `bytes` begin with.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Failure> {
        let mut machine = Machine {
            bytes,
            at: 0,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            objects: Vec::new(),
            spent: 0,
        };
        let result = machine.run()?;
        Ok(Pickle { result, objects: machine.objects, length: machine.at })
    }

    pub(crate) fn object(&self, value: Value) -> Option<&Object> {
        match value {
            Value::Object(index) => self.objects.get(index),
            _ => None,
        }
    }

    pub(crate) fn objects(&self) -> &[Object] {
        &self.objects
    }

    pub(crate) fn text(&self, value: Value) -> Option<&str> {
        text(&self.objects, value)
    }

    /// What a value is, for a message.
    pub(crate) fn kind(&self, value: Value) -> &'static str {
        match value {
            Value::None => "None",
            Value::Bool(_) => "a truth value",
            Value::Int(_) | Value::Number => "a number",
            Value::Callable(_) | Value::StorageType(_) => "a name",
            Value::Object(index) => match self.objects.get(index) {
                Some(Object::Text(_)) => "a string",
                Some(Object::Tuple(_)) => "a tuple",
                Some(Object::List(_)) => "a list",
                Some(Object::Dict(_)) => "a dictionary",
                Some(Object::Storage(_)) => "a storage",
                Some(Object::Tensor(_)) => "a tensor",
                None => "nothing",
            },
        }
    }
}

fn text(objects: &[Object], value: Value) -> Option<&str> {
    match value {
        Value::Object(index) => match objects.get(index) {
            Some(Object::Text(text)) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// The instructions that are carried out, with the names that `pickletools` has for them.
mod op {
    pub const MARK: u8 = b'(';
    pub const STOP: u8 = b'.';
    pub const NONE: u8 = b'N';
    pub const NEWTRUE: u8 = 0x88;
    pub const NEWFALSE: u8 = 0x89;
    pub const BININT: u8 = b'J';
    pub const BININT1: u8 = b'K';
    pub const BININT2: u8 = b'M';
    pub const LONG1: u8 = 0x8a;
    pub const BINFLOAT: u8 = b'G';
    pub const SHORT_BINSTRING: u8 = b'U';
    pub const BINUNICODE: u8 = b'X';
    pub const EMPTY_LIST: u8 = b']';
    pub const APPEND: u8 = b'a';
    pub const APPENDS: u8 = b'e';
    pub const EMPTY_TUPLE: u8 = b')';
    pub const TUPLE: u8 = b't';
    pub const TUPLE1: u8 = 0x85;
    pub const TUPLE2: u8 = 0x86;
    pub const TUPLE3: u8 = 0x87;
    pub const EMPTY_DICT: u8 = b'}';
    pub const SETITEM: u8 = b's';
    pub const SETITEMS: u8 = b'u';
    pub const BINGET: u8 = b'h';
    pub const LONG_BINGET: u8 = b'j';
    pub const BINPUT: u8 = b'q';
    pub const LONG_BINPUT: u8 = b'r';
    pub const GLOBAL: u8 = b'c';
    pub const REDUCE: u8 = b'R';
    pub const NEWOBJ: u8 = 0x81;
    pub const BUILD: u8 = b'b';
    pub const BINPERSID: u8 = b'Q';
    pub const PROTO: u8 = 0x80;

    /// Others, for the message that refuses them.
    pub fn name(op: u8) -> String {
        let name = match op {
            b'i' => "INST",
            b'o' => "OBJ",
            0x93 => "STACK_GLOBAL",
            0x92 => "NEWOBJ_EX",
            0x82..=0x84 => "EXT",
            b'P' => "PERSID",
            0x95 => "FRAME",
            0x94 => "MEMOIZE",
            0x8c => "SHORT_BINUNICODE",
            b'2' => "DUP",
            b'0' => "POP",
            b'I' | b'L' | b'F' | b'S' | b'V' | b'p' | b'g' => "of protocol 0",
            _ => return format!("0x{op:02x}"),
        };
        name.to_owned()
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    /// Lengths of the stack at the marks.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    objects: Vec<Object>,
    /// Of [`VALUES`].
    spent: usize,
}

impl Machine<'_> {
    fn run(&mut self) -> Result<Value, Failure> {
        loop {
            let [op] = self.take()?;
            match op {
                op::PROTO => {
                    let [version] = self.take()?;
                    if version > 5 {
                        return Err(self.damaged("an unknown protocol"));
                    }
                }
                op::STOP => return self.pop(),
                op::MARK => {
                    self.marks.push(self.stack.len());
                    self.spend(1)?;
                }
                op::NONE => self.push(Value::None)?,
                op::NEWTRUE => self.push(Value::Bool(true))?,
                op::NEWFALSE => self.push(Value::Bool(false))?,
                op::BININT => {
                    let int = i32::from_le_bytes(self.take()?);
                    self.push(Value::Int(int.into()))?;
                }
                op::BININT1 => {
                    let [int] = self.take()?;
                    self.push(Value::Int(int.into()))?;
                }
                op::BININT2 => {
                    let int = u16::from_le_bytes(self.take()?);
                    self.push(Value::Int(int.into()))?;
                }
                op::LONG1 => self.long()?,
                op::BINFLOAT => {
                    self.take::<8>()?;
                    self.push(Value::Number)?;
                }
                op::SHORT_BINSTRING => {
                    let [length] = self.take()?;
                    self.text(length.into())?;
                }
                op::BINUNICODE => {
                    let length = u32::from_le_bytes(self.take()?);
                    self.text(length as usize)?;
                }
                op::EMPTY_LIST => self.make(Object::List(Vec::new()))?,
                op::EMPTY_TUPLE => self.make(Object::Tuple(Vec::new()))?,
                op::EMPTY_DICT => self.make(Object::Dict(Vec::new()))?,
                op::TUPLE => {
                    let items = self.pop_mark()?;
                    self.make(Object::Tuple(items))?;
                }
                op::TUPLE1 | op::TUPLE2 | op::TUPLE3 => {
                    let length = usize::from(op - op::TUPLE1) + 1;
                    let start = self.floor(length)?;
                    let items = self.stack.split_off(start);
                    self.make(Object::Tuple(items))?;
                }
                op::APPEND => {
                    let item = self.pop()?;
                    self.append(vec![item])?;
                }
                op::APPENDS => {
                    let items = self.pop_mark()?;
                    self.append(items)?;
                }
                op::SETITEM => {
                    let (value, key) = (self.pop()?, self.pop()?);
                    self.set(vec![key, value])?;
                }
                op::SETITEMS => {
                    let items = self.pop_mark()?;
                    self.set(items)?;
                }
                op::BINPUT => {
                    let [index] = self.take()?;
                    self.put(index.into())?;
                }
                op::LONG_BINPUT => {
                    let index = u32::from_le_bytes(self.take()?);
                    self.put(index)?;
                }
                op::BINGET => {
                    let [index] = self.take()?;
                    self.get(index.into())?;
                }
                op::LONG_BINGET => {
                    let index = u32::from_le_bytes(self.take()?);
                    self.get(index)?;
                }
                op::GLOBAL => self.global()?,
                op::REDUCE | op::NEWOBJ => {
                    let (arguments, callable) = (self.pop()?, self.pop()?);
                    let made = self.call(callable, arguments)?;
                    self.push(made)?;
                }
                op::BUILD => self.build()?,
                op::BINPERSID => self.persistent()?,
                _ => return Err(Error::PickleInstruction { name: op::name(op) }.into()),
            }
        }
    }

    fn damaged(&self, reason: &'static str) -> Failure {
        Error::Pickle { at: self.at, reason }.into()
    }

    fn spend(&mut self, values: usize) -> Result<(), Failure> {
        self.spent += values;
        if self.spent > VALUES { Err(Error::PickleSize { limit: VALUES }.into()) } else { Ok(()) }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Failure> {
        let bytes = self.bytes[self.at..].first_chunk().ok_or(Failure::End)?;
        self.at += N;
        Ok(*bytes)
    }

    fn slice(&mut self, length: usize) -> Result<&[u8], Failure> {
        let bytes = self.bytes[self.at..].get(..length).ok_or(Failure::End)?;
        self.at += length;
        Ok(bytes)
    }

    /// What is before the next line feed.
    fn line(&mut self) -> Result<String, Failure> {
        /// Longer than any name of a class.
        const LONGEST: usize = 1000;
        let rest = &self.bytes[self.at..];
        match rest.iter().take(LONGEST).position(|&byte| byte == b'\n') {
            Some(length) => {
                let line = String::from_utf8_lossy(&rest[..length]).into_owned();
                self.at += length + 1;
                Ok(line)
            }
            None if rest.len() < LONGEST => Err(Failure::End),
            None => Err(self.damaged("a name without an end")),
        }
    }

    fn push(&mut self, value: Value) -> Result<(), Failure> {
        self.stack.push(value);
        self.spend(1)
    }

    /// Length of the stack without `length` values, which must be above the last mark.
    fn floor(&self, length: usize) -> Result<usize, Failure> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let start = self.stack.len().checked_sub(length).filter(|&start| start >= floor);
        start.ok_or_else(|| self.damaged("the stack is empty"))
    }

    fn pop(&mut self) -> Result<Value, Failure> {
        let start = self.floor(1)?;
        let value = self.stack[start];
        self.stack.truncate(start);
        Ok(value)
    }

    /// All above the last mark, which goes too.
    fn pop_mark(&mut self) -> Result<Vec<Value>, Failure> {
        let mark = self.marks.pop().ok_or_else(|| self.damaged("no mark is set"))?;
        Ok(self.stack.split_off(mark))
    }

    fn object(&mut self, object: Object) -> Result<Value, Failure> {
        self.objects.push(object);
        self.spend(1)?;
        Ok(Value::Object(self.objects.len() - 1))
    }

    fn make(&mut self, object: Object) -> Result<(), Failure> {
        let value = self.object(object)?;
        self.push(value)
    }

    fn text(&mut self, length: usize) -> Result<(), Failure> {
        let text = String::from_utf8_lossy(self.slice(length)?).into_owned();
        self.make(Object::Text(text))
    }

    fn long(&mut self) -> Result<(), Failure> {
        let [length] = self.take()?;
        let bytes = self.slice(length.into())?;
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut all = [if negative { 0xff } else { 0 }; 8];
        let value = match all.get_mut(..bytes.len()) {
            Some(low) => {
                low.copy_from_slice(bytes);
                Value::Int(i64::from_le_bytes(all))
            }
            None => Value::Number,
        };
        self.push(value)
    }

    fn put(&mut self, index: u32) -> Result<(), Failure> {
        let value = self.stack[self.floor(1)?];
        self.memo.insert(index, value);
        self.spend(1)
    }

    fn get(&mut self, index: u32) -> Result<(), Failure> {
        let value = *self.memo.get(&index).ok_or_else(|| self.damaged("nothing is kept under this number"))?;
        self.push(value)
    }

    /// The object on top of the stack, which stays there.
    fn top(&mut self) -> Result<&mut Object, Failure> {
        let start = self.floor(1)?;
        match self.stack[start] {
            Value::Object(index) => Ok(&mut self.objects[index]),
            _ => Err(self.damaged("something else was expected on the stack")),
        }
    }

    fn append(&mut self, items: Vec<Value>) -> Result<(), Failure> {
        match self.top()? {
            Object::List(list) => {
                list.extend(items);
                Ok(())
            }
            _ => Err(self.damaged("items for what is not a list")),
        }
    }

    fn set(&mut self, items: Vec<Value>) -> Result<(), Failure> {
        let (pairs, rest) = items.as_chunks();
        if !rest.is_empty() {
            return Err(self.damaged("a key without a value"));
        }
        match self.top()? {
            Object::Dict(dict) => {
                dict.extend(pairs.iter().map(|&[key, value]| (key, value)));
                Ok(())
            }
            _ => Err(self.damaged("items for what is not a dictionary")),
        }
    }

    fn global(&mut self) -> Result<(), Failure> {
        let (module, name) = (self.line()?, self.line()?);
        let value = match (module.as_str(), name.as_str()) {
            ("collections", "OrderedDict") => Value::Callable(Callable::OrderedDict),
            ("torch._utils", "_rebuild_tensor") => Value::Callable(Callable::RebuildTensor),
            ("torch._utils", "_rebuild_tensor_v2") => Value::Callable(Callable::RebuildTensorV2),
            ("torch._utils", "_rebuild_parameter") => Value::Callable(Callable::RebuildParameter),
            ("torch.nn.parameter" | "torch.nn", "Parameter") => Value::Callable(Callable::Parameter),
            ("torch", "FloatStorage") => Value::StorageType(Dtype::F32),
            ("torch", "HalfStorage") => Value::StorageType(Dtype::F16),
            ("torch", "BFloat16Storage") => Value::StorageType(Dtype::BF16),
            ("torch", "DoubleStorage") => Value::StorageType(Dtype::F64),
            ("torch", "LongStorage") => Value::StorageType(Dtype::I64),
            ("torch", "IntStorage") => Value::StorageType(Dtype::I32),
            ("torch", "ShortStorage") => Value::StorageType(Dtype::I16),
            ("torch", "CharStorage") => Value::StorageType(Dtype::I8),
            ("torch", "ByteStorage") => Value::StorageType(Dtype::U8),
            ("torch", "BoolStorage") => Value::StorageType(Dtype::BOOL),
            _ => return Err(Error::PickleCall { name: format!("{module}.{name}") }.into()),
        };
        self.push(value)
    }

    fn tuple(&self, value: Value) -> Option<&[Value]> {
        match value {
            Value::Object(index) => match &self.objects[index] {
                Object::Tuple(items) => Some(items),
                _ => None,
            },
            _ => None,
        }
    }

    fn call(&mut self, callable: Value, arguments: Value) -> Result<Value, Failure> {
        let wrong = || self.damaged("a call with other arguments than are known");
        let arguments = self.tuple(arguments).ok_or_else(wrong)?;
        match (callable, arguments) {
            (Value::Callable(Callable::OrderedDict), []) => self.object(Object::Dict(Vec::new())),
            // PyTorch's files before protocol 2's items: one list of pairs.
            (Value::Callable(Callable::OrderedDict), &[pairs]) => {
                let Value::Object(index) = pairs else { return Err(wrong()) };
                let Object::List(pairs) = &self.objects[index] else { return Err(wrong()) };
                let pair = |&pair: &Value| match (self.tuple(pair), pair) {
                    (Some(&[key, value]), _) => Some((key, value)),
                    (_, Value::Object(index)) => match &self.objects[index] {
                        Object::List(items) => {
                            items.as_slice().try_into().ok().map(|[key, value]: [Value; 2]| (key, value))
                        }
                        _ => None,
                    },
                    _ => None,
                };
                let pairs = pairs.iter().map(pair).collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
                self.spend(pairs.len())?;
                self.object(Object::Dict(pairs))
            }
            (Value::Callable(Callable::RebuildTensor), &[storage, offset, shape, strides])
            | (Value::Callable(Callable::RebuildTensorV2), &[storage, offset, shape, strides, ..]) => {
                let view = self.view([storage, offset, shape, strides])?;
                self.object(Object::Tensor(view))
            }
            (Value::Callable(Callable::RebuildParameter | Callable::Parameter), &[data, ..]) => Ok(data),
            // Filled by BUILD; until then it has no elements.
            (Value::Callable(Callable::Parameter), []) => {
                let storage = Storage { key: String::new(), dtype: Dtype::F32, count: 0, start: 0 };
                self.object(Object::Tensor(View { storage, offset: 0, shape: vec![0], strides: vec![1] }))
            }
            _ => Err(wrong()),
        }
    }

    fn view(&self, [storage, offset, shape, strides]: [Value; 4]) -> Result<View, Failure> {
        let wrong = || self.damaged("a tensor made of something else than a storage and numbers");
        let Value::Object(index) = storage else { return Err(wrong()) };
        let Object::Storage(storage) = &self.objects[index] else { return Err(wrong()) };
        let number = |value: &Value| match value {
            Value::Int(int) => u64::try_from(*int).ok(),
            _ => None,
        };
        let numbers = |value| {
            self.tuple(value).filter(|all| all.len() <= DIMENSIONS)?.iter().map(number).collect::<Option<Vec<u64>>>()
        };
        let shape = numbers(shape).and_then(|shape| shape.into_iter().map(|length| length.try_into().ok()).collect());
        match (number(&offset), shape, numbers(strides)) {
            (Some(offset), Some(shape), Some(strides)) => Ok(View { storage: storage.clone(), offset, shape, strides }),
            _ => Err(wrong()),
        }
    }

    /// Gives an object its state: a tensor its elements, a dictionary attributes, which nobody asks for.
    fn build(&mut self) -> Result<(), Failure> {
        let state = self.pop()?;
        let start = self.floor(1)?;
        let Value::Object(index) = self.stack[start] else {
            return Err(self.damaged("a state for what has none"));
        };
        let replaced = match (&self.objects[index], self.tuple(state)) {
            (Object::Dict(_), _) => return Ok(()),
            // A tensor's: storage, offset, shape, strides.
            (Object::Tensor(_), Some(&[storage, offset, shape, strides])) => {
                self.view([storage, offset, shape, strides])?
            }
            // A variable's: what it holds, and four things about gradients.
            (Object::Tensor(_), Some(&[Value::Object(data), _, _, _, _])) => match &self.objects[data] {
                Object::Tensor(view) => view.clone(),
                _ => return Err(self.damaged("a parameter made of something else than a tensor")),
            },
            // About gradients alone.
            (Object::Tensor(_), Some(&[_, _, _])) => return Ok(()),
            _ => return Err(self.damaged("a state for what has none")),
        };
        self.objects[index] = Object::Tensor(replaced);
        Ok(())
    }

    /// `('storage', type, key, device, elements)`; in older files a sixth: `None` or `(key, first element, elements)`, of which
    /// the storage is a view.
    fn persistent(&mut self) -> Result<(), Failure> {
        let id = self.pop()?;
        let wrong = || self.damaged("a storage that is described otherwise than PyTorch does");
        let id = self.tuple(id).ok_or_else(wrong)?;
        let of = |value: &Value| text(&self.objects, *value);
        let kind = id.first().and_then(of).ok_or_else(wrong)?;
        if kind != "storage" {
            return Err(Error::PickleCall { name: kind.to_owned() }.into());
        }
        let count = |value: &Value| match value {
            Value::Int(int) => u64::try_from(*int).ok(),
            _ => None,
        };
        let (&[_, Value::StorageType(dtype), key, _, elements], rest) = id.split_first_chunk().ok_or_else(wrong)?
        else {
            return Err(wrong());
        };
        let (Some(key), Some(elements)) = (of(&key).filter(|key| key.len() <= KEY), count(&elements)) else {
            return Err(wrong());
        };
        let (start, elements) = match rest {
            [] | [Value::None] => (0, elements),
            &[view] => match self.tuple(view) {
                Some([_, start, elements]) => count(start).zip(count(elements)).ok_or_else(wrong)?,
                _ => return Err(wrong()),
            },
            _ => return Err(wrong()),
        };
        let storage = Storage { key: key.to_owned(), dtype, count: elements, start };
        self.make(Object::Storage(storage))
    }
}
