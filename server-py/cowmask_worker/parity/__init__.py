"""Compares what the pure middle computes with numbers that the authors' code gave."""
