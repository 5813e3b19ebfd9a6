export * from './access-token.model';
export * from './catalog-record.model';
export * from './user.model';
