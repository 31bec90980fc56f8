"""Networks, each split once into pure functions."""
