//! Loops whose rounds are independent, on one thread or on several that share memory.
//!
//! A layer of a small network is done in 50 µs, and a loop shared by threads must cost far less. So the threads of a
//! [`Pool`] wait for work by looking for it, and go to sleep only when none comes for a while. (rayon, measured in Chromium,
//! takes 30 µs a loop: more than two threads gain in most layers of the network that ships.)
//!
//! All kernels compute in integers and write disjoint cells, so the result does not depend on who does what.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};

/// Looks for work before a thread sleeps: some 50 µs.
const LOOKS: u32 = 20_000;

/// Threads that wait for work, beside the one that has it.
pub struct Pool {
    workers: usize,
    /// Held by the thread whose loop runs.
    user: Mutex<()>,
    /// Counts the loops: a new number is work.
    epoch: AtomicUsize,
    /// The loop that runs, an address of a [`Loop`].
    job: AtomicUsize,
    /// Workers that have not ended the loop that runs.
    pending: AtomicUsize,
    asleep: AtomicUsize,
    bed: Mutex<()>,
    alarm: Condvar,
}

/// What every thread of a loop calls, with its number.
type Loop<'a> = &'a (dyn Fn(usize) + Sync);

impl Pool {
    /// A pool for so many workers, which never ends. Each must be a thread of its own that calls [`Pool::work`] with its
    /// number, 1 for the first.
    pub fn new(workers: usize) -> &'static Pool {
        Box::leak(Box::new(Pool {
            workers,
            user: Mutex::new(()),
            epoch: AtomicUsize::new(0),
            job: AtomicUsize::new(0),
            pending: AtomicUsize::new(0),
            asleep: AtomicUsize::new(0),
            bed: Mutex::new(()),
            alarm: Condvar::new(),
        }))
    }

    /// A pool whose workers are threads of the operating system.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn start(workers: usize) -> &'static Pool {
        let pool = Pool::new(workers);
        for number in 1..=workers {
            std::thread::spawn(move || pool.work(number));
        }
        pool
    }

    /// The life of a worker.
    pub fn work(&self, number: usize) -> ! {
        let mut seen = 0;
        loop {
            seen = self.wait_for_work(seen);
            // SAFETY: `run` keeps the loop alive until all workers have counted themselves off.
            let job = unsafe { *(self.job.load(Ordering::Acquire) as *const Loop) };
            job(number);
            self.pending.fetch_sub(1, Ordering::Release);
        }
    }

    /// The number of the next loop after `seen`.
    fn wait_for_work(&self, seen: usize) -> usize {
        for look in 0..LOOKS {
            let epoch = self.epoch.load(Ordering::Acquire);
            if epoch != seen {
                return epoch;
            }
            pause(look);
        }
        // Counted before looking again, in one order for all: so whoever has work either is seen here or sees the sleeper.
        self.asleep.fetch_add(1, Ordering::SeqCst);
        let mut bed = self.bed.lock().expect("nothing panics here");
        let mut epoch = self.epoch.load(Ordering::SeqCst);
        while epoch == seen {
            bed = self.alarm.wait(bed).expect("nothing panics here");
            epoch = self.epoch.load(Ordering::SeqCst);
        }
        self.asleep.fetch_sub(1, Ordering::SeqCst);
        epoch
    }

    /// Calls `job` once on every thread, the caller's with 0; `false`, with nothing done, if another has the pool.
    fn run(&self, job: Loop) -> bool {
        let Ok(_user) = self.user.try_lock() else { return false };
        self.job.store(&raw const job as usize, Ordering::Relaxed);
        self.pending.store(self.workers, Ordering::Relaxed);
        self.epoch.fetch_add(1, Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst) > 0 {
            drop(self.bed.lock());
            self.alarm.notify_all();
        }
        job(0);
        let mut look = 0_u32;
        while self.pending.load(Ordering::Acquire) > 0 {
            look = look.wrapping_add(1);
            pause(look);
        }
        true
    }
}

/// Between two looks. The system, where there is one to ask, may run another thread now and then: there may be more
/// threads than cores.
fn pause(look: u32) {
    if look % 64 == 63 {
        std::thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

/// The threads that share a loop.
#[derive(Clone, Copy)]
pub struct Team {
    pool: Option<&'static Pool>,
    threads: usize,
}

impl Team {
    /// The calling thread alone.
    pub const ALONE: Team = Team { pool: None, threads: 1 };

    /// The caller and workers of the pool, `threads` in all or as many as there are.
    pub fn of(pool: &'static Pool, threads: usize) -> Self {
        let threads = threads.clamp(1, pool.workers + 1);
        Team { pool: (threads > 1).then_some(pool), threads }
    }

    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Runs `work(own, i)` once for every `i` below `rounds`; `own` is an element of `locals` that no other thread has
    /// meanwhile. Whoever is free takes the next round.
    pub(super) fn each<T: Send>(&self, locals: &mut [T], rounds: usize, work: impl Fn(&mut T, usize) + Sync) {
        if let Some(pool) = self.pool.filter(|_| rounds > 1) {
            assert!(locals.len() >= self.threads);
            let own = Shared(locals.as_mut_ptr());
            let next = AtomicUsize::new(0);
            let done = pool.run(&|thread| {
                if thread >= self.threads {
                    return;
                }
                // SAFETY: every thread has its own number, and `locals` has as many elements.
                let own = unsafe { &mut *own.at(thread) };
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i >= rounds {
                        return;
                    }
                    work(own, i);
                }
            });
            if done {
                return;
            }
        }
        for i in 0..rounds {
            work(&mut locals[0], i);
        }
    }
}

/// A pointer that the threads of a loop share; whoever uses it sees to it that they touch different elements.
pub(super) struct Shared<T>(pub *mut T);

impl<T> Shared<T> {
    /// # Safety
    /// As `pointer::add`.
    #[inline(always)]
    pub unsafe fn at(&self, index: usize) -> *mut T {
        // SAFETY: inside the allocation, by the caller.
        unsafe { self.0.add(index) }
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Shared<T> {}

// SAFETY: it is an address; every use of it is unsafe and says why elements are not shared.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}
