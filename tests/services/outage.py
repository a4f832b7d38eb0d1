"""A PostgreSQL that can go away and come back: a door in front of its socket."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NAME = ".s.PGSQL.5432"  # what clients look for in the folder that they are given


class Door:
    """While it is shut nobody gets in, and whoever was in is thrown out."""

    def __init__(self, folder: Path, *, behind: Path, loop: asyncio.AbstractEventLoop) -> None:
        self.folder = folder
        self._behind, self._loop = behind / NAME, loop
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def is_shut(self) -> bool:
        return self._server is None

    def open(self) -> None:
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(5)

    def shut(self) -> None:
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(5)

    async def _open(self) -> None:
        self._server = await asyncio.start_unix_server(self._let_in, self.folder / NAME)

    async def _shut(self) -> None:
        if self._server is None:
            return
        self._server.close()
        (self.folder / NAME).unlink(missing_ok=True)
        for writer in list(self._writers):
            writer.transport.abort()
        self._server = None

    async def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(self._behind)
        mine = {writer, inner_writer}
        self._writers |= mine
        await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
        self._writers -= mine


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, RuntimeError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextmanager
def door_before(behind: Path, *, folder: Path) -> Iterator[Door]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    door = Door(folder, behind=behind, loop=loop)
    door.open()
    try:
        yield door
    finally:
        door.shut()
        asyncio.run_coroutine_threadsafe(_drain(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _drain() -> None:
    mine = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not mine]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
