"""Examples of what a typed topic means, in the OpenAPI document."""

from drf_spectacular.utils import OpenApiExample

from routing.api.catalogue_examples import TOPIC

TYPED = OpenApiExample(
    "A title of the catalogue", request_only=True,
    value={"text": "is it permissible to sacrifice one person in order to save five"},
)
FOUND = OpenApiExample(
    "Found", response_only=True,
    value={
        "topic_id": TOPIC["key"], "topic": TOPIC, "is_swapped": False, "pro_says": "Yes",
        "con_says": "No", "how": "title", "did_you_mean": [], "language": "en",
        "text": TOPIC["en"],
    },
)
ASKED = OpenApiExample(
    "Not certain", response_only=True,
    value={
        "topic_id": None, "topic": None, "is_swapped": False, "pro_says": "", "con_says": "",
        "how": "new",
        "did_you_mean": [{
            "topic_id": TOPIC["key"], "title": TOPIC["en"], "is_swapped": False,
            "pro_says": "Yes", "con_says": "No",
        }],
        "language": "en", "text": "May one be killed so that five live?",
    },
)  # fmt: skip
CHOSEN = OpenApiExample(
    "The first one", request_only=True,
    value={"text": "May one be killed so that five live?", "topic_id": "t001",
           "is_swapped": False},
)
KEPT = OpenApiExample(
    "Kept", response_only=True, value={"topic_id": "t001", "is_swapped": False, "status": "yours"},
)
WRONG = OpenApiExample(
    "Not what was meant", request_only=True,
    value={"text": "May one be killed so that five live?", "topic_id": "t001"},
)
