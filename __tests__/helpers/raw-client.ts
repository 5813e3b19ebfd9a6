/** Separates packets in a payload of Engine.IO 4. */
const SEPARATOR = '\x1e';

/**
 * Engine.IO by long polling, frame by frame, to send what no socket.io client would. Frames are
 * written as on the wire: `42["name",1]` is an event, `421["name",1]` one with ack id 1. Closed by
 * `await using`.
 */
export class RawClient implements AsyncDisposable {
  /** Whether the server has closed the transport. */
  closed = false;
  private readonly frames: string[] = [];

  private constructor(
    private readonly address: URL,
    private readonly protocol: 3 | 4,
  ) {}

  /** Opens a transport; joins no namespace (a server joins clients of protocol 3 to `/` itself). */
  static async open(url: string | undefined, protocol: 3 | 4 = 4): Promise<RawClient> {
    const client = new RawClient(addressOf(url, protocol), protocol);
    const [handshake, ...frames] = await client.poll();
    const {sid} = JSON.parse(handshake.slice(1)) as {sid: string};
    client.address.searchParams.set('sid', sid);
    client.frames.push(...frames);
    return client;
  }

  /** Opens a transport and joins `/`. */
  static async join(url: string | undefined): Promise<RawClient> {
    const client = await RawClient.open(url);
    await client.send('40');
    await client.next();
    return client;
  }

  /** Status of an attempt to open a transport. */
  static async tryOpen(url: string | undefined, protocol: 3 | 4): Promise<number> {
    return (await fetch(addressOf(url, protocol))).status;
  }

  /** Sends frames in one request. */
  async send(...frames: string[]): Promise<void> {
    const body =
      this.protocol === 4
        ? frames.join(SEPARATOR)
        : frames.map(frame => `${frame.length}:${frame}`).join('');
    const headers = {'content-type': 'text/plain;charset=UTF-8'};
    // A server that closes the transport because of a frame cuts the request that carried it.
    await fetch(this.address, {method: 'POST', body, headers}).catch(() => undefined);
  }

  /** The next frame; `undefined` once the server has closed the transport. */
  async next(): Promise<string | undefined> {
    while (this.frames.length === 0 && !this.closed)
      this.frames.push(...(await this.poll()));
    const frame = this.frames.shift();
    if (frame === undefined) return undefined;
    if (frame === '1') {
      this.closed = true;
      return undefined;
    }
    if (frame === '2') await this.send('3');
    return frame === '2' || frame === '6' ? this.next() : frame;
  }

  /** The next frame's JSON, of an answer to the call with that ack id. */
  async answerTo(id: number): Promise<unknown> {
    const frame = await this.next();
    const prefix = `43${id}[`;
    if (!frame?.startsWith(prefix)) {
      throw new Error(`Expected an answer to ${id}, got ${frame ?? 'the end'}.`);
    }
    return (JSON.parse(frame.slice(prefix.length - 1)) as unknown[])[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.closed) await this.send('1');
  }

  private async poll(): Promise<string[]> {
    const response = await fetch(this.address);
    const payload = await response.text();
    if (!response.ok) return ['1'];
    return this.protocol === 4 ? payload.split(SEPARATOR) : split3(payload);
  }
}

function addressOf(url: string | undefined, protocol: 3 | 4): URL {
  const address = new URL('/socket.io/', url);
  address.search = `EIO=${protocol}&transport=polling&b64=1`;
  return address;
}

/** Splits a payload of Engine.IO 3: each packet goes after its length and a colon. */
function split3(payload: string): string[] {
  const frames: string[] = [];
  for (let at = 0; at < payload.length;) {
    const colon = payload.indexOf(':', at);
    const end = colon + 1 + Number(payload.slice(at, colon));
    frames.push(payload.slice(colon + 1, end));
    at = end;
  }
  return frames;
}
