import type {CredentialsReason, CredentialsSource} from './options';

/** The credentials of a client: a value, or a function that makes them. */
export class Credentials {
  private pending: Promise<unknown> | undefined;

  constructor(private source: unknown) {}

  /** True when new credentials can be made. */
  get renewable(): boolean {
    return typeof this.source === 'function';
  }

  replace(source: unknown): void {
    this.source = source;
    this.pending = undefined;
  }

  /** Resolves to the credentials. While they are being made, others share them. */
  async get(reason: CredentialsReason): Promise<unknown> {
    const {source} = this;
    if (typeof source !== 'function') return source;
    const pending = (this.pending ??= new Promise(resolve => {
      resolve((source as CredentialsSource)(reason));
    }));
    try {
      return await pending;
    } finally {
      if (this.pending === pending) this.pending = undefined;
    }
  }
}
