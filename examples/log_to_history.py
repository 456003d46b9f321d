"""Convert a server's log into a history, one observation a line.

python examples/log_to_history.py < examples/lunch.log > lunch.jsonl
syncproof check lunch.jsonl
"""

import json
import sys
from collections import defaultdict

numbers = defaultdict(dict)
members, devices = defaultdict(list), defaultdict(list)


def number(kind, name):
    """Return the number of a name; each kind of name is numbered separately from 0."""
    return numbers[kind].setdefault(name, len(numbers[kind]))


def observations(line):
    """Yield the observations that a line of the log contains."""
    _, what, *words = line.split()
    if what == "login":
        device, user = number("device", words[0]), number("user", words[1])
        devices[user].append(device)
        yield {"type": "Joined", "device": device, "user": user}
    elif what == "member":
        conversation, user = number("conversation", words[0]), number("user", words[1])
        members[conversation].append(user)
        yield {"type": "MemberAdded", "conversation": conversation, "user": user}
    elif what == "write":
        device, conversation = number("device", words[0]), number("conversation", words[1])
        yield {
            "type": "Composed",
            "message": number("message", words[2]),
            "device": device,
            "conversation": conversation,
        }
    elif what == "store":
        conversation, message = number("conversation", words[0]), number("message", words[2])
        users = members[conversation]
        yield {
            "type": "Placed",
            "message": message,
            "conversation": conversation,
            "place": int(words[1]),
            "members": users,
            "audience": [device for user in users for device in devices[user]],
        }
        yield {"type": "Stored", "message": message}
    elif what == "accept":
        yield {"type": "Accepted", "message": number("message", words[0])}
    elif what == "sync":
        timeline = {"kind": "sync", "owner": number("user", words[0])}
        yield {"type": "Appended", "timeline": timeline, "seq": int(words[1]), "message": number("message", words[2])}
    elif what == "show":
        shown = {
            "type": "Shown",
            "device": number("device", words[0]),
            "message": number("message", words[3]),
            "conversation": number("conversation", words[1]),
            "place": int(words[2]),
        }
        if len(words) > 4:
            shown |= {"timeline": {"kind": "sync", "owner": number("user", words[4])}, "seq": int(words[5])}
        yield shown
    elif what == "checkpoint":
        timeline = {"kind": "sync", "owner": number("user", words[1])}
        yield {"type": "Checkpointed", "device": number("device", words[0]), "timeline": timeline, "seq": int(words[2])}
    elif what == "rest":
        yield {"type": "Quiesced"}
    else:
        raise SystemExit(f"not understood: {line}")


print(json.dumps({"schema": 1, "kind": "history", "design": "timeline-notify", "faults": []}))
for text in sys.stdin:
    for observation in observations(text):
        print(json.dumps(observation))
