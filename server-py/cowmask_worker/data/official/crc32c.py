"""CRC-32C (Castagnoli): polynomial 0x1EDC6F41, reflected; RFC 3720, appendix B.4."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL = 0x82F63B78
_ONES = 0xFFFFFFFF
_PIECE = 4096
_REGISTER_BYTES = 4


def crc32c(content: bytes | memoryview) -> int:
    """The checksum of some bytes, 0..2^32-1."""
    values = np.frombuffer(content, np.uint8)
    register = _ONES
    for start in range(0, len(values), _PIECE):
        register = _advanced(register, values[start : start + _PIECE])
    return register ^ _ONES


def _advanced(register: int, piece: NDArray[np.uint8]) -> int:
    """The register after up to `_PIECE` bytes. The checksum is linear: the register is as good as bytes that are XORed
    into the first four, and then each byte adds what is left of it once all bytes behind it have passed."""
    count = len(piece)
    padded = np.zeros(max(count, _REGISTER_BYTES), np.uint8)
    padded[:count] = piece
    padded[:_REGISTER_BYTES] ^= np.frombuffer(register.to_bytes(_REGISTER_BYTES, "little"), np.uint8)
    behind = np.arange(count - 1, -1, -1)
    passed = int(np.bitwise_xor.reduce(_left_of()[behind, padded[:count]], initial=0))
    # Of fewer than four bytes, the rest of the register moves on without having met one.
    return passed ^ int.from_bytes(padded[count:].tobytes(), "little")


@cache
def _left_of() -> NDArray[np.uint32]:
    """[behind, byte]: what a byte leaves in an empty register once `behind` zeros have followed it."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLYNOMIAL), table >> 1)
    rows = np.empty((_PIECE, 256), np.uint32)
    rows[0] = table
    for behind in range(1, _PIECE):
        before = rows[behind - 1]
        rows[behind] = table[before & 0xFF] ^ (before >> 8)
    return rows
