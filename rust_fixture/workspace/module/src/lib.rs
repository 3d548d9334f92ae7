use pyo3::prelude::*;

#[pyfunction]
fn answer() -> u32 {
    numbers::ANSWER
}

#[pymodule]
fn workspace_module(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(answer, module)?)
}
