import {awaited} from './awaited';

/** Separates packets in a payload of Engine.IO 4. */
const SEPARATOR = '\x1e';

const CLOSE = '1';
const PING = '2';
const PONG = '3';
const NOOP = '6';

/**
 * Engine.IO by long polling, frame by frame, to send what no socket.io client would. Frames are
 * written as on the wire: `42["name",1]` is an event, `421["name",1]` one with ack id 1. It answers
 * pings by itself. Closed by `await using`.
 */
export class RawClient implements AsyncDisposable {
  /** True when the server has closed the transport. */
  closed = false;
  private readonly frames: string[] = [];

  private constructor(
    private readonly address: URL,
    private readonly protocol: 3 | 4,
  ) {}

  /** Opens a transport; joins no namespace (a server joins clients of protocol 3 to `/` itself). */
  static async open(url: string | undefined, protocol: 3 | 4 = 4): Promise<RawClient> {
    const client = new RawClient(addressOf(url, protocol), protocol);
    await client.poll();
    const handshake = client.frames.shift() ?? '';
    const {sid} = JSON.parse(handshake.slice(1)) as {sid: string};
    client.address.searchParams.set('sid', sid);
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

  /** The URL of its requests. */
  get url(): string {
    return this.address.href;
  }

  /** Names the transport. */
  get sid(): string {
    return this.address.searchParams.get('sid') ?? '';
  }

  /** Sends frames in one request. */
  async send(...frames: string[]): Promise<void> {
    const body =
      this.protocol === 4
        ? frames.join(SEPARATOR)
        : frames.map(frame => `${frame.length}:${frame}`).join('');
    // A server that closes the transport because of a frame cuts the request that carried it.
    await this.post(body).catch(() => undefined);
  }

  /** The next frame; `undefined` once the server has closed the transport. */
  async next(): Promise<string | undefined> {
    const frame = await this.take();
    return frame === CLOSE ? undefined : frame;
  }

  /** All frames up to the next that starts so; `1` is the server's last. */
  async until(start: string): Promise<string[]> {
    const frames: string[] = [];
    for (;;) {
      const frame = await this.take();
      if (frame === undefined) {
        throw new Error(`The transport was closed after ${frames.join(' ')}.`);
      }
      frames.push(frame);
      if (frame.startsWith(start)) return frames;
    }
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

  /** True while the server knows the transport. */
  async isOpen(): Promise<boolean> {
    return (await this.post(PONG)).ok;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.closed) await this.send(CLOSE);
  }

  /** The next frame but pings; `undefined` when the transport was closed before. */
  private async take(): Promise<string | undefined> {
    for (;;) {
      while (this.frames.length === 0 && !this.closed) await this.poll();
      const frame = this.frames.shift();
      if (frame === CLOSE) this.closed = true;
      if (frame === PING) await this.send(PONG);
      else if (frame !== NOOP) return frame;
    }
  }

  private async poll(): Promise<void> {
    const response = await awaited(fetch(this.address), 'the answer to a poll');
    const payload = await response.text();
    if (!response.ok) this.closed = true;
    else if (this.protocol === 4) this.frames.push(...payload.split(SEPARATOR));
    else this.frames.push(...split3(payload));
  }

  private async post(body: string): Promise<Response> {
    const headers = {'content-type': 'text/plain;charset=UTF-8'};
    const posted = fetch(this.address, {method: 'POST', body, headers});
    const response = await awaited(posted, 'the answer to a post');
    await response.text();
    return response;
  }
}

/**
 * Waits until the server has closed a transport that was left after this call; a transport that was
 * left before it has been looked at by then.
 */
export async function outlastIdleTransport(root: string, namespace = ''): Promise<void> {
  const other = await RawClient.open(root);
  await other.send(`40${namespace}`);
  await other.until(`40${namespace}`);
  await other.send(`41${namespace}`);
  await other.until(CLOSE);
}

function addressOf(url: string | undefined, protocol: 3 | 4): URL {
  const address = new URL('/socket.io/', url);
  address.search = `EIO=${protocol}&transport=polling${protocol === 3 ? '&b64=1' : ''}`;
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
