import {Entity, model, property} from '@loopback/repository';

export type Role = 'admin' | 'member';

/** A user. `passwordHash` is hidden: replies do not contain it. */
@model({settings: {hiddenProperties: ['passwordHash']}})
export class User extends Entity {
  @property({type: 'number', id: true, generated: true})
  id: number;

  @property({type: 'string', required: true})
  name: string;

  @property({type: 'string', required: true})
  email: string;

  @property({type: 'string', required: true})
  role: Role;

  @property({type: 'string', required: true})
  passwordHash: string;
}
