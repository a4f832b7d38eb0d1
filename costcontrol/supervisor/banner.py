"""What `make run` prints when everything is up."""

import json

from costcontrol.supervisor.first_start import Login

QUESTION = {
    "model": "auto",
    "messages": [{"role": "user", "content": "Name one good argument for free public transport."}],
}


def ready(address: str, *, login: Login | None, local_model: str) -> str:
    """The first start shows password and key; later ones say how to get new ones."""
    lines = ["", f"costcontrol is ready at {address}", ""]
    lines += _credentials(login)
    lines += [
        f"  pages        {address}/dashboard/   what is spent and saved, and each call",
        f"  admin        {address}/admin/   plans, budgets, routes, prices, keys",
        f"  local model  {local_model}",
        "",
        "  try it:",
        f"  {curl_line(address, key=login.api_key if login else '$COSTCONTROL_KEY')}",
        "",
        "  Ctrl-C stops everything.",
        "",
    ]
    return "\n".join(lines)


def _credentials(login: Login | None) -> list[str]:
    if login:
        return [
            f"  staff login  {login.email}   password  {login.password}   (shown once)",
            f"  API key      {login.api_key}   (shown once)",
        ]
    return [
        "  staff login  shown at the first start; forgotten: manage.py changepassword EMAIL",
        "  API key      shown at the first start; another: "
        "export COSTCONTROL_KEY=$(.venv/bin/python manage.py issue_api_key you@example.com)",
    ]


def curl_line(address: str, *, key: str) -> str:
    return (
        f'curl -sS {address}/v1/chat/completions -H "Authorization: Bearer {key}" '
        f"-H 'Content-Type: application/json' -d '{json.dumps(QUESTION)}'; echo"
    )
