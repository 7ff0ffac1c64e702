"""A console for tables and sheets on which no text can be a control sequence."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from proxy.core.printable import lines

__all__ = ["Terminal"]


class Terminal(Console):
    """A console on which no text can be a control sequence. Texts of one line are to pass through `cell` before."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(lines(segment.text), segment.style)
