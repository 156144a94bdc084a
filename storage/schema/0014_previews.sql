-- What lists show of a span: the last that the user said, and the answer or its tool call; 200 characters at most. Made once,
-- when a row is stored: a page of a list reads these and not the content, whose blocks are large. Rows of before have
-- them computed when they are read, until the background has written them down. As they are MATERIALIZED, content that
-- is cleared clears them too.
-- A body over 1 MiB, one that is no JSON and one without a text of the user show their beginning.

-- Most bodies end in the same few ways, so these are found without parsing: the text behind the last "user", and that of
-- an answer with one text. Empty where it is not quite so: a text ends with its quote, a part is the only one.

-- fragment last_user_text
arrayMap(
        text -> if(position(text, '\\') = 0, text, JSONExtractString(concat('"', text, '"'))),
        arrayMap(
            rest -> concat(
                extract(rest, '^\\s?"content":\\s?"((?:[^"\\\\]|\\\\.)*)"'),
                extract(rest, '^\\s?"(?:content|parts)":\\s?\\[\\{(?:"type":\\s?"text",\\s?)?"(?:text|content)":\\s?"((?:[^"\\\\]|\\\\.)*)"\\}\\]')),
            [splitByString('"user",', if(length(input) > 1048576, '', input))[-1]]))[1]
-- end
-- fragment only_answer_text
arrayMap(
        text -> if(position(text, '\\') = 0, text, JSONExtractString(concat('"', text, '"'))),
        arrayMap(
            rest -> concat(
                extract(rest, '^"message":\\s?\\{"role":\\s?"assistant",\\s?"content":\\s?"((?:[^"\\\\]|\\\\.)*)"'),
                extract(rest, '^(?:"content":\\s?|\\[\\{"role":\\s?"assistant",\\s?"parts":\\s?)\\[\\{"type":\\s?"text",\\s?"(?:text|content)":\\s?"((?:[^"\\\\]|\\\\.)*)"\\}\\]')),
            [multiIf(
                length(output) > 1048576, '',
                content_format = 'weir.messages', output,
                content_format = 'openai.chat', substring(output, position(output, '"message":')),
                content_format = 'anthropic.messages', substring(output, position(output, '"content":')),
                '')]))[1]
-- end

-- Every shape that model/conversation reads, by one typed extraction of the body, of the message in it, and of its
-- parts; a test goes through them. What is used more than once is a lambda's argument, `arrayMap(x -> …, [value])[1]`.

