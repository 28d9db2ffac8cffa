//! Pictures to draw on, used again and again.

use std::sync::Arc;

use media::picture::I420;
use units::PictureSize;

/// Pictures that were given away and may have come back: fresh memory costs up to a millisecond a picture.
#[derive(Default)]
pub(super) struct Pool(Vec<Arc<I420>>);

impl Pool {
    /// A picture that nobody else holds; what it shows is left over.
    pub(super) fn take(&mut self, size: PictureSize) -> Arc<I420> {
        let free = self.0.iter().position(|picture| Arc::strong_count(picture) == 1);
        free.map_or_else(|| Arc::new(I420::new(size)), |index| self.0.swap_remove(index))
    }

    /// Keeps a picture that was given away until the others have let go of it.
    pub(super) fn put(&mut self, picture: Arc<I420>) {
        // Whoever keeps more than these gets fresh ones.
        if self.0.len() < POOL_SIZE {
            self.0.push(picture);
        }
    }
}

const POOL_SIZE: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: PictureSize = PictureSize::new(16, 16);

    #[test]
    fn a_picture_that_somebody_holds_is_not_drawn_over() {
        let mut pool = Pool::default();
        let first = pool.take(SIZE);
        let held = Arc::clone(&first);
        pool.put(first);
        let second = pool.take(SIZE);
        assert!(!Arc::ptr_eq(&held, &second));
        drop(held);
        assert!(Arc::strong_count(&pool.take(SIZE)) == 1);
        assert!(pool.0.is_empty());
    }
}
