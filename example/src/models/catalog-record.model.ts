import {Entity, model, property} from '@loopback/repository';

/** One of the records that `getRecords` pages through. */
@model()
export class CatalogRecord extends Entity {
  @property({type: 'number', id: true, generated: true})
  id: number;

  @property({type: 'string', required: true})
  name: string;

  @property({type: 'string', required: true})
  type: string;
}
