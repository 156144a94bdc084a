"""Runs one SDK through every scenario of the matrix, at each of the addresses given, and prints what came of it as JSON.

    python e2e/sdks/python/run.py <sdk> <address>...
"""

import json
import re
import sys
from typing import Any, Callable, Iterator

QUESTION = "Where is order 4711?"
MESSAGES = [{"role": "user", "content": QUESTION}]
PARAMETERS = {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]}
FUNCTION = {"name": "find_order", "description": "Finds an order.", "parameters": PARAMETERS}
TOOLS: list[Any] = [{"type": "function", "function": FUNCTION}]


class Sdk:
    """`chat`, `stream`, `tool` and, where the SDK has them, `embed`; each takes a model's name."""

    def __init__(
        self,
        chat: Callable[[str], Any],
        stream: Callable[[str], Any],
        tool: Callable[[str], Any],
        embed: Callable[[str], Any] | None = None,
    ) -> None:
        self.chat, self.stream, self.tool, self.embed = chat, stream, tool, embed


def openai(address: str, timeout: float) -> Sdk:
    import openai

    client = openai.OpenAI(base_url=f"{address}/v1", api_key="sk-matrix", max_retries=0, timeout=timeout)
    create = client.chat.completions.create
    return Sdk(
        chat=lambda model: create(model=model, messages=MESSAGES),
        stream=lambda model: create(model=model, messages=MESSAGES, stream=True),
        tool=lambda model: create(model=model, messages=MESSAGES, tools=TOOLS),
        embed=lambda model: client.embeddings.create(model=model, input="hello"),
    )


def anthropic(address: str, timeout: float) -> Sdk:
    import anthropic

    client = anthropic.Anthropic(base_url=address, api_key="sk-ant-matrix", max_retries=0, timeout=timeout)
    tools: list[Any] = [{"name": "find_order", "description": "Finds an order.", "input_schema": PARAMETERS}]
    create = client.messages.create
    return Sdk(
        chat=lambda model: create(model=model, max_tokens=100, messages=MESSAGES),
        stream=lambda model: create(model=model, max_tokens=100, messages=MESSAGES, stream=True),
        tool=lambda model: create(model=model, max_tokens=100, messages=MESSAGES, tools=tools),
    )


def google_genai(address: str, timeout: float) -> Sdk:
    from google import genai
    from google.genai import types

    options = types.HttpOptions(
        base_url=address, timeout=int(timeout * 1000), retry_options=types.HttpRetryOptions(attempts=1)
    )
    client = genai.Client(api_key="matrix", http_options=options)
    models = client.models
    declaration = types.FunctionDeclaration(
        name="find_order", description="Finds an order.", parameters_json_schema=PARAMETERS
    )
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[declaration])],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    return Sdk(
        # It closes its connections when nobody holds it any more.
        chat=lambda model: client.models.generate_content(model=model, contents=QUESTION),
        stream=lambda model: models.generate_content_stream(model=model, contents=QUESTION),
        tool=lambda model: models.generate_content(model=model, contents=QUESTION, config=config),
        embed=lambda model: models.embed_content(model=model, contents="hello"),
    )


def cohere(address: str, timeout: float) -> Sdk:
    import cohere

    client = cohere.ClientV2(api_key="matrix", base_url=address, timeout=timeout)
    once: Any = {"max_retries": 0}
    return Sdk(
        chat=lambda model: client.chat(model=model, messages=MESSAGES, request_options=once),
        stream=lambda model: client.chat_stream(model=model, messages=MESSAGES, request_options=once),
        tool=lambda model: client.chat(model=model, messages=MESSAGES, tools=TOOLS, request_options=once),
        embed=lambda model: client.embed(
            model=model, texts=["hello"], input_type="search_query", embedding_types=["float"], request_options=once
        ),
    )


def ollama(address: str, timeout: float) -> Sdk:
    import ollama

    client = ollama.Client(host=address, timeout=timeout)
    return Sdk(
        chat=lambda model: client.chat(model=model, messages=MESSAGES),
        stream=lambda model: client.chat(model=model, messages=MESSAGES, stream=True),
        tool=lambda model: client.chat(model=model, messages=MESSAGES, tools=TOOLS),
        embed=lambda model: client.embed(model=model, input="hello"),
    )


