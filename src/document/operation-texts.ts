import type {SocketDescription} from '../decorators/metadata';
import type {Handler} from '../invocation/handler';
import type {OperationObject} from './spec';

/** Returns true for a method that the document leaves out. */
export function isHidden({method}: Handler): boolean {
  const {'x-visibility': own, operation} = method ?? {};
  return (own ?? (operation?.spec['x-visibility'] as unknown)) === 'undocumented';
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
  return (tags ?? (owner === undefined ? [] : [owner])).map(name => ({name}));
}

/** Returns where `/openapi.json` has the operation. */
export function operationLink({
  operation,
}: NonNullable<Handler['method']>): string | undefined {
  if (!operation) return undefined;
  const {path, verb} = operation;
  return `openapi.json#/paths/${path.replace(/~/g, '~0').replace(/\//g, '~1')}/${verb}`;
}
