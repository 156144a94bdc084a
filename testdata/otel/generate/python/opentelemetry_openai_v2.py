"""OpenTelemetry's own instrumentation of OpenAI's SDK, with content: python opentelemetry_openai_v2.py old|new"""

import os
import sys

new = sys.argv[1] == "new"
os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "span_and_event" if new else "true"
if new:
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
from capture import capture_cases, log_provider, provider, set_global  # noqa: E402
from sdk_cases import openai_cases  # noqa: E402

set_global()
logs = log_provider()
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor  # noqa: E402

OpenAIInstrumentor().instrument(tracer_provider=provider, logger_provider=logs)
capture_cases(openai_cases)
