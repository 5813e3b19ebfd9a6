export * from './admin.controller';
export * from './login.controller';
export * from './member.controller';
