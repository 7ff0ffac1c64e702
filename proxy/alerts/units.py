"""Values as people read them."""

__all__ = ["shown_value"]


def shown_value(value: float | None, unit: str) -> str:
    """The value with its unit: `$12.40`, `3.1 s`, `12.5 %`, `1,234 calls`."""
    if value is None:
        return "no value"
    if unit == "USD":
        digits = 2 if abs(value) >= 1 or not value else 4
        return f"-${-value:,.{digits}f}" if value < 0 else f"${value:,.{digits}f}"
    if unit == "ratio":
        return f"{_number(value * 100)} %"
    if unit == "ms":
        return f"{_number(value / 1000)} s" if abs(value) >= 1000 else f"{_number(value)} ms"
    return f"{_number(value)} {unit}".rstrip()


def _number(value: float) -> str:
    """Three digits at least, and no zeros behind the point."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
