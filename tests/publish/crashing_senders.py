"""Sends mail and is killed at it, over and over: `crashing_senders.py STORE JOURNAL PORT CRASHES SEED`.

Between two crashes something is decided at the desk, so that there is more to tell, also of what is on its way. A
sender is a process of its own, forked here where nothing else runs; it is killed at a moment chosen by chance.
"""

import os
import random
import signal
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from desks import Desk  # noqa: E402
from publish.mail_world import MORNING  # noqa: E402

from scheduler.desk.outbox import add_mail, next_number  # noqa: E402
from scheduler.desk.store import Store  # noqa: E402
from scheduler.publish.posting import Post  # noqa: E402
from scheduler.publish.sending import BusyError, send_waiting  # noqa: E402
from scheduler.settings import Mail  # noqa: E402

HOURS = timedelta(hours=1)
ADDRESSES = [f"{name}@many.example" for name in "abcde"]


def fill(store: Store, now: datetime, addresses: list[str]) -> None:
    """Write down mails besides, so that a sender is mostly killed at sending."""
    with store.writing() as connection:
        for address in addresses:
            number = next_number(connection)
            id = f"{number}.more@maint.example.com"
            content = f"Message-ID: <{id}>\r\n\r\nhello\r\n".encode()
            given = {"sender": "desk@maint.example.com", "address": address, "subject": "s", "windows": []}
            add_mail(connection, id=number, message_id=id, content=content, at=now, **given)


def one_round(place: str, journal: Path, port: int, now: datetime) -> None:
    """Be a sender, as the command is: write down what is due, and send what waits."""
    with Store(place) as store:
        Post(store).write_due(now)
        send_waiting(store, Mail(host="127.0.0.1", port=port, security="none"), journal=journal, now=lambda: now)


def main(place: str, journal: Path, port: int, crashes: int, seed: int) -> None:
    chance = random.Random(seed)
    now, longest, killed, rounds = MORNING, 1.0, 0, 0
    while killed < crashes:
        with Store(place) as store:
            desk = Desk(store, now=now)
            for change in chance.sample(["A", "B", "C"], 2) if rounds % 3 == 0 else []:
                desk.move(change, f"{chance.choice(['Mon', 'Tue', 'Wed', 'Thu'])} {chance.randrange(20):02}:00 +3w")
                desk.do(approve, change)
            fill(store, now, chance.choices(ADDRESSES, k=8))
        now += 2 * HOURS
        rounds += 1
        begun = time.monotonic()
        child = os.fork()
        if child == 0:
            try:
                one_round(place, journal, port, now)
            except BusyError:
                os._exit(3)
            os._exit(0)
        # Every tenth may end, which tells how long one takes.
        if chance.random() > 0.1:
            time.sleep(chance.random() * longest)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            killed += 1
        elif os.WEXITSTATUS(status) == 0:
            longest = min(5.0, 1.1 * (time.monotonic() - begun))
    for _ in range(50):
        try:
            one_round(place, journal, port, now + HOURS)
            break
        except BusyError:
            time.sleep(0.2)
    sys.stdout.write(f"{killed}\n")


if __name__ == "__main__":
    from scheduler.desk.workflow import approve

    main(sys.argv[1], Path(sys.argv[2]), *(int(one) for one in sys.argv[3:]))
