import {inject} from '@loopback/core';
import {model, property} from '@loopback/repository';
import {HttpErrors} from '@loopback/rest';
import {SocketBindings, socketMethod} from 'loopback4-socket';
import {createHash} from 'node:crypto';

const MAX_BYTES = 100 * 1024 * 1024;

@model()
export class PhotoReceipt {
  @property({type: 'number', required: true, description: 'In bytes.'})
  size: number;

  @property({type: 'string', required: true, description: 'In hexadecimal digits.'})
  sha256: string;
}

/** An upload, on the default socket server. */
export class PhotoController {
  @socketMethod({
    result: PhotoReceipt,
    summary: 'Reads a file chunk by chunk, and keeps nothing of it.',
  })
  async photo(
    @inject(SocketBindings.UPLOAD) upload: AsyncIterable<unknown>,
  ): Promise<PhotoReceipt> {
    const hash = createHash('sha256');
    let size = 0;
    // The loop ends after the last chunk, and throws when the upload is cut off.
    for await (const chunk of upload) {
      if (!Buffer.isBuffer(chunk)) throw new HttpErrors.BadRequest('Send bytes.');
      size += chunk.length;
      if (size > MAX_BYTES) throw new HttpErrors.PayloadTooLarge('Send at most 100 MiB.');
      hash.update(chunk);
    }
    return {size, sha256: hash.digest('hex')};
  }
}
