"""MLflow's tracing of OpenAI's SDK, exported over OTLP to a server in this process."""

import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

received = []


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        received.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}/v1/traces"
os.environ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = "http/protobuf"
os.environ["OTEL_RESOURCE_ATTRIBUTES"] = "service.name=capture,deployment.environment.name=test"
os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"
import capture  # noqa: E402
from sdk_cases import chat, chat_tools, embeddings  # noqa: E402

import mlflow  # noqa: E402

mlflow.openai.autolog()


class Received:
    """Stands in for the spans that the other emitters collect in memory."""

    def __init__(self, run):
        self.run = run
        self.__name__ = run.__name__

    def __call__(self, headers):
        self.run(headers)
        import time

        from opentelemetry import trace

        getattr(trace.get_tracer_provider(), "force_flush", lambda: None)()
        time.sleep(1)
        capture.collector.spans = list(received)
        received.clear()


def merge(messages):
    whole = ExportTraceServiceRequest()
    for message in messages:
        whole.MergeFrom(message)
    return whole


capture.encode_spans = merge


def traced_function(headers):
    @mlflow.trace(span_type="TOOL", name="lookup")
    def lookup(city):
        return {"celsius": 18}

    @mlflow.trace(span_type="AGENT", name="helper")
    def helper(text):
        lookup("Lisbon")
        chat(headers)
        return "done"

    helper("a question")


capture.capture_cases([Received(run) for run in (chat, chat_tools, embeddings, traced_function)])
