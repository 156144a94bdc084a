"""LangSmith's SDK in its OpenTelemetry mode."""

import os

os.environ.update(
    LANGSMITH_OTEL_ENABLED="true",
    LANGSMITH_OTEL_ONLY="true",
    LANGSMITH_TRACING="true",
    LANGSMITH_API_KEY="capture",
    LANGSMITH_ENDPOINT="http://127.0.0.1:1",
)
import time  # noqa: E402

from capture import capture_cases, provider, question, set_global  # noqa: E402
from sdk_cases import openai_client  # noqa: E402

set_global()
from langsmith import Client, traceable  # noqa: E402
from langsmith.wrappers import wrap_openai  # noqa: E402

client = Client(auto_batch_tracing=True)


def trace(headers):
    @traceable(run_type="tool", client=client)
    def lookup(city):
        return {"celsius": 18}

    @traceable(
        name="helper",
        client=client,
        tags=["beta", "eu"],
        metadata={"user_id": "user-7", "session_id": "session-3", "team": "support"},
    )
    def helper(text):
        lookup("Lisbon")
        openai = wrap_openai(openai_client(headers), tracing_extra={"client": client})
        messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]
        return openai.chat.completions.create(model="gpt-4o-mini", messages=messages).choices[0].message.content

    helper(question)
    client.flush()
    time.sleep(1)


capture_cases([trace])
