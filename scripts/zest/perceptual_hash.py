"""Perceptual hashes: 64 bits that a photo keeps when it is stored again, resized or made lighter.

The low frequencies of the photo's luma (the DCT hash of Zauner 2010, "Implementation and
benchmarking of perceptual image hash functions", section 3.2.1), each compared with zero instead of
with their median, because then the hash of the flipped or turned photo follows from the hash.
"""

import cv2
import numpy as np

SIDE = 32  # pixels of the copy that is transformed
BITS = 64  # frequencies 1 to 8 along each side; 0 is the mean, which says nothing of the content

_ONES = np.array([number.bit_count() for number in range(256)], np.uint8)  # of each byte
_ODD = np.arange(1, 9) % 2 == 1


def perceptual_hash(luma: np.ndarray) -> bytes:
    """Hash one photo.

    Args:
        luma: uint8 or float32, (height, width), of any size.

    Returns:
        8 bytes: the sign of each frequency, row after row, most significant bit first.
    """
    copy = cv2.resize(luma, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.packbits(cv2.dct(copy.astype(np.float32))[1:9, 1:9] > 0).tobytes()


def symmetric_hashes(hashes: np.ndarray) -> np.ndarray:
    """Return the hashes of the photos in all eight positions: as they are, flipped and turned.

    A flip changes the sign of the odd frequencies along its axis, a transposition exchanges the
    axes.

    Args:
        hashes: uint8, (photos, 8).

    Returns:
        uint8, (8, photos, 8); the first are the hashes themselves.
    """
    bits = np.unpackbits(hashes, axis=1).reshape(-1, 8, 8).astype(bool)
    positions = []
    for turned in (bits, bits.transpose(0, 2, 1)):
        for columns in (False, True):
            for rows in (False, True):
                flips = (columns & _ODD[None, :]) ^ (rows & _ODD[:, None])
                positions.append(np.packbits((turned ^ flips).reshape(-1, BITS), axis=1))
    return np.stack(positions)


def as_numbers(hashes: np.ndarray) -> np.ndarray:
    """Return hashes as one number of 64 bits each: uint64 (...), of uint8 (..., 8)."""
    return np.ascontiguousarray(hashes).view(np.uint64)[..., 0]


def differing_bits(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return in how many of the 64 bits hashes differ: uint8 (...), of `as_numbers` of both."""
    apart = np.asarray(first ^ second)
    ones = _ONES[apart[..., None].view(np.uint8)]  # numpy 1 cannot count bits
    return ones.sum(axis=-1, dtype=np.uint8)
