import {inject} from '@loopback/core';
import {post, requestBody} from '@loopback/rest';
import {SocketBindings, socketMethod} from 'loopback4-socket';
import {hashOf} from './chunks';
import {Gate} from './gate';
import {Queue} from './queue';

/** The values that the methods of {@link uploadController} have seen. */
export class SeenUploads {
  runs = 0;
  /** Items as a method takes them. */
  readonly taken = new Queue<unknown>();
  /** The errors that their iterables have thrown. */
  readonly thrown = new Queue<any>();
  /** Iterators of the calls of `hold`. */
  readonly iterators = new Queue<AsyncIterator<unknown>>();
  /** Lets `hold` and `leave` end. */
  readonly gate = new Gate();
}

/** Makes a controller whose methods take uploads. */
export function uploadController(seen: SeenUploads) {
  class UploadController {
    @socketMethod()
    async photo(@inject(SocketBindings.UPLOAD) upload: AsyncIterable<Buffer>) {
      seen.runs++;
      const chunks: Buffer[] = [];
      try {
        for await (const chunk of upload) {
          chunks.push(chunk);
          seen.taken.push(chunk);
        }
      } catch (error) {
        seen.thrown.push(error);
        throw error;
      }
      return {items: chunks.length, hash: hashOf(chunks)};
    }

    @socketMethod()
    async list(@inject(SocketBindings.UPLOAD) upload: AsyncIterable<unknown>) {
      seen.runs++;
      const items: unknown[] = [];
      for await (const item of upload) items.push(item);
      return items;
    }

    @socketMethod()
    async first(@inject(SocketBindings.UPLOAD) upload: AsyncIterable<unknown>) {
      for await (const item of upload) return item;
      return 'nothing';
    }

    @socketMethod()
    async refuse(@inject(SocketBindings.UPLOAD) upload: AsyncIterable<unknown>) {
      for await (const _ of upload) {
        throw Object.assign(new Error('No photo.'), {statusCode: 422});
      }
    }

    /** Reads nothing itself. */
    @socketMethod()
    async hold(@inject(SocketBindings.UPLOAD) upload: AsyncIterable<unknown>) {
      seen.runs++;
      seen.iterators.push(upload[Symbol.asyncIterator]());
      await seen.gate.opened;
      return 'held';
    }

    /** Leaves its loop after the first item, and ends later. */
    @socketMethod()
    async leave(@inject(SocketBindings.UPLOAD) upload: AsyncIterable<unknown>) {
      for await (const item of upload) {
        seen.taken.push(item);
        break;
      }
      await seen.gate.opened;
      return 'left';
    }

    /** Streams what it takes. */
    @socketMethod()
    async *echo(@inject(SocketBindings.UPLOAD) upload: AsyncIterable<unknown>) {
      for await (const item of upload) yield item;
    }

    /** Is a REST operation, too. */
    @post('/import')
    @socketMethod()
    async importAll(
      @requestBody({content: {'application/json': {schema: {type: 'array', items: {}}}}})
      body: unknown[],
      @inject(SocketBindings.UPLOAD, {optional: true}) upload?: AsyncIterable<unknown>,
    ) {
      const items: unknown[] = [];
      for await (const item of upload ?? body) items.push(item);
      return {over: upload ? 'a socket' : 'REST', items};
    }

    @socketMethod()
    optional(
      @inject(SocketBindings.UPLOAD, {optional: true}) upload?: AsyncIterable<unknown>,
    ) {
      return upload ? 'an upload' : 'no upload';
    }
  }
  return UploadController;
}
