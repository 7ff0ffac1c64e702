"""Pictures and sounds of the demo, made on the spot: small, and real files of their type."""

import base64
import math
import struct

from simulator.shapes.openai import picture_of

__all__ = ["picture_url", "sound"]


def picture_url(seed: str, size: int = 96) -> str:
    """A PNG as a data URL; another one for each seed."""
    return "data:image/png;base64," + base64.b64encode(picture_of(seed.encode(), size)).decode()


def sound(seconds: float = 0.4) -> str:
    """A falling tone as a WAV file (8 kHz, mono), in base64."""
    rate = 8000
    count = int(rate * seconds)
    samples = [int(9000 * math.sin(math.tau * (660 - 300 * at / count) * at / rate)) for at in range(count)]
    data = struct.pack(f"<{count}h", *samples)
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16,
                       b"data", len(data))  # fmt: skip
    return base64.b64encode(head + data).decode()
