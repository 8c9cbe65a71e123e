use fast_qr::{ECL, QRBuilder};

use super::*;

const TEXT: &str = "LG1:ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 $%*+-./:";

/// Draws a code with `module` pixels per module and a quiet zone of four modules.
fn draw(text: &str, module: u32, dark: u8, light: u8) -> GrayImage {
    let code = QRBuilder::new(text).ecl(ECL::M).build().unwrap();
    let size = u32::try_from(code.size).unwrap();
    let mut picture = GrayImage::from_pixel((size + 8) * module, (size + 8) * module, image::Luma([light]));
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let (row, column) = ((y / module).wrapping_sub(4), (x / module).wrapping_sub(4));
        if row < size && column < size && code[row as usize][column as usize].value() {
            *pixel = image::Luma([dark]);
        }
    }
    picture
}

fn png(picture: &GrayImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[test]
fn a_code_is_found_in_small_large_faint_and_inverted_pictures() {
    for (module, dark, light) in [(2, 0, 255), (5, 0, 255), (40, 20, 230), (6, 110, 150), (6, 255, 0)] {
        let found = read_file(png(&draw(TEXT, module, dark, light)));
        assert_eq!(found.map(|text| (*text).clone()), Ok(TEXT.to_owned()), "module {module}, {dark} on {light}");
    }
}

#[test]
fn a_code_is_found_in_a_camera_frame() {
    let picture = draw(TEXT, 6, 0, 255);
    let found = read_luma(picture.width(), picture.height(), picture.as_raw());
    assert_eq!(found.map(|text| (*text).clone()), Ok(TEXT.to_owned()));
}

#[test]
fn a_transparent_ground_is_paper() {
    let code = draw(TEXT, 6, 0, 255);
    let clear = image::GrayAlphaImage::from_fn(code.width(), code.height(), |x, y| {
        image::LumaA([0, 255 - code.get_pixel(x, y).0[0]])
    });
    let mut bytes = Cursor::new(Vec::new());
    clear.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    assert_eq!(read_file(bytes.into_inner()).map(|text| (*text).clone()), Ok(TEXT.to_owned()));
}

#[test]
fn ab_89_pictures_without_a_code_and_other_files_are_told_apart() {
    let blank = GrayImage::from_pixel(300, 300, image::Luma([200]));
    assert_eq!(read_file(png(&blank)), Err(PictureError::NoCode));
    assert_eq!(read_file(b"%PDF-1.7".to_vec()), Err(PictureError::Unreadable));
    assert_eq!(read_file(Vec::new()), Err(PictureError::Unreadable));
    let whole = png(&draw(TEXT, 5, 0, 255));
    assert!(read_file(whole[..whole.len() / 3].to_vec()).is_err());
}

#[test]
fn ab_89_more_than_twelve_megapixels_are_refused_before_they_are_decoded() {
    let huge = GrayImage::new(4001, 3001);
    assert_eq!(read_file(png(&huge)), Err(PictureError::Unreadable));
    assert_eq!(read_luma(4001, 3001, huge.as_raw()), Err(PictureError::Unreadable));
    assert_eq!(read_luma(10, 10, &[0; 99]), Err(PictureError::Unreadable));
    assert_eq!(read_luma(0, 10, &[]), Err(PictureError::Unreadable));
}

#[test]
fn ab_89_a_panic_of_the_decoder_is_caught() {
    let found = search(FRAME_TIMEOUT, || -> Result<GrayImage, PictureError> { panic!("as the decoder may") });
    assert_eq!(found, Err(PictureError::NoCode));
}

#[test]
fn ab_89_noise_ends_without_a_code() {
    let mut state = 1_u32;
    let noise = GrayImage::from_fn(640, 480, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Luma([state.to_be_bytes()[0]])
    });
    assert_eq!(read_luma(640, 480, noise.as_raw()), Err(PictureError::NoCode));
}

#[test]
fn an_enlarged_picture_goes_evenly_from_one_value_to_the_next() {
    let two = GrayImage::from_raw(2, 1, vec![0, 200]).unwrap();
    assert_eq!(enlarge(&two, 2).into_raw(), [0, 50, 150, 200, 0, 50, 150, 200]);
    assert_eq!(enlarge(&GrayImage::from_pixel(1, 1, image::Luma([7])), 3).into_raw(), [7; 9]);
}

#[test]
fn an_edge_is_sharpened_and_an_even_ground_stays() {
    let ground = GrayImage::from_pixel(9, 9, image::Luma([90]));
    assert_eq!(sharpen(&ground, 3, 2), ground);
    let edge = GrayImage::from_fn(8, 1, |x, _| image::Luma([if x < 4 { 80 } else { 120 }]));
    let sharp = sharpen(&edge, 3, 2);
    assert!(sharp.get_pixel(3, 0).0[0] < 80 && sharp.get_pixel(4, 0).0[0] > 120, "{sharp:?}");
    assert_eq!((sharp.get_pixel(0, 0).0[0], sharp.get_pixel(7, 0).0[0]), (80, 120));
}
