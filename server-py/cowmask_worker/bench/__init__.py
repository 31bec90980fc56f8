"""What the product promises to be fast at, measured beside what it is held to: `python -m cowmask_worker.bench`."""
