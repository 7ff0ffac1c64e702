"""An alert rule, as people write it."""

from typing import Literal

import msgspec

from proxy.core.notification import Severity

__all__ = ["Condition", "ConditionKind", "Rule"]

ConditionKind = Literal["threshold", "change", "band"]


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a value is not as it should be."""

    kind: ConditionKind = "threshold"
    """`threshold`: compared with a number. `change`: with an earlier window. `band`: with the same window of earlier
    weeks."""
    op: Literal["above", "below", "outside"] = "above"
    """`outside` is above or below, for `change` and `band`."""
    value: float = 0.0
    """A number in the metric's unit; of `change` percent; of `band` standard deviations."""
    resolve: float | None = None
    """Hysteresis: a group that fires does so until its value is back at this; null: at `value`."""
    against: Literal["previous", "last_week"] = "previous"
    """Of `change`: the window just before, or the same one a week earlier."""
    weeks: int = 4
    """Of `band`: how many earlier weeks are looked at."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A metric over a window, a condition for it, and whom to tell. Durations are text such as `5m`, `2h`, `1d`."""

    name: str
    metric: str
    """A measure of the metrics API, `no_traffic` or `ingest_lag`."""
    condition: Condition = Condition()
    filter: str = ""
    """Which calls: the filter in its text form."""
    group_by: list[str] = []
    """Dimensions; each group of calls has its own value and state."""
    window: str = "5m"
    """`1m` to `31d`, or `month`: from the first of the calendar month on."""
    zone: str = "UTC"
    """Whose months, days and weeks these are."""
    for_: str = msgspec.field(default="0m", name="for")
    """How long the condition must hold before the rule fires."""
    keep_firing_for: str = "0m"
    """How long it must not hold before the alert is over."""
    min_samples: int = 0
    """Fewer calls than this in a window are too few to judge: the condition does not hold."""
    on_no_data: Literal["show", "notify", "keep", "alerting"] = "show"
    """Where there is nothing to compute the value from: only show it, also send it, keep the state, or fire."""
    on_error: Literal["show", "notify"] = "notify"
    """Where the rule cannot be evaluated. Groups keep their state."""
    severity: Severity = "warning"
    description: str = ""
    """For whoever gets the alert: what it means, and what to do."""
    channels: list[str] = []
    """Ids; empty: all of the organisation."""
    notify_by: list[str] = []
    """Some of `group_by`: one notification for each of their values. Empty: one for the rule."""
    update_interval: str = "5m"
    """Groups that begin to fire later are told at most this often."""
    repeat_interval: str = "4h"
    """An alert that nobody has acknowledged is sent again after this time; empty: never."""
    enabled: bool = True
