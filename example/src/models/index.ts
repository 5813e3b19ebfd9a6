export * from './catalog-record.model';
export * from './position.model';
export * from './text.model';
export * from './user.model';
