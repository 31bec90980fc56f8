"""Runs: where they are kept, what happened in them, and the task processes that compute. Never imports jax."""
