"""Whether the tests would notice a mistake in the modules that decide: `.venv/bin/python tests/mutation/run.py`."""
