import type {Constructor} from '@loopback/core';
import type {SocketPushedEventMetadata} from '../decorators/metadata';
import {SchemaValidator} from '../validation/schema-validator';

/** An event that a controller class declares by `@socketEvent`. */
export class DeclaredEvent {
  /** Checks payloads; `undefined` for an event without a schema. */
  readonly validator: SchemaValidator | undefined;

  constructor(
    readonly metadata: Readonly<SocketPushedEventMetadata>,
    readonly type: Constructor<unknown>,
  ) {
    const {payload} = metadata;
    this.validator = payload && new SchemaValidator(payload);
  }

  get label(): string {
    return `@socketEvent('${this.metadata.name}') of ${this.type.name}`;
  }
}
