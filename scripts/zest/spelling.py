"""How two spellings of a name are compared."""

import unicodedata


def nfc(name: str) -> str:
    """Return the composed Unicode form, in which names from any file system compare equal."""
    return unicodedata.normalize("NFC", name)
