"""The control process: a gRPC server that checks what is asked and has task processes do it. Never imports jax."""
