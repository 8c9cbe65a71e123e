//! Draws a pairing code as a poor camera sees it.

use fast_qr::{ECL, QRBuilder, QRCode};
use latchgate_picture::GrayImage;

const WIDTH: u32 = 640;
const HEIGHT: u32 = 480;

/// The light border around a code, in modules.
const QUIET: f64 = 4.0;

/// What makes a frame hard to read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Hardship {
    /// Seen from the side, turned by any angle.
    Tilt,
    /// Out of focus.
    Blur,
    /// A lamp shines on a part of it.
    Glare,
    /// Little light: low contrast and noise.
    Dark,
    /// The code is small in the frame.
    Far,
    /// Photographed from a screen, whose grid beats with the camera's.
    Moire,
}

impl Hardship {
    pub(crate) const ALL: [Self; 6] = [Self::Tilt, Self::Blur, Self::Glare, Self::Dark, Self::Far, Self::Moire];
}

/// The camera's picture of a code, and the code's text.
pub(crate) fn frame(hardship: Hardship, seed: u64) -> (String, GrayImage) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (hardship as u64 + 1).wrapping_mul(0xd134_2543));
    let text = text(&mut dice);
    let code = QRBuilder::new(text.as_str()).ecl(ECL::M).build().expect("the text fits a code");
    let scene = Scene::of(hardship, &code, &mut dice);
    let light: Vec<f64> =
        (0..WIDTH * HEIGHT).map(|at| scene.light(f64::from(at % WIDTH), f64::from(at / WIDTH))).collect();
    let light = blurred(&light, scene.blur);
    let grey = light.into_iter().map(|value| {
        let noisy = scene.black + value * (scene.white - scene.black) + scene.noise * dice.bell();
        (noisy * 255.0).clamp(0.0, 255.0) as u8
    });
    let picture = GrayImage::from_raw(WIDTH, HEIGHT, grey.collect()).expect("as many values as pixels");
    (text, picture)
}

/// As long as a real pairing code.
fn text(dice: &mut Dice) -> String {
    const BASE45: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    let digits = (0..168).map(|_| char::from(BASE45[(dice.next() * 45.0) as usize]));
    "LG1:".chars().chain(digits).collect()
}

/// How the code lies in front of the camera, and in which light.
struct Scene<'a> {
    code: &'a QRCode,
    /// From the frame's pixels to the code's modules: a projective map, row by row.
    map: [f64; 9],
    /// Where a lamp is mirrored, how far it reaches and how strong it is.
    glare: (f64, f64, f64, f64),
    /// The screen's grid: its depth, its two frequencies in radians per pixel.
    grid: (f64, f64, f64),
    /// How much darker the far side is.
    falloff: f64,
    /// In pixels.
    blur: f64,
    black: f64,
    white: f64,
    noise: f64,
}

impl<'a> Scene<'a> {
    fn of(hardship: Hardship, code: &'a QRCode, dice: &mut Dice) -> Self {
        let side = code.size as f64 + 2.0 * QUIET;
        let (mut size, mut turn, mut tilt) = (dice.within(300.0, 400.0), dice.within(-0.2, 0.2), dice.within(0.0, 0.1));
        let mut scene = Self {
            code,
            map: [0.0; 9],
            glare: (0.0, 0.0, 1.0, 0.0),
            grid: (0.0, 0.0, 0.0),
            falloff: dice.within(0.0, 0.3),
            blur: 0.5,
            black: 0.1,
            white: 0.85,
            noise: 0.01,
        };
        match hardship {
            Hardship::Tilt => {
                (turn, tilt) = (dice.within(-3.1, 3.1), dice.within(0.25, 0.6));
                size = dice.within(320.0, 400.0);
            }
            Hardship::Blur => scene.blur = size / side * dice.within(0.25, 0.42),
            Hardship::Glare => {
                let place = |dice: &mut Dice, middle: f64| middle + dice.within(-0.4, 0.4) * size;
                let (x, y) = (place(dice, f64::from(WIDTH) / 2.0), place(dice, f64::from(HEIGHT) / 2.0));
                scene.glare = (x, y, size * dice.within(0.08, 0.25), dice.within(0.4, 0.9));
            }
            Hardship::Dark => {
                scene.black = dice.within(0.02, 0.06);
                scene.white = scene.black + dice.within(0.10, 0.2);
                scene.noise = dice.within(0.01, 0.02);
            }
            Hardship::Far => {
                size = side * dice.within(2.4, 3.2);
                scene.noise = 0.015;
            }
            Hardship::Moire => {
                scene.grid = (dice.within(0.15, 0.35), dice.within(1.2, 2.9), dice.within(1.2, 2.9));
            }
        }
        scene.map = projection(size / side, side, turn, tilt, dice.within(0.0, 6.2));
        scene
    }

