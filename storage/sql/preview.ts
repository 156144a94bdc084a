const previewLength = 200;
/** A longer body is not parsed for a preview: its beginning is shown. */
const parsedBytes = 1024 * 1024;

/** Text parts of a JSON array of parts, joined; also the text of one that is a plain string. */
const textOf = (json: string, field: string) =>
  `if(JSONType(${json}, '${field}') = 'String', JSONExtractString(${json}, '${field}'),
    arrayStringConcat(arrayFilter(t -> t != '',
      arrayMap(part -> JSONExtractString(part, 'text'), JSONExtractArrayRaw(${json}, '${field}'))), ' '))`;

/** What the user said last: the last message of the user that has text (a tool's result has none). */
const lastUserText = (messages: string) =>
  `arrayLast(t -> t != '', arrayMap(message -> ${textOf("message", "content")},
    arrayFilter(message -> JSONExtractString(message, 'role') = 'user', JSONExtractArrayRaw(input, '${messages}'))))`;

const toolCall = (name: string, args: string) => `concat(${name}, '(', ${args}, ')')`;

const chatAnswer = `if(${textOf("choice", "content")} != '', ${textOf("choice", "content")},
  if(JSONHas(choice, 'tool_calls'), ${toolCall(
    "JSONExtractString(choice, 'tool_calls', 1, 'function', 'name')",
    "JSONExtractString(choice, 'tool_calls', 1, 'function', 'arguments')",
  )}, ''))`;

const messagesAnswer = `if(${textOf("output", "content")} != '', ${textOf("output", "content")},
  arrayFirst(t -> t != '', arrayMap(part -> if(JSONExtractString(part, 'type') = 'tool_use',
    ${toolCall("JSONExtractString(part, 'name')", "JSONExtractRaw(part, 'input')")}, ''),
    JSONExtractArrayRaw(output, 'content'))))`;

const responsesAnswer = `arrayFirst(t -> t != '', arrayMap(item -> multiIf(
    JSONExtractString(item, 'type') = 'message', ${textOf("item", "content")},
    JSONExtractString(item, 'type') = 'function_call',
    ${toolCall("JSONExtractString(item, 'name')", "JSONExtractString(item, 'arguments')")}, ''),
  JSONExtractArrayRaw(output, 'output')))`;

const askedText = `multiIf(
  length(input) > ${parsedBytes}, '',
  content_format IN ('openai.chat', 'anthropic.messages'), ${lastUserText("messages")},
  content_format IN ('openai.responses', 'openai.embeddings'),
    if(JSONType(input, 'input') = 'String', JSONExtractString(input, 'input'),
      if(JSONType(input, 'input', 1) = 'String', JSONExtractString(input, 'input', 1), ${lastUserText("input")})),
  content_format = 'openai.completions', JSONExtractString(input, 'prompt'),
  '')`;

const answeredText = `multiIf(
  length(output) > ${parsedBytes}, '',
  content_format = 'openai.chat', arrayElement(arrayMap(choice -> ${chatAnswer}, [JSONExtractRaw(output, 'choices', 1, 'message')]), 1),
  content_format = 'anthropic.messages', ${messagesAnswer},
  content_format = 'openai.responses', ${responsesAnswer},
  content_format = 'openai.completions', JSONExtractString(output, 'choices', 1, 'text'),
  '')`;

const shortened = (text: string, content: string) =>
  `leftUTF8(if(${text} != '', ${text}, substring(${content}, 1, ${previewLength * 8})), ${previewLength})`;

/**
 * Columns `input_preview` and `output_preview` of rows that have content_format, input and output. To be selected
 * from few rows: it parses their content.
 */
export const previewColumns = `
  ${askedText} AS asked_text,
  ${answeredText} AS answered_text,
  ${shortened("asked_text", "input")} AS input_preview,
  if(content_format = 'openai.embeddings', '', ${shortened("answered_text", "output")}) AS output_preview`;
