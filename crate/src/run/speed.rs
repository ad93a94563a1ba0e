//! Speed of a loop by a clock that may be coarse: browsers let theirs tick every 5 µs, every millisecond or every 100 ms.

/// A coarser clock, in ms, would take longer than anybody waits.
const COARSEST: f64 = 2.0;
/// A measurement spans so many ticks, so that one more or less does not matter.
const TICKS: f64 = 20.0;
/// The shortest measurement, in ms.
const SHORTEST: f64 = 2.0;
/// Time for all, in ms; measurements are [`LEAST`] in any case.
const BUDGET: f64 = 50.0;
const LEAST: usize = 3;
/// Iterations of a piece of work, a fraction of a millisecond, and the pieces while which the clock must tick.
const PIECE: u32 = 50_000;
const PATIENCE: usize = 2000;

/// Steps of `run` a second in the best measurement, in units of 10^9: `run` is given a number of iterations and returns the
/// steps that it took. `None` where `clock`, in ms, is too coarse.
pub fn best(mut clock: impl FnMut() -> f64, mut run: impl FnMut(u32) -> u64) -> Option<f64> {
    // The compiler's time too: until it has optimised the loop, pieces are short.
    let tick = tick(&mut clock, &mut run)?;
    let length = SHORTEST.max(TICKS * tick);
    let measurements = ((BUDGET / length) as usize).max(LEAST);
    (0..measurements).try_fold(0.0, |best, _| {
        let start = edge(&mut clock, &mut run)?;
        let (mut steps, mut ms) = (0, 0.0);
        while ms < length {
            steps += run(PIECE);
            ms = clock() - start;
        }
        // It began where the clock ticked and ended, on average, half a tick after it last did.
        Some(f64::max(best, steps as f64 / (ms + tick / 2.0) / 1e6))
    })
}

/// The clock's smallest step, in ms; `None` if it hardly moves or is too coarse.
fn tick(clock: &mut impl FnMut() -> f64, run: &mut impl FnMut(u32) -> u64) -> Option<f64> {
    /// Steps that are looked at: the first may have begun before.
    const STEPS: usize = 4;
    let mut last = edge(clock, run)?;
    let mut least = f64::INFINITY;
    for _ in 0..STEPS {
        let next = edge(clock, run)?;
        least = least.min(next - last);
        last = next;
    }
    (least <= COARSEST).then_some(least)
}

/// Works until the clock ticks; the time then.
fn edge(clock: &mut impl FnMut() -> f64, run: &mut impl FnMut(u32) -> u64) -> Option<f64> {
    let start = clock();
    (0..PATIENCE).find_map(|_| {
        run(PIECE / 10);
        Some(clock()).filter(|&now| now > start)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// What [`best`] finds of a machine that does `speed` · 10^9 steps a second, with a clock of ticks of `tick` ms, and the
    /// time that it took.
    fn found(speed: f64, tick: f64) -> (Option<f64>, f64) {
        let now = Cell::new(0.37);
        // To read the clock takes 100 ns.
        let clock = || {
            now.set(now.get() + 1e-4);
            (now.get() / tick).floor() * tick
        };
        let best = best(clock, |iterations| {
            let steps = u64::from(iterations) * 64;
            now.set(now.get() + steps as f64 / speed / 1e6);
            steps
        });
        (best, now.get())
    }

    #[test]
    fn a_clock_may_tick_every_millisecond() {
        for tick in [0.000_001, 0.005, 0.02, 0.1, 1.0] {
            for speed in [2.0, 9.0, 30.0, 57.0, 150.0] {
                let (best, took) = found(speed, tick);
                let best = best.unwrap();
                assert!((best / speed - 1.0).abs() < 0.03, "{best} of {speed} with ticks of {tick} ms");
                assert!(took < 300.0, "{took} ms for {speed} with ticks of {tick} ms");
            }
        }
    }

    #[test]
    fn a_coarser_clock_is_not_believed() {
        for tick in [16.67, 100.0, f64::INFINITY] {
            for speed in [2.0, 30.0, 150.0] {
                let (best, took) = found(speed, tick);
                assert_eq!(best, None, "{speed} with ticks of {tick} ms");
                assert!(took < 700.0, "{took} ms");
            }
        }
        assert_eq!(best(|| f64::NAN, u64::from), None);
    }
}
