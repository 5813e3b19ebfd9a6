import {randomBytes} from 'node:crypto';
import {ClusterAdapter} from 'socket.io-adapter';
import type {Adapter} from 'socket.io-adapter';

/** Nodes of one process, whose adapters send each other structured clones, as worker processes may. */
export class Cluster {
  /** To be given as `adapter` to the socket.io server of each node. */
  readonly adapter: typeof Adapter;

  constructor() {
    const nodes = new Set<ClusterAdapter>();
    this.adapter = class extends ClusterAdapter {
      override init(): void {
        nodes.add(this);
      }

      override close(): void {
        nodes.delete(this);
      }

      override serverCount(): Promise<number> {
        return Promise.resolve(nodes.size);
      }

      override async doPublish(message: unknown): Promise<string> {
        const copy: any = structuredClone(message);
        for (const node of nodes) {
          if (node !== this) setImmediate(() => node['onMessage'](copy));
        }
        return randomBytes(8).toString('hex');
      }

      override async doPublishResponse(_to: string, response: unknown): Promise<void> {
        await this.doPublish(response);
      }
    } as unknown as typeof Adapter;
  }
}
