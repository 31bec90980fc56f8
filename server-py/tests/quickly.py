"""How a test compiles a program that runs once."""

QUICKLY: dict[str, str | bool | int | float] = {"xla_backend_optimization_level": 1}
"""Compiler options, as `jax.jit` takes them."""
