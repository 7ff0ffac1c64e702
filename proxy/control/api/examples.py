"""Examples of request bodies for the OpenAPI document, by operation. A test sends each of them."""

from typing import Any, Final

__all__ = ["EXAMPLES"]

_PROMPT: Final = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Greet {{name}} in one line."}]}

EXAMPLES: Final[dict[str, Any]] = {
    "login": {"email": "ada@example.com", "password": "correct horse battery staple"},
    "useLink": {
        "token": "the token of the one-time link",
        "email": "ada@example.com",
        "password": "correct horse battery staple",
    },
    "switchOrganisation": {"organisation": "default"},
    "createOrganisation": {"name": "Support team"},
    "editOrganisation": {"name": "Support team", "policy": "1000;w=86400;u=request"},
    "invite": {"email": "bob@example.com", "role": "member"},
    "editMember": {"role": "viewer"},
    "createKey": {"name": "search service", "scopes": ["proxy"], "policy": "100;w=60;u=request"},
    "editKey": {"name": "search service, staging"},
    "putCredential": {"value": "the provider's API key"},
    "createPrompt": {"id": "greeting", "body": _PROMPT, "note": "first version", "environments": ["production"]},
    "createVersion": {"body": _PROMPT, "note": "shorter"},
    "setEnvironment": {"version": 1},
    "renderPrompt": {"variables": {"name": "Ada"}},
    "queryRequests": {
        "filter": "status>=400 property.feature:search",
        "since": "7d",
        "zone": "Europe/Berlin",
        "sort": [{"column": "cost", "direction": "desc"}],
        "limit": 20,
        "columns": ["id", "start", "user", "model", "status", "cost", "property.feature"],
        "total": True,
        "histogram": {"bucket": "1d"},
    },
    "getRequestNeighbours": {"filter": {"column": "status", "op": "gte", "value": 400}, "since": "7d"},
    "heliconeQueryRequests": {
        "filter": {
            "left": {"request_response_rmt": {"status": {"gte": 400}}},
            "operator": "and",
            "right": {"request_response_rmt": {"properties": {"app": {"equals": "search"}}}},
        },
        "limit": 10,
        "sort": {"created_at": "desc"},
    },
    "heliconeQueryRequestsOlder": {"filter": "all", "limit": 10},
    "heliconeCountRequests": {"filter": {"request_response_rmt": {"user_id": {"equals": "ada"}}}},
    "heliconeAddFeedback": {"rating": True},
    "heliconeSetProperty": {"key": "ticket", "value": "4711"},
    "heliconeAddScores": {"scores": {"helpful": 0.9, "safe": True}},
    "addFeedback": {"rating": True, "note": "to the point", "correction": "Mie scattering."},
    "addScores": {"helpful": 0.8, "safe": True, "tone": "dry", "outdated": None},
    "addNote": {"text": "The customer called about this answer."},
    "setProperties": {"team": "blue", "trial": None},
    "annotateRequests": {"ids": ["0192f0c1-2345-7abc-8def-0123456789ab"], "scores": {"reviewed": True}},
    "addSessionScores": {"session": "chat-4711", "scores": {"solved": True}},
    "querySessions": {"filter": "property.app:web", "since": "7d", "sort": "cost", "limit": 20},
    "queryMetrics": {
        "measures": ["cost", "calls", "p95_latency"],
        "dimensions": ["model"],
        "filter": "status<400",
        "since": "7d",
        "zone": "Europe/Berlin",
        "bucket": "1d",
        "compare": "previous",
        "top": {"n": 5, "other": True},
    },
    "queryHeatmap": {"measure": "latency", "since": "1d", "bucket": "1h"},
    "rebuildRollup": {"since": "30d"},
    "queryUsers": {"filter": "status>=400", "since": "30d", "sort": "errors"},
    "queryModels": {"since": "7d", "sort": "latency_p95"},
    "queryProviders": {"since": "7d", "sort": "error_rate"},
    "queryPromptVersions": {"filter": "prompt:greeting", "sort": "version", "order": "asc"},
    "queryProperties": {"since": "7d"},
    "queryPropertyValues": {"name": "app", "since": "7d", "sort": "cost"},
    "queryTools": {"since": "7d", "sort": "errors_after"},
    "queryErrors": {"filter": {"column": "provider", "op": "eq", "value": "openai"}, "since": "1d"},
    "importRows": {
        "format": "helicone",
        "rows": [
            {
                "line": 1,
                "values": {
                    "request_id": "6f1c2d3e-0000-4000-8000-000000000001",
                    "request_created_at": "2026-01-31T12:00:00Z",
                    "response_status": 200,
                    "provider": "OPENAI",
                    "request_body": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]},
                },
            }
        ],
        "dry_run": True,
    },
}
