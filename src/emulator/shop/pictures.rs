//! Pictures of products, drawn here with integers only: a soft background and one simple shape per category.

const SIDE: i64 = 480;
/// Drawn at twice the size and averaged down, for smooth edges.
const DRAWN: i64 = 2 * SIDE;

type Colour = [u8; 3];

const CREAM: Colour = [255, 250, 240];
const COFFEE: Colour = [74, 44, 26];
const CRUST: Colour = [201, 139, 75];
const LEAF: Colour = [74, 140, 84];

/// A PNG of 480 × 480 for a product; the same product always looks the same.
pub fn draw(category: &str, retailer_id: &str) -> Option<Vec<u8>> {
    let mood = retailer_id
        .bytes()
        .fold(7_i64, |sum, byte| (sum * 31 + i64::from(byte)) % 997);
    let mut canvas = Canvas::new();
    match category {
        "Cafés" => cup(&mut canvas, mood),
        "Pães" => bread(&mut canvas, mood),
        "Bolos" => cake(&mut canvas, mood),
        "Grãos" => bag(&mut canvas, mood),
        "Bebidas" => bottle(&mut canvas, mood),
        "Frutas" => fruit(&mut canvas, mood),
        _ => parcel(&mut canvas, mood),
    }
    canvas.png()
}

fn cup(canvas: &mut Canvas, mood: i64) {
    canvas.background([240, 217, 187], [214, 170, 124], mood);
    canvas.ellipse((480, 740), (330, 60), [188, 142, 98]);
    canvas.ellipse((480, 700), (290, 52), CREAM);
    canvas.ellipse((700, 520), (110, 110), CREAM);
    canvas.ellipse((700, 520), (62, 62), [222, 184, 142]);
    canvas.rectangle((270, 400), (690, 560), CREAM);
    canvas.ellipse((480, 560), (210, 140), CREAM);
    canvas.ellipse((480, 400), (210, 62), [238, 226, 208]);
    canvas.ellipse((480, 404), (184, 48), tint(COFFEE, mood));
    canvas.ellipse((450, 396), (70, 16), [150, 98, 58]);
    for step in 0..3 {
        steam(canvas, 380 + step * 100);
    }
}

fn steam(canvas: &mut Canvas, x: i64) {
    for step in 0..26 {
        let sway = if (step / 6) % 2 == 0 {
            step % 6
        } else {
            6 - step % 6
        };
        canvas.ellipse((x + sway * 5, 310 - step * 6), (10, 9), [250, 238, 222]);
    }
}

fn bread(canvas: &mut Canvas, mood: i64) {
    canvas.background([252, 236, 204], [236, 196, 140], mood);
    canvas.ellipse((480, 700), (350, 50), [216, 172, 118]);
    canvas.ellipse((480, 540), (340, 190), tint(CRUST, mood));
    canvas.ellipse((480, 500), (310, 150), [218, 160, 94]);
    for step in 0..3 {
        canvas.band(
            (330 + step * 120, 420),
            (400 + step * 120, 590),
            26,
            [247, 222, 178],
        );
    }
}

fn cake(canvas: &mut Canvas, mood: i64) {
    canvas.background([250, 222, 214], [232, 178, 170], mood);
    canvas.ellipse((480, 740), (360, 60), [250, 244, 238]);
    canvas.triangle([(220, 480), (760, 420), (760, 540)], tint([122, 70, 46], mood));
    canvas.triangle([(220, 480), (760, 540), (220, 600)], [236, 196, 132]);
    canvas.rectangle((220, 480), (760, 540), tint([122, 70, 46], mood));
    canvas.rectangle((220, 540), (760, 620), [240, 202, 140]);
    canvas.rectangle((220, 620), (760, 648), [120, 66, 44]);
    canvas.rectangle((220, 648), (760, 730), [240, 202, 140]);
    canvas.ellipse((660, 420), (52, 52), [200, 44, 58]);
    canvas.ellipse((644, 402), (14, 12), [240, 140, 140]);
}

fn bag(canvas: &mut Canvas, mood: i64) {
    canvas.background([222, 226, 208], [170, 182, 148], mood);
    canvas.ellipse((480, 800), (300, 44), [146, 158, 126]);
    canvas.rectangle((290, 250), (670, 790), tint([104, 70, 48], mood));
    canvas.rectangle((290, 210), (670, 270), [84, 54, 36]);
    canvas.rectangle((340, 400), (620, 660), CREAM);
    canvas.ellipse((480, 530), (76, 100), COFFEE);
    canvas.band((500, 440), (462, 620), 12, CREAM);
}

fn bottle(canvas: &mut Canvas, mood: i64) {
    canvas.background([206, 234, 238], [146, 196, 206], mood);
    canvas.ellipse((480, 820), (220, 36), [122, 172, 182]);
    let drink = tint([242, 158, 54], mood * 3);
    canvas.rectangle((430, 170), (530, 340), [236, 248, 250]);
    canvas.rectangle((418, 130), (542, 190), LEAF);
    canvas.ellipse((480, 400), (140, 110), [236, 248, 250]);
    canvas.rectangle((340, 400), (620, 760), [236, 248, 250]);
    canvas.ellipse((480, 760), (140, 50), [236, 248, 250]);
    canvas.rectangle((362, 440), (598, 756), drink);
    canvas.ellipse((480, 756), (118, 38), drink);
    canvas.rectangle((362, 520), (598, 660), CREAM);
    canvas.ellipse((480, 590), (46, 46), LEAF);
}

