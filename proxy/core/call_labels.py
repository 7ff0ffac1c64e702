"""Names of models as labels of metrics: callers may send any name, so their number is bounded."""

from typing import Final

__all__ = ["OTHER_MODEL", "ModelLabels"]

OTHER_MODEL: Final = "other"
_MAX_MODELS: Final = 200
_MAX_CHARS: Final = 120


class ModelLabels:
    """Gives a model a label of its own from its first call that was answered on, as long as there is room."""

    def __init__(self, most: int = _MAX_MODELS) -> None:
        self._most = most
        self._known: set[str] = set()

    def label(self, model: str, *, answered: bool) -> str:
        """The model's name, or `other`. `answered` says that a provider knew it."""
        if model in self._known:
            return model
        if not model or not answered or len(self._known) >= self._most or len(model) > _MAX_CHARS:
            return OTHER_MODEL if model else ""
        self._known.add(model)
        return model
