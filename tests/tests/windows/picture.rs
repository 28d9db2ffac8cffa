//! What is to be seen on a display, as pixels.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

/// A place on the display, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) width: i32,
    pub(crate) height: i32,
}

impl Area {
    pub(crate) fn middle(self) -> (i32, i32) {
        (self.x + self.width / 2, self.y + self.height / 2)
    }

    /// The largest place of this shape in the middle of it, as the windows lay pictures out.
    pub(crate) fn fitted(self, width: i32, height: i32) -> Self {
        let scale = (f64::from(self.width) / f64::from(width)).min(f64::from(self.height) / f64::from(height));
        let (width, height) = ((f64::from(width) * scale) as i32, (f64::from(height) * scale) as i32);
        let (x, y) = self.middle();
        Self { x: x - width / 2, y: y - height / 2, width, height }
    }
}

/// The pixels, by rows, red first.
pub(crate) struct Picture {
    width: usize,
    height: usize,
    colors: Vec<[u8; 3]>,
}

impl Picture {
    pub(crate) fn new(width: usize, height: usize, colors: Vec<[u8; 3]>) -> Self {
        assert_eq!(colors.len(), width * height);
        Self { width, height, colors }
    }

    /// The mean colour of a small square around a place that is given as parts of the area, 0 to 1 from its upper left.
    pub(crate) fn color(&self, area: Area, across: f64, down: f64) -> [u8; 3] {
        const HALF: i32 = 2;
        let x = area.x + (f64::from(area.width) * across) as i32;
        let y = area.y + (f64::from(area.height) * down) as i32;
        let mut sum = [0_u32; 3];
        for y in y - HALF..=y + HALF {
            for x in x - HALF..=x + HALF {
                let inside = (0..self.width as i32).contains(&x) && (0..self.height as i32).contains(&y);
                assert!(inside, "({x}, {y}) is not on the display");
                let color = self.colors[y as usize * self.width + x as usize];
                sum.iter_mut().zip(color).for_each(|(sum, part)| *sum += u32::from(part));
            }
        }
        sum.map(|sum| (sum / (2 * HALF as u32 + 1).pow(2)) as u8)
    }

    /// Keeps it as a file.
    pub(crate) fn write(&self, path: &Path) {
        let file = BufWriter::new(File::create(path).expect("a file"));
        let mut encoder = png::Encoder::new(file, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header().expect("a PNG");
        writer.write_image_data(self.colors.as_flattened()).expect("a PNG");
    }
}

/// Whether two colours are as good as one, after a lossy codec.
pub(crate) fn alike(one: [u8; 3], other: [u8; 3], tolerance: u8) -> bool {
    one.iter().zip(other).all(|(one, other)| one.abs_diff(other) <= tolerance)
}
