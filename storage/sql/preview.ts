const previewLength = 200;
/** A longer body is not parsed for a preview: its beginning is shown. */
const parsedBytes = 1024 * 1024;

/** What may be text, or a JSON array of parts with text, or of texts. */
const textOfParts = (text: string) => `multiIf(
        startsWith(${text}, '[{'),
          arrayStringConcat(arrayFilter(t -> t != '', JSONExtract(${text}, 'Array(Tuple(text String))').1), ' '),
        startsWith(${text}, '['), JSONExtractString(${text}, 1),
        ${text})`;

/**
 * Columns `input_preview` and `output_preview` of rows that have content_format, input and output: what the user said
 * last, and the answer or its tool call. To be selected from few rows: it parses their content. As in the view of
 * `traces`, one typed extraction serves all APIs, and what is used more than once is a lambda's argument: an alias
 * would be analysed again at each use, which cost more than the rows did.
 */
export const previewColumns = `
  arrayMap(
    asked -> arrayMap(
      said -> leftUTF8(if(said != '', said, substring(input, 1, ${previewLength * 8})), ${previewLength}),
      [arrayLast(t -> t != '', arrayConcat(
        [asked.3],
        arrayMap(text -> ${textOfParts("text")}, [asked.2]),
        arrayMap(message -> if(message.1 = 'user', ${textOfParts("message.2")}, ''), arrayConcat(
          asked.1, if(startsWith(asked.2, '[{'), JSONExtract(asked.2, 'Array(Tuple(role String, content String))'), [])))))])[1],
    [JSONExtract(
      if(length(input) <= ${parsedBytes} AND NOT content_format IN ('', 'text', 'json'), input, ''),
      'Tuple(messages Array(Tuple(role String, content String)), input String, prompt String)')])[1] AS input_preview,
  arrayMap(
    answered -> arrayMap(
      (text, called) -> leftUTF8(multiIf(
        text != '', text,
        called.1 != '', concat(called.1, '(', called.2, ')'),
        content_format = 'openai.embeddings', '',
        substring(output, 1, ${previewLength * 8})), ${previewLength}),
      [arrayStringConcat(arrayFilter(t -> t != '', arrayConcat(
        arrayMap(text -> ${textOfParts("text")}, [answered.1[1].2.1]), [answered.1[1].1],
        answered.2.1, arrayFlatten(answered.3.1.1))), ' ')],
      [arrayFirst(call -> call.1 != '', arrayConcat(
        [answered.1[1].2.2[1].1],
        arrayZip(answered.2.2, answered.2.3),
        arrayZip(answered.3.2, answered.3.3)))])[1],
    [JSONExtract(
      if(length(output) <= ${parsedBytes} AND NOT content_format IN ('', 'text', 'json'), output, ''),
      'Tuple(
        choices Array(Tuple(text String, message Tuple(
          content String, tool_calls Array(Tuple(function Tuple(name String, arguments String)))))),
        content Array(Tuple(text String, name String, input String)),
        output Array(Tuple(content Array(Tuple(text String)), name String, arguments String)))')])[1] AS output_preview`;
