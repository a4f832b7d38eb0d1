"""What topics are about. The names of the file, and how people read them."""

from collections.abc import Mapping

from costcontrol.lib.sentences import Sentence as _

CATEGORIES: Mapping[str, str] = {
    "ethics": _("Ethics"),
    "politics": _("Politics"),
    "freedom_self": _("Freedom and the self"),
    "meaning_life": _("The meaning of life"),
    "knowledge_truth": _("Knowledge and truth"),
    "economy_justice": _("Economy and justice"),
    "mind_ai": _("Mind and machines"),
    "science_tech": _("Science and technology"),
    "education_culture": _("Education and culture"),
    "religion": _("Religion"),
    "art_beauty": _("Art and beauty"),
    "environment_animals": _("Nature and animals"),
    "love_relationships": _("Love and relationships"),
    "history_progress": _("History and progress"),
    "society_daily": _("Society and daily life"),
}
