export * from './catalog-record.model';
export * from './user.model';
export * from './text.model';
