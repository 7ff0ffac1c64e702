"""What a `Helicone-*` header may hold, as the table of request headers says: checked only where it is present."""

from typing import Final

from _speedups import ANY, HEADERS, Head, Header
from proxy.core.errors import BadDirective, FeatureUnavailable

__all__ = ["check"]

_MAX_PROPERTIES: Final = 64
_ROWS: Final = {row.key: row for row in HEADERS}
_DIRECTIVES: Final = {row.directive: row for row in HEADERS if not row.slot}
_REQUEST_ID: Final = _ROWS["helicone-request-id"]
_USER_ID: Final = _ROWS["helicone-user-id"]
_PROPERTY: Final = _ROWS["helicone-property-<name>"]
_TEXTS: Final = tuple(
    _ROWS[f"helicone-{name}"]
    for name in ("session-id", "session-path", "session-name", "request-name", "prompt-id", "model-override")
)
_MAX_TEXT: Final = min(row.accepts.max_chars for row in _TEXTS)


def check(head: Head) -> tuple[str, ...]:
    """Return the names of the guards that the call asks for: mostly none.

    Raises `BadDirective` naming the header, its value and what is accepted, and `FeatureUnavailable` for a value
    whose feature is not built: to ignore it silently could cost the caller money."""
    if head.malformed:
        name, found = head.malformed[0]
        raise BadDirective(name, found, _expected(name, found))
    if head.request_id and not _REQUEST_ID.accepts.fits(head.request_id):
        raise BadDirective(_REQUEST_ID.name, head.request_id, _REQUEST_ID.accepts.words)
    if len(head.user_id) > _USER_ID.accepts.max_chars:
        _check(_USER_ID, head.user_id)
    texts = (
        head.session_id,
        head.session_path,
        head.session_name,
        head.request_name,
        head.prompt_id,
        head.model_override,
    )
    if len("".join(texts)) > _MAX_TEXT:
        for row, value in zip(_TEXTS, texts, strict=True):
            _check(row, value)
    if head.properties:
        _check_properties(head)
    guards: tuple[str, ...] = ()
    if head.directives:
        for name, value in head.directives.items():
            row = _DIRECTIVES[name]
            if row.accepts is not ANY and not row.accepts.fits(value.strip()):
                raise BadDirective(row.name, value, row.accepts.words)
            if row.unavailable and value.strip().lower() == row.unavailable:
                raise FeatureUnavailable(
                    f"{row.name} is accepted by this proxy's contract, but not built yet.", param=row.name
                )
            if row.guard and value.strip().lower() == "true":
                guards += (row.guard,)
    return guards


def _check(row: Header, value: str) -> None:
    if not row.accepts.fits(value):
        raise BadDirective(row.name, value, row.accepts.words)


def _check_properties(head: Head) -> None:
    if len(head.properties) > _MAX_PROPERTIES:
        raise BadDirective(
            "Helicone-Property-*", f"{len(head.properties)} names", f"at most {_MAX_PROPERTIES} properties a call"
        )
    for name, value in head.properties.items():
        if len(value) > _PROPERTY.accepts.max_chars:
            raise BadDirective(f"Helicone-Property-{name}", value, _PROPERTY.accepts.words)


def _expected(name: str, found: str) -> str:
    """Returns what is accepted for a header whose value could not be read."""
    row = _ROWS.get(name)
    if row is not None and row.kind == "flag":
        return row.accepts.words
    if not found.isascii():
        return "UTF-8 text, or text that is percent-encoded as UTF-8"
    if row is not None:  # an empty policy
        return "a policy as in 100;w=3600;u=user, or no such header"
    return "a property's name after Helicone-Property-"
