"""What the demo's product asks models for: each function gives the calls of one use, in their order."""

import base64
import random
from collections.abc import Callable
from typing import Any, Final

from simulator.demo.call import DemoCall, tags_of
from simulator.demo.media import picture_url, sound
from simulator.demo.models import MODELS
from simulator.demo.people import choose
from simulator.demo.texts import TEXTS

__all__ = ["SCENARIOS", "bulk", "large_request", "support_chat"]

Json = dict[str, Any]
Scenario = Callable[[random.Random], list[DemoCall]]

_STREAM: Final[Json] = {"stream": True, "stream_options": {"include_usage": True}}
_SUMMARY: Final = "Summarise the document for the management: one bold sentence first, then at most four points."
_REVIEW: Final = (
    "You review changes of a bookkeeping product. Report what can lose money, lose data or leak data first. Quote "
    "the line and show the better one. Say nothing about style that a formatter would change."
)
_INVOICE: Final[Json] = {
    "type": "json_schema",
    "json_schema": {
        "name": "invoice",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {
                "supplier": {"type": "string"},
                "number": {"type": "string"},
                "date": {"type": "string", "format": "date"},
                "net": {"type": "number"},
                "vat": {"type": "number"},
                "gross": {"type": "number"},
                "currency": {"type": "string"},
                "due": {"type": ["string", "null"]},
                "iban": {"type": ["string", "null"]},
            },
            "required": ["supplier", "number", "date", "net", "vat", "gross", "currency", "due", "iban"],
            "additionalProperties": False,
        },
    },
}
_ARTICLES: Final = (
    "Electronic invoices must be kept in the format in which they were received, for ten years (section 14b).",
    "Paper documents may be scanned and destroyed if the procedure is documented and the scan is readable.",
    "Consent to read an account lasts at most 180 days; some banks limit it to 90 days.",
    "Assets up to 800 euros net can be deducted in the year of purchase.",
    "Invoices up to 250 euros gross need neither the customer's name nor a tax number.",
    "Northwind sends XRechnung 3.0 and ZUGFeRD 2.3 under Invoices, Send, E-invoice.",
)


def support_chat(chance: random.Random) -> list[DemoCall]:
    """A customer's question, and sometimes what follows it."""
    person = choose(chance)
    name = chance.choices(("gpt-4o-mini", "claude-haiku-4-5", "gpt-4o"), (50, 32, 18))[0]
    turns = [chance.choice(TEXTS.tickets), *chance.sample(TEXTS.follow_ups, chance.choices((0, 1, 2), (50, 32, 18))[0])]
    ticket = chance.randrange(20_000, 99_999)
    tags = tags_of(
        person,
        "support",
        chance,
        Session_Id=f"ticket-{ticket}",
        Session_Name=f"Ticket {ticket}",
        Session_Path="/ticket/answer",
        Request_Name="answer ticket",
        Property_Channel=chance.choice(("e-mail", "chat", "chat")),
    )
    if not name.startswith("claude"):
        tags |= {"Helicone-Prompt-Id": "support-reply", "Helicone-Prompt-Variables": '{"company": "Northwind"}'}
    said: list[Json] = []
    calls = []
    for turn in turns:
        said.append({"role": "user", "content": turn.asked})
        streams = chance.random() < 0.7
        if name.startswith("claude"):
            body: Json = {"model": name, "max_tokens": 1024, "system": TEXTS.support_system, "messages": list(said)}
            body |= {"stream": True} if streams else {}
        else:
            body = {"model": name, "temperature": 0.3, "messages": list(said), **(_STREAM if streams else {})}
        calls.append(
            DemoCall(
                model=MODELS[name],
                body=body,
                tags=tags,
                say=turn.answered,
                pause_s=chance.uniform(30, 400),
            )
        )
        said.append({"role": "assistant", "content": turn.answered})
    calls[0].pause_s = 0
    return calls


