use pyo3::prelude::*;

/// Tests edit this number and look for the new one in the wheel.
#[pyfunction]
fn answer() -> u32 {
    42
}

#[pymodule]
fn setuptools_rust_fixture(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(answer, module)?)
}
