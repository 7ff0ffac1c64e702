"""An application with OpenTelemetry, as a process of its own: the SDK, its OTLP exporter and one instrumentation of the
OpenAI SDK, all unmodified.

    python -m tests.otel_app INSTRUMENTATION BASE_URL ENDPOINT KEY SESSION [proxied]

With `proxied` the calls go through the gateway. Embeddings have no response id: only OpenLLMetry's are known again
there, by the `traceparent` that it sends.
"""

import os
import sys

__all__: list[str] = []


def main(which: str, base_url: str, endpoint: str, key: str, session: str, *more: str) -> None:
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "SPAN_AND_EVENT" if which == "genai" else "true"
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental" if which == "genai" else ""
    import openai
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
    exporter = OTLPSpanExporter(
        endpoint=endpoint, headers={"authorization": f"Bearer {key}"}, compression=Compression.Gzip
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    if which == "genai":
        from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
    elif which == "openinference":
        from openinference.instrumentation.openai import OpenAIInstrumentor
    else:
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor
    OpenAIInstrumentor().instrument()
    client = openai.OpenAI(base_url=base_url, api_key="sk-provider", max_retries=0)
    tracer = trace.get_tracer("shop")
    with tracer.start_as_current_span("answer") as chain:
        chain.set_attribute("openinference.span.kind", "CHAIN")
        chain.set_attribute("session.id", session)
        chain.set_attribute("user.id", "ada")
        chain.set_attribute("input.value", "Which colour is the sky?")
        # The span "look up" is of no kind: left out.
        with tracer.start_as_current_span("look up"), tracer.start_as_current_span("search") as tool:
            tool.set_attribute("gen_ai.operation.name", "execute_tool")
            tool.set_attribute("gen_ai.tool.name", "search")
            tool.set_attribute("gen_ai.tool.call.arguments", '{"query": "sky"}')
        headers = {"helicone-auth": f"Bearer {key}", "helicone-session-id": session} if more else {}
        client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello."}],
            max_tokens=50,
            extra_headers=headers,
        )
        if not more or which == "openllmetry":
            client.embeddings.create(model="text-embedding-3-small", input="sky", extra_headers=headers)
    provider.shutdown()


main(*sys.argv[1:])
