"""The settings of alerts."""

from typing import Final

from proxy.core.setting import COUNT, SECONDS, Setting

__all__ = ["ALERT_SETTINGS"]

ALERT_SETTINGS: Final[tuple[Setting, ...]] = (
    Setting("alerts.interval_s", 60.0, "How often alert rules are evaluated, in seconds.", *SECONDS),
    Setting(
        "alerts.delay_s",
        20.0,
        "How long after the end of a window a rule is evaluated, in seconds. Calls that reach the log later count "
        "in the windows after it only.",
        "0 or more seconds",
        lambda value: value >= 0,
    ),
    Setting("alerts.history_days", 90, "Retention of the history of alert rules, in days.", *COUNT),
)
