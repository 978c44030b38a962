"""The text of a file, as it stands or packed: .xz, or .zip with one file in it."""

import io
import lzma
import zipfile
import zlib
from pathlib import Path
from typing import Final

from solver.reading import MAX_FILE_BYTES, BadInput

XZ_MAGIC: Final = b"\xfd7zXZ\x00"
ZIP_MAGICS: Final = (b"PK\x03\x04", b"PK\x05\x06")  # with and without files in it


def read_text(path: Path, *, max_bytes: int = MAX_FILE_BYTES) -> tuple[str, bytes]:
    """Return the name of the text (without the packing's) and the text; BadInput when it cannot be read whole.

    What a packed file holds is told by its first bytes. At most `max_bytes` are unpacked.
    """
    source = str(path)
    try:
        if path.stat().st_size > max_bytes:
            raise BadInput(source, "", f"{path.stat().st_size} bytes; at most {max_bytes} are read")
        data = path.read_bytes()
    except OSError as fault:
        raise BadInput(source, "", f"cannot be read ({fault.strerror})") from None
    if data.startswith(XZ_MAGIC):
        return path.name.removesuffix(".xz"), _from_xz(source, data, max_bytes)
    if data.startswith(ZIP_MAGICS):
        return _from_zip(source, data, max_bytes)
    return path.name, data


def _from_xz(source: str, data: bytes, max_bytes: int) -> bytes:
    try:
        with lzma.open(io.BytesIO(data)) as stream:
            return _limited(source, stream.read(max_bytes + 1), max_bytes)
    except (lzma.LZMAError, EOFError) as fault:
        raise BadInput(source, "", f"is not a whole .xz file ({fault})") from None


def _from_zip(source: str, data: bytes, max_bytes: int) -> tuple[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
            if len(names) != 1:
                raise BadInput(source, "", f"holds {len(names)} files, must hold one")
            with archive.open(names[0]) as stream:
                return Path(names[0]).name, _limited(source, stream.read(max_bytes + 1), max_bytes)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as fault:
        raise BadInput(source, "", f"is not a whole .zip file ({fault})") from None


def _limited(source: str, text: bytes, max_bytes: int) -> bytes:
    if len(text) > max_bytes:
        raise BadInput(source, "", f"unpacks to more than {max_bytes} bytes; at most these are read")
    return text
