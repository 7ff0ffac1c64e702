"""`perihelion show` prints a cost as lines that add up, and its JSON has the same lines."""

import re
from decimal import Decimal

import msgspec
import pytest

from proxy.cli.sheet import print_call
from proxy.control.jobs.row_builder import RowBuilder
from proxy.core.usage import Usage
from proxy.logstore import event_of_rows
from tests.unit.records import PRICES, read, record

LINE = re.compile(r"^  (\w+) +([\d,.]+) × \$([\d.e-]+)(?: / ([\d,]+))? = \$([\d.]+)  \((.+)\)$", re.M)


@pytest.mark.parametrize("tokens", [1, 999, 1_234_567])
@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4o-mini", "gpt-5-nano"])
def test_the_printed_lines_add_up_and_are_those_of_the_json(
    capsys: pytest.CaptureFixture[str], model: str, tokens: int
) -> None:
    usage = Usage(
        input_tokens=3 * tokens,
        output_tokens=tokens,
        cached_input_tokens=tokens,
        norm_input_total=3 * tokens,
        norm_output_total=tokens,
        raw={
            "prompt_tokens": 3 * tokens,
            "completion_tokens": tokens,
            "prompt_tokens_details": {"cached_tokens": tokens},
        },
    )
    made = record(1, provider="openai", model=model, sent_us=1, status=200, usage=usage, ended_us=1)
    rows = RowBuilder(PRICES, read).build_one(made)
    event = msgspec.json.decode(msgspec.json.encode(event_of_rows(rows.request, rows.body, with_bodies=True)))
    print_call(event)
    shown = capsys.readouterr().out
    lines = LINE.findall(shown)
    assert [line[0] for line in lines] == [line["component"] for line in event["cost_lines"]]
    assert len(lines) == 3
    total = Decimal(0)
    for (component, quantity, rate, per, amount, source), line in zip(lines, event["cost_lines"], strict=True):
        assert Decimal(quantity.replace(",", "")) * Decimal(rate) / int(per.replace(",", "") or 1) == Decimal(amount)
        assert (component, source) == (line["component"], line["source"])
        assert Decimal(str(line["amount_nanousd"])) == Decimal(amount).scaleb(9)
        total += Decimal(amount)
    assert round(total.scaleb(9)) == event["cost_nanousd"]
    assert f"${event['cost_nanousd'] / 1e9:.9f}" in shown
