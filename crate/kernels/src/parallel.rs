//! Loops whose rounds are independent, on one thread or on several that share memory.
//!
//! A layer of a small network is done in 50 µs, and a loop shared by threads must cost far less. So the threads of a
//! [`Pool`] wait for work by looking for it, and go to sleep only when none comes for a while. (rayon, measured in Chromium,
//! takes 30 µs a loop: more than two threads gain in most layers of the network that ships.)
//!
//! All kernels compute in integers and write disjoint cells, so the result does not depend on who does what.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, TryLockError};
use std::thread::{self, Thread};
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

/// The longest sleep: what a wake-up that a browser loses costs at most, and next to nothing where none is lost.
const SLEEP: Duration = Duration::from_secs(2);

/// Looks before the owner of a loop that waits for its last workers naps between them: some ms, more than a round lasts
/// where every thread has a core.
const OWN_LOOKS: u32 = 40 * LOOKS;
/// Naps after which a worker that is still inside is lost: a browser may end a thread without a word. Counted, not timed, so
/// that a computer that sleeps in between does not matter.
const MOST_NAPS: u32 = 40_000;

/// Threads that wait for work, beside the one that has it.
///
/// A loop does not wait for those who come late: a thread that sleeps takes longer to wake than most loops last. So
/// workers enter a loop while it is open, its owner closes it when it finds no more to do, and waits for those inside.
/// The owner never waits for a lock or for a thread that sleeps.
pub struct Pool {
    /// Of every worker that has joined, in that order.
    workers: Box<[OnceLock<Thread>]>,
    joined: AtomicUsize,
    /// Held by the thread whose loop runs.
    user: Mutex<()>,
    /// The loop's number, times [`LOOP`]; [`OPEN`]; how many workers are inside.
    state: AtomicU64,
    /// The loop that runs.
    job: AtomicPtr<Loop<'static>>,
    asleep: AtomicUsize,
    /// A worker's part of the loop that runs, or ran last, has panicked.
    failed: AtomicBool,
    /// A worker has ended inside a loop and will not leave it.
    lost: AtomicBool,
    dismissed: AtomicBool,
}

const OPEN: u64 = 1 << 31;
const LOOP: u64 = 1 << 32;

/// What every thread of a loop calls, with its number.
type Loop<'a> = &'a (dyn Fn(usize) + Sync);

/// A thread's place in a pool. No other has its number.
pub struct Worker<'a> {
    pool: &'a Pool,
    number: usize,
}

impl Pool {
    /// A pool for so many workers. Each must be a thread of its own that calls [`Pool::join`], then [`Worker::work`].
    pub fn new(workers: usize) -> &'static Pool {
        Box::leak(Box::new(Pool {
            workers: (0..workers).map(|_| OnceLock::new()).collect(),
            joined: AtomicUsize::new(0),
            user: Mutex::new(()),
            state: AtomicU64::new(0),
            job: AtomicPtr::default(),
            asleep: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            lost: AtomicBool::new(false),
            dismissed: AtomicBool::new(false),
        }))
    }

    /// A pool whose workers are threads of the operating system.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn start(workers: usize) -> &'static Pool {
        let pool = Pool::new(workers);
        for _ in 0..workers {
            thread::spawn(|| pool.join().expect("there are as many places as threads").work());
        }
        pool
    }

    /// The calling thread's place; `None` if all are taken.
    pub fn join(&self) -> Option<Worker<'_>> {
        let place = self.joined.fetch_add(1, Ordering::Relaxed);
        self.workers.get(place)?.set(thread::current()).expect("no place is given twice");
        Some(Worker { pool: self, number: place + 1 })
    }

    /// Lets all workers go, those too that join later. Loops go on without them.
    pub fn dismiss(&self) {
        self.dismissed.store(true, Ordering::SeqCst);
        self.wake();
    }

    /// Called for a worker that ended where it could not leave a loop: the loop's owner, which waits for it, panics.
    pub fn lose(&self) {
        self.lost.store(true, Ordering::SeqCst);
    }

    fn wake(&self) {
        if self.asleep.load(Ordering::SeqCst) > 0 {
            self.workers.iter().filter_map(OnceLock::get).for_each(Thread::unpark);
        }
    }

    /// Calls `job` on the caller's thread with 0, and on every worker that is there in time with its number, once;
    /// `false`, with nothing done, if another has the pool.
    fn run(&self, job: Loop) -> bool {
        let _user = match self.user.try_lock() {
            Err(TryLockError::WouldBlock) => return false,
            // A loop that unwound has been closed all the same.
            Err(TryLockError::Poisoned(user)) => user.into_inner(),
            Ok(user) => user,
        };
        self.job.store((&raw const job).cast_mut().cast(), Ordering::Relaxed);
        self.failed.store(false, Ordering::Relaxed);
        // The last loop is closed and empty: nobody else writes to the state.
        self.state.fetch_add(LOOP | OPEN, Ordering::SeqCst);
        let open = Open(self);
        self.wake();
        job(0);
        drop(open);
        assert!(!self.failed.load(Ordering::Relaxed), "a worker's part of the loop panicked");
        true
    }
}

