import type {Server} from 'node:http';
import type {RunningServer} from '../job.cjs';

interface Namespace {
  emit(event: string, value: unknown): unknown;
  sockets: unknown;
}

export function socketIoServer(namespace: Namespace, port: number): RunningServer;
export function listen(http: Server): Promise<number>;
