"""Vehicle plates of mainland China by the forms of GA 36: ordinary, new-energy and trailer (挂)."""

import re
import unicodedata

PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
_LETTERS = "A-HJ-NP-Z"  # I and O are never used
_ORDINARY = rf"[{PROVINCES}][A-Z][{_LETTERS}0-9]{{5}}"
_NEW_ENERGY = rf"[{PROVINCES}][A-Z](?:[A-HJK][{_LETTERS}0-9][0-9]{{4}}|[0-9]{{5}}[A-HJK])"  # small, large
_TRAILER = rf"[{PROVINCES}][A-Z][{_LETTERS}0-9]{{4}}挂"
_PLATE = re.compile(rf"(?:{_ORDINARY}|{_NEW_ENERGY}|{_TRAILER})\Z")
_SEPARATORS = re.compile(r"[\s·.・\-]")

ALLOWED = "a province character, a letter, then 5 characters (6 for new energy, 4 and 挂 for a trailer), as 浙B12345"


def normalised(text: str) -> str:
    """Return the plate in capitals of plain width without separators; ValueError when it is not a plate."""
    plate = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()
    if not _PLATE.match(plate):
        raise ValueError(f"{text[:20]!r} is not a plate; allowed: {ALLOWED}")
    return plate
