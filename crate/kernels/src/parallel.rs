//! Loops whose rounds are independent, on one thread or on several that share memory.
//!
//! A layer of a small network is done in 50 µs, and a loop shared by threads must cost far less. So the threads of a
//! [`Pool`] wait for work by looking for it, and go to sleep only when none comes for a while. (rayon, measured in Chromium,
//! takes 30 µs a loop: more than two threads gain in most layers of the network that ships.)
//!
//! All kernels compute in integers and write disjoint cells, so the result does not depend on who does what.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// Looks for work before a thread sleeps: some 50 µs.
const LOOKS: u32 = 20_000;

/// For so long after its last work a thread is woken for more of it. Then it looks by itself from time to time, for a fifth
/// of a second, so that a camera's frames are not slept through: in a virtual machine a thread that is woken is put beside the
/// one that wakes it where the other processor has not run for some ms (`available_idle_cpu` in Linux), and takes its time in
/// place of sharing its work. After that it sleeps until it is woken.
const SOON: Duration = Duration::from_millis(2);
const NAPS: u32 = 400;
const NAP: Duration = Duration::from_micros(500);

/// Threads that wait for work, beside the one that has it.
///
/// A loop does not wait for those who come late: a thread that sleeps takes longer to wake than most loops last. So
/// workers enter a loop while it is open, its owner closes it when it finds no more to do, and waits for those inside.
pub struct Pool {
    workers: usize,
    /// Held by the thread whose loop runs.
    user: Mutex<()>,
    /// The loop's number, times [`LOOP`]; [`OPEN`]; how many workers are inside.
    state: AtomicU64,
    /// The loop that runs, an address of a [`Loop`].
    job: AtomicUsize,
    asleep: AtomicUsize,
    bed: Mutex<()>,
    alarm: Condvar,
}

const OPEN: u64 = 1 << 31;
const LOOP: u64 = 1 << 32;

/// What every thread of a loop calls, with its number.
type Loop<'a> = &'a (dyn Fn(usize) + Sync);

impl Pool {
    /// A pool for so many workers, which never ends. Each must be a thread of its own that calls [`Pool::work`] with its
    /// number, 1 for the first.
    pub fn new(workers: usize) -> &'static Pool {
        Box::leak(Box::new(Pool {
            workers,
            user: Mutex::new(()),
            state: AtomicU64::new(0),
            job: AtomicUsize::new(0),
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
            seen = self.enter(seen);
            // SAFETY: this worker is inside, so `run` keeps the loop alive.
            let job = unsafe { *(self.job.load(Ordering::Relaxed) as *const Loop) };
            job(number);
            self.state.fetch_sub(1, Ordering::Release);
        }
    }

    /// Enters the next open loop whose number is not `seen`; its number.
    fn enter(&self, seen: u64) -> u64 {
        loop {
            let mut number = seen;
            for look in 0..LOOKS {
                let state = self.state.load(Ordering::Relaxed);
                number = state / LOOP;
                let ready = number != seen && state & OPEN != 0;
                if ready
                    && self.state.compare_exchange_weak(state, state + 1, Ordering::Acquire, Ordering::Relaxed).is_ok()
                {
                    return number;
                }
                pause(look);
            }
            self.sleep(number);
        }
    }

    /// Returns when a loop has begun after the one with this number.
    fn sleep(&self, last: u64) {
        let begun = || self.state.load(Ordering::SeqCst) / LOOP != last;
        let bed = || self.bed.lock().expect("nothing panics here");
        // Counted before looking again, in one order for all: so whoever has work either is seen here or sees the sleeper.
        self.asleep.fetch_add(1, Ordering::SeqCst);
        let guard = bed();
        if !begun() {
            drop(self.alarm.wait_timeout(guard, SOON));
        }
        self.asleep.fetch_sub(1, Ordering::SeqCst);
        for _ in 0..NAPS {
            if begun() {
                return;
            }
            drop(self.alarm.wait_timeout(bed(), NAP));
        }
        self.asleep.fetch_add(1, Ordering::SeqCst);
        drop(self.alarm.wait_while(bed(), |()| !begun()));
        self.asleep.fetch_sub(1, Ordering::SeqCst);
    }

    /// Calls `job` on the caller's thread with 0, and on every worker that is there in time with its number, once;
    /// `false`, with nothing done, if another has the pool.
    fn run(&self, job: Loop) -> bool {
        let Ok(_user) = self.user.try_lock() else { return false };
        self.job.store(&raw const job as usize, Ordering::Relaxed);
        // The last loop is closed and empty: nobody else writes to the state.
        self.state.fetch_add(LOOP | OPEN, Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst) > 0 {
            drop(self.bed.lock());
            self.alarm.notify_all();
        }
        job(0);
        let mut state = self.state.fetch_and(!OPEN, Ordering::Acquire);
        let mut look = 0_u32;
        while state & (OPEN - 1) > 0 {
            look = look.wrapping_add(1);
            pause(look);
            state = self.state.load(Ordering::Acquire);
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
