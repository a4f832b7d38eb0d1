"""What a replay assumes, how it routes, and where it is not the product: in sentences."""

from collections.abc import Iterator

from routing.replay.options import ECONOMICAL, PREMIUM, SHIPPED, SIDE, Options


def assumed(options: Options) -> Iterator[str]:
    yield (
        f"tokens and searches of each call: the workload model of a {options.format} debate in "
        f"{ {'ko': 'Korean', 'en': 'English'}[options.language] }; no hidden reasoning, no failures"
    )
    yield (
        f"{options.users:,} users with {options.debates_per_user:g} debates each on average, "
        f"spread evenly over {options.days} days; {options.participate:.0%} take part, the others "
        "watch"
    )
    yield (
        f"{options.topics:,} topics, asked for as Zipf {options.zipf:g}; {options.typed:.0%} of "
        f"debates have a typed topic, of which {options.recognised:.0%} are recognised as one of "
        "these; the rest share nothing"
    )
    yield (
        f"{options.usual_cast:.0%} take the topic's usual cast, the others any of the "
        "philosophers; nobody swaps the sides; one style of the moderator"
    )
    yield f"{options.context:.0%} add a text of their own, and then share nothing"
    yield f"{options.variants} variants a key where several are kept; nobody sees one text twice"
    yield (
        f"a search costs ${options.search_usd}, is kept 7 days, "
        + ("for a topic and side" if options.search_per == SIDE else "for each speaker")
    )
    ahead = (
        f"at batch prices, what pays for itself of the {options.precompute} most asked topics, "
        "by the product's own estimate"
    )
    yield f"made ahead: {ahead if options.precompute else 'nothing'}"
    yield f"hold-out on the baseline: {options.holdout:.0%}"


def policy(options: Options) -> Iterator[str]:
    if options.routes == SHIPPED:
        yield "as a new installation has them, with an Anthropic key and no local model"
        yield "simple and medium -> claude-haiku-5-5, complex -> claude-opus-5-5"
    elif options.routes == PREMIUM:
        yield "every call -> claude-opus-5-5"
    elif options.routes == ECONOMICAL:
        where = "a local model at $0" if options.simple == "local" else "claude-haiku-5-5"
        yield f"simple -> {where}"
        yield "medium, and of the complex: conclusions and checks -> claude-haiku-5-5"
        where = "too" if options.alone == "premium" else "-> claude-haiku-5-5"
        yield f"{', '.join(options.premium_kinds)} -> claude-opus-5-5"
        yield f"the same where nobody else can be given them (typed topics) {where}"
    yield "What these models write is not judged here: no figure below says anything about quality."


def differs() -> Iterator[str]:
    yield "Debates run one after the other, in simulated time, without worker, turns and readers."
    yield "Prompts and answers are short made-up texts; tokens are those of the workload model."
    yield "Calls hold and settle money one by one; a debate holds none ahead."
    yield "Every model searches the web, and each search finds something."
    yield "Providers are simulated in the process; no Valkey; SQLite does not wait for disks."
