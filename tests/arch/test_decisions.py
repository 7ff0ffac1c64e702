"""The index of decision records lists every record, in number order, with its title, date and status."""

import re
from pathlib import Path

from tests.stack import ROOT

RECORDS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


def facts(record: Path) -> tuple[str, str, str, str]:
    """(number and title, file, date, status in one word or with what supersedes it) as the record itself says."""
    text = re.sub(r"\[(\d{4})\]\([^)]*\)", r"\1", record.read_text("utf-8"))
    head = re.match(r"# (.+)\n\n\*\*Date\.\*\* (\d{4}-\d\d-\d\d)\. \*\*Status\.\*\* ([^.:]+)[.:]", text)
    assert head, f"{record.name} begins with a title, then **Date.** and **Status.**"
    return record.name[:4] + " " + head[1], record.name, head[2], head[3][0].lower() + head[3][1:]


def test_the_index_lists_every_record_in_order() -> None:
    page = (ROOT / "docs" / "decisions" / "README.md").read_text("utf-8")
    listed = re.findall(r"^\| \[(\d{4} [^]]+)\]\(([^)]+)\) \| (\S+) \| (.+?) \|$", page, re.MULTILINE)
    assert listed == [facts(record) for record in RECORDS]
