//! How OpenH264 was built.

use units::{DataRate, PictureSize};

/// Without nasm the codec's build script falls back to plain C in silence, 2.5 to 3 times slower.
#[test]
fn the_picture_codec_was_built_with_its_assembly() {
    // Links the encoder in, whatever the linker thinks of unused archives.
    assert!(media::h264::Encoder::new(PictureSize::new(64, 64), 30, DataRate::from_kbps(100)).is_ok());
    if !cfg!(any(target_arch = "x86_64", target_arch = "x86")) {
        return;
    }
    let program = std::env::current_exe().and_then(std::fs::read).expect("this test's own program");
    let has = |symbol: &[u8]| program.windows(symbol.len()).any(|window| window == symbol);
    // Put together here, so that the name in this file is not what is found.
    let name = |end: &str| format!("WelsSampleSad16x16_{end}").into_bytes();
    assert!(
        has(&name("sse2")),
        "OpenH264 was built in C: install nasm, unset OPENH264_NO_ASM, then `cargo clean -p openh264-sys2`"
    );
    assert!(!has(&name("nothing")));
}
