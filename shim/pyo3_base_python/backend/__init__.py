"""Build backends (PEP 517, PEP 660) for a project's own pyproject.toml: the user sets no variable to have the shim.

``maturin`` and ``setuptools_rust`` have the hooks of the backends they stand for, and no others. A front end imports
one of them in each isolated build environment: standard library only, but for the backend itself.
"""
