//! A memory allocator that counts, for code that promises not to allocate.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fs;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

/// The system's allocator with a count for each thread of what it asked for and gave back. A test binary that is to
/// count says `#[global_allocator] static COUNTING: CountingAllocator = CountingAllocator;`.
#[derive(Debug)]
pub struct CountingAllocator;

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: every call goes to the system's allocator as it came; counting touches no memory that it gave.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the promises of this very method.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count();
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// How often this thread has asked the allocator or given back, since it began.
pub fn of_this_thread() -> u64 {
    mine().map_or(0, |cell| cell.count.load(Ordering::Relaxed))
}

/// The same for every thread of this process that has a name beginning so; those that never asked are not among them.
pub fn of_threads_named(beginning: &str) -> Vec<(i32, u64)> {
    let is_named = |thread: i32| {
        let name = fs::read_to_string(format!("/proc/self/task/{thread}/comm")).unwrap_or_default();
        name.starts_with(beginning)
    };
    let seen = CELLS.iter().filter_map(|cell| {
        let thread = cell.thread.load(Ordering::Acquire);
        (thread != 0).then(|| (thread, cell.count.load(Ordering::Relaxed)))
    });
    seen.filter(|&(thread, _)| is_named(thread)).collect()
}

fn count() {
    if let Some(cell) = mine() {
        cell.count.fetch_add(1, Ordering::Relaxed);
    }
}

/// This thread's cell; `None` while the thread ends, or when there were more threads than cells.
fn mine() -> Option<&'static Count> {
    let index = MINE.try_with(|mine| {
        if mine.get() == usize::MAX {
            let index = USED.fetch_add(1, Ordering::Relaxed) as usize;
            mine.set(index);
            if let Some(cell) = CELLS.get(index) {
                cell.thread.store(rustix::thread::gettid().as_raw_nonzero().get(), Ordering::Release);
            }
        }
        mine.get()
    });
    CELLS.get(index.ok()?)
}

/// One thread's count.
struct Count {
    thread: AtomicI32,
    count: AtomicU64,
}

static CELLS: [Count; 1_024] = [const { Count { thread: AtomicI32::new(0), count: AtomicU64::new(0) } }; 1_024];
static USED: AtomicU64 = AtomicU64::new(0);

thread_local! {
    // Without a destructor and without a first time: neither allocates.
    static MINE: Cell<usize> = const { Cell::new(usize::MAX) };
}
