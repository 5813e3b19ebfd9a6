import {MetadataAccessor, MetadataInspector} from '@loopback/core';
import type {Constructor} from '@loopback/core';
import type {SocketDescription} from '../decorators/metadata';
import type {DeclaredEvent} from '../invocation/declared-event';
import type {Handler} from '../invocation/handler';
import type {OperationObject} from './spec';

/** Metadata keys of `@oas.visibility` of `@loopback/rest`. */
const VISIBILITY = {
  CLASS: MetadataAccessor.create<string, ClassDecorator>('openapi-v3:class:visibility'),
  METHOD: MetadataAccessor.create<string, MethodDecorator>(
    'openapi-v3:methods:visibility',
  ),
} as const;

/** Returns true for a method that the document leaves out. */
export function isHidden({method}: Handler): boolean {
  if (!method) return false;
  const {member, operation, type, 'x-visibility': own} = method;
  const ofMethod = () =>
    MetadataInspector.getMethodMetadata(
      VISIBILITY.METHOD,
      type.prototype as object,
      member,
    );
  const ofRest = operation?.spec['x-visibility'] as string | undefined;
  return (own ?? ofRest ?? ofMethod() ?? visibilityOf(type)) === 'undocumented';
}

/** Returns true for an event that the document leaves out. */
export function isHiddenEvent({metadata, type}: DeclaredEvent): boolean {
  return (metadata['x-visibility'] ?? visibilityOf(type)) === 'undocumented';
}

function visibilityOf(type: Constructor<unknown>): string | undefined {
  return MetadataInspector.getClassMetadata(VISIBILITY.CLASS, type);
}

/** Returns the texts of a method or an event; those of its REST operation where it has none of its own. */
export function textsOf(
  own: SocketDescription,
  operation: SocketDescription = {},
): Pick<OperationObject, 'summary' | 'description'> & {'x-deprecated'?: true} {
  const {
    summary = operation.summary,
    description = operation.description,
    deprecated = operation.deprecated,
  } = own;
  return {
    ...(summary !== undefined && {summary}),
    ...(description !== undefined && {description}),
    ...(deprecated && {'x-deprecated': true}),
  };
}

/** Returns the tags of an operation: by default the name of its class. */
export function tagsOf(
  {tags}: SocketDescription = {},
  owner: string | undefined,
): {name: string}[] {
  const names = tags ?? (owner === undefined ? [] : [owner]);
  return [...new Set(names)].map(name => ({name}));
}

/** Returns where `/openapi.json` has the operation; `undefined` when it has not. */
export function operationLink({
  operation,
}: NonNullable<Handler['method']>): string | undefined {
  if (!operation || operation.spec['x-visibility'] === 'undocumented') return undefined;
  const {path, verb} = operation;
  return `openapi.json#/paths/${path.replace(/~/g, '~0').replace(/\//g, '~1')}/${verb}`;
}
