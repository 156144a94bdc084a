"""OpenLLMetry (Traceloop): its SDK's decorators over instrumented SDKs."""

import os

os.environ["TRACELOOP_TELEMETRY"] = "false"
os.environ["TRACELOOP_METRICS_ENABLED"] = "false"
from capture import capture_cases, collector, processor  # noqa: E402
from sdk_cases import anthropic_cases, chat, openai_cases  # noqa: E402
from traceloop.sdk import Traceloop  # noqa: E402
from traceloop.sdk.decorators import agent, task, tool, workflow  # noqa: E402

Traceloop.init(
    app_name="capture",
    processor=processor,
    telemetry_enabled=False,
    resource_attributes={"service.name": "capture", "deployment.environment.name": "test"},
)


def workflow_agent_tool(headers):
    @tool(name="lookup")
    def lookup(city):
        return {"city": city, "celsius": 18}

    @task(name="prepare")
    def prepare(text):
        return text.strip()

    @agent(name="helper")
    def helper(text):
        lookup("Lisbon")
        chat(headers)
        return "done"

    @workflow(name="answer", version=2)
    def answer(text):
        return helper(prepare(text))

    Traceloop.set_association_properties({"user_id": "user-7", "session_id": "session-3", "team": "support"})
    answer(" a question ")
    Traceloop.set_association_properties({})


capture_cases([*openai_cases, *anthropic_cases, workflow_agent_tool])
