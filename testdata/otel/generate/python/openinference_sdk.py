"""OpenInference: the SDKs, LangChain and LlamaIndex."""

from capture import capture_cases, mock, provider, question, set_global
from sdk_cases import anthropic_cases, openai_cases

set_global()
from openinference.instrumentation import using_attributes  # noqa: E402
from openinference.instrumentation.anthropic import AnthropicInstrumentor  # noqa: E402
from openinference.instrumentation.langchain import LangChainInstrumentor  # noqa: E402
from openinference.instrumentation.llama_index import LlamaIndexInstrumentor  # noqa: E402
from openinference.instrumentation.openai import OpenAIInstrumentor  # noqa: E402

for instrumentor in (OpenAIInstrumentor(), AnthropicInstrumentor()):
    instrumentor.instrument(tracer_provider=provider)


def langchain(headers):
    from langchain_core.prompts import ChatPromptTemplate
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI

    @tool
    def get_weather(city: str) -> str:
        """The weather of a city."""
        return "18 °C"

    OpenAIInstrumentor().uninstrument()
    LangChainInstrumentor().instrument(tracer_provider=provider)
    model = ChatOpenAI(model="gpt-4o-mini", base_url=f"{mock}/v1", api_key="sk-capture", default_headers=headers)
    prompt = ChatPromptTemplate.from_messages([("system", "Be brief."), ("human", "{question}")])
    with using_attributes(
        session_id="session-3",
        user_id="user-7",
        metadata={"team": "support"},
        tags=["beta", "eu"],
        prompt_template="{question}",
        prompt_template_version="4",
    ):
        (prompt | model).invoke({"question": question})
        answer = model.bind_tools([get_weather]).invoke("What is the weather in Lisbon?")
        for call in answer.tool_calls:
            get_weather.invoke(call)
    LangChainInstrumentor().uninstrument()


def llama_index(headers):
    from llama_index.core import Document, Settings, VectorStoreIndex
    from llama_index.embeddings.openai import OpenAIEmbedding
    from llama_index.llms.openai import OpenAI

    Settings.llm = OpenAI(model="gpt-4o-mini", api_base=f"{mock}/v1", api_key="sk-capture", default_headers=headers)
    Settings.embed_model = OpenAIEmbedding(api_base=f"{mock}/v1", api_key="sk-capture", default_headers=headers)
    index = VectorStoreIndex.from_documents(
        [Document(text="Export all of your data under Settings before you close the account.", doc_id="d1"), Document(text="Lisbon is sunny.", doc_id="d2")]
    )
    LlamaIndexInstrumentor().instrument(tracer_provider=provider)
    index.as_query_engine(similarity_top_k=2).query(question)
    LlamaIndexInstrumentor().uninstrument()


capture_cases([*openai_cases, *anthropic_cases, langchain, llama_index])
