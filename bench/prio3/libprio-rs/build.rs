//! Which compiler builds the program.

use std::process::Command;

fn main() {
    let rustc = std::env::var("RUSTC").unwrap();
    let version = String::from_utf8(Command::new(rustc).arg("--version").output().unwrap().stdout).unwrap();
    println!("cargo:rustc-env=RUSTC_VERSION={}", version.split(' ').take(2).collect::<Vec<_>>().join(" "));
}
