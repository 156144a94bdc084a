"""The same calls of OpenAI's and Anthropic's SDK for every instrumentation of them."""

from capture import handbook, mock, question, weather_schema, weather_tool

messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": question}]


def openai_client(headers):
    import openai

    return openai.OpenAI(base_url=f"{mock}/v1", api_key="sk-capture", max_retries=0, default_headers=headers)


def anthropic_client(headers):
    import anthropic

    return anthropic.Anthropic(base_url=mock, api_key="sk-ant-capture", max_retries=0, default_headers=headers)


def chat(headers):
    openai_client(headers).chat.completions.create(
        model="gpt-4o-mini", messages=messages, temperature=0.2, max_tokens=200
    )


def chat_tools(headers):
    openai_client(headers).chat.completions.create(
        model="gpt-4o-mini",
        tools=[weather_tool],
        messages=[
            {"role": "user", "content": "What is the weather in Paris?"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "21 °C"},
            {"role": "user", "content": [{"type": "text", "text": "And in Lisbon?"}]},
        ],
    )


def chat_stream(headers):
    stream = openai_client(headers).chat.completions.create(
        model="gpt-4o-mini", messages=messages, stream=True, stream_options={"include_usage": True}
    )
    for _ in stream:
        pass


def responses(headers):
    openai_client(headers).responses.create(model="gpt-5-mini", instructions="Be brief.", input=question)


def embeddings(headers):
    openai_client(headers).embeddings.create(model="text-embedding-3-small", input=["one", "two"])


def chat_error(headers):
    openai_client({**headers, "x-mock-fault": "rate-limit"}).chat.completions.create(
        model="gpt-4o-mini", messages=messages
    )


def anthropic_messages(headers):
    anthropic_client(headers).messages.create(
        model="claude-sonnet-4-5", max_tokens=512, system="Be brief.", messages=[{"role": "user", "content": question}]
    )


def anthropic_cache(headers):
    for text in ("First?", "Second?"):
        anthropic_client(headers).messages.create(
            model="claude-sonnet-4-5", max_tokens=64, system=handbook, messages=[{"role": "user", "content": text}]
        )


def anthropic_tools(headers):
    anthropic_client(headers).messages.create(
        model="claude-sonnet-4-5",
        max_tokens=512,
        tools=[{"name": "get_weather", "description": "The weather of a city", "input_schema": weather_schema}],
        messages=[{"role": "user", "content": "What is the weather in Lisbon?"}],
    )


openai_cases = [chat, chat_tools, chat_stream, responses, embeddings, chat_error]
anthropic_cases = [anthropic_messages, anthropic_cache, anthropic_tools]
