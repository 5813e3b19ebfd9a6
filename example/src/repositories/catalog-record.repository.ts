import {inject} from '@loopback/core';
import {DefaultCrudRepository} from '@loopback/repository';
import {DbDataSource} from '../datasources';
import {CatalogRecord} from '../models';

export class CatalogRecordRepository extends DefaultCrudRepository<
  CatalogRecord,
  typeof CatalogRecord.prototype.id
> {
  constructor(@inject('datasources.db') dataSource: DbDataSource) {
    super(CatalogRecord, dataSource);
  }
}
