"""Examples and parameters of the catalogue in the OpenAPI document."""

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from routing.debates.types import LANGUAGES

PAGE, MAX_PAGE = 50, 250
PHILOSOPHER = {
    "name": {"en": "Hypatia", "ko": "히파티아"},
    "cards": {
        "en": {
            "essence": "Holds that the soul rises by mathematics, and that no dogma may bind it.",
            "style": "proves step by step, then asks what follows", "personality": "clear and calm",
            "traits": ["geometry", "independence"],
            "quote": "A proof bows to nobody.",
            "speech": "Precise, with diagrams in words; addresses the opponent as 'colleague'.",
        }
    },
    "strategies": {"definition": 0.6, "questioning": 0.4},
}  # fmt: skip
TOPIC = {
    "key": "t001", "category": {"key": "ethics", "name": "Ethics"},
    "ko": "다섯 사람을 살리기 위해 한 사람을 희생시켜도 되는가?",
    "en": "Is it permissible to sacrifice one person in order to save five?",
    "form": "yes_no", "pro_is": "yes",
    "default_cast": {"pro": ["aristotle", "kant"], "con": ["confucius", "rousseau"]},
    "popularity_rank": 2, "is_ready": False,
}  # fmt: skip
SENT = OpenApiExample("In one language", value=PHILOSOPHER, request_only=True)
MADE = OpenApiExample(
    "One's own", response_only=True,
    value={"key": "own-3f9c1a7be2d04c55", "version": 1, "is_own": True, **PHILOSOPHER},
)
LISTED = OpenApiExample(
    "The first page", response_only=True,
    value={
        "count": 208, "next": "/api/v1/topics?page=2", "results": [TOPIC],
        "categories": [{"key": "ethics", "name": "Ethics"}],
    },
)
FILTERS = [
    OpenApiParameter("category", str, description="a key of `categories`"),
    OpenApiParameter("q", str, description="words in the title, in either language"),
    OpenApiParameter("language", str, enum=LANGUAGES, 
                     description="`q` in titles of this one only, and what is ready in it"),
    OpenApiParameter(
        "ready", bool,
        description="true: only those whose usual cast's openings are stored, in texts that the "
                    "caller has not seen",
    ),
    OpenApiParameter("page", int, description="from 1"),
    OpenApiParameter("page_size", int, description=f"{PAGE}, if left out; at most {MAX_PAGE}"),
]
