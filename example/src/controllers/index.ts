export * from './admin.controller';
export * from './login.controller';
export * from './member.controller';
export * from './photo.controller';
export * from './ship.controller';
