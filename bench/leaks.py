"""Ten thousand random calls of fifty users, and whether anything that one typed reached another.

    python -m bench.leaks                                      SQLite, in a temporary folder
    python -m tests.services.postgresql python -m bench.leaks
    python -m bench.leaks --calls 100000 --seed 7

What `tests/routing/test_leaks.py` does with a thousand calls. Ends with 1 if anything did.
"""

import argparse
import asyncio
import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.routing.leaks import Report


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    return run(options.calls, seed=options.seed)


def run(calls: int, *, seed: int) -> int:
    import django

    django.setup()
    from django.conf import settings

    from tests.flows.rows import connected_to, name_of, new_database
    from tests.routing.leaks import Crowd
    from tests.routing.sharing import house_make
    from tests.services.valkey import running_valkey

    folder = settings.DATA_DIR
    with (
        running_valkey(folder), new_database(folder) as url, connected_to(name_of(url)),
    ):  # fmt: skip
        house_make()
        crowd = Crowd(seed=seed)
        began = time.perf_counter()
        report = asyncio.run(crowd.play(calls))
        return tell(report, time.perf_counter() - began)


def tell(report: "Report", seconds: float) -> int:
    from tests.routing.leaks import marks_kept_for_others

    kept = marks_kept_for_others()
    print(f"{sum(report.by_layer.values()):,} calls of 50 users in {seconds:.0f} s, answered by")
    for layer, count in report.by_layer.most_common():
        print(f"  {layer or 'a model':34} {count:7,}")
    print(f"answers with somebody else's text    {len(report.leaks):7,}")
    print(f"answers to another question          {len(report.wrong):7,}")
    print(f"such text in stored answers          {len(kept):7,}")
    return 1 if report.leaks or report.wrong or kept else 0


if __name__ == "__main__":
    sys.exit(main())
