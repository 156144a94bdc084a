"""Haystack's own tracing with content, over its OpenTelemetry bridge."""

import os

os.environ["HAYSTACK_CONTENT_TRACING_ENABLED"] = "true"
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "false"
from capture import capture_cases, mock, provider, question, set_global  # noqa: E402

set_global()
from haystack import Document, Pipeline, tracing  # noqa: E402
from haystack.components.builders import ChatPromptBuilder  # noqa: E402
from haystack.components.embedders import OpenAITextEmbedder  # noqa: E402
from haystack.components.generators.chat import OpenAIChatGenerator  # noqa: E402
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever  # noqa: E402
from haystack.dataclasses import ChatMessage  # noqa: E402
from haystack.document_stores.in_memory import InMemoryDocumentStore  # noqa: E402
from haystack.utils import Secret  # noqa: E402

from haystack_integrations.tracing.opentelemetry import OpenTelemetryTracer  # noqa: E402

tracing.enable_tracing(OpenTelemetryTracer(provider.get_tracer("haystack")))
tracing.tracer.is_content_tracing_enabled = True


def rag(headers):
    store = InMemoryDocumentStore()
    store.write_documents([Document(content="Export all of your data under Settings before you close the account."), Document(content="Lisbon is sunny.")])
    pipeline = Pipeline()
    pipeline.add_component("retriever", InMemoryBM25Retriever(store, top_k=2))
    pipeline.add_component(
        "builder",
        ChatPromptBuilder(
            [ChatMessage.from_system("Be brief."), ChatMessage.from_user("{{documents[0].content}} {{question}}")],
            required_variables="*",
        ),
    )
    pipeline.add_component(
        "llm",
        OpenAIChatGenerator(
            api_key=Secret.from_token("sk-capture"),
            model="gpt-4o-mini",
            api_base_url=f"{mock}/v1",
            http_client_kwargs={"headers": headers},
        ),
    )
    pipeline.connect("retriever", "builder.documents")
    pipeline.connect("builder", "llm")
    pipeline.run({"retriever": {"query": question}, "builder": {"question": question}})


def embedder(headers):
    pipeline = Pipeline()
    pipeline.add_component(
        "embedder", OpenAITextEmbedder(api_key=Secret.from_token("sk-capture"), api_base_url=f"{mock}/v1")
    )
    pipeline.run({"embedder": {"text": "a few words"}})


capture_cases([rag, embedder])
