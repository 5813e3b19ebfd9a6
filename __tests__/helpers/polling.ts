/** Engine.IO's separator of packets in one polling payload. */
const SEPARATOR = '\x1e';

/** A client that speaks the polling transport by hand, and shows every packet. */
export class PollingClient {
  private constructor(
    readonly url: string,
    /** Names the transport. */
    readonly sid: string,
  ) {}

  static async open(root: string): Promise<PollingClient> {
    const url = `${root}/socket.io/?EIO=4&transport=polling`;
    const body = await (await fetch(url)).text();
    const {sid} = JSON.parse(body.slice(1)) as {sid: string};
    return new PollingClient(`${url}&sid=${sid}`, sid);
  }

  /** Sends socket.io packets, such as `40` to join `/` and `41` to leave it. */
  async send(...packets: string[]): Promise<void> {
    const body = packets.join(SEPARATOR);
    await (await fetch(this.url, {method: 'POST', body})).text();
  }

  /** Polls until a packet starts with `start`; gives all that came, that one included. */
  async until(start: string): Promise<string[]> {
    const packets: string[] = [];
    while (!packets.some(packet => packet.startsWith(start))) {
      const response = await fetch(this.url);
      const body = await response.text();
      if (!response.ok) throw new Error(`${packets.join(' ')}: ${body}`);
      packets.push(...body.split(SEPARATOR));
      // Engine.IO closes a client that leaves its pings unanswered.
      if (packets.includes('2')) await this.send('3');
    }
    return packets;
  }

  /** Whether the server still knows the transport. */
  async isOpen(): Promise<boolean> {
    const response = await fetch(this.url, {method: 'POST', body: '3'});
    await response.text();
    return response.ok;
  }
}

/**
 * Waits until the server has closed a transport that was left after this call; a transport that was
 * left before it has been looked at by then.
 */
export async function outlastIdleTransport(root: string, namespace = ''): Promise<void> {
  const other = await PollingClient.open(root);
  await other.send(`40${namespace}`);
  await other.until(`40${namespace}`);
  await other.send(`41${namespace}`);
  await other.until('1');
}
