"""Tests of one module each, without a build: a small script stands in for cargo."""
