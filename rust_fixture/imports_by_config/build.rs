//! Imports a build requirement through the interpreter that pyo3's configuration names.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let version = pyo3_build_config::get()
        .run_python_script("import cffi; print(cffi.__version__)")
        .expect("pyo3's interpreter imports cffi");
    println!("cargo:rustc-env=CFFI_VERSION={}", version.trim());
}
