"""Every relative link and anchor in the documentation leads to a file and a heading that exist."""

import re
from pathlib import Path

import pytest

from tests.arch.test_house import tracked
from tests.stack import ROOT

PAGES = [path for path in tracked() if path.suffix == ".md"]
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^()\s]+)\)")


def anchors(page: Path) -> set[str]:
    """The anchors GitHub gives the headings of a page: lower case, spaces as dashes, punctuation left out."""
    headings = re.findall(r"^#+ +(.+?) *$", _FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings)
    slugs = [re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain]
    return {slug if not before else f"{slug}-{before}" for slug, before in _counted(slugs)}


def _counted(slugs: list[str]) -> list[tuple[str, int]]:
    return [(slug, slugs[:number].count(slug)) for number, slug in enumerate(slugs)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in _LINK.findall(_FENCE.sub("", page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        exists = target.is_file() or target.is_dir()
        if not exists or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_an_anchor_is_spelled_as_github_spells_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# `GET /api/requests`, and *more*\n```\n# a comment\n```\n## Keys\n## Keys\n")
    assert anchors(page) == {"get-apirequests-and-more", "keys", "keys-1"}
