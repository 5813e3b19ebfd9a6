export * from './access-token.repository';
export * from './catalog-record.repository';
export * from './user.repository';
