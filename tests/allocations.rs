//! After the first picture a network has all the memory that it needs: later ones allocate nothing.

#![cfg(not(target_arch = "wasm32"))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use vgglass::kernels::parallel::{Pool, Team};
use vgglass::model::untrained;
use vgglass::network::{Network, Options};
use vgglass::run::Engine;

/// The system's allocator, counted.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is the system's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: by the caller.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// All in one test: another thread of the harness would be counted too.
#[test]
fn only_the_first_picture_allocates() {
    let pool = Pool::start(1);
    // D has channels enough for all ways to hold U; A-LRN and AlexNet have the other kernels.
    for (id, width, size) in [("D", 0.4, 64), ("A-LRN", 0.2, 64), ("AlexNet", 0.2, 96)] {
        let options = Options {
            width: Some(width),
            input_size: Some(size),
            fc: Some(50),
            classes: Some(20),
            ..Options::default()
        };
        let model = untrained(&Network::new(id, options).unwrap(), 1).unwrap().model;
        let mut engine = Engine::new(&model).unwrap();
        for team in [Team::ALONE, Team::of(pool, 2)] {
            engine.set_team(team);
            let mut picture = vec![0; size * size * 3];
            let mut counts = Vec::new();
            for run in 0..3_u8 {
                picture.fill(50 * run);
                let before = ALLOCATIONS.load(Ordering::Relaxed);
                engine.set_picture(&picture);
                engine.run();
                counts.push(ALLOCATIONS.load(Ordering::Relaxed) - before);
            }
            assert!(counts[0] > 0, "{id}: the first run makes room, or nothing is counted here");
            assert_eq!(counts[1..], [0, 0], "{id} on {} threads", team.threads());
        }
    }
}
