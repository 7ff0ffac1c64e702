"""The forecast of a budget's spending. Pure."""

from typing import Final

__all__ = ["TRAILING_US", "forecast_nanousd"]

_HOUR_US: Final = 3_600_000_000
TRAILING_US: Final[dict[str, int]] = {"day": 24 * _HOUR_US, "month": 7 * 24 * _HOUR_US}
"""The time whose pace counts, by period: a day has all hours, a week has all days, so nights and weekends do not
shift it."""


def forecast_nanousd(spent: int, trailing: int, trailing_us: int, left_us: int) -> int:
    """Return what will be spent at the end of the period.

    That is what is `spent`, and the pace of the last day or week for the time that is left (`left_us`). `trailing` is
    what was spent in `trailing_us`, which begins no earlier than the first call; less than an hour counts as one.
    """
    return spent + trailing * left_us // max(trailing_us, _HOUR_US)