fn fruit(canvas: &mut Canvas, mood: i64) {
    canvas.background([226, 242, 206], [174, 212, 142], mood);
    canvas.ellipse((480, 770), (300, 50), [142, 182, 112]);
    let skin = tint([226, 72, 60], mood * 2);
    canvas.ellipse((410, 560), (190, 200), skin);
    canvas.ellipse((550, 560), (190, 200), skin);
    canvas.ellipse((380, 490), (44, 56), [250, 176, 160]);
    canvas.band((480, 400), (510, 260), 18, [110, 74, 44]);
    canvas.ellipse((590, 290), (92, 40), LEAF);
}

fn parcel(canvas: &mut Canvas, mood: i64) {
    canvas.background([236, 228, 240], [196, 180, 208], mood);
    canvas.rectangle((250, 330), (710, 740), tint([190, 146, 98], mood));
    canvas.rectangle((440, 330), (520, 740), [226, 190, 140]);
    canvas.rectangle((230, 290), (730, 400), [206, 164, 114]);
}

/// The colour, a little warmer or cooler from product to product.
fn tint(colour: Colour, mood: i64) -> Colour {
    let shift = mood.rem_euclid(41) - 20;
    let [red, green, blue] = colour.map(i64::from);
    [
        channel(red + shift),
        channel(green - shift / 2),
        channel(blue - shift),
    ]
}

fn channel(value: i64) -> u8 {
    u8::try_from(value.clamp(0, 255)).unwrap_or(u8::MAX)
}

struct Canvas {
    pixels: Vec<Colour>,
}

impl Canvas {
    fn new() -> Canvas {
        Canvas {
            pixels: vec![CREAM; usize::try_from(DRAWN * DRAWN).unwrap_or(0)],
        }
    }

    fn background(&mut self, top: Colour, bottom: Colour, mood: i64) {
        let (top, bottom) = (tint(top, mood).map(i64::from), tint(bottom, mood).map(i64::from));
        for y in 0..DRAWN {
            let mut colour = CREAM;
            for ((mixed, from), to) in colour.iter_mut().zip(top).zip(bottom) {
                *mixed = channel((from * (DRAWN - y) + to * y) / DRAWN);
            }
            self.paint((0, y), (DRAWN, y + 1), colour, |_, _| true);
        }
    }

    fn rectangle(&mut self, from: (i64, i64), to: (i64, i64), colour: Colour) {
        self.paint(from, to, colour, |_, _| true);
    }

    fn ellipse(&mut self, centre: (i64, i64), radius: (i64, i64), colour: Colour) {
        let ((cx, cy), (rx, ry)) = (centre, radius);
        self.paint((cx - rx, cy - ry), (cx + rx, cy + ry), colour, |x, y| {
            let (dx, dy) = (x - cx, y - cy);
            dx * dx * ry * ry + dy * dy * rx * rx <= rx * rx * ry * ry
        });
    }

    /// A straight stroke from one point to another.
    fn band(&mut self, from: (i64, i64), to: (i64, i64), width: i64, colour: Colour) {
        for step in 0..=100 {
            let x = from.0 + (to.0 - from.0) * step / 100;
            let y = from.1 + (to.1 - from.1) * step / 100;
            self.ellipse((x, y), (width, width), colour);
        }
    }

    fn triangle(&mut self, corners: [(i64, i64); 3], colour: Colour) {
        let side = |from: (i64, i64), to: (i64, i64), x: i64, y: i64| {
            (to.0 - from.0) * (y - from.1) - (to.1 - from.1) * (x - from.0)
        };
        let [one, two, three] = corners;
        let (left, right) = (one.0.min(two.0).min(three.0), one.0.max(two.0).max(three.0));
        let (top, bottom) = (one.1.min(two.1).min(three.1), one.1.max(two.1).max(three.1));
        self.paint((left, top), (right, bottom), colour, |x, y| {
            let turns = [
                side(one, two, x, y),
                side(two, three, x, y),
                side(three, one, x, y),
            ];
            turns.iter().all(|turn| *turn >= 0) || turns.iter().all(|turn| *turn <= 0)
        });
    }

    fn paint(&mut self, from: (i64, i64), to: (i64, i64), colour: Colour, inside: impl Fn(i64, i64) -> bool) {
        for y in from.1.max(0)..to.1.min(DRAWN) {
            for x in from.0.max(0)..to.0.min(DRAWN) {
                let place = usize::try_from(y * DRAWN + x)
                    .ok()
                    .and_then(|at| self.pixels.get_mut(at));
                if let Some(pixel) = place.filter(|_| inside(x, y)) {
                    *pixel = colour;
                }
            }
        }
    }

    /// One pixel of the finished picture: the mean of four drawn ones.
    fn mean(&self, x: i64, y: i64) -> Colour {
        let mut sums = [0_u16; 3];
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            let at = usize::try_from((2 * y + dy) * DRAWN + 2 * x + dx).unwrap_or(usize::MAX);
            let pixel = self.pixels.get(at).copied().unwrap_or(CREAM);
            for (sum, value) in sums.iter_mut().zip(pixel) {
                *sum += u16::from(value);
            }
        }
        sums.map(|sum| u8::try_from(sum / 4).unwrap_or(u8::MAX))
    }

    fn png(&self) -> Option<Vec<u8>> {
        let points = (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x, y)));
        let pixels: Vec<u8> = points.flat_map(|(x, y)| self.mean(x, y)).collect();
        let side = u32::try_from(SIDE).ok()?;
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, side, side);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().ok()?;
        writer.write_image_data(&pixels).ok()?;
        writer.finish().ok()?;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_category_gives_the_same_png_twice() {
        let first = draw("Cafés", "cafe-coado").unwrap();

        assert!(first.starts_with(b"\x89PNG\r\n"));
        assert_eq!(draw("Cafés", "cafe-coado"), Some(first.clone()));
        assert_ne!(draw("Frutas", "cafe-coado"), Some(first));
    }
}
