import {MetadataInspector} from '@loopback/core';
import {modelOf} from '../decorators/metadata';
import type {SocketSchema} from '../decorators/metadata';
import type {Handler} from '../invocation/handler';
import type {MethodDescription} from '../invocation/method-description';
import {isBuiltIn} from '../validation/argument-schema';

/** A client sends args always, when it wants to, or never. */
export type ArgsUse = 'required' | 'optional' | 'none';

/** The schemas of a method in the document. */
export interface MethodSchemas {
  /** `undefined` for any args. */
  readonly args: SocketSchema | undefined;
  readonly use: ArgsUse;
  /** `undefined` for any result. */
  readonly result: SocketSchema | undefined;
  /** `undefined` for items of any kind. */
  readonly item: SocketSchema | undefined;
  readonly streams: boolean;
  readonly uploads: boolean;
}

const JSON_TYPE = 'application/json';
const JSON_LINES_TYPE = 'application/x-ndjson';

/** Finds the schemas of a method: those that it declares, then those of its REST operation, then its types. */
export function schemasOf(handler: Handler): MethodSchemas {
  const {method} = handler;
  const operation = method?.operation;
  const item = method?.item ?? operation?.responseSchema(JSON_LINES_TYPE);
  return {
    ...(method ? argsOf(method) : {args: undefined, use: 'optional'}),
    result:
      method?.result ??
      operation?.responseSchema(JSON_TYPE) ??
      (method && returnTypeOf(method)),
    item,
    streams: item !== undefined || handler.streams(),
    uploads: handler.accepts('upload'),
  };
}

function argsOf({
  args,
  operation,
  parameters,
}: MethodDescription): Pick<MethodSchemas, 'args' | 'use'> {
  if (operation) {
    const {argsSchema} = operation;
    const names = Object.keys(argsSchema.properties ?? {});
    if (names.length === 0) return {args: undefined, use: 'none'};
    return {args: argsSchema, use: argsSchema.required ? 'required' : 'optional'};
  }
  const {count, optional, types} = parameters;
  const [, , type] = types;
  // LoopBack gives a schema to JavaScript's own classes; of `Object` it says nothing.
  const builtIn = isBuiltIn(type) && type !== Object ? (type as SocketSchema) : undefined;
  const given = args ?? builtIn;
  if (given === undefined && count < 3) return {args: undefined, use: 'none'};
  return {args: given, use: given !== undefined && !optional ? 'required' : 'optional'};
}

function returnTypeOf({type, member}: MethodDescription): SocketSchema | undefined {
  const prototype = type.prototype as object;
  const {returnType} = MetadataInspector.getDesignTypeForMethod(prototype, member) ?? {};
  const known = isBuiltIn(returnType) && returnType !== Object && returnType !== Array;
  return known ? returnType : modelOf(returnType);
}
