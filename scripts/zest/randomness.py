"""Random numbers that depend on what they are for, never on the order of the work."""

import hashlib


def seed_from(*parts: object) -> int:
    """Return a seed in 0..2^63-1 from values such as (global seed, image_id, copy).

    The same parts give the same seed on every machine; the first 63 bits of SHA-256 over them.
    """
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
