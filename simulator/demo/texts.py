"""What the demo's product asks models, and what they answer: `texts.toml`, read."""

import tomllib
from pathlib import Path
from typing import Final

import msgspec

__all__ = ["TEXTS", "Document", "Spoken", "Texts"]


class Spoken(msgspec.Struct, frozen=True):
    """A question and its answer."""

    asked: str
    answered: str


class Document(msgspec.Struct, frozen=True):
    """A document and its summary."""

    title: str
    text: str
    answered: str


class Texts(msgspec.Struct, frozen=True):
    """All of them, by use."""

    support_system: str
    tickets: list[Spoken]
    follow_ups: list[Spoken]
    documents: list[Document]
    reviews: list[Spoken]
    questions: list[Spoken]
    letters: list[Spoken]


TEXTS: Final = msgspec.convert(tomllib.loads((Path(__file__).parent / "texts.toml").read_text("utf-8")), Texts)
