"""CRC-32C against the vectors of its standard, and against division by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from official_formats import slow_crc32c

from cowmask_worker.data.official.crc32c import crc32c


@pytest.mark.parametrize(
    ("content", "checksum"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        # RFC 3720, appendix B.4.
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_published_vectors(content: bytes, checksum: int) -> None:
    assert crc32c(content) == checksum


@settings(max_examples=40, deadline=None)
@given(
    st.one_of(st.binary(max_size=40), st.integers(4085, 8200).map(lambda size: bytes(range(256)) * 33 + bytes(size)))
)
def test_any_length(content: bytes) -> None:
    assert crc32c(content) == slow_crc32c(content)
    assert crc32c(memoryview(content)[1:]) == slow_crc32c(content[1:])