/// A loop that runs. However it is left, no worker is inside afterwards: they use what its owner has borrowed.
struct Open<'a>(&'a Pool);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let Open(pool) = self;
        let mut state = pool.state.fetch_and(!OPEN, Ordering::Acquire);
        let (mut look, mut naps) = (0, 0);
        while state & (OPEN - 1) > 0 {
            if look < OWN_LOOKS {
                look += 1;
                pause(look);
            } else {
                thread::park_timeout(NAP);
                naps += 1;
            }
            if pool.lost.load(Ordering::Relaxed) || naps == MOST_NAPS {
                give_up();
            }
            state = pool.state.load(Ordering::Acquire);
        }
    }
}

/// Ends the program: a worker that is lost inside a loop may still use what the loop has borrowed, so that the loop can
/// neither be left nor unwound.
fn give_up() -> ! {
    if cfg!(panic = "unwind") {
        eprintln!("a worker was lost inside a loop");
        std::process::abort();
    }
    panic!("a worker was lost inside a loop");
}

impl Worker<'_> {
    /// The life of a worker: it returns when the pool is dismissed.
    pub fn work(self) {
        let mut seen = 0;
        while let Some(number) = self.enter(seen) {
            seen = number;
            // SAFETY: this worker is inside, so that the loop's owner keeps it alive.
            let job: Loop = unsafe { *self.pool.job.load(Ordering::Relaxed) };
            if catch_unwind(AssertUnwindSafe(|| job(self.number))).is_err() {
                self.pool.failed.store(true, Ordering::Relaxed);
            }
            self.pool.state.fetch_sub(1, Ordering::Release);
        }
    }

    /// Enters the next open loop whose number is not `seen`; its number.
    fn enter(&self, seen: u64) -> Option<u64> {
        let pool = self.pool;
        while !pool.dismissed.load(Ordering::SeqCst) {
            let mut number = seen;
            for look in 0..LOOKS {
                let state = pool.state.load(Ordering::Relaxed);
                number = state / LOOP;
                let ready = number != seen && state & OPEN != 0;
                if ready
                    && pool.state.compare_exchange_weak(state, state + 1, Ordering::Acquire, Ordering::Relaxed).is_ok()
                {
                    return Some(number);
                }
                pause(look);
            }
            self.sleep(number);
        }
        None
    }

    /// Returns when a loop has begun after the one with this number, or the pool is dismissed.
    fn sleep(&self, last: u64) {
        let pool = self.pool;
        let is_over = || pool.state.load(Ordering::SeqCst) / LOOP != last || pool.dismissed.load(Ordering::SeqCst);
        // Counted before looking again, in one order for all: so whoever has work either is seen here or sees the sleeper.
        pool.asleep.fetch_add(1, Ordering::SeqCst);
        if !is_over() {
            thread::park_timeout(SOON);
        }
        pool.asleep.fetch_sub(1, Ordering::SeqCst);
        for _ in 0..NAPS {
            if is_over() {
                return;
            }
            thread::park_timeout(NAP);
        }
        pool.asleep.fetch_add(1, Ordering::SeqCst);
        while !is_over() {
            thread::park_timeout(SLEEP);
        }
        pool.asleep.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Between two looks. The system, where there is one to ask, may run another thread now and then: there may be more
/// threads than cores.
fn pause(look: u32) {
    if look % 64 == 63 {
        thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

/// Whether there can be more threads than one: where not, nothing of a pool has to be downloaded.
const HAS_THREADS: bool = cfg!(any(not(target_arch = "wasm32"), target_feature = "atomics"));

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
        let threads = threads.clamp(1, pool.workers.len() + 1);
        Team { pool: (threads > 1).then_some(pool), threads }
    }

    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Runs `work(own, i)` once for every `i` below `rounds`; `own` is an element of `locals` that no other thread has
    /// meanwhile. Whoever is free takes the next round.
    pub(super) fn each<T: Send>(&self, locals: &mut [T], rounds: usize, work: impl Fn(&mut T, usize) + Sync) {
        if HAS_THREADS && let Some(pool) = self.pool.filter(|_| rounds > 1) {
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

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::AtomicU32;

    /// What a worker still computes when the caller's part unwinds is borrowed from the caller.
    #[test]
    fn a_loop_that_unwinds_waits_for_its_workers() {
        let pool = Pool::start(1);
        let (inside, has_left) = (Barrier::new(2), AtomicBool::new(false));
        let caller = thread::current().id();
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            Team::of(pool, 2).each(&mut [(), ()], 2, |(), _| {
                inside.wait();
                if thread::current().id() == caller {
                    panic!("as is meant to be");
                }
                thread::sleep(Duration::from_millis(50));
                has_left.store(true, Ordering::SeqCst);
            });
        }));
        assert!(unwound.is_err());
        assert!(has_left.load(Ordering::SeqCst), "the worker is still inside a loop that is gone");
        // And the pool is as good as before.
        let inside = Barrier::new(2);
        Team::of(pool, 2).each(&mut [(), ()], 2, |(), _| _ = inside.wait());
    }

    /// The caller neither waits for it for ever nor takes the loop for done.
    #[test]
    fn a_worker_that_panics_is_told() {
        let pool = Pool::start(1);
        let caller = thread::current().id();
        for _ in 0..2 {
            let inside = Barrier::new(2);
            let unwound = catch_unwind(AssertUnwindSafe(|| {
                Team::of(pool, 2).each(&mut [(), ()], 2, |(), _| {
                    inside.wait();
                    assert_eq!(thread::current().id(), caller, "as is meant to be");
                });
            }));
            assert!(unwound.is_err());
        }
    }

    /// A worker that will never leave its loop: whoever waits for it must not do so for ever, nor go on without it.
    #[test]
    fn a_worker_that_is_lost_ends_the_program() {
        const CHILD: &str = "VGGLASS_LOSES_A_WORKER";
        if std::env::var_os(CHILD).is_some() {
            let pool = Pool::start(1);
            let (inside, caller) = (Barrier::new(2), thread::current().id());
            Team::of(pool, 2).each(&mut [(), ()], 2, |(), _| {
                inside.wait();
                if thread::current().id() != caller {
                    pool.lose();
                    loop {
                        thread::park();
                    }
                }
            });
            return;
        }
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "parallel::tests::a_worker_that_is_lost_ends_the_program"])
            .env(CHILD, "")
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..6000 {
            if let Some(status) = child.try_wait().unwrap() {
                assert!(!status.success(), "the loop ended as if all were done");
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        child.kill().unwrap();
        panic!("the loop waits for ever");
    }

    #[test]
    fn no_number_is_given_twice() {
        let pool = Pool::new(3);
        let numbers = thread::scope(|scope| {
            let joining: Vec<_> = (0..5).map(|_| scope.spawn(|| pool.join().map(|worker| worker.number))).collect();
            joining.into_iter().map(|joined| joined.join().unwrap()).collect::<Vec<_>>()
        });
        let mut given: Vec<_> = numbers.into_iter().flatten().collect();
        given.sort();
        assert_eq!(given, [1, 2, 3]);
        assert!(pool.join().is_none());
    }

    #[test]
    fn workers_that_are_dismissed_end() {
        let pool = Pool::new(2);
        let worker = || thread::spawn(|| pool.join().unwrap().work());
        let early = worker();
        // Long enough to be asleep.
        thread::sleep(SOON + NAP * (NAPS + 200));
        pool.dismiss();
        early.join().unwrap();
        worker().join().unwrap();
        Team::of(pool, 3).each(&mut [(); 3], 10, |(), _| {});
    }

    /// Loops of any distance, from those that workers wait for to those that they have to be woken for: every round is
    /// done once, and nobody is inside afterwards.
    #[test]
    fn every_round_is_done_once_at_any_pace() {
        let pool = Pool::start(2);
        let team = Team::of(pool, 3);
        for i in 0..30_000_u32 {
            let rounds: Vec<_> = (0..5).map(|_| AtomicU32::new(0)).collect();
            team.each(&mut [(); 3], rounds.len(), |(), round| _ = rounds[round].fetch_add(1, Ordering::Relaxed));
            assert_eq!(pool.state.load(Ordering::SeqCst) % LOOP, 0);
            assert!(rounds.into_iter().all(|times| times.into_inner() == 1));
            match i {
                // Among the naps, and in the longest sleep.
                _ if i % 3000 == 0 => thread::sleep(SOON + NAP * (NAPS + 50)),
                _ if i % 100 == 0 => thread::sleep(Duration::from_millis(1 + u64::from(i) / 100 % 4)),
                _ => {}
            }
        }
    }
}
