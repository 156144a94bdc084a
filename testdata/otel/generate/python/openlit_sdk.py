"""OpenLIT over OpenAI's and Anthropic's SDK."""

from capture import capture_cases, log_provider, provider, set_global
from sdk_cases import anthropic_cases, openai_cases

set_global()
log_provider()
import openlit  # noqa: E402

openlit.init(
    application_name="capture",
    environment="test",
    disable_metrics=True,
    capture_message_content=True,
    disabled_instrumentors=["langchain", "llama_index", "haystack", "litellm"],
)
capture_cases([*openai_cases, *anthropic_cases])
