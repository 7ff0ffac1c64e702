"""Agents of the demo: sessions of calls with tools, steps below steps, in OpenAI's and Anthropic's form."""

import random
from typing import Any, Final

import msgspec

from simulator.demo.call import DemoCall, tags_of
from simulator.demo.models import MODELS
from simulator.demo.people import Person, choose

__all__ = ["agent_session", "reconciliation", "triage"]

Json = dict[str, Any]


class _Step(msgspec.Struct, frozen=True):
    """The model says something and calls a tool, which gives `result`."""

    path: str
    name: str
    say: str
    tool: str = ""
    input: Json = {}
    result: Any = None


_RECONCILE: Final = (
    "You reconcile bank transactions with open invoices. Use the tools. Book only when amount and reference agree, "
    "else ask. Finish with a table of what was booked and what is open."
)
_TRIAGE: Final = (
    "You are the first responder for production alerts. Find out what changed, how many customers are affected, and "
    "propose one action. Never restart anything yourself."
)


def _tool(name: str, says: str, **fields: str) -> Json:
    properties = {field: {"type": kind} for field, kind in fields.items()}
    return {
        "name": name,
        "description": says,
        "schema": {"type": "object", "properties": properties, "required": [*fields]},
    }


_BOOKING_TOOLS: Final = (
    _tool("list_transactions", "Transactions of an account that are not booked.", account="string", since="string"),
    _tool("find_invoice", "Open invoices by reference or amount.", reference="string", amount="number"),
    _tool("book", "Books a transaction against an invoice.", transaction="string", invoice="string"),
)
_ALERT_TOOLS: Final = (
    _tool("query_metrics", "A time series from Prometheus.", query="string", minutes="integer"),
    _tool("list_deployments", "Deployments of the last hours.", hours="integer"),
    _tool("search_logs", "Log lines that match.", query="string", limit="integer"),
    _tool("count_customers", "Customers behind failing requests.", route="string"),
)


def agent_session(chance: random.Random) -> list[DemoCall]:
    return (reconciliation if chance.random() < 0.6 else triage)(chance)


def reconciliation(chance: random.Random) -> list[DemoCall]:
    """Matches payments with invoices; OpenAI's form."""
    found = [
        {
            "id": f"T-{chance.randrange(1000, 9999)}",
            "date": f"2026-11-{day}",
            "amount": amount,
            "text": f"RE {number} {who}",
        }
        for day, amount, number, who in (
            (23, 1190.00, chance.randrange(4000, 4999), "Muster GmbH"),
            (24, 238.50, chance.randrange(4000, 4999), "Praxis Dr. Lind"),
            (24, 77.00, "ohne Referenz", "A. Krause"),
        )
    ]
    steps = [
        _Step(
            "/reconcile/fetch",
            "list transactions",
            "",
            "list_transactions",
            {"account": "DE02 1203 0000 0000 2020 51", "since": "2026-11-23"},
            {"transactions": found},
        )
    ]
    for row in found[:2]:
        reference = str(row["text"]).split()[1]
        hit = {"invoice": f"R-{reference}", "customer": str(row["text"]).split(maxsplit=2)[2], "open": row["amount"]}
        steps.append(
            _Step(
                f"/reconcile/{row['id']}/match",
                "find invoice",
                "",
                "find_invoice",
                {"reference": reference, "amount": row["amount"]},
                {"matches": [hit]},
            )
        )
        steps.append(
            _Step(
                f"/reconcile/{row['id']}/book",
                "book transaction",
                f"Amount and reference of {row['id']} agree with R-{reference}.",
                "book",
                {"transaction": row["id"], "invoice": f"R-{reference}"},
                {"booked": True, "entry": f"B-{chance.randrange(70000, 79999)}"},
            )
        )
    steps.append(
        _Step(
            f"/reconcile/{found[2]['id']}/match",
            "find invoice",
            "",
            "find_invoice",
            {"reference": "", "amount": 77.0},
            {
                "matches": [
                    {"invoice": "R-4120", "customer": "Krause", "open": 77.0},
                    {"invoice": "R-4388", "open": 77.0},
                ]
            },
        )
    )
    booked = "".join(f"| {row['id']} | {row['amount']:.2f} € | booked |\n" for row in found[:2])
    steps.append(
        _Step(
            "/reconcile/report",
            "report",
            f"Two payments are booked, one needs you.\n\n| transaction | amount | state |\n|---|--:|---|\n{booked}"
            f"| {found[2]['id']} | 77.00 € | **open** |\n\n{found[2]['id']} fits two invoices, R-4120 and R-4388. "
            "Which of them did A. Krause pay?",
        )
    )
    person, number = choose(chance), chance.randrange(1000, 9999)
    return _openai_form(chance, person, f"reconcile-{number}", "Reconcile November", steps)


