"""Settings of the guards of calls: rows of `settings.SETTINGS`."""

from typing import Final

from proxy.core.setting import COUNT, SECONDS, Setting, one_of

__all__ = ["GUARD_SETTINGS"]

GUARD_SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "guard.on_error",
        "refuse",
        "When a guard cannot check a call that asks for it: `refuse` (400, or 503 where it may work later), or `pass` "
        "(noted in its record).",
        *one_of("refuse", "pass"),
    ),
    Setting("guard.timeout_s", 5.0, "Timeout for one answer of a service that a guard asks.", *SECONDS),
    Setting(
        "guard.max_chars", 400_000, "Maximum text of a call that guards check, in characters; above it a check fails.",
        *COUNT,
    ),
    Setting(
        "guard.moderation_url",
        "",
        "Endpoint of Helicone-Moderations-Enabled, in OpenAI's form. Empty: `/v1/moderations` of OpenAI.",
    ),
    Setting("guard.moderation_model", "omni-moderation-latest", "Model that is named to that endpoint."),
    Setting(
        "guard.moderation_key",
        "",
        "Key for that endpoint, where neither the caller nor its organisation has one for it.",
    ),
    Setting(
        "guard.security_url",
        "",
        "Classifier of Helicone-LLM-Security-Enabled (docs/guards.md). Empty: the built-in rules.",
    ),
    Setting("guard.security_key", "", "Bearer token for that classifier."),
    Setting(
        "guard.security_threshold",
        0.5,
        "Lowest score of a label of that classifier that refuses a call.",
        "a number, 0 to 1",
        lambda value: 0 <= value <= 1,
    ),
    Setting(
        "guard.security_chars",
        2000,
        "Characters of one request to that classifier: about what its window holds. Longer texts are cut into pieces.",
        "100 or more",
        lambda value: value >= 100,
    ),
)  # fmt: skip
