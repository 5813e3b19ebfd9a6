import type {CredentialsReason, CredentialsSource} from './options';

/** The credentials of a client: a value, or a function that makes them. */
export class Credentials {
  #pending: Promise<unknown> | undefined;

  constructor(readonly source: unknown) {}

  /** The credentials, or a promise of them. While a function makes them, others share them. */
  get(reason: CredentialsReason): unknown {
    const {source} = this;
    if (typeof source !== 'function') return source;
    this.#pending ??= new Promise(resolve => {
      resolve((source as CredentialsSource)(reason));
    }).finally(() => (this.#pending = undefined));
    return this.#pending;
  }
}
