"""An echo server on the websockets package; says where it listens."""

import asyncio

from websockets.asyncio.server import serve


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def main():
    async with serve(echo, "127.0.0.1", 0, compression=None, max_size=None, ping_interval=None) as server:
        print("LISTENING {}:{}".format(*server.sockets[0].getsockname()), flush=True)
        await asyncio.get_running_loop().create_future()


asyncio.run(main())
