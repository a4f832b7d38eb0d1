"""What runs, batches and items say of themselves: a code in the row, a sentence on the page.

A row holds "code" or "code|what the provider said".
"""

from collections.abc import Mapping

from costcontrol.lib.sentences import Sentence as _

SAID: Mapping[str, str] = {
    # why an answer was not made
    "enough": _("There are enough of it by now."),
    "statement": _("The statement that it reads was not made."),
    "search": _("The web search that it reads found nothing, or was not made."),
    "changed": _("The catalogue has changed since it was planned."),
    "deployment": _("Its model is not in use any more."),
    "online": _("Its server takes no batches any more, or there is no price for them."),
    "budget": _("The budget of the run does not reach so far. Make another run for the rest."),
    "month": _("This month's budget for answers made ahead, or the platform's, is used up. "
               "Raise it, or make a run next month."),
    "stopped": _("The run was stopped before it was sent."),
    "busy": _("The local model had no time for it while the run lasted."),
    # what came back
    "failed": _("The provider refused it."),
    "expired": _("The provider did not come to it in 24 hours. Nothing is owed for it."),
    "cancelled": _("It was cancelled, because the run was stopped. Nothing is owed for it."),
    "cut": _("It got longer than it may, and half an answer is not kept. It was paid for."),
    "filtered": _("The model declined to answer. It was paid for."),
    "empty": _("The answer was empty. It was paid for."),
    "unusable": _("The answer cannot be read as what was asked for. It was paid for."),
    "garbled": _("The provider's line about it cannot be read. It is counted as an estimate."),
    "missing": _("The provider sent no result for it. Nothing is owed for it."),
    "gone": _("The answer whose place it was to take had ended by then."),
    "kept": _("It was made, and others had made enough by then."),
    # what became of a batch
    "refused": _("The provider refused the whole batch."),
    "unsent": _("The provider could not be reached. It is tried again."),
    "gave_up": _("The provider could not be reached for a day. Nothing was sent."),
    "unheard": _("The provider has not said for two days what became of it. What it may cost is "
                 "counted as an estimate."),
    "foreign": _("This batch is not ours: its results name none of our answers."),
    "reading": _("Its results could not be read to the end. They are read again."),
    # of a run
    "nothing": _("Nothing of it was made."),
}


def code(name: str, detail: str = "") -> str:
    assert name in SAID, name
    return f"{name}|{' '.join(detail.split())}" if detail else name


def sentence(stored: str) -> str:
    """As a page shows it. What is no code of ours stays as it is."""
    name, _bar, detail = stored.partition("|")
    if name not in SAID:
        return stored
    if not detail:
        return SAID[name]
    return _("%(what)s It said: %(detail)s") % {"what": SAID[name], "detail": detail}
