export * from './catalog-record.repository';
export * from './user.repository';
