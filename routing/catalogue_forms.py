"""Forms of the catalogue's staff pages."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from accounts.audited import ModelForm
from costcontrol.lib.sentences import Sentence, said
from routing.debates.cards import STRATEGIES, TEXTS, Draft, checked
from routing.debates.categories import CATEGORIES
from routing.debates.errors import PhilosopherInvalid
from routing.debates.plan import Shape, plan_of
from routing.debates.shipped import CARD
from routing.debates.types import LANGUAGES, SIDES
from routing.models import CallKindRow, Philosopher, Topic

LABELS = {
    "essence": _("What they hold"), "style": _("How they debate"),
    "personality": _("Personality"), "traits": _("Traits"), "quote": _("A saying"),
    "speech": _("Forms of speech"),
}
said_lazy = lazy(said, str)


def pair(name: str) -> list[forms.CharField]:
    """One field of a card in both languages."""
    about = _("One a line.") if name == "traits" else ""
    return [
        forms.CharField(
            label=LABELS[name], required=False, help_text=about,
            widget=forms.Textarea(attrs={"rows": 3}),
        )
        for _code in LANGUAGES
    ]


class PhilosopherForm(ModelForm[Philosopher]):
    """A card as fields, one for each language; ways of arguing as lines "name: weight"."""

    strategies = forms.CharField(
        label=_("Ways of arguing"), required=False, widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("One a line, with its weight: questioning: 0.5. There are: %(names)s.")
        % {"names": ", ".join(STRATEGIES)},
    )

    ko_essence, en_essence = pair("essence")
    ko_style, en_style = pair("style")
    ko_personality, en_personality = pair("personality")
    ko_traits, en_traits = pair("traits")
    ko_quote, en_quote = pair("quote")
    ko_speech, en_speech = pair("speech")

    class Meta:
        model = Philosopher
        fields = ("key", "name_ko", "name_en", "is_active")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        draft = Draft.of(self.instance)
        for code, card in draft.cards.items():
            for name in CARD:
                self.initial[f"{code}_{name}"] = _shown(card, name)
        weights = draft.strategies.items()
        self.initial["strategies"] = "\n".join(f"{name}: {each}" for name, each in weights)

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        if Philosopher.objects.filter(key=key).exists():
            raise ValidationError(_("There is a philosopher of that key. Change that one."))
        return key

    def clean(self) -> dict[str, Any] | None:
        if self.errors:
            return self.cleaned_data
        try:
            self.draft = checked(self._draft())
        except PhilosopherInvalid as error:
            raise ValidationError(said(error.message)) from None
        return self.cleaned_data

    def _draft(self) -> Draft:
        data = self.cleaned_data
        cards = {code: {name: data[f"{code}_{name}"] for name in TEXTS} for code in LANGUAGES}
        for code, card in cards.items():
            card["traits"] = data[f"{code}_traits"].splitlines()
        cards = {code: card for code, card in cards.items() if any(card.values())}
        names = {code: data[f"name_{code}"] for code in LANGUAGES}
        return Draft(names, cards, _weights(data["strategies"]))


def _shown(card: Any, name: str) -> str:
    value = card.get(name, "")
    return "\n".join(value) if name == "traits" else str(value)


def _weights(lines: str) -> dict[str, float]:
    pairs = [line.partition(":") for line in lines.splitlines() if line.strip()]
    try:
        return {name.strip(): float(weight) for name, _colon, weight in pairs}
    except ValueError:
        raise PhilosopherInvalid(
            Sentence("Write each way of arguing as “name: weight”, like “questioning: 0.5”.")
        ) from None


class TopicForm(ModelForm[Topic]):
    category = forms.ChoiceField(
        label=_("Category"),
        choices=[(key, said_lazy(name)) for key, name in CATEGORIES.items()],
    )
    pro_is = forms.ChoiceField(
        label=_("PRO says"),
        choices=[("yes", _("yes")), ("first_option", _("the first of the two"))],
    )

    class Meta:
        model = Topic
        exclude = ["epoch"]  # raised where a topic is taken down

    def clean_default_cast(self) -> Any:
        cast = self.cleaned_data["default_cast"] or {}
        if cast and not _is_cast(cast):
            raise ValidationError(
                _("Name the same number of philosophers for both sides, nobody twice, as in "
                  '{"pro": ["kant"], "con": ["hegel"]}.')
            )
        return cast


def _is_cast(cast: Any) -> bool:
    """Philosophers of the catalogue, one or two a side."""
    if not isinstance(cast, dict) or set(cast) != set(SIDES):
        return False
    if not all(isinstance(cast[side], list) for side in SIDES):
        return False
    people = [str(key) for side in SIDES for key in cast[side]]
    known = Philosopher.objects.filter(key__in=people, owner_id=None, is_current=True).count()
    return (
        len(cast["pro"]) == len(cast["con"]) in (1, 2) and known == len(people) == len(set(people))
    )


class CallKindForm(ModelForm[CallKindRow]):
    max_output_tokens = forms.IntegerField(
        label=_("Longest answer, tokens"), min_value=16, max_value=32_000
    )
    variants = forms.IntegerField(label=_("Variants kept per key"), min_value=1, max_value=20)
    ttl_days = forms.IntegerField(label=_("Kept for days"), min_value=1, max_value=3_650)

    class Meta:
        model = CallKindRow
        fields = (
            "is_enabled", "complexity", "complexity_alone", "max_output_tokens", "variants",
            "ttl_days", "may_be_template", "is_batchable",
        )

    def clean_is_enabled(self) -> bool:
        is_enabled = bool(self.cleaned_data["is_enabled"])
        if not is_enabled and self.instance.name not in kinds_behind_the_scenes():
            raise ValidationError(
                _("Only calls behind the scenes can be left out: %(names)s.")
                % {"names": ", ".join(sorted(kinds_behind_the_scenes()))}
            )
        return is_enabled


def kinds_behind_the_scenes() -> frozenset[str]:
    """A debate is worth less without them, and still a debate."""
    shape = Shape("2v2", seat="con1", has_context=True, has_search=True)
    return frozenset(
        call.kind for step in plan_of(shape) for call in (*step.before, *step.after)
    )
