"""A line to S3 as between two machines: a proxy that adds latency and caps the bandwidth of each connection.

.venv/bin/python -m benchmarks.slow_line PORT UPSTREAM_PORT [--latency 0.02] [--mebibytes 40]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib

HOST = "127.0.0.1"
PIECE = 256 << 10
WAITING = 64  # pieces on the way, in each direction of a connection


class Line:
    """The two directions of each connection through the proxy.

    Args:
        upstream: The port of the server.
        latency: Seconds of a round trip, half of which each direction takes.
        rate: The most bytes a second in one direction of a connection.
    """

    def __init__(self, upstream: int, latency: float, rate: float) -> None:
        self._upstream = upstream
        self._latency = latency
        self._rate = rate

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Join a client with the server, until one of them closes the connection."""
        await asyncio.sleep(self._latency)  # the handshake
        server_reader, server_writer = await asyncio.open_connection(HOST, self._upstream, limit=PIECE)
        try:
            await asyncio.gather(self._carry(reader, server_writer), self._carry(server_reader, writer))
        finally:
            server_writer.close()
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(WAITING)
        await asyncio.gather(self._receive(reader, pieces), self._deliver(pieces, writer))

    async def _receive(
        self, reader: asyncio.StreamReader, pieces: asyncio.Queue[tuple[float, bytes]]
    ) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            try:
                piece = await reader.read(PIECE)
            except ConnectionError:
                piece = b""
            await pieces.put((clock() + self._latency / 2, piece))
            if not piece:
                return

    async def _deliver(
        self, pieces: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        clock = asyncio.get_running_loop().time
        free = 0.0  # when the line has carried what came before
        try:
            while True:
                arrives, piece = await pieces.get()
                free = max(free, arrives)
                if (wait := free - clock()) > 0:
                    await asyncio.sleep(wait)
                free += len(piece) / self._rate
                if not piece:
                    writer.write_eof()
                    return
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            while (await pieces.get())[1]:  # so that who receives can end
                pass


async def serve(port: int, line: Line) -> None:
    """Accept connections until the process ends."""
    server = await asyncio.start_server(line.connect, HOST, port, limit=PIECE)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Run the proxy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("upstream", type=int, help="the port of the server")
    parser.add_argument("--latency", type=float, default=0.02, help="seconds of a round trip")
    parser.add_argument(
        "--mebibytes", type=float, default=40, help="the most that a connection carries in a second"
    )
    options = parser.parse_args()
    line = Line(options.upstream, options.latency, options.mebibytes * (1 << 20))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(options.port, line))


if __name__ == "__main__":
    main()
