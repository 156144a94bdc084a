"""pydantic-ai: agents with tools over OpenAI's and Anthropic's models."""

from capture import capture_cases, log_provider, mock, provider, question, set_global
from sdk_cases import anthropic_client

set_global()
log_provider()
import openai  # noqa: E402
from pydantic import BaseModel  # noqa: E402
from pydantic_ai import Agent  # noqa: E402
from pydantic_ai.models.instrumented import InstrumentationSettings  # noqa: E402
from pydantic_ai.models.openai import OpenAIChatModel  # noqa: E402
from pydantic_ai.providers.openai import OpenAIProvider  # noqa: E402


def openai_model(headers):
    client = openai.AsyncOpenAI(base_url=f"{mock}/v1", api_key="sk-capture", max_retries=0, default_headers=headers)
    return OpenAIChatModel("gpt-4o-mini", provider=OpenAIProvider(openai_client=client))


def agent_of(headers, version=None, **more):
    settings = InstrumentationSettings(tracer_provider=provider, **({"version": version} if version else {}))
    from pydantic_ai.capabilities import Instrumentation

    return Agent(openai_model(headers), name="helper", instructions="Be brief.", capabilities=[Instrumentation(settings)], **more)


def agent_run(headers):
    agent_of(headers).run_sync(question)


def agent_tools(headers):
    agent = agent_of(headers)

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """The weather of a city."""
        return "18 °C"

    agent.run_sync("What is the weather in Lisbon?")


def agent_old_version(headers):
    agent_of(headers, version=2).run_sync(question)


def agent_structured(headers):
    class City(BaseModel):
        city: str

    agent_of(headers, output_type=City).run_sync("Which city?")


capture_cases([agent_run, agent_tools, agent_old_version, agent_structured])
