"""`manage.py catalogues`: bring the catalogues up to date, say what is not translated yet."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from costcontrol.catalogues.extract import all_messages


class Command(BaseCommand):
    help = "Collect the sentences of code and templates into costcontrol/locale, and compile them."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            from costcontrol.catalogues import files
        except ImportError:
            raise CommandError(
                "Babel is not installed; it comes with requirements-dev.txt (make dev)."
            ) from None
        found = all_messages()
        for language in files.languages():
            catalogue = files.updated(language, found)
            files.write(language, catalogue)
            empty = files.missing(catalogue)
            self.stdout.write(f"{language}: {len(catalogue)} sentences, {len(empty)} untranslated")
            for entry in empty:
                self.stdout.write(f"  {entry.id!r}")
