import {lifeCycleObserver, service} from '@loopback/core';
import type {LifeCycleObserver} from '@loopback/core';
import {repository} from '@loopback/repository';
import {CatalogRecordRepository} from '../repositories';
import {UserService} from '../services';
import {SEED_RECORDS, SEED_USERS} from './seed-data';

/** Fills the empty database before the servers listen. */
@lifeCycleObserver()
export class SeedObserver implements LifeCycleObserver {
  constructor(
    @service(UserService) private readonly userService: UserService,
    @repository(CatalogRecordRepository)
    private readonly records: CatalogRecordRepository,
  ) {}

  async init(): Promise<void> {
    for (const user of SEED_USERS) await this.userService.register(user);
    await this.records.createAll([...SEED_RECORDS]);
  }
}
