"""Write long, realistic histories: python benchmarks/histories.py 1000000 run.jsonl.

A timeline per user, as `timeline-checkpointed` has it: messages of conversations of 2 to 12 people with 1 to 3 devices each, some
of them offline for a while, which fetch what they missed in one pull. Nothing is violated. The same count makes the same file.
"""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from random import Random

from syncproof.formats.codec import Decoder, encode
from syncproof.formats.header import Header
from syncproof.formats.history import write_history

CATCH_UP = 50
"""A device that is offline fetches after about so many messages of its user."""
LAG = 8
"""A device that is online fetches after at most so many further messages of anybody."""


class Traffic:
    """Users, their devices and conversations, and what each device has yet to fetch."""

    def __init__(self, users: int, seed: int) -> None:
        self.draw = Random(seed)
        self.devices: list[list[int]] = []
        self.user_of: list[int] = []
        for user in range(users):
            count = self.draw.choice((1, 2, 2, 3))
            self.devices.append(list(range(len(self.user_of), len(self.user_of) + count)))
            self.user_of += [user] * count
        self.members = [
            sorted(self.draw.sample(range(users), self.draw.choice((2, 2, 2, 2, 3, 5, 12)))) for _ in range(2 * users)
        ]
        self.places = [0] * len(self.members)
        self.seqs = [0] * users
        self.after = [0] * len(self.user_of)
        self.due: list[list[tuple[int, int, int, int]]] = [[] for _ in self.user_of]
        self.coming: deque[set[int]] = deque(set() for _ in range(LAG))

    def opening(self) -> Iterator[str]:
        """Yield who has which device, and who is a member of what."""
        for device, user in enumerate(self.user_of):
            yield f'{{"type":"Joined","device":{device},"user":{user}}}'
            start = f'"timeline":{{"kind":"sync","owner":{user}}},"seq":0,"start":true'
            yield f'{{"type":"Checkpointed","device":{device},{start}}}'
        for conversation, users in enumerate(self.members):
            for user in users:
                yield f'{{"type":"MemberAdded","conversation":{conversation},"user":{user}}}'

    def message(self, message: int) -> Iterator[str]:
        """Yield what one message causes at once, and what devices fetch meanwhile."""
        draw = self.draw
        conversation = int(len(self.members) * draw.random() ** 2)
        users = self.members[conversation]
        sender = draw.choice(self.devices[draw.choice(users)])
        audience = [device for user in users for device in self.devices[user]]
        place = self.places[conversation] = self.places[conversation] + 1
        yield f'{{"type":"Composed","message":{message},"device":{sender},"conversation":{conversation}}}'
        yield (
            f'{{"type":"Placed","message":{message},"conversation":{conversation},"place":{place},'
            f'"members":{users},"audience":{audience}}}'
        )
        yield f'{{"type":"Stored","message":{message}}}'
        yield f'{{"type":"Accepted","message":{message},"place":{place}}}'
        for user in users:
            seq = self.seqs[user] = self.seqs[user] + 1
            yield f'{{"type":"Appended","timeline":{{"kind":"sync","owner":{user}}},"seq":{seq},"message":{message}}}'
            for device in self.devices[user]:
                self.due[device].append((seq, message, conversation, place))
                if len(self.due[device]) == 1 and draw.random() < 0.9:
                    self.coming[draw.randrange(LAG)].add(device)
                elif len(self.due[device]) > CATCH_UP:
                    self.coming[0].add(device)
        ready = self.coming.popleft()
        self.coming.append(set())
        for device in sorted(ready):
            yield from self.fetch(device)

    def fetch(self, device: int) -> Iterator[str]:
        """Yield one pull, which returns all that the device has not shown."""
        due = self.due[device]
        if not due:
            return
        after, upto = self.after[device], due[-1][0]
        log = f'{{"kind":"sync","owner":{self.user_of[device]}}}'
        yield f'{{"type":"Triggered","device":{device},"cause":"notification"}}'
        yield f'{{"type":"Pulled","device":{device}}}'
        seqs = [entry[0] for entry in due]
        yield f'{{"type":"RangeRead","device":{device},"timeline":{log},"after":{after},"upto":{upto},"seqs":{seqs}}}'
        for seq, message, conversation, place in due:
            yield (
                f'{{"type":"Shown","device":{device},"message":{message},"conversation":{conversation},"place":{place},'
                f'"timeline":{log},"seq":{seq}}}'
            )
        yield f'{{"type":"Checkpointed","device":{device},"timeline":{log},"seq":{upto}}}'
        self.after[device] = upto
        due.clear()


def lines(count: int, users: int = 2000, seed: int = 1) -> Iterator[str]:
    """Yield a history of about `count` observations, a JSON object each, without its header."""
    traffic = Traffic(users, seed)
    made = message = 0
    for line in traffic.opening():
        made += 1
        yield line
    while made < count:
        for line in traffic.message(message):
            made += 1
            yield line
        message += 1
    for device in range(len(traffic.user_of)):
        yield from traffic.fetch(device)
    yield '{"type":"Quiesced"}'


def write(path: Path, count: int, users: int = 2000) -> None:
    """Write such a history, in the form that the name of the file says."""
    header = Header(schema=2, kind="history", design="timeline-checkpointed", complete=True)
    if path.suffix != ".parquet":
        with path.open("w") as file:
            file.write(encode(header).decode() + "\n")
            for line in lines(count, users):
                file.write(line + "\n")
        return
    decoder, rows = Decoder(), lines(count, users)
    blocks = iter(lambda: [line for _, line in zip(range(1 << 16), rows, strict=False)], [])
    write_history(path, header, (decoder.lines("\n".join(block).encode()) or [] for block in blocks))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("path", type=Path)
    parser.add_argument("--users", type=int, default=2000)
    asked = parser.parse_args()
    write(asked.path, asked.count, asked.users)
