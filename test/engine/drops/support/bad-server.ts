/** Servers that misbehave: they take a connection and then do what no client wants. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

export interface BadServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** A server that does `behave` with every connection. It reads, and drops, what comes. */
export async function badServer(behave: (socket: Socket) => void): Promise<BadServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)));
    // Clients that give up are what is tested.
    socket.on('error', () => undefined).resume();
    behave(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf';
const asked = (answer: (socket: Socket) => void) => (socket: Socket) =>
  void socket.once('data', () => answer(socket));

/** Ways a server of HTTP can go wrong; those that are `silent` end for their clients by a limit only. */
export const BAD_WAYS = {
  'says nothing': { isSilent: true, behave: () => undefined },
  'answers half a header': {
    isSilent: true,
    behave: asked((socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Le')),
  },
  'answers half a body': { isSilent: true, behave: asked((socket) => void socket.write(HALF)) },
  resets: { isSilent: false, behave: asked((socket) => void socket.resetAndDestroy()) },
  'resets in the middle of its answer': {
    isSilent: false,
    behave: asked((socket) => void socket.write(HALF, () => socket.resetAndDestroy())),
  },
  'hangs up': { isSilent: false, behave: asked((socket) => void socket.end()) },
  'talks nonsense': { isSilent: false, behave: asked((socket) => void socket.end('\0\xffnonsense\r\n\r\n')) },
  fails: {
    isSilent: false,
    behave: asked((socket) => void socket.end('HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nOops')),
  },
} as const satisfies Readonly<
  Record<string, { readonly isSilent: boolean; readonly behave: (socket: Socket) => void }>
>;
export type BadWay = keyof typeof BAD_WAYS;
export const BAD_WAY_NAMES = Object.keys(BAD_WAYS) as BadWay[];
