"""Files of JSON, readable for people."""

import json
from typing import Any

from rest_framework.utils.encoders import JSONEncoder


def json_file(body: dict[str, Any]) -> str:
    return json.dumps(body, cls=JSONEncoder, ensure_ascii=False, indent=2) + "\n"