def boto3(address: str, timeout: float) -> Sdk:
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "bedrock-runtime",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="AKIAMATRIX",
        aws_secret_access_key="matrix",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=timeout),
    )
    turns = [{"role": "user", "content": [{"text": QUESTION}]}]
    spec = {"name": "find_order", "description": "Finds an order.", "inputSchema": {"json": PARAMETERS}}
    tools = {"tools": [{"toolSpec": spec}]}
    return Sdk(
        chat=lambda model: client.converse(modelId=model, messages=turns),
        stream=lambda model: client.converse_stream(modelId=model, messages=turns)["stream"],
        tool=lambda model: client.converse(modelId=model, messages=turns, toolConfig=tools),
    )


def langchain(address: str, timeout: float) -> Sdk:
    from langchain_openai import ChatOpenAI, OpenAIEmbeddings

    def chat(model: str) -> ChatOpenAI:
        return ChatOpenAI(
            model=model, base_url=f"{address}/v1", api_key="sk-matrix", max_retries=0, timeout=timeout, stream_usage=False
        )

    def shown(message: Any) -> dict[str, Any]:
        return {
            "content": message.content,
            "tool_calls": getattr(message, "tool_calls", []),
            "usage": getattr(message, "usage_metadata", None),
        }

    def stream(model: str) -> Iterator[Any]:
        for chunk in chat(model).stream(QUESTION):
            yield shown(chunk)

    return Sdk(
        chat=lambda model: shown(chat(model).invoke(QUESTION)),
        stream=stream,
        tool=lambda model: shown(chat(model).bind_tools(TOOLS).invoke(QUESTION)),
        embed=lambda model: OpenAIEmbeddings(
            model=model,
            base_url=f"{address}/v1",
            api_key="sk-matrix",
            max_retries=0,
            check_embedding_ctx_length=False,
        ).embed_query("hello"),
    )


SDKS: dict[str, Callable[[str, float], Sdk]] = {
    "openai": openai,
    "anthropic": anthropic,
    "google-genai": google_genai,
    "cohere": cohere,
    "ollama": ollama,
    "boto3": boto3,
    "langchain": langchain,
}

# What belongs to one exchange alone: dates, ids of requests, headers.
VOLATILE = {"ResponseMetadata", "sdk_http_response", "headers", "http_response", "response_metadata"}

# What an error's text tells of the connection rather than of the answer: addresses, dates, hop-by-hop headers.
VARYING = re.compile(r"127\.0\.0\.1:\d+(/bedrock)?|'(date|connection|keep-alive|x-weir-call-id)': '[^']*',? ?")


def plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        value = value.model_dump(mode="json")
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items() if key not in VOLATILE}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value


def result_of(work: Callable[[], Any]) -> Any:
    try:
        return {"value": plain(work())}
    except Exception as error:  # noqa: BLE001: every SDK has errors of its own; which one it is, is what is compared
        status = getattr(error, "status_code", None) or getattr(error, "code", None)
        message = VARYING.sub("", str(error))
        return {"error": type(error).__name__, "status": status if isinstance(status, int) else None, "message": message}


def abort(sdk: Sdk, model: str) -> Any:
    """Leaves a stream after its first chunk, as one does in Python: by closing it."""
    stream = sdk.stream(model)
    first = next(iter(stream))
    close = getattr(stream, "close", None)
    if close is not None:
        close()
    return {"seen": [plain(first)], "end": "quiet"}


def main() -> None:
    name, *addresses = sys.argv[1:]
    suffix = f"py-{name}"
    outcomes = []
    for address in addresses:
        sdk = SDKS[name](address, 60)
        hasty = SDKS[name](address, 0.5)
        embed = sdk.embed
        outcomes.append(
            {
                "call": result_of(lambda: sdk.chat(f"ok-{suffix}")),
                "stream": result_of(lambda: list(sdk.stream(f"ok-{suffix}"))),
                "tool call": result_of(lambda: sdk.tool(f"ok-{suffix}")),
                "embeddings": None if embed is None else result_of(lambda: embed(f"ok-{suffix}")),
                "401": result_of(lambda: sdk.chat(f"fault401-{suffix}")),
                "429": result_of(lambda: sdk.chat(f"fault429-{suffix}")),
                "500": result_of(lambda: sdk.chat(f"fault500-{suffix}")),
                "timeout": result_of(lambda: hasty.chat(f"silent-{suffix}")),
                "abort": abort(sdk, f"endless-{suffix}"),
            }
        )
    print("\n" + json.dumps(outcomes, default=str))


main()
