use pyo3::prelude::*;

/// Tests edit this number and look for the new one in the wheel.
#[pyfunction]
fn answer() -> u32 {
    42
}

/// The version that the build script has imported.
#[pyfunction]
fn cffi_version() -> &'static str {
    env!("CFFI_VERSION")
}

#[pymodule]
fn imports_by_variable(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(answer, module)?)?;
    module.add_function(wrap_pyfunction!(cffi_version, module)?)
}
