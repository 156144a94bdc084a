"""Collects what instrumentation emits in this process, as the OTLP JSON that an exporter would send."""

import base64
import json
import os
import sys
import traceback

from google.protobuf.json_format import MessageToDict
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

mock = os.environ["MOCK_URL"]
question = "How do I export all of my data before I close my account?"
weather_schema = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "City name"}},
    "required": ["city"],
}
weather_tool = {
    "type": "function",
    "function": {"name": "get_weather", "description": "The weather of a city", "parameters": weather_schema},
}
handbook = [
    {"type": "text", "text": "You know the handbook by heart. " * 200, "cache_control": {"type": "ephemeral"}}
]


class Collector(SpanExporter):
    def __init__(self):
        self.spans = []

    def export(self, spans):
        self.spans.extend(spans)
        return SpanExportResult.SUCCESS


collector = Collector()
resource = Resource({"service.name": "capture", "deployment.environment.name": "test"})
provider = TracerProvider(resource=resource)
processor = SimpleSpanProcessor(collector)
provider.add_span_processor(processor)
log_records = []


def set_global():
    trace.set_tracer_provider(provider)


def log_provider():
    from opentelemetry._logs import set_logger_provider
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

    exporter = InMemoryLogRecordExporter()
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    set_logger_provider(logs)
    log_records.append(exporter)
    return logs


def with_hex_ids(value):
    if isinstance(value, list):
        return [with_hex_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64decode(item).hex() if key in ("traceId", "spanId", "parentSpanId") else with_hex_ids(item)
        for key, item in value.items()
    }


def as_json(message):
    return with_hex_ids(MessageToDict(message, use_integers_for_enums=True))


def capture_cases(cases):
    """Runs functions named like their cases; writes {case: {traces, logs}} to standard output."""
    captured = {}
    for case in cases:
        name = case.__name__.replace("_", "-")
        try:
            case({"x-mock-case": name})
        except Exception:
            if "error" not in name:
                traceback.print_exc()
        captured[name] = {"traces": as_json(encode_spans(collector.spans)) if collector.spans else {}}
        collector.spans = []
        for exporter in log_records:
            records = exporter.get_finished_logs()
            if records:
                captured[name]["logs"] = as_json(encode_logs(records))
            exporter.clear()
    sys.__stdout__.write(json.dumps(captured) + "\n")
    sys.__stdout__.flush()
    os._exit(0)
