//! What is being done, how long it took, and what is left.

use std::sync::Mutex;
use std::time::Instant;

use anyhow::Result;

/// The steps of a command, some of them at the same time.
pub struct Steps {
    left: Mutex<Vec<&'static str>>,
}

impl Steps {
    pub fn new(names: impl IntoIterator<Item = &'static str>) -> Self {
        Self { left: Mutex::new(names.into_iter().collect()) }
    }

    /// Does one of the steps, and says so before and after.
    pub fn step<T>(&self, name: &'static str, body: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("-- {name} ...");
        let start = Instant::now();
        let result = body();
        let mut left = self.left.lock().expect("nothing here panics");
        left.retain(|step| *step != name);
        let seconds = start.elapsed().as_secs_f64();
        match (&result, left.as_slice()) {
            (Err(_), _) => println!("-- {name}: failed after {seconds:.1} s"),
            (Ok(_), []) => println!("-- {name}: {seconds:.1} s; nothing is left"),
            (Ok(_), left) => println!("-- {name}: {seconds:.1} s; left: {}", left.join(", ")),
        }
        result
    }
}