def summary(chance: random.Random) -> list[DemoCall]:
    """One document, or several in one."""
    document = chance.choice(TEXTS.documents)
    name = chance.choices(("gemini-2.5-flash", "gpt-4.1-mini", "mistral-small-latest"), (60, 25, 15))[0]
    others = [f"# {one.title}\n\n{one.text}" for one in TEXTS.documents if one is not document]
    asked = f"# {document.title}\n\n{document.text}" + (
        "\n\nFor context:\n\n" + "\n\n".join(others) if chance.random() < 0.5 else ""
    )
    body = {
        "model": name,
        "messages": [{"role": "system", "content": _SUMMARY}, {"role": "user", "content": asked}],
        "max_tokens": 600,
    }
    tags = tags_of(choose(chance), "summaries", chance, Request_Name="summarise document")
    hit = chance.random() < 0.22
    return [DemoCall(model=MODELS[name], body=body, tags=tags, say=document.answered, cacheable=True, hit=hit)]


def review(chance: random.Random) -> list[DemoCall]:
    """A change that was proposed, read by a strong model; streamed."""
    found = chance.choice(TEXTS.reviews)
    answer = found.answered
    name = chance.choices(("claude-sonnet-4-5", "claude-opus-4-5", "gpt-5"), (68, 14, 18))[0]
    number = chance.randrange(3100, 3990)
    asked = f"Pull request #{number}. Review this change.\n\n```diff\n{found.asked}```"
    tags = tags_of(
        choose(chance),
        "code-review",
        chance,
        Request_Name="review change",
        Property_Repository=chance.choice(_REPOSITORIES),
    )
    if name == "gpt-5":
        messages = [{"role": "developer", "content": _REVIEW}, {"role": "user", "content": asked}]
        body: Json = {"model": name, "reasoning_effort": "medium", "messages": messages, **_STREAM}
        reasoned = len(answer) // 4 + 900
        return [DemoCall(model=MODELS[name], body=body, tags=tags, say=answer, output_tokens=reasoned)]
    thought = (
        "The change touches money, so I look at what happens when a step fails half-way first. Then inputs from "
        "outside, then types, and only then speed."
    )
    body = {
        "model": name,
        "max_tokens": 4096,
        "system": [{"type": "text", "text": _REVIEW, "cache_control": {"type": "ephemeral"}}],
        "thinking": {"type": "enabled", "budget_tokens": 2048},
        "messages": [{"role": "user", "content": asked}],
        "stream": True,
    }
    call = DemoCall(model=MODELS[name], body=body, tags=tags, say=answer, think=thought)
    call.cached_tokens = 1840 if chance.random() < 0.6 else 0
    return [call]


def search(chance: random.Random) -> list[DemoCall]:
    """A question to the help pages: its vector, then an answer from what was found."""
    spoken = chance.choice(TEXTS.questions)
    person, number = choose(chance), chance.randrange(100_000, 999_999)
    session = {"Session_Id": f"search-{number}", "Session_Name": "Help search"}
    vector = DemoCall(
        model=MODELS["text-embedding-3-small"],
        body={"model": "text-embedding-3-small", "input": spoken.asked},
        tags=tags_of(person, "search", chance, Session_Path="/search/embed", Request_Name="embed question", **session),
        cacheable=True,
        hit=chance.random() < 0.35,
    )
    found = "\n".join(f"[{at + 1}] {text}" for at, text in enumerate(chance.sample(_ARTICLES, 3)))
    name = chance.choices(("gpt-4o-mini", "llama-3.3-70b-versatile"), (60, 40))[0]
    messages = [
        {"role": "system", "content": f"Answer from these articles only, and cite them:\n\n{found}"},
        {"role": "user", "content": spoken.asked},
    ]
    told = DemoCall(
        model=MODELS[name],
        body={"model": name, "messages": messages, **_STREAM},
        tags=tags_of(
            person, "search", chance, Session_Path="/search/answer", Request_Name="answer question", **session
        ),
        say=spoken.answered,
        pause_s=0.05,
    )
    return [vector, told]


