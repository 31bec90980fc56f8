"""Ways to spoil a file, for property tests."""

from hypothesis import strategies as st


@st.composite
def damaged(draw: st.DrawFn, content: bytes, near: int = 0) -> bytes:
    """`content` with a few bytes replaced, cut out or put in, half of the times among its first `near` bytes, and cut.

    Half of the times means a header; elsewhere most bytes are pixels, for which any value is right.
    """
    spoiled = bytearray(content)
    for _ in range(draw(st.integers(0, 3))):
        end = near if near and draw(st.booleans()) else len(spoiled)
        at = draw(st.integers(0, max(0, min(end, len(spoiled)) - 1)))
        spoiled[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=8))
    return bytes(spoiled[: draw(st.integers(0, len(spoiled)))] if draw(st.booleans()) else spoiled)
