"""How work on a dataset tells how far it is."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and how much there is: bytes, or whatever is counted."""
