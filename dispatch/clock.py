"""A clock that stands until it is set: one small file, read by every process of a park that shall follow it.

Setting it drives a day faster than it passes. Whoever keeps the timers notes up to when their work is done, so that
whoever sets the clock can wait for that before going on.
"""

import mmap
from datetime import UTC, datetime, timedelta
from pathlib import Path

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NOW, DONE = 0, 1  # the file's two numbers, in microseconds since the epoch
BYTES = 16


class SteppedClock:
    """The clock in a file; calling it returns the present moment (UTC). OSError or ValueError when it is none."""

    def __init__(self, file: Path) -> None:
        self.file = file
        with file.open("r+b") as opened:
            if file.stat().st_size != BYTES:
                raise ValueError(f"is no clock of {BYTES} bytes")
            self._numbers = memoryview(mmap.mmap(opened.fileno(), BYTES)).cast("q")

    @classmethod
    def make(cls, file: Path, now: datetime) -> "SteppedClock":
        """Return a new clock that stands at a moment; whoever follows the one before goes on following that."""
        fresh = file.with_suffix(".new")
        fresh.write_bytes(bytes(BYTES))
        fresh.replace(file)
        clock = cls(file)
        clock.set(now)
        return clock

    def __call__(self) -> datetime:
        """Return the present moment."""
        return EPOCH + self._numbers[NOW] * MICROSECOND

    def set(self, now: datetime) -> None:
        """Let it be a moment, not before the one it is; ValueError otherwise."""
        micros = (now - EPOCH) // MICROSECOND
        if micros < self._numbers[NOW]:
            raise ValueError(f"{now.isoformat()} is before {self().isoformat()}: time does not go back")
        self._numbers[NOW] = micros

    @property
    def done(self) -> datetime:
        """Return up to when the timers' work is done."""
        return EPOCH + self._numbers[DONE] * MICROSECOND

    def note_done(self, moment: datetime) -> None:
        """Note that the timers' work is done up to a moment."""
        self._numbers[DONE] = (moment - EPOCH) // MICROSECOND
