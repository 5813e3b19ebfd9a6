import {inject} from '@loopback/core';
import {DefaultCrudRepository} from '@loopback/repository';
import {DbDataSource} from '../datasources';
import {AccessToken} from '../models';

export class AccessTokenRepository extends DefaultCrudRepository<
  AccessToken,
  typeof AccessToken.prototype.id
> {
  constructor(@inject('datasources.db') dataSource: DbDataSource) {
    super(AccessToken, dataSource);
  }
}
