from django.apps import AppConfig


class CostControlConfig(AppConfig):
    name = "costcontrol"

    def ready(self) -> None:
        from costcontrol import checks  # noqa: F401  registers them
        from costcontrol.account import signals  # noqa: F401  connects them
