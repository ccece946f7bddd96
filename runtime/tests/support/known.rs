//! Values of many sizes and alignments whose bytes say whose they are.

use std::array;

/// Something whose bytes are known.
pub trait Known: Send + Sized + 'static {
    fn of(seed: usize) -> Self;
    fn assert_is(&self, seed: usize);
}

fn bytes<const N: usize>(seed: usize) -> [u8; N] {
    array::from_fn(|index| (seed * 31 + index * 7) as u8)
}

macro_rules! known {
    ($($name:ident $align:literal)+) => {$(
        #[repr(align($align))]
        pub struct $name<const N: usize>([u8; N]);

        impl<const N: usize> Known for $name<N> {
            fn of(seed: usize) -> Self {
                Self(bytes(seed))
            }

            fn assert_is(&self, seed: usize) {
                assert!(std::ptr::from_ref(self).is_aligned());
                assert!(self.0 == bytes(seed), "{N} bytes of {seed}");
            }
        }
    )+};
}

known! {
    Bytes 1
    By32 32
    By64 64
    By4096 4096
}