    /// The light that a pixel gets, from 0 to 1: nine samples.
    fn light(&self, x: f64, y: f64) -> f64 {
        let mut sum = 0.0;
        for step in 0..9 {
            sum += self.paper(x + f64::from(step % 3) / 3.0, y + f64::from(step / 3) / 3.0);
        }
        let (depth, fx, fy) = self.grid;
        let grid = 1.0 - depth * (0.5 + 0.25 * (fx * x + 0.1 * y).sin() + 0.25 * (fy * y - 0.1 * x).sin());
        let lit = sum / 9.0 * grid * (1.0 - self.falloff * x / f64::from(WIDTH));
        let (gx, gy, reach, strength) = self.glare;
        let shine = strength * (-((x - gx).powi(2) + (y - gy).powi(2)) / (2.0 * reach * reach)).exp();
        lit + (1.0 - lit) * shine
    }

    /// How light the paper is there: the code, its border, and a darker table around it.
    fn paper(&self, x: f64, y: f64) -> f64 {
        let [a, b, c, d, e, f, g, h, i] = self.map;
        let depth = g * x + h * y + i;
        let (column, row) = ((a * x + b * y + c) / depth, (d * x + e * y + f) / depth);
        let size = self.code.size as f64;
        if column < -QUIET || row < -QUIET || column >= size + QUIET || row >= size + QUIET {
            return 0.55;
        }
        if column < 0.0 || row < 0.0 || column >= size || row >= size {
            return 1.0;
        }
        if self.code[row as usize][column as usize].value() { 0.0 } else { 1.0 }
    }
}

/// The map of a code of `module` pixels per module whose middle is that of the frame: turned by `turn`, then
/// tilted by `tilt` radians towards `direction`.
fn projection(module: f64, side: f64, turn: f64, tilt: f64, direction: f64) -> [f64; 9] {
    let (middle_x, middle_y) = (f64::from(WIDTH) / 2.0, f64::from(HEIGHT) / 2.0);
    let half = side / 2.0 - QUIET;
    // The camera is four frame widths away from the middle of the code; a pixel's ray meets the tilted plane.
    let far = 1.6 * f64::from(WIDTH);
    let (sin, cos) = tilt.sin_cos();
    let (dx, dy) = (direction.cos(), direction.sin());
    let (turn_sin, turn_cos) = turn.sin_cos();
    // Along the direction of tilt: u = far * p / (far * cos - p * sin); across it: v = far * cos * q / (same).
    let bottom = [-sin * dx, -sin * dy, far * cos + sin * (dx * middle_x + dy * middle_y)];
    let along = [far * dx, far * dy, -far * (dx * middle_x + dy * middle_y)];
    let across = [-far * cos * dy, far * cos * dx, far * cos * (dy * middle_x - dx * middle_y)];
    let plane = |at: usize| (along[at] * dx - across[at] * dy, along[at] * dy + across[at] * dx);
    let row = |pick: fn((f64, f64), f64, f64) -> f64| {
        [0, 1, 2].map(|at| pick(plane(at), turn_sin, turn_cos) / module + half * bottom[at])
    };
    let columns = row(|(x, y), sin, cos| cos * x + sin * y);
    let rows = row(|(x, y), sin, cos| cos * y - sin * x);
    let [a, b, c] = columns;
    let [d, e, f] = rows;
    let [g, h, i] = bottom;
    [a, b, c, d, e, f, g, h, i]
}

/// Blurs by a bell of `sigma` pixels, first along the rows, then along the columns.
fn blurred(light: &[f64], sigma: f64) -> Vec<f64> {
    let reach = (3.0 * sigma).ceil() as i64;
    let bell: Vec<f64> = (-reach..=reach).map(|at| (-((at * at) as f64) / (2.0 * sigma * sigma)).exp()).collect();
    let whole: f64 = bell.iter().sum();
    let (width, height) = (i64::from(WIDTH), i64::from(HEIGHT));
    let pass = |from: &[f64], dx: i64, dy: i64| -> Vec<f64> {
        let at = |x: i64, y: i64| from[(y.clamp(0, height - 1) * width + x.clamp(0, width - 1)) as usize];
        let one = |place: i64| {
            let (x, y) = (place % width, place / width);
            (-reach..=reach).zip(&bell).map(|(step, weight)| weight * at(x + dx * step, y + dy * step)).sum::<f64>()
                / whole
        };
        (0..width * height).map(one).collect()
    };
    pass(&pass(light, 1, 0), 0, 1)
}

/// Numbers that look random and are the same everywhere (SplitMix64).
struct Dice(u64);

impl Dice {
    /// From 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn within(&mut self, least: f64, most: f64) -> f64 {
        least + (most - least) * self.next()
    }

    /// Around 0 with a deviation of 1.
    fn bell(&mut self) -> f64 {
        (0..4).map(|_| self.next() - 0.5).sum::<f64>() * 3.0_f64.sqrt()
    }
}
