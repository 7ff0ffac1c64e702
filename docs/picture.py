"""Draws terminal output as an SVG (`make demo`, then in another terminal:
`perihelion requests --limit 10 --set data=perihelion-demo | python docs/picture.py > docs/images/requests.svg`).
"""

import sys
from html import escape

COMMAND = "perihelion requests --limit 10"
CHAR_WIDTH, LINE_HEIGHT, MARGIN = 7.25, 19, 16


def draw(text: str) -> str:
    """Returns an SVG of the text below its command. The first line of the text is the table's header."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    width = round(2 * MARGIN + CHAR_WIDTH * max(map(len, lines)))
    height = round(2 * MARGIN + LINE_HEIGHT * (len(lines) + 1))
    style = "font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" aria-label="{escape(COMMAND)}">',
        f'<rect width="{width}" height="{height}" rx="8" fill="#16181d"/>',
        f'<g style="{style}" fill="#d7dae0">',
        _line(0, "$ " + COMMAND, ' fill="#8fd18f"'),
        _line(1, lines[0], ' font-weight="bold"'),
    ]
    for number, line in enumerate(lines[1:], 2):
        failed = any(f" {status} " in line for status in (400, 429, 500, 529))
        svg.append(_line(number, line, ' fill="#f29b9b"' if failed else ""))
    return "\n".join([*svg, "</g>", "</svg>", ""])


def _line(number: int, text: str, style: str) -> str:
    y = MARGIN + 13 + LINE_HEIGHT * number
    length = f' textLength="{len(text) * CHAR_WIDTH:.0f}"'  # keeps columns aligned in any monospaced font
    return f'<text x="{MARGIN}" y="{y}" xml:space="preserve"{length}{style}>{escape(text)}</text>'


if __name__ == "__main__":
    sys.stdout.write(draw(sys.stdin.read()))
