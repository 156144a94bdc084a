"""Langfuse's Python SDK: observations around its wrapped OpenAI client."""

import os

os.environ.update(LANGFUSE_PUBLIC_KEY="pk-capture", LANGFUSE_SECRET_KEY="sk-capture", LANGFUSE_BASE_URL="http://127.0.0.1:1")
from capture import capture_cases, collector, mock, processor, provider, question, set_global  # noqa: E402

set_global()
from langfuse import Langfuse, get_client, observe, propagate_attributes  # noqa: E402


class Nowhere:
    def export(self, spans):
        return collector.export(spans)

    def shutdown(self):
        pass

    def force_flush(self, timeout_millis=0):
        return True


provider._active_span_processor._span_processors = ()
langfuse = Langfuse(tracer_provider=provider, span_exporter=Nowhere(), flush_at=1, environment="test", release="r1")
from langfuse.openai import OpenAI  # noqa: E402


def trace(headers):
    @observe(as_type="tool")
    def lookup(city):
        return {"celsius": 18}

    @observe(as_type="agent", name="helper")
    def helper(text):
        with propagate_attributes(
            user_id="user-7", session_id="session-3", tags=["beta", "eu"], metadata={"team": "support"}
        ):
            lookup("Lisbon")
            client = OpenAI(base_url=f"{mock}/v1", api_key="sk-capture", max_retries=0, default_headers=headers)
            answer = client.chat.completions.create(
                model="gpt-4o-mini",
                messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}],
            )
            with langfuse.start_as_current_observation(
                as_type="generation",
                name="own-generation",
                model="claude-sonnet-4-5",
                input=[{"role": "user", "content": "Hi"}],
                model_parameters={"temperature": 0.1},
            ) as generation:
                generation.update(
                    output="Hello",
                    usage_details={"input": 3, "output": 5, "cache_read_input_tokens": 100},
                    cost_details={"total": 0.0015},
                )
            return answer.choices[0].message.content

    helper(question)
    langfuse.flush()


capture_cases([trace])
