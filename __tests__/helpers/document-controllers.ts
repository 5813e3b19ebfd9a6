import {inject} from '@loopback/core';
import {belongsTo, Entity, hasMany, model, property} from '@loopback/repository';
import {get, oas, OperationVisibility, param, post, requestBody} from '@loopback/rest';
import {
  SocketBindings,
  socketController,
  socketEvent,
  socketMethod,
} from 'loopback4-socket';

@model()
export class Text extends Entity {
  @property({id: true}) id?: number;
  @property({required: true, jsonSchema: {maxLength: 200}}) text!: string;
  @property({jsonSchema: {nullable: true}}) title?: string;
  @property({type: 'string', jsonSchema: {enum: ['new', 'read']}}) state?: string;
  @property() at?: Date;
  @property({type: 'string', jsonSchema: {format: 'binary'}}) photo?: string;
  /** Recursive. */
  @property(() => Text) replyTo?: Text;
  @belongsTo(() => Author) authorId!: number;
}

@model()
export class Author extends Entity {
  @property({id: true}) id!: number;
  @hasMany(() => Text) texts!: Text[];
}

@model()
export class Position {
  @property({required: true}) latitude!: number;
  @property({required: true}) longitude!: number;
}

@socketEvent('said', {
  payload: Text,
  summary: 'Somebody has said something.',
  examples: [{text: 'Hello', authorId: 1}],
})
@socketEvent('confirm', {
  payload: {type: 'object', properties: {question: {type: 'string'}}},
  answer: {type: 'boolean'},
})
@socketEvent('internal', {'x-visibility': 'undocumented'})
export class ChatController {
  @socketMethod({
    summary: 'Says it to all.',
    description: 'A long text.',
    result: {type: 'object', properties: {delivered: {type: 'integer'}}},
    examples: [{text: 'Hello', authorId: 1}],
    tags: ['chat'],
    deprecated: true,
  })
  say(_socket: unknown, _credentials: unknown, text: Text) {
    return {delivered: text.text.length};
  }

  @socketMethod()
  count(): number {
    return 1;
  }

  @socketMethod()
  last(): Text {
    return Object.assign(new Text(), {text: 'last'});
  }

  @socketMethod('any name, with "signs" & <b>markup</b>')
  odd(_socket: unknown, _credentials: unknown, anything: any) {
    return anything as unknown;
  }

  @socketMethod({item: Position})
  async *positions(_socket: unknown, _credentials: unknown, limit = 3) {
    for (let at = 0; at < limit; at++) yield await Promise.resolve({latitude: at});
  }

  @socketMethod()
  async *ticks() {
    yield await Promise.resolve(1);
  }

  @socketMethod()
  async photo(
    _socket: unknown,
    _credentials: unknown,
    _args: unknown,
    @inject(SocketBindings.UPLOAD) upload: AsyncIterable<Buffer>,
  ): Promise<number> {
    let bytes = 0;
    for await (const {length} of upload) bytes += length;
    return bytes;
  }

  @socketMethod({'x-visibility': 'undocumented'})
  secret() {
    return 'secret';
  }
}

@socketController({server: 'tenants'})
export class TenantController {
  @socketMethod()
  say() {
    return 'tenant';
  }
}

export class RestController {
  @socketMethod()
  @get('/texts/{id}', {
    summary: 'Finds a text.',
    responses: {
      '200': {
        description: 'The text.',
        content: {'application/json': {schema: {'x-ts-type': Text}}},
      },
    },
  })
  find(
    @param.path.number('id') id: number,
    @param.query.boolean('deep') _deep?: boolean,
  ) {
    return Object.assign(new Text(), {id, text: 'found'});
  }

  @socketMethod()
  @post('/texts')
  create(@requestBody() text: Text) {
    return text;
  }

  @oas.visibility(OperationVisibility.UNDOCUMENTED)
  @socketMethod()
  @get('/hidden')
  hidden() {
    return 1;
  }
}
