"""Logging: one line a record, as text or JSON; secrets are masked; swallowed errors are counted and logged once."""

import contextlib
import io
import json
import logging
import os
from collections.abc import Iterator

import pytest

from proxy.core import log
from proxy.core.settings import load


@pytest.fixture
def stderr() -> Iterator[io.StringIO]:
    root, level = logging.getLogger(), logging.getLogger("proxy").level
    before = root.handlers[:], root.level
    written = io.StringIO()
    yield written
    root.handlers[:], root.level = before
    logging.getLogger("proxy").setLevel(level)


def configure(stderr: io.StringIO, **settings: str) -> None:
    given = {f"log.{name}": value for name, value in settings.items()}
    with contextlib.redirect_stderr(stderr):
        log.configure(load(environ={}, overrides=given), "gateway")


def test_a_text_line_has_time_level_plane_worker_and_message(stderr: io.StringIO) -> None:
    configure(stderr)
    logging.getLogger("proxy.test").warning("disk is %s", "full")
    time, level, worker, *words = stderr.getvalue().split()
    assert time.startswith("20") and time.endswith("+00:00")
    assert (level, worker, " ".join(words)) == ("warning", f"gateway[{os.getpid()}]", "disk is full")


def test_a_json_line_is_one_object_also_with_a_stack(stderr: io.StringIO) -> None:
    configure(stderr, format="json")
    try:
        raise ValueError("of\ntwo lines")
    except ValueError:
        logging.getLogger("proxy.test").exception("reading failed")
    (line,) = stderr.getvalue().splitlines()
    row = json.loads(line)
    assert (row["level"], row["plane"], row["worker"], row["message"]) == (
        "error",
        "gateway",
        os.getpid(),
        "reading failed",
    )
    assert row["error"] == "ValueError: of\ntwo lines"
    assert "test_a_json_line" in row["stack"]


@pytest.mark.parametrize(("level", "shown"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_lines_below_the_level_are_not_written(stderr: io.StringIO, level: str, shown: int) -> None:
    configure(stderr, level=level)
    for number in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logging.getLogger("proxy.test").log(number, "line")
    assert len(stderr.getvalue().splitlines()) == shown


def test_a_swallowed_error_is_logged_once_with_its_stack_and_counted_each_time(stderr: io.StringIO) -> None:
    configure(stderr)
    before = log.swallowed_counts().get("test", 0)
    for number in range(3):
        try:
            raise KeyError(f"number {number}")
        except KeyError as error:
            log.swallowed("test", error)
    assert log.swallowed_counts()["test"] == before + 3
    assert stderr.getvalue().count("Traceback") == 1
    assert "KeyError: 'number 0'" in stderr.getvalue()


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcdefghijklmnop",
        "sk-helicone-abcdefg-abcdefg",
        "Authorization: Bearer eyJhbGciOi.J9",
        "postgresql://ada:hunter22@db.example.com/x",
        "https://example.com/login?token=s3cr3t-t0k3n",
        "AIzaSyA-1234567890abcdef",
    ],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_line_holds_a_secret(stderr: io.StringIO, secret: str, form: str) -> None:
    configure(stderr, format=form)
    try:
        raise ValueError(f"cannot use {secret}")
    except ValueError:
        logging.getLogger("proxy.test").exception("while reading %s", secret)
    written = stderr.getvalue()
    assert "while reading" in written
    for part in ("abcdefg", "eyJ", "hunter22", "s3cr3t", "1234567890"):
        assert part not in written


def test_a_body_quoted_by_an_error_is_cut(stderr: io.StringIO) -> None:
    configure(stderr)
    logging.getLogger("proxy.test").error("cannot read %s", "x" * 1_000_000)
    assert len(stderr.getvalue()) < 5_000
