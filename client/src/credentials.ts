import type {CredentialsReason, CredentialsSource} from './options';

/** The credentials of a client: a value, or a function that makes them. */
export class Credentials {
  #pending: Promise<unknown> | undefined;

  constructor(readonly source: unknown) {}

  /** True when there can be new ones. */
  get renewable(): boolean {
    return typeof this.source === 'function';
  }

  /** The credentials, or a promise of them. While a function makes them, others share them. */
  get(reason: CredentialsReason): unknown {
    const {source} = this;
    if (!this.renewable) return source;
    this.#pending ??= new Promise(resolve => {
      resolve((source as CredentialsSource)(reason));
    }).finally(() => (this.#pending = undefined));
    return this.#pending;
  }
}