-- fragment asked
arrayMap(
        asked -> arrayMap(
            said -> leftUTF8(if(said != '', said, substring(input, 1, 800)), 200),
            [arrayLast(text -> text != '', arrayMap(
                raw -> arrayMap(
                    text -> if(text != '' OR multiSearchAny(raw, [
                        '"type":', '"functionResponse":', '"function_response":', '"toolResult":', '"text":', '"parts":', '"messages":']), text, raw),
                    [multiIf(
                        startsWith(raw, '[{'), arrayStringConcat(arrayFilter(text -> text != '', arrayMap(
                            part -> multiIf(
                                part.2 != '', part.2,
                                part.1 = 'text', part.3,
                                part.1 IN ('image_url', 'input_image', 'image') OR part.4.1 != '' OR startsWith(part.5.1, 'image/'), '[image]',
                                part.1 IN ('input_audio', 'audio') OR startsWith(part.5.1, 'audio/'), '[audio]',
                                part.1 IN ('document', 'file', 'input_file') OR part.6.1 != '' OR part.5.1 != '', '[document]',
                                ''),
                            JSONExtract(raw, 'Array(Tuple(
                                type String, text String, content String, image Tuple(format String),
                                inlineData Tuple(mimeType String), document Tuple(format String)))'))), ' '),
                        startsWith(raw, '['), JSONExtractString(raw, 1),
                        startsWith(raw, '{"'), arrayMap(
                            one -> multiIf(one.1 != '', one.1, notEmpty(one.2), arrayStringConcat(one.2.1, ' '), one.3[-1].1),
                            [JSONExtract(raw, 'Tuple(
                                text String, parts Array(Tuple(text String)), messages Array(Tuple(content String)))')])[1],
                        raw)])[1],
                arraySlice(arrayConcat(
                    arrayFilter(raw -> raw != '', [if(startsWith(asked.3, '[{'), '', asked.3), asked.4, asked.5, asked.6, asked.7, asked.8, asked.9, asked.10, asked.11[1].1,
                        asked.12[1].1, asked.12[1].2]),
                    arrayMap(message -> if(message.3 != '', message.3, message.2), arrayFilter(
                        message -> message.1 IN ('user', ''), arrayConcat(asked.1, asked.2,
                            if(startsWith(asked.3, '[{'),
                                JSONExtract(asked.3, 'Array(Tuple(role String, content String, parts String))'), []))))), -4)))])[1],
        [JSONExtract(
            multiIf(
                length(input) > 1048576, '',
                startsWith(input, '['), concat('{"messages":', input, '}'),
                startsWith(input, '"'), concat('{"input":', input, '}'),
                input),
            'Tuple(
                messages Array(Tuple(role String, content String, parts String)),
                contents Array(Tuple(role String, content String, parts String)),
                input String, prompt String, message String, query String, texts String, inputText String, content String,
                parts String, requests Array(Tuple(content String)), instances Array(Tuple(prompt String, content String)))')])[1]
-- end
-- fragment answered
arrayMap(
        answered -> arrayMap(
            said -> arrayMap(
                parts -> arrayMap(
                    (text, called) -> leftUTF8(multiIf(
                        text != '', text,
                        called.1 != '', concat(called.1, '(', called.2, ')'),
                        said.3 != '', said.3,
                        endsWith(content_format, '.embeddings') OR endsWith(content_format, '.embed'), '',
                        content_format = 'openai.images' AND position(output, '"data":') > 0, '[image]',
                        answered.15.1 != '', answered.15.1,
                        substring(output, 1, 800)), 200),
                    [arrayFirst(text -> text != '', arrayConcat(
                        [arrayStringConcat(arrayFilter(text -> text != '', arrayMap(
                            part -> multiIf(
                                part.1 = 'message', arrayStringConcat(JSONExtract(part.3, 'Array(Tuple(text String))').1),
                                part.8 OR startsWith(part.1, 'reasoning') OR part.1 = 'thinking', '',
                                part.2 != '', part.2,
                                part.1 = 'text', part.3,
                                startsWith(part.9.1, 'image/') OR part.1 = 'image_generation_call', '[image]',
                                ''), parts)), ' '),
                         if(startsWith(said.1, '[{'), '', said.1)],
                        [answered.1[1].1, answered.2[1].2, if(startsWith(answered.2[1].1, '{'), '', answered.2[1].1), answered.9, answered.10, answered.11, answered.12,
                         answered.13[1].1, answered.14[1].1, said.5.1]))],
                    [arrayFirst(call -> call.1 != '', arrayConcat(
                        arrayMap(call -> (concat(call.4.1, call.1), concat(call.4.2, call.2, call.3)), arrayConcat(said.4, answered.8)),
                        arrayMap(part -> (concat(part.4, part.6.1, part.7.1), concat(part.5, part.10, part.6.2, part.7.2)), parts)))])[1],
                [JSONExtract(
                    multiIf(startsWith(said.2, '[{'), said.2, startsWith(said.1, '[{'), said.1, ''),
                    'Array(Tuple(
                        type String, text String, content String, name String, input String,
                        functionCall Tuple(name String, args String), toolUse Tuple(name String, input String),
                        thought Bool, inlineData Tuple(mimeType String), arguments String))')])[1],
            [JSONExtract(
                multiIf(
                    notEmpty(answered.1), answered.1[1].2,
                    notEmpty(answered.2), answered.2[1].1,
                    notEmpty(answered.3), answered.3[1],
                    startsWith(answered.4, '{'), answered.4,
                    startsWith(answered.5, '['), concat('{"content":', answered.5, '}'),
                    startsWith(answered.5, '{'), JSONExtractRaw(answered.5, 'message'),
                    answered.6 != '' OR answered.7 != '', output,
                    ''),
                'Tuple(
                    content String, parts String, refusal String,
                    tool_calls Array(Tuple(
                        name String, arguments String, parameters String, function Tuple(name String, arguments String))),
                    audio Tuple(transcript String))')])[1],
        [JSONExtract(
            multiIf(
                length(output) > 1048576, '',
                startsWith(output, '['), concat('{"messages":', output, '}'),
                startsWith(output, '"'), concat('{"response":', output, '}'),
                output),
            'Tuple(
                choices Array(Tuple(text String, message String)), candidates Array(Tuple(content String, output String)),
                messages Array(String), message String, output String, content String, parts String,
                tool_calls Array(Tuple(
                    name String, arguments String, parameters String, function Tuple(name String, arguments String))),
                text String, response String, completion String, generation String,
                generations Array(Tuple(text String)), results Array(Tuple(outputText String)),
                error Tuple(message String))')])[1]
-- end

ALTER TABLE @table(spans) @on_cluster
    ADD COLUMN IF NOT EXISTS input_preview String MATERIALIZED multiIf(
        content_format IN ('', 'text', 'json'), leftUTF8(substring(input, 1, 800), 200),
        @last_user_text != '', leftUTF8(@last_user_text, 200),
        @asked) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS output_preview String MATERIALIZED multiIf(
        content_format IN ('', 'text', 'json'), leftUTF8(substring(output, 1, 800), 200),
        @only_answer_text != '', leftUTF8(@only_answer_text, 200),
        @answered) CODEC(ZSTD(1));
-- if cluster
ALTER TABLE spans @on_cluster
    ADD COLUMN IF NOT EXISTS input_preview String MATERIALIZED '',
    ADD COLUMN IF NOT EXISTS output_preview String MATERIALIZED '';
-- end
-- The list of traces has them from the span.
ALTER TABLE traces_view @on_cluster MODIFY QUERY
SELECT
    project_id, retention_days, trace_id, span_id, parent_span_id, start_time, duration_ns, name, kind, source,
    operation, service_name, provider, request_model, response_model, status, http_status, error_type, is_stream,
    ttft_ns, user_id, session_id, tags, prompt_name, api_key_id, environment, input_preview, output_preview
FROM @table(spans)
WHERE is_entry = 1;

-- In the background, and last: a change of a table's columns waits until its parts are changed.
ALTER TABLE @table(spans) @on_cluster
    MATERIALIZE COLUMN input_preview, MATERIALIZE COLUMN output_preview,
    MATERIALIZE INDEX IF EXISTS by_attribute_key, MATERIALIZE INDEX IF EXISTS by_attribute_value;
