"""Our gateway, and LiteLLM if asked, against the same provider in one run. Prints a table.

    .venv/bin/python -m bench.run [--seconds 5] [--postgresql] [--litellm /path/to/its/venv]

Needs `wrk`, and for LiteLLM a `redis-server`. Everything runs on loopback, in a scratch folder:
one worker, keys, holds and the durable ledger on. Provider, wrk and gateway share the cores: only
rows of one run compare.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
BIN = Path(sys.executable).parent
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Gateway:
    name: str
    url: str
    key: str
    pid: int


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(*command: str, cwd: Path = ROOT, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    with Path(os.devnull).open("w") as nowhere:
        child = subprocess.Popen(
            command, env=os.environ | env, cwd=cwd, stdout=nowhere, stderr=nowhere
        )
    try:
        yield child
    finally:
        child.terminate()
        child.wait(20)


def wait_for(url: str, key: str = "", *, seconds: float = 60) -> None:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"} if key else {})
    deadline = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(request, timeout=5).read()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def granian(target: str, port: int, *, interface: str) -> list[str]:
    return [str(BIN / "granian"), "--interface", interface, "--port", str(port), "--workers", "1",
            "--no-access-log", "--no-ws", target]


def manage(*words: str, stdin: str = "", **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=os.environ | env, input=stdin,
        text=True, check=True, capture_output=True,
    )
    return done.stdout.strip()


@contextmanager
def upstream(latency_ms: int) -> Iterator[int]:
    port = free_port()
    command = granian("bench.upstream:app", port, interface="asgi")
    with process(*command, LATENCY_MS=str(latency_ms)):
        wait_for(f"http://127.0.0.1:{port}/__stats")
        yield port


@contextmanager
def ours(folder: Path, up0: int, up20: int, database_url: str) -> Iterator[Gateway]:
    env = {
        "DATA_DIR": str(folder), "DATABASE_URL": database_url, "UP0": str(up0), "UP20": str(up20),
        "OLLAMA_HOST": "http://127.0.0.1:9",
    }
    from tests.services.valkey import running_valkey

    with running_valkey(folder) as redis_url:
        env["REDIS_URL"] = redis_url
        manage("migrate", **env)
        manage("load_defaults", **env)
        manage("shell", stdin=(HERE / "rows.py").read_text(), **env)
        key = manage("issue_api_key", "bench@example.com", "--tier", "bench", **env)
        manage("set_budget", "platform", "1000000", **env)
        manage("set_budget", f"key:{key.split('-')[1]}", "1000000", **env)
        port = free_port()
        command = granian("costcontrol.asgi:application", port, interface="asginl")
        with process(*command, **env) as web:
            wait_for(f"http://127.0.0.1:{port}/healthz")
            name = "ours, " + ("PostgreSQL" if "postgres" in database_url else "SQLite")
            yield Gateway(name, f"http://127.0.0.1:{port}/v1/chat/completions", key, worker_of(web))


@contextmanager
def litellm(venv: Path, folder: Path, up0: int, up20: int, *, config: str) -> Iterator[Gateway]:
    port, redis_port = free_port(), free_port()
    env = {
        "UP0_V1": f"http://127.0.0.1:{up0}/v1", "UP20_V1": f"http://127.0.0.1:{up20}/v1",
        "BENCH_REDIS_PORT": str(redis_port), "BENCH_MASTER_KEY": "sk-bench-" + "0" * 32,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR",
    }
    command = [str(venv / "bin/litellm"), "--config", config, "--host", "127.0.0.1", "--port",
               str(port), "--num_workers", "1", "--telemetry", "False"]
    redis = ["redis-server", "--port", str(redis_port), "--save", "", "--dir", str(folder)]
    with process(*redis), process(*command, cwd=HERE / "litellm", **env) as web:
        wait_for(f"http://127.0.0.1:{port}/health/liveliness", seconds=120)
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        yield Gateway(f"LiteLLM, {config.removesuffix('.yaml')}", url, "sk-b1000000-bench", web.pid)


def worker_of(server: subprocess.Popen[bytes]) -> int:
    """granian's worker: the child that does the work."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    return int(children[-1])


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def rss_mb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024


def wrk(url: str, *, connections: int, seconds: int, **env: str) -> dict[str, float]:
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "-s",
         str(HERE / "post.lua"), url],
        env=os.environ | env, text=True, check=True, capture_output=True,
    )
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def row(label: str, gateway: Gateway, *, connections: int, seconds: int, **env: str) -> None:
    wrk(gateway.url, connections=8, seconds=2, KEY=gateway.key, **env)
    before = cpu_s(gateway.pid)
    got = wrk(gateway.url, connections=connections, seconds=seconds, KEY=gateway.key, **env)
    cpu_ms = (cpu_s(gateway.pid) - before) * 1000 / max(1, got["n"])
    valid = "" if not got["errors"] else f" INVALID: {got['errors']:.0f} errors"
    say(f"| {gateway.name} | {label} | {connections} | {got['rps']:.0f} | {got['p50']:.1f} | "
        f"{got['p95']:.1f} | {cpu_ms:.2f} |{valid}")


def measure(gateway: Gateway, seconds: int) -> None:
    for connections in (1, 8, 32):
        row("0 ms provider", gateway, connections=connections, seconds=seconds, MODEL="bench0")
    for connections in (1, 8):
        row("20 ms provider", gateway, connections=connections, seconds=seconds, MODEL="bench20")
    row("20-chunk stream", gateway, connections=8, seconds=seconds, MODEL="bench0", STREAM="1")
    say(f"| {gateway.name} | memory, MB | | {rss_mb(gateway.pid)} | | | |")


def measure_hits(gateway: Gateway, seconds: int) -> None:
    for connections in (1, 8):
        row("exact-cache hit", gateway, connections=connections, seconds=seconds, MODEL="bench0",
            SAME="1")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--litellm", type=Path)
    options = parser.parse_args()
    say(f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.2f}\n")
    say("| gateway | path | connections | req/s | p50 ms | p95 ms | CPU ms/req |\n"
        "|---|---|---|---|---|---|---|")
    with ExitStack() as stack:
        up0, up20 = (stack.enter_context(upstream(ms)) for ms in (0, 20))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for label, port in (("0 ms provider", up0), ("20 ms provider", up20)):
            url = f"http://127.0.0.1:{port}/v1/chat/completions"
            direct = Gateway("direct", url, "x", os.getpid())
            for connections in (1, 8):
                row(label, direct, connections=connections, seconds=options.seconds, MODEL="bench0")
        for url in databases(stack, folder, options.postgresql):
            with ours(folder, up0, up20, url) as gateway:
                measure(gateway, options.seconds)
                measure_hits(gateway, options.seconds)
        if options.litellm:
            with litellm(options.litellm, folder, up0, up20, config="budgets.yaml") as gateway:
                measure(gateway, options.seconds)
            with litellm(options.litellm, folder, up0, up20, config="cache.yaml") as gateway:
                measure_hits(gateway, options.seconds)


def databases(stack: ExitStack, folder: Path, with_postgresql: bool) -> Iterator[str]:
    yield f"sqlite:///{folder / 'bench.sqlite3'}"
    if with_postgresql:
        from tests.services.postgresql import running_postgresql

        yield stack.enter_context(running_postgresql())


if __name__ == "__main__":
    main()
