import type {Constructor} from '@loopback/core';
import type {ControllerMethod} from '../context/caller';
import {describeOperation, modelOf, VALUES} from '../decorators/metadata';
import type {
  DecoratedMember,
  HandlerKind,
  SocketMethodMetadata,
} from '../decorators/metadata';
import {describeParameters, injectedKeys} from '../decorators/parameters';
import type {MethodParameters} from '../decorators/parameters';
import {SocketKeys} from '../options/keys';
import {RestOperation} from '../validation/rest-operation';
import {isAsyncGenerator} from './with-call';

/** A controller method as its decorators and types describe it, made once for each decorator. */
export interface MethodDescription
  extends ControllerMethod, Readonly<SocketMethodMetadata> {
  readonly kind: HandlerKind;
  readonly name: string;
  readonly parameters: MethodParameters;
  /** Set when the method is a REST operation as well, which then describes the args. */
  readonly operation: RestOperation | undefined;
  /** The call options that the method, or its class, injects. */
  readonly accepts: {readonly after: boolean; readonly upload: boolean};
  /** True when the method cannot run without an upload. */
  readonly needsUpload: boolean;
  /** True when the method declares `item`, or is an async generator. */
  readonly streams: boolean;
}

export function describeMethod(
  type: Constructor<unknown>,
  {kind, member, metadata}: Pick<DecoratedMember, 'kind' | 'member' | 'metadata'>,
): MethodDescription {
  const label = `${type.name}.${member}`;
  const parameters = describeParameters(type, member, VALUES[kind]);
  const found = describeOperation(type, member);
  const operation = found && new RestOperation(found, label);
  // Only a method has a third value.
  const [, , argsType] = operation ? [] : parameters.types;
  const {args = modelOf(argsType), name = member} = metadata;
  const members = type.prototype as Record<string, unknown>;
  const injected = injectedKeys(type, member);
  const accepts = {
    after: injected.has(SocketKeys.AFTER.key),
    upload: injected.has(SocketKeys.UPLOAD.key),
  };
  return {
    ...metadata,
    label,
    type,
    member,
    kind,
    name,
    parameters,
    operation,
    args,
    accepts,
    needsUpload: injected.get(SocketKeys.UPLOAD.key) ?? false,
    streams: metadata.item !== undefined || isAsyncGenerator(members[member]),
  };
}