def triage(chance: random.Random) -> list[DemoCall]:
    """Looks into an alert; Anthropic's form, and a sub-agent that reads logs."""
    peak = chance.randrange(9, 34)
    customers = chance.randrange(40, 900)
    series = [0.1, 0.2, 0.1, 0.3, 4.8, peak, peak - 1.5, peak - 0.8]
    steps = [
        _Step(
            "/triage/metrics",
            "look at metrics",
            "I look at the error rate of the route first.",
            "query_metrics",
            {"query": 'rate(http_5xx{route="/payments"}[5m])', "minutes": 60},
            {"series": series, "unit": "%"},
        ),
        _Step(
            "/triage/changes",
            "look at deployments",
            f"Errors rose from 0.2 % to {peak} % within five minutes. That looks like a deployment.",
            "list_deployments",
            {"hours": 2},
            {"deployments": [{"service": "payments", "version": "2026.11.2", "at": "14:02", "by": "noah.fischer"}]},
        ),
        _Step(
            "/triage/logs/search",
            "search logs",
            "",
            "search_logs",
            {"query": "service:payments level:error", "limit": 20},
            {
                "lines": ["KeyError: 'iban'  payments/mandate.py:88"] * 2,
                "total": 1312,
            },
        ),
        _Step(
            "/triage/logs/explain",
            "explain trace",
            "All errors are one `KeyError` in `mandate.py`, line 88: mandates from before 2024 have no IBAN.",
            "count_customers",
            {"route": "/payments"},
            {"customers": customers, "plans": {"pro": customers // 3, "enterprise": 4}},
        ),
        _Step(
            "/triage/report",
            "report",
            "### Payments fail for mandates from before 2024\n\n- **Since** 14:02, with 2026.11.2 of *payments*."
            f"\n- **Who:** {customers} customers, 4 of them Enterprise.\n"
            '- **Why:** `mandate["iban"]` is read where old mandates have `account.iban`.\n\n'
            "**Proposal:** roll *payments* back to 2026.11.1. The change is not needed before Monday.",
        ),
    ]
    person, number = choose(chance), chance.randrange(100, 999)
    return _anthropic_form(chance, person, f"alert-{number}", f"Alert {number}: 5xx on /payments", steps)


def _openai_form(chance: random.Random, person: Person, session: str, name: str, steps: list[_Step]) -> list[DemoCall]:
    model = MODELS[chance.choices(("gpt-4o", "gpt-5"), (75, 25))[0]]
    tools = [{"type": "function", "function": {"name": one["name"], "description": one["description"],
              "parameters": one["schema"]}} for one in _BOOKING_TOOLS]  # fmt: skip
    said: list[Json] = [
        {"role": "system", "content": _RECONCILE},
        {"role": "user", "content": "Please reconcile the payments since Monday."},
    ]
    calls = []
    for at, step in enumerate(steps):
        id = f"call_{session.replace('-', '')}{at}"
        body: Json = {"model": model.name, "messages": list(said), "tools": tools}
        if not step.tool:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        calls.append(_call(chance, person, session, name, step, model.name, body, id, said))
        if step.tool:
            function = {"name": step.tool, "arguments": msgspec.json.encode(step.input).decode()}
            used = {"id": id, "type": "function", "function": function}
            said.append({"role": "assistant", "content": step.say or None, "tool_calls": [used]})
            said.append({"role": "tool", "tool_call_id": id, "content": msgspec.json.encode(step.result).decode()})
    return calls


def _anthropic_form(
    chance: random.Random, person: Person, session: str, name: str, steps: list[_Step]
) -> list[DemoCall]:
    model = MODELS[chance.choices(("claude-sonnet-4-5", "claude-opus-4-5"), (80, 20))[0]]
    tools: list[Json] = [
        {"name": one["name"], "description": one["description"], "input_schema": one["schema"]} for one in _ALERT_TOOLS
    ]
    said: list[Json] = [{"role": "user", "content": f"{name}. Threshold 2 %, for 5 minutes. Please look into it."}]
    calls = []
    for at, step in enumerate(steps):
        id = f"toolu_{session.replace('-', '')}{at:02}"
        body = {
            "model": model.name,
            "max_tokens": 2048,
            "system": _TRIAGE,
            "tools": tools,
            "messages": list(said),
            "stream": True,
        }
        calls.append(_call(chance, person, session, name, step, model.name, body, id, said))
        if step.tool:
            content: list[Json] = [{"type": "text", "text": step.say}] if step.say else []
            content.append({"type": "tool_use", "id": id, "name": step.tool, "input": step.input})
            said.append({"role": "assistant", "content": content})
            result = {"type": "tool_result", "tool_use_id": id, "content": msgspec.json.encode(step.result).decode()}
            said.append({"role": "user", "content": [result]})
    return calls


def _call(
    chance: random.Random,
    person: Person,
    session: str,
    name: str,
    step: _Step,
    model: str,
    body: Json,
    id: str,
    said: list[Json],
) -> DemoCall:
    tags = tags_of(
        person,
        "agents",
        chance,
        Session_Id=session,
        Session_Name=name,
        Session_Path=step.path,
        Request_Name=step.name,
        Property_Agent=name.split()[0].rstrip(":").lower(),
    )
    return DemoCall(
        model=MODELS[model],
        body=body,
        tags=tags,
        say=step.say,
        tool=step.tool,
        tool_input=step.input,
        tool_id=id if step.tool else "",
        cached_tokens=1024 if len(said) > 4 else 0,
        pause_s=chance.uniform(0.1, 2.5),
    )
