// Clients by hand, which need not read.
import {once} from 'node:events';
import {request} from 'node:http';
import {connect} from 'node:net';

const SEPARATOR = '\x1e';
const TEXT = 1;
const PING = 9;

/** A masked frame of the websocket protocol; the mask changes nothing. */
export function frameOf(data, opcode = TEXT) {
  const body = Buffer.from(data);
  const {length} = body;
  const head = Buffer.alloc(length < 126 ? 6 : 8);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | Math.min(length, 126);
  if (length > 125) head.writeUInt16BE(length, 2);
  return Buffer.concat([head, body]);
}

export const pingOf = data => frameOf(data, PING);

/** A websocket that reads nothing once it has begun to attack. */
export class WebSocketClient {
  closed = false;
  #text = '';
  #wake = () => undefined;

  constructor(socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', data => {
      this.#text += data.toString('latin1');
      this.#wake();
    });
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  static async open(url, sid) {
    const {hostname, port} = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const client = new WebSocketClient(socket);
    socket.write(
      `GET /socket.io/?EIO=4&transport=websocket${sid ? `&sid=${sid}` : ''} HTTP/1.1\r\n` +
        'Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await client.until(sid ? '101 ' : '0{');
    return client;
  }

  /** Joins a namespace and authenticates there. */
  async join(name = '', credentials = {}) {
    const prefix = name && `${name},`;
    this.send(`40${prefix}`);
    await this.until(`40${prefix}`);
    this.send(`42${prefix}["authentication",${JSON.stringify(credentials)}]`);
    await this.until(`42${prefix}["authenticated"`);
  }

  send(...texts) {
    this.write(Buffer.concat(texts.map(text => frameOf(text))));
  }

  write(data) {
    return this.socket.writable && this.socket.write(data);
  }

  /** Waits for a text to come after the last one, or for the end. */
  async until(text) {
    while (!this.#text.includes(text) && !this.closed) {
      await new Promise(resolve => (this.#wake = resolve));
    }
    this.#text = this.#text.slice(this.#text.indexOf(text) + text.length);
  }

  stopReading() {
    this.socket.pause();
  }

  close() {
    this.socket.destroy();
  }
}

/** A polling client, whose requests each have a TCP connection of their own. */
export class PollingClient {
  constructor(url, protocol) {
    this.url = url;
    this.protocol = protocol;
  }

  static async open(url, protocol = 4) {
    const client = new PollingClient(
      `${url}/socket.io/?EIO=${protocol}&transport=polling&b64=1`,
      protocol,
    );
    const [, sid] = /"sid":"([^"]+)"/.exec(await client.poll()) ?? [];
    client.sid = sid;
    client.url += `&sid=${sid}`;
    return client;
  }

  async join(credentials = {}) {
    if (this.protocol === 4) await this.post('40');
    await this.until('40');
    await this.post(`42["authentication",${JSON.stringify(credentials)}]`);
    await this.until('42["authenticated"');
  }

  async until(text) {
    for (let all = '', more = '-'; !all.includes(text) && more !== '';) {
      more = await this.poll();
      all += more;
    }
  }

  poll() {
    return ask(this.url);
  }

  /** Sends packets in one request, and says whether the server has taken them. */
  async post(...packets) {
    const body =
      this.protocol === 4
        ? packets.join(SEPARATOR)
        : packets.map(packet => `${packet.length}:${packet}`).join('');
    return (await ask(this.url, body)) === 'ok';
  }

  /** Asks for a response that it does not read. */
  pollUnread() {
    const {hostname, port, pathname, search} = new URL(this.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    return socket;
  }
}

/** The answer's body; nothing where the connection is cut. */
async function ask(url, body) {
  const sending = request(url, {
    agent: false,
    method: body === undefined ? 'GET' : 'POST',
  });
  sending.setHeader('content-type', 'text/plain;charset=UTF-8');
  sending.end(body);
  try {
    const [response] = await once(sending, 'response');
    let text = '';
    for await (const chunk of response) text += chunk;
    return text;
  } catch {
    return '';
  }
}
