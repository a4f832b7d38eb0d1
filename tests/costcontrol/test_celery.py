"""What beat starts exists, and is dropped when nobody takes it."""

from costcontrol.celery import app


def test_every_task_of_the_schedule_exists_and_expires() -> None:
    app.loader.import_default_modules()
    entries = app.conf.beat_schedule.values()
    assert {entry["task"] for entry in entries} <= set(app.tasks)
    assert all(entry["options"]["expires"] > 0 for entry in entries)
