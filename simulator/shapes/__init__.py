"""How providers answer: one module a provider family, asked in this order."""

from simulator.shapes import anthropic, checks, gemini, ollama, openai, receivers
from simulator.shapes.base import Reply, Request, not_found

__all__ = ["Reply", "Request", "answer"]

_SHAPES = (receivers.answer, checks.answer, anthropic.answer, gemini.answer, ollama.answer, openai.answer)


def answer(request: Request) -> Reply:
    """The reply of the first shape that knows the path; 404 where none does."""
    for shape in _SHAPES:
        reply = shape(request)
        if reply is not None:
            return reply
    return not_found(request)
