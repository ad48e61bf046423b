//! Work in tasks of a fixed size, whose results are put together in their order.

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// Runs `task` on parts of `0..len` of `step` each, the last of what is left; the results are in the order of the parts.
///
/// One part alone runs where it is called: waking a thread takes longer than most of them.
#[inline] // For `Arch::run`'s reason.
pub(crate) fn map<T: Send + Sync>(
    len: usize,
    step: usize,
    task: impl Fn(Range<usize>) -> T + Sync,
) -> Vec<T> {
    let part = |index: usize| index * step..len.min((index + 1) * step);
    match len.div_ceil(step) {
        0 => Vec::new(),
        1 => vec![task(part(0))],
        parts => {
            let results: Vec<_> = (0..parts).map(|_| OnceLock::new()).collect();
            share(parts, &|index| _ = results[index].set(task(part(index))));
            let results = results.into_iter().map(OnceLock::into_inner);
            results.map(|result| result.expect("ran")).collect()
        }
    }
}

/// Runs `task` on each part; one part alone where it is called. The results are in the order of the parts.
#[inline]
pub(crate) fn each<T: Send, R: Send + Sync>(parts: Vec<T>, task: impl Fn(T) -> R + Sync) -> Vec<R> {
    let parts: Vec<_> = parts
        .into_iter()
        .map(|part| Mutex::new(Some(part)))
        .collect();
    map(parts.len(), 1, |index| {
        let mut part = parts[index.start].lock().expect("no task takes it twice");
        task(part.take().expect("no task takes it twice"))
    })
}

/// Shares the numbers below `parts` between this thread and those of the pool. In one place for all tasks: what a thread pool
/// adds to the code of each kernel is a quarter of it.
///
/// This thread takes part, and does not wait for one that has not woken up when nothing is left to do: most passes take less
/// time than waking two threads and going to sleep.
fn share(parts: usize, task: &(dyn Fn(usize) + Sync)) {
    let helpers = rayon::current_num_threads().min(parts) - 1;
    if helpers == 0 {
        return (0..parts).for_each(task);
    }
    let crew = Arc::new(Crew::new(parts, task));
    for _ in 0..helpers {
        let crew = Arc::clone(&crew);
        rayon::spawn(move || crew.help());
    }
    // Also if this thread's own task panics: until then others may still be using what `task` borrows.
    let _end = End(&crew);
    crew.work(task);
}

type Task<'a> = dyn Fn(usize) + Sync + 'a;

/// The threads that share some tasks.
struct Crew {
    next: AtomicUsize,
    parts: usize,
    /// How many helpers are at work, and [`CLOSED`] once none may begin.
    state: AtomicUsize,
    /// What is to be run, borrowed by [`share`].
    task: *const Task<'static>,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    ended: Condvar,
}

const CLOSED: usize = 1 << (usize::BITS - 1);

// SAFETY: the task, which is `Sync`, is what keeps it from being both; it is used by helpers alone that began before the end
// of `share`, which waits for them.
unsafe impl Send for Crew {}
// SAFETY: likewise.
unsafe impl Sync for Crew {}

impl Crew {
    fn new<'a>(parts: usize, task: &'a Task<'a>) -> Self {
        let task: *const Task<'a> = task;
        Self {
            next: AtomicUsize::new(0),
            parts,
            state: AtomicUsize::new(0),
            // SAFETY: the types differ in a lifetime alone.
            task: unsafe { std::mem::transmute::<*const Task<'a>, *const Task<'static>>(task) },
            panic: Mutex::new(None),
            ended: Condvar::new(),
        }
    }

    /// Runs tasks until none is left.
    fn work(&self, task: &(dyn Fn(usize) + Sync)) {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if index >= self.parts {
                break;
            }
            task(index);
        }
    }

    /// What another thread does when it wakes up: nothing if it is too late.
    fn help(&self) {
        let enter = |state| (state & CLOSED == 0).then_some(state + 1);
        let entered = self
            .state
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, enter);
        if entered.is_err() {
            return;
        }
        // SAFETY: `End` waits for all that have entered before `share` returns, so that what it borrows is still there.
        let task = unsafe { &*self.task };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.work(task))) {
            self.next.fetch_max(self.parts, Ordering::Relaxed);
            *self.panic() = Some(panic);
        }
        if self.state.fetch_sub(1, Ordering::Release) == CLOSED + 1 {
            // With the lock held: whoever found helpers at work is waiting by then.
            let _panic = self.panic();
            self.ended.notify_all();
        }
    }

    fn panic(&self) -> MutexGuard<'_, Option<Box<dyn Any + Send>>> {
        self.panic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets no more helpers begin, and waits for those that have.
