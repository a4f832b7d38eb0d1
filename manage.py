#!/usr/bin/env python3
"""Django's command line: `manage.py help` lists what an operator can do."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "costcontrol.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:  # a setting: one sentence says more than a traceback
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
