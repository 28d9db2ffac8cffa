//! Says so when OpenH264 is about to be built without its assembly, which would otherwise happen in silence.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=OPENH264_NO_ASM");
    println!("cargo::rerun-if-env-changed=PATH");
    let needs_nasm = env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "x86_64" || arch == "x86");
    if !needs_nasm {
        return;
    }
    let has_nasm = Command::new("nasm").arg("-v").output().is_ok_and(|output| output.status.success());
    if !has_nasm || env::var_os("OPENH264_NO_ASM").is_some() {
        println!(
            "cargo::warning=the picture codec is built without assembly and takes three times the processor: install nasm, \
             unset OPENH264_NO_ASM, and run `cargo clean -p openh264-sys2`"
        );
    }
}
