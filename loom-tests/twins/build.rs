//! Which side of the primitives' door does this crate see?
//!
//! The model's. No other manifest sets the cfg, and no flag of the caller's can unset it.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(heist_model)");
    println!("cargo::rustc-cfg=heist_model");
    println!("cargo::rerun-if-changed=../build.rs");
}
