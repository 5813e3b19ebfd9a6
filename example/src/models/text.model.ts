import {Model, model, property} from '@loopback/repository';

/** A text to send to others. */
@model({settings: {strict: true}})
export class Text extends Model {
  @property({
    type: 'string',
    required: true,
    jsonSchema: {pattern: '\\S', maxLength: 200},
  })
  text: string;
}
