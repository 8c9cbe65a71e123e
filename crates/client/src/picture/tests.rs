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
    assert_eq!(read_file(png(&blank)), Err(Fault::PictureNoCode));
    assert_eq!(read_file(b"%PDF-1.7".to_vec()), Err(Fault::PictureUnreadable));
    assert_eq!(read_file(Vec::new()), Err(Fault::PictureUnreadable));
    let whole = png(&draw(TEXT, 5, 0, 255));
    assert!(read_file(whole[..whole.len() / 3].to_vec()).is_err());
}

#[test]
fn ab_89_more_than_twelve_megapixels_are_refused_before_they_are_decoded() {
    let huge = GrayImage::new(4001, 3001);
    assert_eq!(read_file(png(&huge)), Err(Fault::PictureUnreadable));
    assert_eq!(read_luma(4001, 3001, huge.as_raw()), Err(Fault::PictureUnreadable));
    assert_eq!(read_luma(10, 10, &[0; 99]), Err(Fault::PictureUnreadable));
    assert_eq!(read_luma(0, 10, &[]), Err(Fault::PictureUnreadable));
}

#[test]
fn ab_89_a_panic_of_the_decoder_is_caught() {
    let found = search(FRAME_TIMEOUT, || -> Result<GrayImage, Fault> { panic!("as the decoder may") });
    assert_eq!(found, Err(Fault::PictureNoCode));
}

#[test]
fn ab_89_noise_ends_without_a_code() {
    let mut state = 1_u32;
    let noise = GrayImage::from_fn(640, 480, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Luma([state.to_be_bytes()[0]])
    });
    assert_eq!(read_luma(640, 480, noise.as_raw()), Err(Fault::PictureNoCode));
}
