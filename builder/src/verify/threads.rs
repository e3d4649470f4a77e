//! Work on several threads whose results come back in order.

use std::num::NonZeroUsize;
use std::panic;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What `work` makes of each item, in the order of the items.
pub(super) fn map<T: Sync, R: Send>(
    threads: NonZeroUsize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
    thread::scope(|scope| {
        let threads = threads.get().min(items.len());
        let run = || {
            while let Some(position) = Some(next.fetch_add(1, Ordering::Relaxed))
                .filter(|position| *position < items.len())
            {
                let result = work(&items[position]);
                *results[position].lock().expect("no one panics in here") = Some(result);
            }
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        for thread in running {
            thread.join().unwrap_or_else(|it| panic::resume_unwind(it));
        }
    });
    let results = results.into_iter();
    let results = results.map(|result| result.into_inner().expect("no one panics in here"));
    results
        .map(|result| result.expect("each item was worked on"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order_for_any_number_of_threads() {
        let items: Vec<usize> = (0..100).collect();
        for threads in [1, 2, 7, 200] {
            let threads = NonZeroUsize::new(threads).unwrap();
            let expected: Vec<usize> = items.iter().map(|item| item * 2).collect();
            assert_eq!(map(threads, &items, |item| item * 2), expected);
        }
        assert_eq!(
            map(NonZeroUsize::MIN, &[], |item: &u8| *item),
            Vec::<u8>::new()
        );
    }
}
