import {Entity, model, property} from '@loopback/repository';

/** What a user gets by logging in; whoever knows its id is that user. */
@model()
export class AccessToken extends Entity {
  @property({type: 'string', id: true})
  id: string;

  @property({type: 'number', required: true})
  userId: number;
}
