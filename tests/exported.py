"""Rows as other products export them, in the shapes that they document; the content is invented."""

import json
from typing import Any

__all__ = ["ASKED", "CHAT", "helicone_row", "langfuse_observation", "litellm_payload", "spend_log", "stored_completion"]

ASKED: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Why is the sky blue?"}]}
CHAT: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_767_225_600,
    "model": "gpt-4o-2024-08-06",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Rayleigh scattering."}}
    ],
    "usage": {"prompt_tokens": 1000, "completion_tokens": 10, "total_tokens": 1010},
}


def helicone_row(number: int, **fields: Any) -> dict[str, Any]:
    """A row of Helicone's API, as `@helicone/export --include-body` writes it."""
    return {
        "request_id": f"00000000-0000-4000-8000-{number:012}",
        "request_created_at": f"2026-01-01T00:{number // 60 % 60:02}:{number % 60:02}.250Z",
        "response_id": f"10000000-0000-4000-8000-{number:012}",
        "response_created_at": f"2026-01-01T00:{number // 60 % 60:02}:{number % 60:02}.950Z",
        "response_status": 200,
        "request_path": "https://api.openai.com/v1/chat/completions",
        "target_url": "https://api.openai.com/v1/chat/completions",
        "provider": "OPENAI",
        "request_model": "gpt-4o",
        "response_model": "gpt-4o-2024-08-06",
        "request_user_id": "ada",
        "request_properties": {"App": "search", "Helicone-Session-Id": "s1", "Helicone-Session-Path": "/a"},
        "delay_ms": 700,
        "time_to_first_token": 300,
        "prompt_tokens": 1000,
        "completion_tokens": 10,
        "costUSD": 0.0026,
        "scores": {"helpful": 0.5, "helicone-score-feedback": 1},
        "cache_reference_id": "00000000-0000-0000-0000-000000000000",
        "signed_body_url": "https://storage.example/body",
        "request_body": ASKED,
        "response_body": CHAT,
        **fields,
    }


def langfuse_observation(id: str, **fields: Any) -> dict[str, Any]:
    """A line of Langfuse's export to a blob storage (`observations_v2`)."""
    return {
        "id": id,
        "trace_id": "f" * 31 + "1",
        "type": "GENERATION",
        "parent_observation_id": "",
        "start_time": "2026-01-02 00:00:00.500000",
        "end_time": "2026-01-02 00:00:02.000000",
        "completion_start_time": "2026-01-02 00:00:01.000000",
        "name": "answer",
        "metadata": {"feature": "search"},
        "level": "DEFAULT",
        "status_message": "",
        "input": json.dumps(ASKED["messages"]),
        "output": json.dumps(CHAT["choices"][0]["message"]),
        "provided_model_name": "gpt-4o",
        "model_parameters": '{"temperature": 0.5}',
        "usage_details": {"input": 800, "input_cached_tokens": 200, "output": 10, "total": 1010},
        "cost_details": {"input": 0.0025, "output": 0.0001, "total": 0.0026},
        "total_cost": 0.0026,
        "prompt_name": "greeting",
        "prompt_version": 3,
        "user_id": "ada",
        "session_id": "s2",
        "trace_name": "support",
        "tags": ["beta"],
        "environment": "production",
        **fields,
    }


def spend_log(number: int, **fields: Any) -> dict[str, Any]:
    """A row of LiteLLM's table `LiteLLM_SpendLogs`, prompts stored."""
    return {
        "request_id": f"chatcmpl-{number}",
        "call_type": "acompletion",
        "api_key": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
        "spend": 0.0026,
        "total_tokens": 1010,
        "prompt_tokens": 1000,
        "completion_tokens": 10,
        "startTime": "2026-01-03T00:00:00.000Z",
        "endTime": "2026-01-03T00:00:00.700Z",
        "completionStartTime": "2026-01-03T00:00:00.700Z",
        "model": "gpt-4o",
        "model_group": "fast",
        "custom_llm_provider": "openai",
        "api_base": "https://api.openai.com",
        "user": "default_user_id",
        "end_user": "ada",
        "metadata": {"user_api_key_alias": "search", "user_api_key_team_alias": "web", "status": "success"},
        "cache_hit": "False",
        "request_tags": ["jobID:42", "beta"],
        "session_id": "s3",
        "status": "success",
        "messages": ASKED["messages"],
        "response": CHAT,
        **fields,
    }


def litellm_payload(**fields: Any) -> dict[str, Any]:
    """A `StandardLoggingPayload`, as LiteLLM's loggers to files write it."""
    return {
        "id": "chatcmpl-payload",
        "trace_id": "s3",
        "call_type": "completion",
        "stream": True,
        "status": "failure",
        "custom_llm_provider": "anthropic",
        "model": "claude-sonnet-4-5",
        "model_group": "claude",
        "model_parameters": {"stream": True, "temperature": 0.5},
        "messages": ASKED["messages"],
        "response": {},
        "response_cost": 0.0,
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "total_tokens": 0,
        "startTime": 1_767_398_400.25,
        "endTime": 1_767_398_401.25,
        "completionStartTime": 1_767_398_400.75,
        "metadata": {"requester_metadata": {"feature": "search"}},
        "error_str": "RateLimitError: slow down",
        "error_information": {"error_code": "429", "error_class": "RateLimitError", "llm_provider": "anthropic"},
        "request_tags": [],
        "end_user": "ada",
        **fields,
    }


def stored_completion(**fields: Any) -> dict[str, Any]:
    """An object of OpenAI's list of stored chat completions, with its messages beside it."""
    return {**CHAT, "metadata": {"feature": "search"}, "messages": ASKED["messages"], **fields}
