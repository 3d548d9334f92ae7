"""Tests of one module each, without a build: whatever stands for cargo here is a small script."""
