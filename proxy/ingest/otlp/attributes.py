"""Which attribute of which convention means what: one table, for each field the names in the order in which they count.

GenAI: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ with the names of earlier versions.
OpenInference: https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md
OpenLLMetry (Traceloop): the package opentelemetry-semantic-conventions-ai. Vercel's AI SDK: `ai.*`.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["FIELDS", "MODEL_CALLS", "PROPERTY_PREFIXES", "STEPS", "VECTOR_STORES", "find", "number", "text"]

FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "kind": ("openinference.span.kind", "gen_ai.operation.name", "traceloop.span.kind", "llm.request.type"),
    "provider": ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider"),
    "model_asked": (
        "gen_ai.request.model",
        "llm.request.model_name",
        "llm.request.model",
        "llm.model_name",
        "embedding.model_name",
        "reranker.model_name",
        "ai.model.id",
    ),
    "model_answered": ("gen_ai.response.model", "llm.response.model_name", "llm.response.model", "ai.response.model"),
    "response_id": ("gen_ai.response.id", "llm.response.id", "ai.response.id"),
    "finish_reason": (
        "gen_ai.response.finish_reasons",
        "gen_ai.response.finish_reason",
        "gen_ai.response.stop_reason",
        "llm.finish_reason",
        "llm.response.finish_reason",
        "llm.response.stop_reason",
        "ai.response.finishReason",
    ),
    "input_tokens": (
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.prompt_tokens",
        "llm.usage.prompt_tokens",
        "llm.token_count.prompt",
        "ai.usage.promptTokens",
    ),
    "output_tokens": (
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.completion_tokens",
        "llm.usage.completion_tokens",
        "llm.token_count.completion",
        "ai.usage.completionTokens",
    ),
    "total_tokens": ("gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total"),
    "cached_tokens": (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
        "llm.token_count.prompt_details.cache_read",
    ),
    "cache_write_tokens": (
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "llm.token_count.prompt_details.cache_write",
    ),
    "reasoning_tokens": (
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.reasoning_tokens",
        "llm.usage.reasoning_tokens",
        "llm.token_count.completion_details.reasoning",
    ),
    "cost": ("gen_ai.usage.cost", "gen_ai.usage.total_cost", "llm.cost.total"),
    "streamed": ("gen_ai.request.stream", "gen_ai.is_streaming", "llm.is_streaming"),
    "first_token_s": ("gen_ai.response.time_to_first_chunk", "gen_ai.server.time_to_first_token"),
    "first_token_ms": ("ai.response.msToFirstChunk",),
    "service_tier": (
        "gen_ai.openai.response.service_tier",
        "openai.response.service_tier",
        "gen_ai.openai.request.service_tier",
        "openai.request.service_tier",
    ),
    "session_id": (
        "session.id",
        "helicone.session.id",
        "gen_ai.conversation.id",
        "traceloop.association.properties.session_id",
        "langfuse.session.id",
    ),
    "session_name": ("helicone.session.name", "traceloop.workflow.name", "gen_ai.workflow.name"),
    "session_path": ("helicone.session.path",),
    "user": (
        "user.id",
        "helicone.user.id",
        "enduser.id",
        "traceloop.association.properties.user_id",
        "langfuse.user.id",
        "gen_ai.user",
        "llm.user",
    ),
    "prompt_id": ("gen_ai.prompt.name", "traceloop.prompt.key", "langfuse.prompt.name", "prompt.id"),
    "prompt_version": ("traceloop.prompt.version", "llm.prompt_template.version", "langfuse.prompt.version"),
    "name": (
        "gen_ai.tool.name",
        "tool.name",
        "gen_ai.agent.name",
        "agent.name",
        "traceloop.entity.name",
        "ai.toolCall.name",
    ),
    "input": (
        "gen_ai.tool.call.arguments",
        "input.value",
        "traceloop.entity.input",
        "gen_ai.retrieval.query.text",
        "gen_ai.task.input",
        "tool.parameters",
        "reranker.query",
        "mcp.request.argument",
        "ai.toolCall.args",
    ),
    "output": (
        "gen_ai.tool.call.result",
        "output.value",
        "traceloop.entity.output",
        "gen_ai.retrieval.documents",
        "gen_ai.task.output",
        "mcp.response.value",
        "ai.toolCall.result",
    ),
    "error": ("error.type", "exception.type"),
    "error_message": ("error.message", "exception.message"),
    "status": ("http.response.status_code", "http.status_code"),
}
"""Field to the names that it has, the current one of each convention first."""

MODEL_CALLS: Final[dict[str, str]] = {
    "chat": "chat",
    "llm": "chat",
    "generate_content": "chat",
    "text_completion": "completions",
    "completion": "completions",
    "embeddings": "embeddings",
    "embedding": "embeddings",
    "rerank": "rerank",
    "reranker": "rerank",
}
"""Kinds of spans (lower case) that call a model, to the operation of the row."""

STEPS: Final[dict[str, str]] = {
    "execute_tool": "tool",
    "tool": "tool",
    "invoke_agent": "agent",
    "create_agent": "agent",
    "agent": "agent",
    "invoke_workflow": "workflow",
    "workflow": "workflow",
    "chain": "chain",
    "task": "task",
    "execute_task": "task",
    "retriever": "retrieval",
    "retrieval": "retrieval",
    "guardrail": "guardrail",
    "evaluator": "evaluator",
    "prompt": "prompt",
    "decision": "decision",
    "unknown": "step",
}
"""Kinds of spans that are a step of an agent and call no model themselves."""

VECTOR_STORES: Final = frozenset(
    {"chroma", "chromadb", "lancedb", "marqo", "milvus", "pgvector", "pinecone", "qdrant", "vespa", "weaviate"}
)
"""Values of `db.system` whose spans are the step `vector_db`."""

PROPERTY_PREFIXES: Final = (
    "helicone.property.",
    "helicone.properties.",
    "traceloop.association.properties.",
    "langfuse.trace.metadata.",
)
"""What follows is the name of a property of the row."""


def find(attributes: Mapping[str, Any], field: str) -> Any:
    """The value of the first name of `field` that is there; None where none is."""
    for name in FIELDS[field]:
        value = attributes.get(name)
        if value is not None and value != "":
            return value
    return None


def text(attributes: Mapping[str, Any], field: str, max_chars: int = 1024) -> str:
    """The same as text; of a list its first element."""
    value = find(attributes, field)
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)[:max_chars]


def number(attributes: Mapping[str, Any], field: str) -> float | None:
    """The same as a number, 0 or more; text that is one counts."""
    value = find(attributes, field)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return None
    return value
