"""A simulated year of a network through the real rules: `make simulate`."""