def extraction(chance: random.Random) -> list[DemoCall]:
    """A letter, read into fields; half of them as a picture."""
    letter = chance.choice(TEXTS.letters)
    person = choose(chance)
    content: Any = letter.asked
    name = "gpt-4.1-mini"
    if chance.random() < 0.3:
        name = "gpt-4o"
        picture = {"type": "image_url", "image_url": {"url": picture_url(f"{chance.randrange(12)}"), "detail": "low"}}
        content = [{"type": "text", "text": "Read this receipt into the fields."}, picture]
    body = {"model": name, "messages": [{"role": "user", "content": content}], "response_format": _INVOICE}
    tags = tags_of(
        person, "extraction", chance, Request_Name="read receipt", Property_Source=chance.choice(("mail", "photo"))
    )
    tags |= {"Helicone-Prompt-Id": "receipt-fields", "Helicone-Prompt-Variables": '{"currency": "EUR"}'}
    limited = person.name == "wei.zhang" and chance.random() < 0.5
    policy = "2;w=3600;u=request;s=user" if person.plan == "free" else "400;w=3600;u=request;s=user"
    return [DemoCall(model=MODELS[name], body=body, tags=tags, say=letter.answered, policy=policy, limited=limited)]


def bulk(chance: random.Random) -> list[DemoCall]:
    """One of the night's many small classifications."""
    question = chance.choice(TEXTS.tickets).asked
    kind = chance.choice(("billing", "banking", "tax", "account", "bug"))
    name = chance.choices(("llama-3.3-70b-versatile", "meta-llama/Llama-3.3-70B-Instruct-Turbo"), (70, 30))[0]
    asked = f"Name the topic of this message: billing, banking, tax, account or bug. One word.\n\n{question}"
    body = {"model": name, "temperature": 0, "max_tokens": 4, "messages": [{"role": "user", "content": asked}]}
    tags = tags_of(choose(chance), "classification", chance, Request_Name="classify ticket") | {
        "Helicone-User-Id": "nightly-batch"
    }
    return [DemoCall(model=MODELS[name], body=body, tags=tags, say=kind)]


def large_request(chance: random.Random) -> list[DemoCall]:
    """A scanned contract of about five megabytes."""
    scan = base64.b64encode(b"%PDF-1.7\n" + chance.randbytes(3_800_000)).decode()
    document = {"filename": "lease-2026.pdf", "file_data": f"data:application/pdf;base64,{scan}"}
    asked = [
        {"type": "text", "text": "When can this lease be ended, and by whom?"},
        {"type": "file", "file": document},
    ]
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": asked}]}
    tags = tags_of(choose(chance), "summaries", chance, Request_Name="read contract")
    answer = (
        "Either side may end it **six months before 31 December**, in writing (section 14). The tenant may also end it "
        "within three months of a rise above 8 % (section 6)."
    )
    return [DemoCall(model=MODELS["gpt-4o"], body=body, tags=tags, say=answer)]


def picture(chance: random.Random) -> list[DemoCall]:
    """A picture for a blog post."""
    what = chance.choice(
        ("a calm desk in the morning", "a stack of receipts that turns into a chart", "a lighthouse of coins")
    )
    body = {
        "model": "gpt-image-1",
        "prompt": f"Flat illustration: {what}",
        "size": "1024x1024",
        "quality": "low",
        "n": 1,
    }
    tags = tags_of(choose(chance), "images", chance, Request_Name="illustrate post")
    return [DemoCall(model=MODELS["gpt-image-1"], body=body, tags=tags, output_tokens=272)]


def voice(chance: random.Random) -> list[DemoCall]:
    """A spoken note about an expense."""
    name = "gpt-4o-audio-preview"
    heard = {"type": "input_audio", "input_audio": {"data": sound(), "format": "wav"}}
    asked = {"type": "text", "text": "Write down this note as an expense."}
    body = {"model": name, "modalities": ["text"], "messages": [{"role": "user", "content": [asked, heard]}]}
    tags = tags_of(choose(chance), "voice", chance, Request_Name="write down note")
    return [
        DemoCall(
            model=MODELS[name], body=body, tags=tags, say="Lunch with two customers, €64.20, paid by card, 26 November."
        )
    ]


_REPOSITORIES: Final = ("payments", "web", "reports")
SCENARIOS: Final[tuple[tuple[Scenario, float], ...]] = (
    (support_chat, 34),
    (summary, 14),
    (review, 9),
    (search, 19),
    (extraction, 16),
    (picture, 1.2),
    (voice, 1.5),
)
"""Each with its weight; agents come on top (`agents`), and `bulk` at night."""