struct End<'a>(&'a Crew);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let Self(crew) = self;
        crew.state.fetch_or(CLOSED, Ordering::Relaxed);
        // Nothing is left, unless this thread's task has panicked.
        crew.next.fetch_max(crew.parts, Ordering::Relaxed);
        let is_over = || crew.state.load(Ordering::Acquire) == CLOSED;
        // Most of the time the last task of another thread takes less time than going to sleep.
        for _ in 0..SPINS {
            if is_over() {
                break;
            }
            std::hint::spin_loop();
        }
        let mut panic = crew.panic();
        while !is_over() {
            panic = crew
                .ended
                .wait(panic)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(payload) = panic.take()
            && !std::thread::panicking()
        {
            drop(panic);
            resume_unwind(payload);
        }
    }
}

/// How often to look whether the others are ready, before waiting for them: some tens of microseconds.
const SPINS: u32 = 2000;

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    fn pool(threads: usize) -> rayon::ThreadPool {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().expect("threads can be had")
    }

    #[test]
    fn every_part_runs_once_and_results_are_in_order() {
        for threads in [1, 2, 5] {
            pool(threads).install(|| {
                for parts in [1, 2, 3, 100] {
                    for _ in 0..if cfg!(miri) { 2 } else { 200 } {
                        assert_eq!(map(parts, 1, |range| range.start), Vec::from_iter(0..parts));
                    }
                }
            });
        }
        assert_eq!(map(10, 4, |range| range), [0..4, 4..8, 8..10]);
    }

    #[test]
    fn tasks_may_share_tasks() {
        let sums = map(8, 1, |outer| {
            map(50, 3, |inner| inner.sum::<usize>())
                .iter()
                .sum::<usize>()
                * outer.start
        });
        assert_eq!(sums, Vec::from_iter((0..8).map(|i| i * 1225)));
    }

    #[test]
    fn threads_that_are_busy_are_not_waited_for() {
        let pool = pool(3);
        let (go_on, are_busy) = (&AtomicBool::new(false), &AtomicUsize::new(0));
        pool.in_place_scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|_| {
                    are_busy.fetch_add(1, Ordering::SeqCst);
                    while !go_on.load(Ordering::SeqCst) {
                        std::thread::yield_now();
                    }
                });
            }
            // On the third thread.
            scope.spawn(|_| {
                while are_busy.load(Ordering::SeqCst) < 2 {
                    std::thread::yield_now();
                }
                let borrowed = vec![1; 100];
                assert_eq!(map(100, 1, |range| borrowed[range.start]), borrowed);
                drop(borrowed);
                // Whoever comes now finds nothing to do.
                go_on.store(true, Ordering::SeqCst);
            });
        });
    }

    #[test]
    fn a_panic_reaches_the_caller_when_all_have_ended() {
        for _ in 0..if cfg!(miri) { 2 } else { 50 } {
            for bad in [0, 7, 63] {
                let at_work = AtomicUsize::new(0);
                let result = catch_unwind(AssertUnwindSafe(|| {
                    map(64, 1, |range| {
                        at_work.fetch_add(1, Ordering::SeqCst);
                        std::thread::yield_now();
                        at_work.fetch_sub(1, Ordering::SeqCst);
                        assert_ne!(range.start, bad, "the bad part");
                    })
                }));
                let payload = result.expect_err("it panics");
                let message = payload.downcast_ref::<String>().expect("a message");
                assert!(message.contains("the bad part"), "{message}");
                assert_eq!(at_work.load(Ordering::SeqCst), 0);
            }
        }
        assert_eq!(map(3, 1, |range| range.start), [0, 1, 2]);
    }
}
