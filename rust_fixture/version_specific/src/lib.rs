use pyo3::prelude::*;

/// The feature `louder` is there for tests to switch on.
const FACTOR: u32 = if cfg!(feature = "louder") { 2 } else { 1 };

/// Tests edit this number and look for the new one in the wheel.
#[pyfunction]
fn answer() -> u32 {
    42 * FACTOR
}

#[pymodule]
fn version_specific(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(answer, module)?)
}
