"""Convert a server's log into a history, one observation a line.

python examples/log_to_history.py < examples/lunch.log > lunch.jsonl
syncproof check lunch.jsonl
"""

import json
import sys


def observations(line):
    """Yield the observations that a line of the log contains. The log's own names are the ids."""
    _, what, *words = line.split()
    if what == "login":
        yield {"type": "Joined", "device": words[0], "user": words[1]}
    elif what == "member":
        yield {"type": "MemberAdded", "conversation": words[0], "user": words[1]}
    elif what == "write":
        yield {"type": "Composed", "message": words[2], "device": words[0], "conversation": words[1]}
    elif what == "store":
        yield {"type": "Placed", "message": words[2], "conversation": words[0], "place": int(words[1])}
        yield {"type": "Stored", "message": words[2]}
    elif what == "accept":
        yield {"type": "Accepted", "message": words[0]}
    elif what == "sync":
        timeline = {"kind": "sync", "owner": words[0]}
        yield {"type": "Appended", "timeline": timeline, "seq": int(words[1]), "message": words[2]}
    elif what == "show":
        shown = {
            "type": "Shown",
            "device": words[0],
            "message": words[3],
            "conversation": words[1],
            "place": int(words[2]),
        }
        if len(words) > 4:
            shown |= {"timeline": {"kind": "sync", "owner": words[4]}, "seq": int(words[5])}
        yield shown
    elif what == "checkpoint":
        timeline = {"kind": "sync", "owner": words[1]}
        yield {"type": "Checkpointed", "device": words[0], "timeline": timeline, "seq": int(words[2])}
    elif what == "rest":
        yield {"type": "Quiesced"}
    else:
        raise SystemExit(f"not understood: {line}")


print(json.dumps({"schema": 2, "kind": "history", "design": "timeline-notify"}))
for text in sys.stdin:
    for observation in observations(text):
        print(json.dumps(observation))
