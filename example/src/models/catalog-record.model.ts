import {Entity, model, property} from '@loopback/repository';

/** A record of the catalog. `getRecords` returns a page of them. */
@model()
export class CatalogRecord extends Entity {
  @property({type: 'number', id: true, generated: true})
  id: number;

  @property({type: 'string', required: true})
  name: string;

  @property({type: 'string', required: true})
  type: string;
}
