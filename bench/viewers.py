"""What staff wait for: the server's time of every staff page while several people look around.

    python -m bench.make_calls --calls 1000000 --data /tmp/bench
    python -m bench.viewers --data /tmp/bench [--viewers 10] [--rounds 3] [--pause 2]
    python -m bench.viewers --database postgresql://… --workers 2 --data /tmp/bench

Every address of the dashboard without a parameter is a page; those that a range changes are asked
for several. Each viewer opens all of them in an order of their own, and reads for a while (`pause`
seconds on average) before the next. Times are from the request to the last byte, on this machine;
`CPU` is what the web process computed for a page while nobody else was there, in ms as well.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.run import BIN, cpu_s, free_port, process, wait_for, worker_of

RANGES = ("range=7d", "range=30d", "range=90d")
RANGED = (
    "", "calls/", "debates/", "explorer/", "caches/", "savings/", "routes/", "experiments/",
    "users/", "movers/", "revenue/",
)
FILTERED = (  # narrowed, over 13 months
    "?tier=premium", "?tier=premium&language=ko", "savings/?tier=premium", "savings/?language=ko",
    "savings/?tier=premium&language=ko", "caches/?tier=premium", "caches/?kind=closing",
    "routes/?tier=premium", "debates/?tier=premium", "debates/?order=dearest", "users/?tier=free",
    "movers/?tier=premium", "calls/?tier=premium&status=failed",
)
EXPLORER = (
    "group=kind", "group=tier", "group=model", "group=user", "group=kind&tier=premium",
    "group=model&tier=premium&language=ko", "group=layer&kind=closing",
)
NEVER = ("health/", "stream", "tail", "events")  # open connections, and pages that ask others
TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Seen:
    path: str
    status: int
    seconds: float
    size: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--database", help="DATABASE_URL; without it SQLite in the data folder")
    parser.add_argument("--data", type=Path, required=True, help="DATA_DIR")
    parser.add_argument("--viewers", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pause", type=float, default=2.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--only", default="", help="addresses that hold this")
    options = parser.parse_args()
    os.environ["DATA_DIR"] = str(options.data)
    if options.database:
        os.environ["DATABASE_URL"] = options.database
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "costcontrol.settings")
    import django

    django.setup()
    paths = [path for path in addresses() if options.only in path]
    with server(options.workers) as (origin, pid):
        cookies = [cookie_of(number) for number in range(options.viewers)]
        cpu = alone(origin, paths, cookies[0], pid)
        load = os.getloadavg()[0]
        seen = look(origin, cookies, list(cpu), rounds=options.rounds, pause=options.pause)
    report(seen, cpu)
    print(f"\n{options.viewers} viewers, {len(seen)} pages; load of the machine before {load:.1f}"
          f" on {os.cpu_count()} cores")
    return 0


def alone(origin: str, paths: list[str], cookie: str, pid: int) -> dict[str, float]:
    """Milliseconds of CPU that the web process took for each page, with nobody else there: what
    other load disturbs least. The best of two; addresses that are no pages are left out."""
    found: dict[str, float] = {}
    for path in [*paths, *paths]:
        before = cpu_s(pid)
        if opened(origin, path, cookie).status == 200:
            took = (cpu_s(pid) - before) * 1000
            found[path] = min(found.get(path, took), took)
    return found


def addresses() -> list[str]:
    """Every page without a parameter, some for several ranges, some narrowed; one call, one debate,
    one user."""
    from costcontrol.dashboard import urls

    plain = sorted({
        path for path in walked(urls.urlpatterns)
        if "<" not in path and (path == "" or path.endswith("/"))
        and not any(path.startswith(never) or f"/{never}" in path for never in NEVER)
    })
    found = []
    for path in plain:
        queries = [*RANGES, months()] if path in RANGED else [""]
        found += [f"/dashboard/{path}{'?' if query else ''}{query}" for query in queries]
    if "explorer/" in plain:
        found += [f"/dashboard/explorer/?{query}&{days}" for query in EXPLORER
                  for days in ("range=30d", months())]
    found += [f"/dashboard/{path}&{months()}" for path in FILTERED]
    return [*found, *details()]


def walked(patterns: list[object], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        path = prefix + str(getattr(pattern, "pattern", ""))
        inner = getattr(pattern, "url_patterns", None)
        if inner is None:
            yield path
        else:
            yield from walked(inner, path)


def months() -> str:
    """Thirteen of them."""
    today = datetime.now(UTC).date()
    return f"range=custom&from={today - timedelta(days=394)}&to={today}"


def details() -> list[str]:
    from billing.models import UsageRecord

    row = UsageRecord.objects.exclude(debate_id="").order_by("-at").first()
    if row is None:
        return []
    return [
        f"/dashboard/calls/{row.call_id}/", f"/dashboard/debates/{row.debate_id}/",
        f"/dashboard/users/{row.user_id}/?{months()}",
    ]


@contextmanager
def server(workers: int) -> Iterator[tuple[str, int]]:
    from tests.services.valkey import running_valkey

    with running_valkey(Path(tempfile.mkdtemp(prefix="costcontrol-bench-"))) as redis_url:
        os.environ["REDIS_URL"] = redis_url
        port = free_port()
        command = [str(BIN / "granian"), "--interface", "asginl", "--port", str(port), "--workers",
                   str(workers), "--no-access-log", "--no-ws", "costcontrol.asgi:application"]
        with process(*command, REDIS_URL=redis_url) as web:
            wait_for(f"http://127.0.0.1:{port}/healthz")
            yield f"http://127.0.0.1:{port}", worker_of(web)


def cookie_of(number: int) -> str:
    from django.test import Client

    from accounts.models import User

    email = f"viewer-{number}@bench.example"
    user = User.objects.filter(email=email).first()
    client = Client()
    client.force_login(user or User.objects.create_superuser(email=email, password=None))
    return str(client.cookies["sessionid"].value)


def look(
    origin: str, cookies: list[str], paths: list[str], *, rounds: int, pause: float
) -> list[Seen]:
    seen: list[Seen] = []

    def view(number: int) -> None:
        chance = random.Random(number)
        for _ in range(rounds):
            for path in chance.sample(paths, len(paths)):
                seen.append(opened(origin, path, cookies[number]))
                time.sleep(chance.random() * 2 * pause)

    threads = [threading.Thread(target=view, args=(number,)) for number in range(len(cookies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def opened(origin: str, path: str, cookie: str) -> Seen:
    headers = {"Cookie": f"sessionid={cookie}", "Accept-Encoding": "br, gzip"}
    request = urllib.request.Request(origin + path, headers=headers)
    began = time.perf_counter()
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            body, status = answer.read(), answer.status
    except urllib.error.HTTPError as error:
        body, status = error.read(), error.code
    except OSError:
        body, status = b"", 0
    return Seen(path, status, time.perf_counter() - began, len(body))


def report(seen: list[Seen], cpu: dict[str, float]) -> None:
    """The slowest first."""
    pages: dict[str, list[Seen]] = defaultdict(list)
    for each in seen:
        pages[each.path].append(each)
    print(f"{'page':<88} {'n':>4} {'p50':>6} {'p95':>6} {'most':>6} {'KB':>5} {'CPU':>5}  status")
    for path, looks in sorted(pages.items(), key=lambda item: -p95(item[1])):
        took = [each.seconds * 1000 for each in looks]
        status = ",".join(sorted({str(each.status) for each in looks}))
        print(f"{path[:88]:<88} {len(looks):>4} {statistics.median(took):>6.0f}"
              f" {p95(looks) * 1000:>6.0f} {max(took):>6.0f}"
              f" {max(each.size for each in looks) / 1000:>5.0f} {cpu[path]:>5.0f}  {status}")
    print(f"{'all':<88} {len(seen):>4} {statistics.median(s.seconds * 1000 for s in seen):>6.0f}"
          f" {p95(seen) * 1000:>6.0f}")


def p95(looks: list[Seen]) -> float:
    took = sorted(each.seconds for each in looks)
    return took[min(len(took) - 1, len(took) * 95 // 100)]


if __name__ == "__main__":
    sys.exit(main())
