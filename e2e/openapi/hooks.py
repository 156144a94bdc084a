"""What schemathesis is to know of Weir: ids that exist, and what nobody of another tenant may read.

WEIR_TEST_PLANTED holds JSON: `ids` by the names of parameters, `markers` that no answer may hold, `keeps`: methods that
are not tried on those ids, and `own`: ids of the caller's own (schemathesis learns them from answers), not to be deleted,
so that the caller is somebody to the end.
"""

import gzip
import json
import os
import zlib

import schemathesis

planted = json.loads(os.environ["WEIR_TEST_PLANTED"])


@schemathesis.hook
def before_call(context, case, kwargs):
    """Half of the requests ask for what exists: a made-up id finds nothing to leak."""
    if case.method == "DELETE":
        for name, value in (case.path_parameters or {}).items():
            if value in planted["own"]:
                case.path_parameters[name] = "nothing"
    if case.method in planted["keeps"]:
        return
    parts = [case.path_parameters, case.query, case.body]
    if zlib.crc32(repr(parts).encode()) % 2:
        return
    for part in parts:
        if isinstance(part, dict):
            for name in part.keys() & planted["ids"].keys():
                # Only in a path is a name one that exists: elsewhere it is that of something new.
                if name != "name" or part is case.path_parameters:
                    part[name] = planted["ids"][name]


def text_of(response):
    """What an answer says, also where it is a gzipped file."""
    content = response.content
    is_gzip = content[:2] == b"\x1f\x8b"
    return (gzip.decompress(content) if is_gzip else content).decode(errors="replace")


@schemathesis.check
def tells_nothing_of_others(context, response, case):
    found = [marker for marker in planted["markers"] if marker in text_of(response)]
    assert not found, f"The answer holds what belongs to another tenant: {found}"
